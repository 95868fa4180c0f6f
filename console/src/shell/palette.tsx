import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { signOut } from '../api/session.ts'
import { ask } from '../api/client.ts'
import { useTexts } from '../texts/texts.tsx'
import { kindsFor } from './found.ts'
import { usePerson } from './person.tsx'
import { screensFor } from './world.ts'
import { worlds } from './worlds.ts'

/** One box for objects, screens and commands; what is found, the platform decides. */
export default function Palette() {
  const texts = useTexts()
  const navigate = useNavigate()
  const { role } = usePerson()
  const [text, search] = useState('')
  const objects = useQuery({
    queryKey: ['palette', text],
    enabled: text.trim().length > 1,
    staleTime: 10_000,
    queryFn: async ({ signal }) => {
      const kinds = kindsFor(role, text.trim())
      const answers = await Promise.allSettled(
        kinds.map(async kind => {
          const query = { ...kind.query, limit: 5 }
          const { data } = await ask<{ items: Record<string, unknown>[] }>('GET', kind.path, { query, signal })
          return { kind, items: data.items }
        }),
      )
      return answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
    },
  })
  const go = (to: string) => () => void navigate({ to })
  const matches = (label: string): boolean => label.toLowerCase().includes(text.trim().toLowerCase())
  const groups: SpotlightActionGroupData[] = [
    ...(objects.data ?? []).map(({ kind, items }) => ({
      group: kind.name(texts),
      actions: items.map(item => ({
        id: `${kind.path}${kind.to(item)}`,
        label: kind.label(item),
        description: kind.about?.(item),
        onClick: go(kind.to(item)),
      })),
    })),
    {
      group: texts.shell.screens,
      actions: worlds
        .flatMap(world => screensFor(world, role))
        .map(({ path, name }) => ({ id: path, label: name!(texts), onClick: go(path) }))
        .filter(({ label }) => matches(label)),
    },
    {
      group: texts.shell.actions,
      actions: [
        {
          id: 'search',
          label: texts.shell.allFound,
          onClick: () => void navigate({ to: '/search', search: { q: text.trim() } as never }),
        },
        { id: 'new passport', label: texts.passports.new, onClick: go('/passports/new') },
        { id: 'sign out', label: texts.shell.signOut, onClick: () => void signOut() },
      ].filter(({ id, label }) => matches(label) || (id === 'search' && text.trim().length > 1)),
    },
  ].filter(({ actions }) => actions.length > 0)
  // The library chooses the first of what was there before it: Enter takes the first of what is shown.
  const shown = groups.flatMap(({ actions }) => actions.map(({ id }) => id)).join(' ')
  useEffect(() => {
    const rows = [...document.querySelectorAll('[role=dialog] [data-action]')]
    for (const [at, row] of rows.entries()) row.toggleAttribute('data-selected', at === 0 && text !== '')
  }, [shown, text])
  return (
    <Spotlight
      actions={groups}
      query={text}
      onQueryChange={search}
      // The platform has found already; nothing that it found is hidden again.
      filter={(_, actions) => actions}
      shortcut={['mod + K']}
      attributes={{ content: { 'aria-label': texts.shell.searchFor } }}
      nothingFound={texts.shell.nothingFound}
      scrollable
      maxHeight={420}
      transitionProps={{ duration: 0 }}
      searchProps={{ placeholder: texts.shell.searchFor, 'aria-label': texts.shell.searchFor }}
    />
  )
}
