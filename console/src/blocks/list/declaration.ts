import lists from 'api:lists'
import type { ComponentType, ReactNode } from 'react'
import type { paths } from '../../api/api.gen'
import type { Catalogue } from '../../texts/en.ts'
import type { Kind } from '../values.tsx'

/** Paths of the API that answer with pages of rows. */
export type ListPath = {
  [P in keyof paths]: paths[P] extends {
    get: { responses: { 200: { content: { 'application/json': { items: readonly unknown[]; nextCursor: unknown } } } } }
  }
    ? P
    : never
}[keyof paths]

export type RowOf<P extends ListPath> = paths[P] extends {
  get: { responses: { 200: { content: { 'application/json': { items: readonly (infer Row)[] } } } } }
}
  ? Row
  : never

export interface Column<Row> {
  /** Of the row's field, and of its name. */
  readonly id: Extract<keyof Row, string> | (string & {})
  readonly kind?: Kind
  /** Where it is not the field itself. */
  readonly value?: (row: Row) => unknown
  /** The word the API sorts by. */
  readonly sort?: string
  /** The row's own `currency` where this is left out. */
  readonly currency?: (row: Row) => string
  /** Not shown until it is asked for. */
  readonly aside?: boolean
}

/** What a form that stands between the choice of rows and their change has. */
export interface Asking<Row> {
  readonly rows: readonly Row[]
  /** Does it to each of these, as everything that is done to many: seen, stopped, and tried again where it failed. */
  readonly go: (run: (row: Row) => Promise<unknown>, rows?: readonly Row[]) => void
  readonly close: () => void
}

/** Something done to rows, to one or to many. */
export interface RowAct<Row> {
  readonly name: (texts: Catalogue) => string
  readonly may?: (row: Row) => boolean
  readonly run?: (row: Row, reason?: string) => Promise<unknown>
  /** Asks for more than a text, and says itself what is done to each. */
  readonly Asks?: ComponentType<Asking<Row>>
  /** Asks for a text that goes along, by this name. */
  readonly asks?: (texts: Catalogue) => string
  /** The text is one of these. */
  readonly among?: readonly { readonly value: string; readonly label: string }[]
  /** What will be gone, where it cannot be undone. */
  readonly warns?: (texts: Catalogue) => string
  /** A letter that does it to the chosen rows, or to the one the focus is in. */
  readonly key?: string
}

/** Where files of rows are taken over. */
export interface ImportOf {
  readonly path: string
  /** Which columns there are, where whoever has a file could not guess it. */
  readonly about?: (texts: Catalogue) => string
  /** Asks what columns are that nobody knows, and tells when that is kept. */
  readonly Heads?: ComponentType<{ heads: readonly string[]; saved: () => void }>
}

/** A list screen as it is declared. */
export interface ListDeclaration<Row> {
  /** With `{name}` for what `params` give. */
  readonly path: string
  readonly params?: Readonly<Record<string, string>>
  /** Asked always. */
  readonly query?: Readonly<Record<string, string>>
  readonly columns: readonly Column<Row>[]
  /** The console's screen of a row, or a whole address; without one nothing opens. */
  readonly open?: (row: Row) => string | null
  readonly idOf?: (row: Row) => string
  readonly acts?: readonly RowAct<Row>[]
  /** Words of the API that are no use here. */
  readonly without?: readonly string[]
  /** What it is for, and why there is nothing; what comes in by itself need not say. */
  readonly empty?: (texts: Catalogue) => { title: string; text: string }
  /** What one does first where there is nothing. */
  readonly begin?: ReactNode
  readonly imports?: ImportOf
  /** Milliseconds, where it moves and nothing tells of it. */
  readonly every?: number
}

/** With rows of the type that the API's document says. */
export const listOf = <P extends ListPath>(
  path: P,
  rest: Omit<ListDeclaration<RowOf<P>>, 'path'>,
): ListDeclaration<RowOf<P>> => ({ path, ...rest })

export interface Word {
  readonly name: string
  readonly type?: string
  readonly values?: readonly (string | number)[]
}

/** What a list can be asked, as the API's document says. */
export function wordsOf<Row>({ path, query = {}, without = [] }: ListDeclaration<Row>): readonly Word[] {
  return Object.entries(lists[path]?.words ?? {})
    .filter(([name]) => name !== 'sort' && !(name in query) && !without.includes(name))
    .map(([name, word]) => ({ name, ...word }))
}

export const isCounted = ({ path }: { path: string }): boolean => lists[path]?.counted ?? false

/** What rows can be sorted by. */
export const sortsOf = ({ path }: { path: string }): readonly string[] =>
  (lists[path]?.words.sort?.values ?? []).map(String)

/** Which word takes text that no filter was named for. */
export const freeWordOf = (words: readonly Word[]): string | undefined =>
  ['q', 'search', 'text', 'identifier', 'number', 'email'].find(free => words.some(({ name }) => name === free))

/** Whether a role may ask a path at all. */
export function mayAsk(path: string, role: string): boolean {
  const access = lists[path]?.access ?? 'signed in'
  return typeof access === 'string' || access.includes(role)
}

/** Which roles alone may ask a list; none where it is for whoever is signed in. */
export function rolesFor({ path }: { path: string }): readonly string[] {
  const access = lists[path]?.access
  return Array.isArray(access) ? access : []
}

export const at = (path: string, params: Readonly<Record<string, string>> = {}): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
