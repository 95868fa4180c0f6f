import { IconChevronDown } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { ask } from '../api/client.ts'
import type { AnswerOf } from '../blocks/data.tsx'
import { useTexts, wordFor } from '../texts/texts.tsx'
import { MenuButton } from './menu-button.tsx'
import { usePerson } from './person.tsx'

/** For whom one acts: oneself, or an organisation that one belongs to. */
export function Organisations() {
  const texts = useTexts()
  const { organisation } = usePerson()
  const { data } = useQuery({
    queryKey: ['/api/auth/organisations', 'own'],
    queryFn: async () =>
      (await ask<AnswerOf<'/api/auth/organisations'>>('GET', '/api/auth/organisations', { query: { limit: 100 } }))
        .data,
  })
  const all = data?.items ?? []
  if (all.length === 0) return null
  const current = all.find(({ id }) => id === organisation?.id)
  const act = async (id: string): Promise<void> => {
    await ask('POST', `/api/auth/organisations/${id}/switch`)
    // What was loaded was for another.
    location.reload()
  }
  return (
    <MenuButton
      position="bottom-start"
      className="organisation"
      rightSection={<IconChevronDown size={14} aria-hidden />}
      aria-label={`${texts.shell.actsFor}: ${current?.name ?? texts.shell.myself}`}
      sections={[
        {
          title: texts.shell.actsFor,
          choices: [
            { label: texts.shell.myself, act: () => void act('personal') },
            ...all.map(({ id, name, role }) => ({
              label: role ? `${name} (${wordFor(texts, role)})` : name,
              act: () => void act(id),
            })),
          ],
        },
      ]}
    >
      {current?.name ?? texts.shell.myself}
    </MenuButton>
  )
}
