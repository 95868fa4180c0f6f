import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { usePerson } from './person.tsx'
import { screensFor } from './world.ts'
import { worlds } from './worlds.ts'

const KeysShown = lazy(() => import('./keys-shown.tsx'))

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** Keys of every screen: `?` shows them, `/` goes to the filter, `g` and a letter to a screen. */
export function Keys() {
  const navigate = useNavigate()
  const { role } = usePerson()
  const [shown, show] = useState(false)
  const begun = useRef(0)
  const letters = lettersOf(worlds.flatMap(world => screensFor(world, role)).map(({ path }) => path))
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return
      const leads = Date.now() - begun.current < 1_500 ? letters.get(event.key) : undefined
      if (leads) void navigate({ to: leads })
      else if (event.key === '?') show(true)
      else if (event.key === '/') document.querySelector<HTMLElement>('[data-key="/"]')?.focus()
      else if (event.key === 'g') return void (begun.current = Date.now())
      else return
      begun.current = 0
      event.preventDefault()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  })
  if (!shown) return null
  return (
    <Suspense>
      <KeysShown letters={letters} close={() => show(false)} />
    </Suspense>
  )
}

/** A letter of its own for each screen: the first of its name that is free. */
function lettersOf(paths: readonly string[]): Map<string, string> {
  const letters = new Map<string, string>()
  for (const path of paths) {
    const letter = [...path.replaceAll(/[^a-z]/g, '')].find(each => !letters.has(each))
    if (letter) letters.set(letter, path)
  }
  return letters
}
