import { Group, Stack, Text, Title } from '@mantine/core'
import { useEffect, type ReactNode } from 'react'

/** What every screen has: a heading that takes the focus after a change of screens, and a title of the document. */
export function Screen(props: {
  title: string
  /** The list it belongs to. */
  within?: string
  acts?: ReactNode
  /** Whether the heading is its own. */
  header?: boolean
  children: ReactNode
}) {
  const { title, within, acts, header = true, children } = props
  useEffect(() => {
    document.title = [title, within, 'Ohmnibus'].filter(Boolean).join(' · ')
  }, [title, within])
  useEffect(() => {
    // Whoever comes by the address begins at the top of the page, as anywhere.
    if (document.body.dataset.moved) document.getElementById('heading')?.focus({ preventScroll: true })
  }, [])
  if (!header) return children
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <Title order={1} tabIndex={-1} id="heading">
          {title}
        </Title>
        <Group gap="xs">{acts}</Group>
      </Group>
      {children}
    </Stack>
  )
}

/** A part of a screen, under a heading of its own. */
export function Part(props: { title: ReactNode; about?: string; className?: string; children: ReactNode }) {
  const { title, about, className, children } = props
  return (
    <section className={className}>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      {about && (
        <Text mb="sm" maw="44rem">
          {about}
        </Text>
      )}
      {children}
    </section>
  )
}
