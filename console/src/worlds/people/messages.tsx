import { Button, Checkbox, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ask } from '../../api/client.ts'
import { ApiProblem } from '../../api/problem.ts'
import { Choice } from '../../blocks/choice.tsx'
import { Read, type AnswerOf } from '../../blocks/data.tsx'
import { Screen } from '../../blocks/screen.tsx'
import { Short } from '../../blocks/short.tsx'
import { messageOf } from '../../blocks/trouble.tsx'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'
import { Mail, Phone } from './addresses.tsx'
import { Devices } from './devices.tsx'

type Preferences = AnswerOf<'/api/notifications/preferences'>
type Kind = AnswerOf<'/api/notifications/kinds'>['items'][number]
type Channel = Kind['channels'][number]

const path = '/api/notifications/preferences'
const channels: readonly Channel[] = ['email', 'inApp', 'push', 'sms']

/** What one is told, by which way and when; and where it goes. */
export default function Messages() {
  const texts = useTexts()
  const locale = useLanguage()
  return (
    <Screen title={texts.account.messages} within={texts.people.profile}>
      <Text>{texts.account.messagesText}</Text>
      <Read path="/api/notifications/kinds" query={{ locale }}>
        {({ items }) => (
          <Read path={path}>{(data, tag) => <Choices key={tag} kinds={items} data={data} tag={tag} />}</Read>
        )}
      </Read>
      <Mail />
      <Devices />
      <Phone />
    </Screen>
  )
}

function Choices({ kinds, data, tag }: { kinds: readonly Kind[]; data: Preferences; tag: string | undefined }) {
  const texts = useTexts()
  const queries = useQueryClient()
  const [chosen, choose] = useState(data)
  const [busy, work] = useState(false)
  const set = (channel: Channel, kind: string, on: boolean): void =>
    choose(former => ({ ...former, [channel]: { ...former[channel], [kind]: on } }))
  const save = async (): Promise<void> => {
    work(true)
    try {
      await ask('PUT', path, { body: chosen, headers: tag ? { 'if-match': tag } : {} })
      notifications.show({ message: texts.form.saved })
    } catch (error) {
      const isStale = error instanceof ApiProblem && error.status === 412
      const message = isStale ? texts.account.changedMeanwhile : messageOf(error, texts)
      notifications.show({ message, color: 'red', autoClose: false })
      if (!isStale) return
    } finally {
      work(false)
    }
    await queries.invalidateQueries({ queryKey: [path] })
  }
  const sources = [...new Set(kinds.filter(({ channels }) => channels.length > 0).map(({ service }) => service))]
  return (
    <Stack>
      {sources.map(source => (
        <Source
          key={source}
          name={texts.account.sources[source] ?? source}
          kinds={kinds.filter(({ service, channels }) => service === source && channels.length > 0)}
          chosen={chosen}
          set={set}
        />
      ))}
      <Title order={2}>{texts.account.when}</Title>
      <Times chosen={chosen} choose={change => choose({ ...chosen, ...change })} />
      <Group>
        <Button loading={busy} onClick={() => void save()}>
          {texts.form.save}
        </Button>
      </Group>
    </Stack>
  )
}

/** The messages of one part of the platform: a row a kind, a column a channel. */
function Source(props: {
  name: string
  kinds: readonly Kind[]
  chosen: Preferences
  set: (channel: Channel, kind: string, on: boolean) => void
}) {
  const { name, kinds, chosen, set } = props
  const texts = useTexts()
  // Three hundred boxes are drawn as they are looked for.
  const [opened, open] = useState(false)
  const isOn = (channel: Channel, kind: string): boolean => (chosen[channel] as Record<string, boolean>)[kind] ?? false
  const all = kinds.flatMap(({ kind, channels }) => channels.map(channel => isOn(channel, kind)))
  return (
    <details className="folded" onToggle={event => open(event.currentTarget.open)}>
      <summary>
        {name} · {fill(texts.account.chosen, { count: all.filter(Boolean).length, all: all.length })}
      </summary>
      {opened && (
        <Short
          name={name}
          rows={kinds}
          idOf={({ kind }) => kind}
          columns={[
            { id: 'name', name: texts.account.messages },
            ...channels.map(channel => ({
              id: channel,
              name: texts.account.channels[channel],
              cell: ({ kind, name: called, channels: free }: Kind) =>
                free.includes(channel) ? (
                  <Checkbox
                    size="md"
                    aria-label={`${called}: ${texts.account.channels[channel]}`}
                    checked={isOn(channel, kind)}
                    onChange={event => set(channel, kind, event.currentTarget.checked)}
                  />
                ) : channel === 'email' || channel === 'inApp' ? (
                  texts.account.always
                ) : (
                  texts.account.never
                ),
            })),
          ]}
        />
      )}
    </details>
  )
}

const zones = Intl.supportedValuesOf('timeZone')
const night = { from: '22:00', to: '07:00' }

function Times({ chosen, choose }: { chosen: Preferences; choose: (change: Partial<Preferences>) => void }) {
  const texts = useTexts()
  const { quietHours, digest, digestAt, timeZone, locale } = chosen
  const words = texts.account
  return (
    <Stack gap="sm">
      <Checkbox
        label={words.quiet}
        description={words.quietText}
        checked={quietHours !== null}
        onChange={event => choose({ quietHours: event.currentTarget.checked ? night : null })}
      />
      {quietHours && (
        <Group>
          {(['from', 'to'] as const).map(end => (
            <TextInput
              key={end}
              type="time"
              label={`${words.quiet}, ${end === 'from' ? words.quietFrom : words.quietUntil}`}
              value={quietHours[end]}
              onChange={event => choose({ quietHours: { ...quietHours, [end]: event.currentTarget.value } })}
            />
          ))}
        </Group>
      )}
      <Choice
        label={words.zone}
        description={words.zoneText}
        data={['UTC', ...zones.filter(zone => zone !== 'UTC')]}
        value={timeZone ?? 'UTC'}
        searchable
        choose={zone => choose({ timeZone: zone })}
      />
      <Group align="flex-end">
        <Choice
          label={words.digest}
          data={(['off', 'daily', 'weekly'] as const).map(value => ({ value, label: words.digests[value] }))}
          value={digest}
          choose={next => choose({ digest: next as Preferences['digest'] })}
        />
        {digest !== 'off' && (
          <TextInput
            type="time"
            label={`${words.digest}, ${words.digestAt}`}
            value={digestAt}
            onChange={event => choose({ digestAt: event.currentTarget.value })}
          />
        )}
      </Group>
      <Choice
        label={words.language}
        data={[
          { value: '', label: words.ofAccount },
          { value: 'en', label: 'English' },
          { value: 'de', label: 'Deutsch' },
        ]}
        value={locale ?? ''}
        choose={next => choose({ locale: (next || null) as Preferences['locale'] })}
      />
    </Stack>
  )
}
