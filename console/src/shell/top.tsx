import { ActionIcon, Indicator, Text, useMantineColorScheme } from '@mantine/core'
import { IconBell, IconUser } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ask } from '../api/client.ts'
import { useStanding } from '../api/live.ts'
import { signOut } from '../api/session.ts'
import type { AnswerOf } from '../blocks/data.tsx'
import { useLanguage, useTexts, wordFor } from '../texts/texts.tsx'
import { speak } from './language.ts'
import { MenuButton } from './menu-button.tsx'
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
    queryFn: async () =>
      (await ask<AnswerOf<'/api/notifications/count'>>('GET', '/api/notifications/count', { query: { unread: true } }))
        .data,
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
  const languages = { en: 'English', de: 'Deutsch' } as const
  return (
    <MenuButton
      position="bottom-end"
      width={240}
      px="xs"
      aria-label={`${texts.shell.person}: ${person.name}`}
      sections={[
        {
          title: `${person.email} · ${wordFor(texts, person.role)}`,
          choices: [{ label: texts.shell.profile, act: () => void navigate({ to: '/me' }) }],
        },
        {
          title: texts.shell.scheme,
          choices: (Object.keys(schemes) as (keyof typeof schemes)[]).map(scheme => ({
            label: schemes[scheme],
            checked: colorScheme === scheme,
            act: () => setColorScheme(scheme),
          })),
        },
        {
          title: texts.shell.language,
          choices: (Object.keys(languages) as (keyof typeof languages)[]).map(each => ({
            label: languages[each],
            lang: each,
            checked: language === each,
            act: () => void speak(each),
          })),
        },
        { choices: [{ label: texts.shell.signOut, act: () => void signOut() }] },
      ]}
    >
      <IconUser size={18} aria-hidden />
      <Text span size="sm" ml={6} visibleFrom="md">
        {person.name}
      </Text>
    </MenuButton>
  )
}
