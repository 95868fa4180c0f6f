// Runs in the page that is looked at: put in before its own scripts, whatever its policy says.
const times = { largest: 0, shift: 0 }
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  console.error(`policy: ${violatedDirective} ${blockedURI}`),
)
new PerformanceObserver(list => {
  times.largest = list.getEntries().at(-1).startTime
}).observe({ type: 'largest-contentful-paint', buffered: true })
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) times.shift += entry.value
}).observe({ type: 'layout-shift', buffered: true })

globalThis.looking = {
  isSettled: () => !document.querySelector('.mantine-Skeleton-root, [aria-hidden=true].waiting'),
  figures: () => ({
    ...times,
    paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }),

  /** Numbers all that can be used; those of a group of radio buttons are one. */
  mark() {
    walk.reached.clear()
    walk.unseen.clear()
    for (const element of document.querySelectorAll('[data-stop]')) delete element.dataset.stop
    const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
    const usable = all.filter(
      element =>
        element.tabIndex >= 0 &&
        !element.disabled &&
        element.type !== 'hidden' &&
        !(element.type === 'radio' && !element.checked) &&
        element.checkVisibility({ visibilityProperty: true }) &&
        !element.closest('[inert]'),
    )
    usable.forEach((element, index) => (element.dataset.stop = String(index)))
    // From the top, wherever one was before.
    document.activeElement?.blur()
    document.body.tabIndex = -1
    document.body.focus({ preventScroll: true })
    document.body.removeAttribute('tabindex')
    return usable.length
  },
  /** What was reached since `mark`, and is seen to be; and what was not. */
  walked: () => ({
    unseen: [...walk.unseen],
    missed: [...document.querySelectorAll('[data-stop]')]
      .filter(element => !walk.reached.has(element.dataset.stop))
      .map(element => element.outerHTML.slice(0, 160)),
  }),
}

/** Where the focus is once a key is up, and whether one sees it. */
const walk = { reached: new Set(), unseen: new Set() }
document.addEventListener('keyup', ({ key }) => key === 'Tab' && note(document.activeElement), true)

function note(element) {
  if (!element?.dataset.stop) return
  walk.reached.add(element.dataset.stop)
  // Of a control that is hidden behind what is drawn for it, that shows the focus.
  const drawn = element.matches('[type=radio]') ? (element.nextElementSibling ?? element) : element
  const seen = [element, drawn].some(each => {
    const { outlineStyle, boxShadow } = getComputedStyle(each)
    return outlineStyle !== 'none' || boxShadow !== 'none'
  })
  if (!seen && !element.matches('input, textarea, select')) walk.unseen.add(element.outerHTML.slice(0, 160))
}
