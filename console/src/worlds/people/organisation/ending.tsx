import { Group, Select, Stack } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { ask } from '../../../api/client.ts'
import { Choice } from '../../../blocks/choice.tsx'
import { useRead } from '../../../blocks/data.tsx'
import { ActButton } from '../../../blocks/detail.tsx'
import { Part } from '../../../blocks/screen.tsx'
import { usePerson } from '../../../shell/person.tsx'
import { fill, useTexts, wordFor } from '../../../texts/texts.tsx'
import { useWords } from './words.ts'

/** An owner hands it over, or ends it; for both its name is typed. */
export function Ending({ id, name }: { id: string; name: string }) {
  const texts = useTexts()
  const words = useWords()
  const navigate = useNavigate()
  const { id: self } = usePerson()
  const { data } = useRead('/api/auth/organisations/{id}/members', { id }, { limit: '100' })
  const others = data?.data.items.filter(({ userId }) => userId !== self) ?? []
  const [to, choose] = useState<string | null>(null)
  const [stay, stayAs] = useState('admin')
  const path = `/api/auth/organisations/${id}`
  const named = (run: () => Promise<unknown>) => async (typed: string) => {
    if (typed.trim() !== name) throw new Error(words.other)
    await run()
  }
  const asks = () => fill(words.type, { name })
  const away = (): void => void navigate({ to: '/organisations' })
  const hand = async (): Promise<void> => {
    await ask('POST', `${path}/transfer`, { body: { userId: to, stayAs: stay === 'leave' ? null : stay } })
    if (stay === 'leave') away()
  }
  const end = async (): Promise<void> => {
    await ask('DELETE', path)
    away()
  }
  return (
    <Part title={words.ends}>
      <Stack>
        <Group align="flex-end">
          <Select
            label={words.newOwner}
            placeholder={texts.form.choose}
            data={others.map(each => ({ value: each.userId, label: each.name || each.email }))}
            value={to}
            onChange={choose}
          />
          <Choice
            label={words.stayAs}
            data={[
              ...['admin', 'editor', 'viewer'].map(value => ({ value, label: wordFor(texts, value) })),
              { value: 'leave', label: words.leave },
            ]}
            value={stay}
            choose={stayAs}
          />
          <ActButton
            disabled={to === null}
            act={{
              name: () => words.transfer,
              warns: () => fill(words.transferText, { name }),
              asks,
              run: named(hand),
            }}
          />
        </Group>
        <Group>
          <ActButton act={{ name: () => words.delete, warns: () => words.deleteText, asks, run: named(end) }} />
        </Group>
      </Stack>
    </Part>
  )
}
