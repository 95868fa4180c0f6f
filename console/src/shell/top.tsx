import { ActionIcon, Button, Indicator, Menu, Text, useMantineColorScheme } from '@mantine/core'
import { IconBell, IconUser } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { client, got } from '../api/client.ts'
import { useStanding } from '../api/live.ts'
import { signOut } from '../api/session.ts'
import { useLanguage, useTexts, wordFor } from '../texts/texts.tsx'
import { speak } from './language.ts'
import { usePerson } from './person.tsx'

/** Whether hints arrive: a sign and a word. */
export function Standing() {
  const texts = useTexts()
  const standing = useStanding()
  return (
    <Text size="xs" className="standing" data-standing={standing} visibleFrom="md" role="status">
      <span aria-hidden="true">{{ live: '●', waiting: '◌', off: '○' }[standing]}</span> {texts.shell[standing]}
    </Text>
  )
}

export function Bell() {
  const texts = useTexts()
  const navigate = useNavigate()
  const { data } = useQuery({
    queryKey: ['/api/notifications', 'unread'],
    queryFn: () => got(client.GET('/api/notifications/count', { params: { query: { unread: true } } })),
  })
  const count = data?.count ?? 0
  return (
    <Indicator disabled={count === 0} label={count > 99 ? '99+' : count} size={16} aria-hidden={false} color="red.9">
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={
          count > 0 ? `${texts.notifications.title}: ${count} ${texts.notifications.unread}` : texts.notifications.title
        }
        onClick={() => void navigate({ to: '/notifications' })}
      >
        <IconBell size={18} aria-hidden />
      </ActionIcon>
    </Indicator>
  )
}

/** Who one is, how the console looks and speaks, and out. */
export function Account() {
  const texts = useTexts()
  const language = useLanguage()
  const person = usePerson()
  const navigate = useNavigate()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const schemes = { auto: texts.shell.system, light: texts.shell.light, dark: texts.shell.dark } as const
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <Button variant="default" px="xs" aria-label={`${texts.shell.person}: ${person.name}`}>
          <IconUser size={18} aria-hidden />
          <Text span size="sm" ml={6} visibleFrom="md">
            {person.name}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {person.email} · {wordFor(texts, person.role)}
        </Menu.Label>
        <Menu.Item onClick={() => void navigate({ to: '/me' })}>{texts.shell.profile}</Menu.Item>
        <Menu.Label>{texts.shell.scheme}</Menu.Label>
        {(Object.keys(schemes) as (keyof typeof schemes)[]).map(scheme => (
          <Menu.Item
            key={scheme}
            role="menuitemradio"
            aria-checked={colorScheme === scheme}
            onClick={() => setColorScheme(scheme)}
          >
            {colorScheme === scheme ? '✓ ' : ''}
            {schemes[scheme]}
          </Menu.Item>
        ))}
        <Menu.Label>{texts.shell.language}</Menu.Label>
        {(['en', 'de'] as const).map(each => (
          <Menu.Item
            key={each}
            role="menuitemradio"
            aria-checked={language === each}
            lang={each}
            onClick={() => void speak(each)}
          >
            {language === each ? '✓ ' : ''}
            {{ en: 'English', de: 'Deutsch' }[each]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => void signOut()}>{texts.shell.signOut}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
