import { ActionIcon } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTexts } from '../texts/texts.tsx'

const Palette = lazy(() => import('./palette.tsx'))

/** What opens it comes with it. */
const show = async (): Promise<void> => (await import('@mantine/spotlight')).spotlight.open()

/** Opens the palette, also by Ctrl K; it is loaded when it is first asked for. */
export function PaletteButton() {
  const texts = useTexts()
  const [asked, ask] = useState(false)
  useHotkeys([['mod+K', () => ask(true)]], asked ? undefined : [])
  return (
    <>
      <ActionIcon
        variant="default"
        size="lg"
        aria-label={texts.shell.search}
        title="Ctrl K"
        onClick={() => (asked ? void show() : ask(true))}
      >
        <IconSearch size={18} aria-hidden />
      </ActionIcon>
      {asked && (
        <Suspense>
          <Palette />
          <Opened />
        </Suspense>
      )}
    </>
  )
}

/** Once, when it has come. */
function Opened() {
  useEffect(() => void show(), [])
  return null
}
