import Type, { type TSchema } from 'typebox'
import { Problem } from '../problem.ts'

/** Query of every list: `limit` (1 to 100) and `after` (a `nextCursor`). Spread it beside the filters. */
export const pageQuery = {
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'How many at most' }),
  after: Type.Optional(Type.String({ maxLength: 1000, description: 'The `nextCursor` of the page before' })),
}

/** Answer of every list. */
export const Page = <T extends TSchema>(item: T) =>
  Type.Object(
    { items: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) },
    'title' in item ? { title: `${String(item.title)}Page` } : {},
  )

/** Sort keys of the last row of a page, opaque to clients. */
export type Cursor = readonly (string | number | null)[]

type Check = (key: unknown) => boolean

/** What sort keys may have to be; anybody can write a cursor. */
export const isId: Check = key => typeof key === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key)
export const isInstant: Check = key => {
  if (typeof key !== 'string' || !/^(?!0000)\d{4}-\d\d-\d\dT[\d:.]{8,15}Z$/.test(key)) return false
  const at = new Date(key)
  // What is no day in the calendar moves to another one.
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(key.slice(0, 10))
}
export const isText: Check = key => typeof key === 'string' && key.isWellFormed() && !key.includes('\0')
export const isCount: Check = key => Number.isSafeInteger(key) && (key as number) >= 0

/**
 * The sort keys behind `after`, each held to what it must be; undefined on the first page. Fails with `cursor_invalid`.
 */
export function cursorOf(after: string | undefined, ...are: Check[]): Cursor | undefined {
  if (after === undefined) return undefined
  try {
    const keys = JSON.parse(Buffer.from(after, 'base64url').toString())
    if (Array.isArray(keys) && keys.length === are.length && are.every((is, index) => is(keys[index]))) return keys
  } catch {}
  throw new Problem('invalid', 'cursor_invalid', {
    errors: [{ pointer: '/after', detail: 'takes the nextCursor of the page before, with the same filters and sort' }],
  })
}

/** A page out of `limit + 1` rows: the one too many only tells that there is more. */
export function page<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keysOf: (last: Row) => Cursor,
  view: (row: Row) => Item,
) {
  const shown = rows.slice(0, limit)
  const more = rows.length > limit
  return {
    items: shown.map(view),
    nextCursor: more ? Buffer.from(JSON.stringify(keysOf(shown.at(-1)!))).toString('base64url') : null,
  }
}
