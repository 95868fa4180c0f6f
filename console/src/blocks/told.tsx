import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { fill, useTexts } from '../texts/texts.tsx'

export interface Secret {
  readonly name: string
  readonly secret: string
}

/** Secrets that are told this once: they stand here until one closes them, and nowhere else. */
export function Told({ secrets, close }: { secrets: readonly Secret[]; close: () => void }) {
  const texts = useTexts()
  if (secrets.length === 0) return null
  const copy = async (text: string): Promise<void> => {
    await navigator.clipboard.writeText(text)
    notifications.show({ message: texts.shell.copied })
  }
  return (
    <Stack gap="xs">
      {secrets.map(({ name, secret }) => (
        <Alert key={secret} variant="default" title={fill(texts.teams.once, { name })}>
          <Stack gap="xs">
            <Text>{texts.teams.onceText}</Text>
            <Code block className="told">
              {secret}
            </Code>
            <Group>
              <Button onClick={() => void copy(secret)}>{texts.teams.copy}</Button>
              <Button variant="default" onClick={close}>
                {texts.shell.close}
              </Button>
            </Group>
          </Stack>
        </Alert>
      ))}
    </Stack>
  )
}
