/** Where the focus was: in which row, and in which place among rows. */
interface Place {
  readonly element: HTMLElement
  readonly row: string | undefined
  readonly at: number
  readonly path: string
}

const rowsShown = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('#main [data-row]')]

function placeOf(element: HTMLElement): Place {
  const row = element.closest<HTMLElement>('#main [data-row]')
  return { element, row: row?.dataset.row, at: row ? rowsShown().indexOf(row) : -1, path: location.pathname }
}

const isThere = (element: HTMLElement): boolean => element.isConnected && element.checkVisibility()
const isUsable = (element: HTMLElement): boolean => isThere(element) && !element.matches(':disabled')
const isNowhere = (): boolean => {
  const now = document.activeElement
  // What is hidden has it until the next time that something is drawn.
  return !now || now === document.body || !now.checkVisibility()
}

/** Of the same row, else of the one that has its place now, what takes the focus as it did. */
function standInFor({ element, row, at }: Place): HTMLElement | undefined {
  if (row === undefined) return undefined
  const rows = rowsShown().filter(isThere)
  const now = rows.find(each => each.dataset.row === row) ?? rows[Math.min(at, rows.length - 1)]
  if (!now || now.hasAttribute('tabindex')) return now
  return (
    now.querySelector<HTMLElement>(element.tagName) ?? now.querySelector<HTMLElement>('a, button, input') ?? undefined
  )
}

/**
 * Who works by keyboard or by ear stays where they are: where what has the focus is drawn anew, is gone or could not be
 * used for a while, the same row takes it, else the one in its place, else what had the focus before, else the heading.
 */
export function keepFocus(): void {
  let trail: readonly Place[] = []
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof HTMLElement) || target === document.body) return
    trail = [placeOf(target), ...trail.filter(({ element }) => element !== target)].slice(0, 8)
  })
  // Who clicks beside has left; what is gone, hidden or not to be used just now was taken from them.
  document.addEventListener('focusout', ({ target, relatedTarget }) => {
    if (relatedTarget) return
    setTimeout(() => isNowhere() && isUsable(target as HTMLElement) && (trail = []))
  })
  new MutationObserver(changes => {
    const [last] = trail
    if (!last || !isNowhere()) return
    // Another screen has its heading for it.
    if (last.path !== location.pathname) trail = []
    else if (!isThere(last.element)) restore(trail)
    else if (changes.some(({ target }) => target === last.element) && isUsable(last.element))
      last.element.focus({ preventScroll: true })
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled'] })
}

function restore(trail: readonly Place[]): void {
  for (const place of trail) {
    const taker = isUsable(place.element) ? place.element : standInFor(place)
    taker?.focus({ preventScroll: place.row === undefined })
    if (!isNowhere()) return
  }
  document.getElementById('heading')?.focus({ preventScroll: true })
}
