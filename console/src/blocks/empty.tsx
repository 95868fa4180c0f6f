import { Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

/** What this is, why it is empty, and the one next act. */
export function Empty({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <Stack align="center" gap="sm" py="xl" className="empty">
      <Title order={2} size="h3">
        {title}
      </Title>
      <Text maw="36rem" ta="center">
        {text}
      </Text>
      {children}
    </Stack>
  )
}
