import { Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { ask } from '../../api/client.ts'
import { Read, type AnswerOf } from '../../blocks/data.tsx'
import { ActButton } from '../../blocks/detail.tsx'
import { shown } from '../../blocks/values.tsx'
import { fill, useLanguage, useTexts } from '../../texts/texts.tsx'

/** Whether mail reaches one, and what helps where it does not. */
export function Mail() {
  const texts = useTexts()
  const language = useLanguage()
  const words = texts.account
  return (
    <Stack gap="xs">
      <Title order={2}>{words.mail}</Title>
      <Read path="/api/notifications/email">
        {({ address, closed }) =>
          closed ? (
            <>
              <Text>{fill(words.mailClosed, { address, at: shown('instant', closed.at, language) })}</Text>
              <Group>
                <ActButton
                  act={{
                    name: () => words.mailCheck,
                    run: async () => {
                      await ask('POST', '/api/notifications/email/check')
                      notifications.show({ message: words.mailChecked })
                    },
                  }}
                />
              </Group>
            </>
          ) : (
            <Text>{fill(words.mailOpen, { address })}</Text>
          )
        }
      </Read>
    </Stack>
  )
}

/** The number for SMS, which a code proves. */
export function Phone() {
  const texts = useTexts()
  return (
    <Stack gap="xs">
      <Title order={2}>{texts.account.phone}</Title>
      <Read path="/api/notifications/phone">{phone => <Numbered phone={phone} />}</Read>
    </Stack>
  )
}

function Numbered({ phone: { offered, number, verified, stopped } }: { phone: AnswerOf<'/api/notifications/phone'> }) {
  const { account: words } = useTexts()
  const language = useLanguage()
  const [given, give] = useState('')
  const [code, type] = useState('')
  if (!offered && !number) return <Text>{words.phoneNot}</Text>
  return (
    <>
      <Text>{words.phoneText}</Text>
      {number && <Text>{fill(verified ? words.verified : words.unverified, { number })}</Text>}
      {stopped && (
        <Text>{fill(words.stopped, { at: shown('instant', stopped.at, language), because: stopped.because })}</Text>
      )}
      {number && !verified && (
        <Group align="flex-end">
          <TextInput
            label={words.code}
            value={code}
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={6}
            onChange={event => type(event.currentTarget.value.trim())}
          />
          <ActButton
            act={{
              name: () => words.confirm,
              run: () => ask('POST', '/api/notifications/phone/verify', { body: { code } }),
            }}
          />
        </Group>
      )}
      <Group align="flex-end">
        {offered && (
          <>
            <TextInput
              label={words.number}
              type="tel"
              autoComplete="tel"
              value={given}
              maxLength={16}
              onChange={event => give(event.currentTarget.value.replaceAll(/[\s()-]/g, ''))}
            />
            <ActButton
              act={{
                name: () => words.sendCode,
                run: () => ask('PUT', '/api/notifications/phone', { body: { number: given } }),
              }}
            />
          </>
        )}
        {number && (
          <ActButton act={{ name: () => words.removeNumber, run: () => ask('DELETE', '/api/notifications/phone') }} />
        )}
      </Group>
    </>
  )
}
