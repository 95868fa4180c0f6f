import { AppShell, Burger, Button, Group, NavLink, Text } from '@mantine/core'
import { useDisclosure, useNetwork } from '@mantine/hooks'
import { IconHome } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { ask } from '../api/client.ts'
import type { AnswerOf } from '../blocks/data.tsx'
import { Empty } from '../blocks/empty.tsx'
import { Link } from '../blocks/link.tsx'
import { Screen } from '../blocks/screen.tsx'
import { Trouble } from '../blocks/trouble.tsx'
import { useLanguage, useTexts } from '../texts/texts.tsx'
import { ActingBanner } from './acting.tsx'
import { Keys } from './keys.tsx'
import { Organisations } from './organisations.tsx'
import { PaletteButton } from './palette-button.tsx'
import { usePerson } from './person.tsx'
import { Account, Bell, Standing } from './top.tsx'
import { goOnNewer, useNewer } from './versions.ts'
import { screensFor } from './world.ts'
import { worlds } from './worlds.ts'

/** Around every screen: what the person's role opens at the left, who they are and what is live at the top. */
export function Frame() {
  const texts = useTexts()
  const [opened, { toggle, close }] = useDisclosure(false)
  const path = useRouterState({ select: state => state.resolvedLocation?.pathname })
  useEffect(() => {
    close()
    return () => void (document.body.dataset.moved = 'yes')
  }, [path])
  return (
    <>
      <a className="skip" href="#main">
        {texts.shell.skip}
      </a>
      <AppShell
        header={{ height: 56 }}
        navbar={{ width: 230, breakpoint: 'sm', collapsed: { mobile: !opened } }}
        padding="md"
        transitionDuration={0}
      >
        {/* Its menus lie over the navigation. */}
        <AppShell.Header className="top" zIndex={102}>
          <Group h="100%" px="md" justify="space-between" wrap="nowrap">
            <Group gap="sm" wrap="nowrap">
              <Burger
                opened={opened}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label={texts.shell.menu}
                aria-expanded={opened}
              />
              <Link to="/" className="brand">
                Ohmnibus
              </Link>
              <Organisations />
            </Group>
            <Group gap="xs" wrap="nowrap">
              <PaletteButton />
              <Standing />
              <Bell />
              <Account />
            </Group>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar aria-label={texts.shell.navigation}>
          <AppShell.Section grow p="xs" className="scrolls">
            <Navigation path={path ?? ''} />
          </AppShell.Section>
        </AppShell.Navbar>
        <AppShell.Main id="main" tabIndex={-1}>
          <Notice />
          <Trial />
          <ActingBanner />
          <Offline />
          <Newer />
          <Outlet />
        </AppShell.Main>
      </AppShell>
      <Keys />
    </>
  )
}

function Navigation({ path }: { path: string }) {
  const texts = useTexts()
  const { role } = usePerson()
  // Of those on the way to where one is, the nearest.
  const at = worlds
    .flatMap(world => screensFor(world, role).map(screen => screen.path))
    .filter(to => path.endsWith(to) || path.includes(`${to}/`))
    .reduce((nearest, to) => (to.length > nearest.length ? to : nearest), '')
  return (
    <>
      <NavLink component={Link} to="/" label={texts.shell.home} leftSection={<IconHome size={16} aria-hidden />} />
      {worlds.map(world => {
        const screens = screensFor(world, role)
        if (screens.length === 0) return null
        return (
          <div key={world.id} role="group" aria-label={texts.shell.worlds[world.id]}>
            <Text size="xs" fw={700} px="sm" pt="sm" aria-hidden="true">
              {texts.shell.worlds[world.id]}
            </Text>
            {screens.map(screen => (
              <NavLink
                key={screen.path}
                component={Link}
                to={screen.path}
                label={screen.name!(texts)}
                active={screen.path === at}
                aria-current={screen.path === at ? 'page' : undefined}
              />
            ))}
          </div>
        )
      })}
    </>
  )
}

/** What admins say to everybody, within a minute. */
function Notice() {
  const path = '/api/admin/features'
  const { data } = useQuery({
    queryKey: [path],
    refetchInterval: 60_000,
    queryFn: async () => (await ask<AnswerOf<typeof path>>('GET', path)).data,
  })
  const said = data?.notice[useLanguage()]
  return said ? (
    <p role="status" className="banner">
      {said}
    </p>
  ) : null
}

/** That it is for trying out, and, for who works with it, that no money moves. */
function Trial() {
  const texts = useTexts()
  const { role } = usePerson()
  const path = '/api/billing/payments-go'
  const { data } = useQuery({
    queryKey: [path],
    enabled: ['operator', 'vendor', 'admin'].includes(role),
    staleTime: Infinity,
    queryFn: async () => (await ask<{ payments: string }>('GET', path)).data.payments,
  })
  const isTrial = document.documentElement.dataset.mode === 'evaluation'
  const payments = (texts.shell.payments as Record<string, string>)[data ?? '']
  const told = [isTrial && texts.shell.evaluation, payments].filter(Boolean)
  return told.length > 0 && <p className="banner">{told.join(' ')}</p>
}

function Offline() {
  const texts = useTexts()
  return useNetwork().online ? null : (
    <p role="status" className="banner">
      {texts.shell.offline}
    </p>
  )
}

function Newer() {
  const texts = useTexts()
  return useNewer() ? (
    <p role="status" className="banner">
      {texts.shell.newer}{' '}
      <Button size="compact-sm" onClick={goOnNewer}>
        {texts.shell.reload}
      </Button>
    </p>
  ) : null
}

/** One screen that fails takes nothing else with it; a part of an older build that is gone asks to reload. */
export function Failed({ error, reset }: { error: Error; reset: () => void }) {
  const texts = useTexts()
  const isGone = /dynamically imported module|module script/i.test(error.message)
  return (
    <Screen title={texts.shell.failed}>
      {isGone ? (
        <Empty title={texts.shell.reload} text={texts.shell.reloadNew}>
          <a href={location.href}>{texts.shell.reload}</a>
        </Empty>
      ) : (
        <Trouble error={error} retry={reset} />
      )}
    </Screen>
  )
}

export function NotFound() {
  const texts = useTexts()
  return (
    <Screen title={texts.shell.notFound}>
      <p>
        <Link to="/">{texts.shell.home}</Link>
      </p>
    </Screen>
  )
}
