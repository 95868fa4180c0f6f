import { Kbd, Modal, Table } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTexts } from '../texts/texts.tsx'
import { usePerson } from './person.tsx'
import { screensFor } from './world.ts'
import { worlds } from './worlds.ts'

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** Keys of every screen: `?` shows them, `/` goes to the filter, `g` and a letter to a screen. */
export function Keys() {
  const texts = useTexts()
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
  const rows: [string, string][] = [
    ['Ctrl K', texts.shell.search],
    ['/', texts.list.filter],
    ['Ctrl S', texts.form.save],
    ...[...letters].map(([letter, path]): [string, string] => [`g ${letter}`, path]),
  ]
  return (
    <Modal opened onClose={() => show(false)} title={texts.shell.keysOf}>
      <Table>
        <Table.Tbody>
          {rows.map(([keys, what]) => (
            <Table.Tr key={keys}>
              <Table.Th scope="row">
                <Kbd>{keys}</Kbd>
              </Table.Th>
              <Table.Td>{what}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
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
