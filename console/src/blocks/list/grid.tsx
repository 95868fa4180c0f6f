import { Checkbox, VisuallyHidden } from '@mantine/core'
import { defaultRangeExtractor, useWindowVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useRef, useState, type CSSProperties, type KeyboardEvent } from 'react'
import { nameOf, useTexts } from '../../texts/texts.tsx'
import { Cell, usePicking, type RowsShown } from './table.tsx'

/** As many rows as one likes: those in view stand in the document, and a reader is told where they are. */
export function Grid<Row>(shown: RowsShown<Row>) {
  const { list, columns, rows, idOf, selected, compact } = shown
  const texts = useTexts()
  const pick = usePicking(shown)
  const body = useRef<HTMLDivElement>(null)
  const [top, measure] = useState(0)
  // By its id, as what is new comes above it; at first the row that one is in, where a table stood here before.
  const [activeId, activate] = useState(() => document.activeElement?.closest<HTMLElement>('[data-row]')?.dataset.row)
  const place = useRef(0)
  const found = rows.findIndex(row => idOf(row) === activeId)
  const active = found < 0 ? Math.min(place.current, rows.length - 1) : found
  place.current = active
  useLayoutEffect(() => measure(body.current?.offsetTop ?? 0), [])
  // A row that is far away is there only once one has come near.
  const wanted = useRef<number>(undefined)
  useLayoutEffect(() => {
    const row =
      wanted.current === undefined ? null : body.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`)
    if (!row) return
    wanted.current = undefined
    row.focus({ preventScroll: true })
  })
  const window = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => (compact ? 30 : 40),
    overscan: 8,
    scrollMargin: top,
    // Who scrolls away from the row that they are in keeps it, and Tab finds into the grid wherever it is scrolled to.
    rangeExtractor: range => {
      const near = defaultRangeExtractor(range)
      return near.includes(active) ? near : [...near, active].sort((a, b) => a - b)
    },
  })
  const widths = { gridTemplateColumns: `${list.acts ? '2.5rem ' : ''}repeat(${columns.length}, minmax(7rem, 1fr))` }

  function press(event: KeyboardEvent): void {
    const page = 20
    const last = rows.length - 1
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      Home: 0,
      End: last,
      PageDown: active + page,
      PageUp: active - page,
    }
    const next = steps[event.key]
    if (next !== undefined) {
      const to = Math.max(0, Math.min(last, next))
      activate(idOf(rows[to]!))
      window.scrollToIndex(to)
      if (to !== active) wanted.current = to
    } else if (event.key === ' ' && list.acts) pick(active, event.shiftKey)
    else if (event.key === 'Enter' && list.open && event.target === event.currentTarget)
      event.currentTarget.querySelector<HTMLElement>('.row-link')?.click()
    else return
    event.preventDefault()
  }

  return (
    <div role="grid" aria-rowcount={-1} aria-label={texts.list.options} className="rows grid">
      <Heads list={list} columns={columns} widths={widths} />
      <div role="rowgroup" ref={body} style={{ height: window.getTotalSize(), position: 'relative' }}>
        {window.getVirtualItems().map(({ index, start, size }) => {
          const row = rows[index]!
          return (
            <div
              role="row"
              key={idOf(row)}
              data-index={index}
              data-row={idOf(row)}
              aria-rowindex={index + 2}
              aria-selected={list.acts ? selected.has(idOf(row)) : undefined}
              tabIndex={index === active ? 0 : -1}
              onFocus={() => activate(idOf(row))}
              onKeyDown={press}
              className="grid-row"
              style={{ ...widths, position: 'absolute', insetInline: 0, height: size, top: start - top }}
            >
              <Cells {...shown} index={index} pick={pick} />
            </div>
          )
        })}
      </div>
    </div>
  )
}

function Heads<Row>(props: Pick<RowsShown<Row>, 'list' | 'columns'> & { widths: CSSProperties }) {
  const { list, columns, widths } = props
  const texts = useTexts()
  return (
    <div role="rowgroup">
      <div role="row" aria-rowindex={1} className="grid-row head" style={widths}>
        {list.acts && (
          <span role="columnheader">
            <VisuallyHidden>{texts.list.select}</VisuallyHidden>
          </span>
        )}
        {columns.map(({ id }) => (
          <span role="columnheader" key={id}>
            {nameOf(texts, id)}
          </span>
        ))}
      </div>
    </div>
  )
}

function Cells<Row>(props: RowsShown<Row> & { index: number; pick: (index: number, range: boolean) => void }) {
  const { list, columns, rows, idOf, labelOf, selected, index, pick } = props
  const texts = useTexts()
  const row = rows[index]!
  return (
    <>
      {list.acts && (
        <span role="gridcell">
          <Checkbox
            tabIndex={-1}
            aria-label={`${texts.list.select}: ${labelOf(row)}`}
            checked={selected.has(idOf(row))}
            onChange={() => {}}
            onClick={event => pick(index, event.shiftKey)}
          />
        </span>
      )}
      {columns.map((column, place) => (
        <span role="gridcell" key={column.id}>
          <Cell {...{ list, column, row, isFirst: place === 0 }} />
        </span>
      ))}
    </>
  )
}
