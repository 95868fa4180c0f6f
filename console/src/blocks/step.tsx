import { Anchor, List } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTexts } from '../texts/texts.tsx'
import { Link } from './link.tsx'

/** One of the things that there have to be, with the way to where it is done. */
export function Step(props: {
  name: string
  to?: string | undefined
  done?: boolean | undefined
  children?: ReactNode
}) {
  const { name, to, done = false, children } = props
  const { home } = useTexts()
  const way = to && <Anchor component={Link} to={to}>{name}</Anchor> // prettier-ignore
  return (
    <List.Item>
      <span aria-hidden="true">{done ? '✓' : '○'}</span> {way || name} ({done ? home.done : home.open}){children}
    </List.Item>
  )
}
