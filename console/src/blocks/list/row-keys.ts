import { useEffect, useRef } from 'react'
import type { RowAct } from './declaration.ts'

const isBusy = (target: EventTarget | null): boolean =>
  (target instanceof HTMLElement &&
    (target.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !isTick(target)))) ||
  document.querySelector('[role=dialog]') !== null

const isTick = (target: HTMLElement): boolean => (target as HTMLInputElement).type === 'checkbox'

/**
 * A list of decisions is worked through by keys: `j` and `k` go from row to row, `x` chooses one, and an act that has a
 * key is done to what is chosen, else to the row one is at.
 */
export function useRowKeys<Row>(props: {
  readonly acts: readonly RowAct<Row>[]
  readonly rows: readonly Row[]
  readonly pick: (row: Row) => void
  readonly act: (act: RowAct<Row>, row: Row | undefined) => void
}): void {
  const { acts, rows, pick, act } = props
  // What follows a `g` leads to a screen.
  const led = useRef(0)
  useEffect(() => {
    if (!acts.some(({ key }) => key)) return undefined
    const press = (event: KeyboardEvent): void => {
      if (isBusy(event.target) || event.ctrlKey || event.metaKey || event.altKey) return
      if (event.key === 'g') return void (led.current = Date.now())
      if (Date.now() - led.current < 1_500) return
      const ticks = [...document.querySelectorAll<HTMLElement>('.list tbody .tick input')]
      const at = ticks.findIndex(tick => tick.closest('tr')!.contains(document.activeElement))
      const chosen = acts.find(({ key }) => key === event.key)
      if (event.key === 'j' || event.key === 'k')
        ticks[Math.max(0, Math.min(ticks.length - 1, at < 0 ? 0 : at + (event.key === 'j' ? 1 : -1)))]?.focus()
      else if (event.key === 'x' && rows[at]) pick(rows[at])
      else if (chosen) act(chosen, rows[at])
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  })
}
