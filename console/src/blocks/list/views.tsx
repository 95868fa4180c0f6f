import { Button, Group, Popover, Stack, TextInput, CloseButton } from '@mantine/core'
import { useState } from 'react'
import { useTexts } from '../../texts/texts.tsx'
import { fill } from '../fill.ts'
import { usePreference } from '../preferences.ts'
import type { Asked } from './address.ts'

interface View {
  readonly name: string
  readonly asked: Asked
}

/** Views of one list that a person has saved: filters and order by a name of their own. */
export function Views({ path, asked, ask }: { path: string; asked: Asked; ask: (next: Asked) => void }) {
  const texts = useTexts()
  const [views, keep] = usePreference<readonly View[]>(`views ${path}`, [])
  const [naming, open] = useState(false)
  const [name, enter] = useState('')
  const current = JSON.stringify(sorted(asked))
  const isShown = (view: View): boolean => JSON.stringify(sorted(view.asked)) === current
  const save = (): void => {
    if (name.trim() === '') return
    keep([...views.filter(view => view.name !== name.trim()), { name: name.trim(), asked }])
    open(false)
    enter('')
  }
  const isNew = Object.keys(asked).length > 0 && !views.some(isShown)
  if (views.length === 0 && !isNew) return null
  return (
    <Group gap="xs" role="group" aria-label={texts.list.views}>
      {views.map(view => (
        <Group key={view.name} gap={2}>
          <Button
            size="compact-sm"
            variant={isShown(view) ? 'filled' : 'default'}
            aria-pressed={isShown(view)}
            onClick={() => ask(view.asked)}
          >
            {view.name}
          </Button>
          <CloseButton
            size="sm"
            aria-label={fill(texts.list.deleteView, { name: view.name })}
            onClick={() => keep(views.filter(other => other !== view))}
          />
        </Group>
      ))}
      {isNew && (
        <Popover opened={naming} onChange={open} trapFocus>
          <Popover.Target>
            <Button size="compact-sm" variant="subtle" onClick={() => open(true)}>
              {texts.list.saveView}
            </Button>
          </Popover.Target>
          <Popover.Dropdown aria-label={texts.list.saveView}>
            <Stack gap="xs">
              <TextInput
                label={texts.list.viewName}
                maxLength={60}
                value={name}
                onChange={event => enter(event.currentTarget.value)}
                onKeyDown={event => event.key === 'Enter' && save()}
              />
              <Button onClick={save}>{texts.list.save}</Button>
            </Stack>
          </Popover.Dropdown>
        </Popover>
      )}
    </Group>
  )
}

const sorted = (asked: Asked): [string, string][] => Object.entries(asked).sort(([a], [b]) => (a < b ? -1 : 1))
