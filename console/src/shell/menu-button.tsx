import { Button } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import type { MenuProps } from './choices.ts'

const load = () => import('./menu.tsx')
const Opened = lazy(load)

/** A button with a menu, which is loaded when it is first asked for: the first screen waits for none. */
export function MenuButton(props: MenuProps) {
  const [asked, ask] = useState(false)
  const { sections: _, position: __, width: ___, ...button } = props
  const waiting = (
    <Button
      variant="default"
      {...button}
      aria-haspopup="menu"
      aria-expanded={false}
      onPointerEnter={() => void load()}
      onClick={() => ask(true)}
    />
  )
  return asked ? (
    <Suspense fallback={waiting}>
      <Opened {...props} />
    </Suspense>
  ) : (
    waiting
  )
}
