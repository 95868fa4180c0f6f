import { Code, Group, Stack } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import changing from 'schema:put /api/notifications/webhooks/{id}'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Read, useRead } from '../../blocks/data.tsx'
import { ActButton, Facts, factsOf, type Act } from '../../blocks/detail.tsx'
import { Editor } from '../../blocks/editor.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import { without, type Schema } from '../../blocks/schema.ts'
import { Part, Screen } from '../../blocks/screen.tsx'
import { detailScreen, WayButton, within } from '../../blocks/screens.tsx'
import { Told, type Secret } from '../../blocks/told.tsx'
import { sending as de } from '../../texts/de-sending.ts'
import { sending as en } from '../../texts/en-sending.ts'
import { fill, nameOf, useLanguage, useTexts, type Catalogue } from '../../texts/texts.tsx'

type Webhook = components['schemas']['Webhook']
export type WithSecret = components['schemas']['WebhookWithSecret']

export const all = '/api/notifications/webhooks'
const catalogues = { en, de }
export const useWords = () => catalogues[useLanguage()].webhooks

/** What is told, by what it is called in the reader's language. */
export function useNamed(schema: Schema): Schema {
  const texts = useTexts()
  const words = useWords()
  const { data } = useRead('/api/notifications/kinds', {}, { locale: useLanguage() })
  const called = Object.fromEntries(data?.data.items.map(({ kind, name }) => [kind, name]) ?? [])
  const { url, events, for: whose, ...others } = schema.properties!
  return {
    ...schema,
    properties: {
      url: { ...url, title: nameOf(texts, 'origin') },
      ...others,
      events: { ...events, items: { ...events!.items, called } },
      ...(whose && { for: { ...whose, called: { own: words.own, role: words.role } } }),
    },
  }
}

/** Whether it is sent to, and whether that arrives. */
export const stateOf = ({ enabled, failingSince }: Webhook): string =>
  enabled ? (failingSince ? 'retrying' : 'active') : 'disabled'

const way = { to: '/webhooks', name: (texts: Catalogue) => texts.account.webhooks }

export const OneWebhook = detailScreen({
  path: `${all}/{id}`,
  list: way,
  title: ({ description, url }) => description || url,
  state: stateOf,
  links: webhook => <Acts webhook={webhook} />,
  tabs: (webhook, texts) => [
    { id: 'calls', name: texts.account.calls, content: () => <Calls id={webhook.id} /> },
    { id: 'settings', name: texts.operations.settings, content: () => <Changing webhook={webhook} /> },
    { id: 'secret', name: texts.teams.rotate, content: () => <Rotating webhook={webhook} /> },
  ],
})

function Acts({ webhook }: { webhook: Webhook }) {
  const words = useWords()
  const { id, enabled } = webhook
  const one = `${all}/${id}`
  const test = async (): Promise<void> => {
    const { data } = await ask<components['schemas']['WebhookTest']>('POST', `${one}/test`)
    const { delivered, answer, error, milliseconds: ms } = data
    const message = delivered
      ? fill(words.arrived, { answer: answer!, ms })
      : fill(words.failed, { error: error ?? '' })
    notifications.show({ message, ...(!delivered && { color: 'red', autoClose: false }) })
  }
  const replay = async (): Promise<void> => {
    const body = { since: new Date(0).toISOString() }
    const { data } = await ask<{ replayed: number }>('POST', `${one}/replay`, { body })
    notifications.show({ message: fill(words.replayed, { count: data.replayed }) })
  }
  const turn: Act = {
    name: () => (enabled ? words.off : words.on),
    ...(enabled && { warns: () => words.offText }),
    run: () => ask('PUT', one, { body: { ...within({ ...webhook }, changing), enabled: !enabled } }),
  }
  return (
    <>
      <ActButton act={{ name: () => words.test, run: test }} />
      <ActButton act={{ name: () => words.replayAll, run: replay }} />
      <ActButton act={turn} />
    </>
  )
}

/** How a call went. */
const went = plain('event:word status:state answer:number error tries:number nextAt:instant createdAt:instant')

const callsOf = (id: string, words: ReturnType<typeof useWords>) =>
  listOf(`${all}/{id}/calls`, {
    params: { id },
    columns: went,
    open: call => `/webhooks/${id}/calls/${call.id}`,
    acts: [
      {
        name: texts => texts.operations.sendAgain,
        may: ({ status }) => status === 'dead',
        run: call => ask('POST', `${all}/${id}/calls/${call.id}/replay`),
      },
    ],
    empty: () => ({ title: words.calls, text: words.emptyCalls }),
  })

function Calls({ id }: { id: string }) {
  return <List list={callsOf(id, useWords())} embedded />
}

function Changing({ webhook }: { webhook: Webhook }) {
  const texts = useTexts()
  const one = `${all}/${webhook.id}`
  const schema = useNamed(without(changing, 'enabled'))
  return (
    <Editor
      key={webhook.version}
      name={one}
      schema={schema}
      initial={{ data: within({ ...webhook }, schema) }}
      button={texts.form.save}
      save={body =>
        ask('PUT', one, { body: { description: '', events: [], ...(body as object), enabled: webhook.enabled } })
      }
      saved={() => {}}
    />
  )
}

function Rotating({ webhook: { id, url, formerSecretUntil } }: { webhook: Webhook }) {
  const navigate = useNavigate()
  const texts = useTexts()
  const words = useWords()
  const [told, tell] = useState<readonly Secret[]>([])
  const rotate = async (): Promise<void> => {
    const { data } = await ask<WithSecret>('POST', `${all}/${id}/secret`, { body: {} })
    tell([{ name: url, secret: data.secret }])
  }
  return (
    <Stack>
      <Told secrets={told} close={() => tell([])} />
      <Facts facts={[{ id: 'formerUntil', kind: 'instant', value: formerSecretUntil }]} />
      <Group>
        <ActButton act={{ name: () => words.rotate, warns: () => words.rotateText, run: rotate }} />
        <ActButton
          act={{
            name: () => texts.people.remove,
            warns: () => words.removeText,
            run: async () => {
              await ask('DELETE', `${all}/${id}`)
              void navigate({ to: way.to })
            },
          }}
        />
      </Group>
    </Stack>
  )
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** What was sent there, how it went, and the same to try by hand. */
export function WebhookCall() {
  const texts = useTexts()
  const words = useWords()
  const { id, call } = useParams({ strict: false }) as { id: string; call: string }
  return (
    <Screen
      title={words.call}
      within={way.name(texts)}
      acts={<WayButton to={`/webhooks/${id}`} name={way.name} variant="default" />}
    >
      <Read path={`${all}/{id}/calls/{callId}`} params={{ id, callId: call }} every={5_000}>
        {({ request: { url, headers, body }, ...about }) => {
          const lines = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)
          const curl = ['curl -i -X POST', quoted(url), ...lines, '--data-binary', quoted(body)].join(' ')
          return (
            <Stack>
              <Facts facts={factsOf(about, went)} />
              <Part title={words.request} about={words.requestText}>
                <Stack>
                  <Code block className="told">
                    {[`POST ${url}`, ...Object.entries(headers).map(each => each.join(': '))].join('\n')}
                  </Code>
                  <Code block className="told">
                    {JSON.stringify(JSON.parse(body), null, 2)}
                  </Code>
                  <Group>
                    <ActButton
                      act={{
                        name: () => words.curl,
                        run: async () => {
                          await navigator.clipboard.writeText(curl)
                          notifications.show({ message: texts.shell.copied })
                        },
                      }}
                    />
                    <ActButton
                      disabled={about.status !== 'dead'}
                      act={{
                        name: t => t.operations.sendAgain,
                        run: () => ask('POST', `${all}/${id}/calls/${call}/replay`),
                      }}
                    />
                  </Group>
                </Stack>
              </Part>
            </Stack>
          )
        }}
      </Read>
    </Screen>
  )
}
