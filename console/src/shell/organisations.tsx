import { Button, Menu } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { ask, client, got } from '../api/client.ts'
import { useTexts, wordFor } from '../texts/texts.tsx'
import { usePerson } from './person.tsx'

/** For whom one acts: oneself, or an organisation that one belongs to. */
export function Organisations() {
  const texts = useTexts()
  const { organisation } = usePerson()
  const { data } = useQuery({
    queryKey: ['/api/auth/organisations', 'own'],
    queryFn: () => got(client.GET('/api/auth/organisations', { params: { query: { limit: 100 } } })),
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
    <Menu position="bottom-start">
      <Menu.Target>
        <Button
          variant="default"
          className="organisation"
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-label={`${texts.shell.actsFor}: ${current?.name ?? texts.shell.myself}`}
        >
          {current?.name ?? texts.shell.myself}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{texts.shell.actsFor}</Menu.Label>
        <Menu.Item onClick={() => void act('personal')}>{texts.shell.myself}</Menu.Item>
        {all.map(({ id, name, role }) => (
          <Menu.Item key={id} onClick={() => void act(id)}>
            {name}
            {role && ` (${wordFor(texts, role)})`}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
