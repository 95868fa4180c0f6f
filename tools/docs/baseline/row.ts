/** A row of what the five systems offer that Ohmnibus takes the place of, and where it stands here. */
export interface Row {
  readonly id: string
  readonly what: string
  /** Routes, calls of chargers and pages, as `GET /api/passports/:id`. */
  readonly routes: readonly string[]
  /** The tests that show it: their names by their files. */
  readonly tests: Readonly<Record<string, readonly string[]>>
  /** What of it is not there, plainly. Nothing where all of it is. */
  readonly missing?: string
}

/** `routes` are parted by commas; a path without a method is one of the method before. */
export function row(id: string, what: string, routes: string, tests: Row['tests'], missing?: string): Row {
  let method = 'GET'
  const each = routes
    .split(',')
    .map(route => route.trim())
    .filter(Boolean)
    .map(route => {
      const [first, second] = route.split(/\s+/)
      if (second) method = first!
      return `${method} ${second ?? first}`
    })
  return { id, what, routes: each, tests, ...(missing && { missing }) }
}
