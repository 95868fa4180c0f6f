import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ask } from '../../api/client.ts'
import { ApiProblem } from '../../api/problem.ts'
import type { Asked } from './address.ts'
import { at, isCounted, type ListDeclaration } from './declaration.ts'

export interface RowPage<Row> {
  readonly items: readonly Row[]
  readonly nextCursor: string | null
}

/** Rows come at once; how many there are is a question of its own that they never wait for. */
export function useRows<Row>(list: ListDeclaration<Row>, asked: Asked) {
  const path = at(list.path, list.params)
  const query = { ...list.query, ...asked }
  const rows = useInfiniteQuery({
    queryKey: [path, 'rows', query],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => pageOf<Row>(path, query, pageParam, signal),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    // Who has gone far down reads, and does not wait for what is new.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 2 ? false : (list.every ?? false)),
  })
  const { sort: _, ...filters } = query
  const count = useQuery({
    queryKey: [path, 'count', filters],
    enabled: isCounted(list),
    queryFn: async ({ signal }) =>
      (await ask<{ count: number; exact: boolean }>('GET', `${path}/count`, { query: filters, signal })).data,
  })
  return { rows, count: count.data, all: rows.data?.pages.flatMap(({ items }) => items) ?? [] }
}

async function pageOf<Row>(path: string, query: Asked, after: string | undefined, signal?: AbortSignal) {
  return (await ask<RowPage<Row>>('GET', path, { query: { ...query, limit: 100, after }, signal })).data
}

/** The most that the browser goes through by itself. */
const mostThrough = 10_000

export interface Gathered<Row> {
  readonly rows: readonly Row[]
  /** Whether more match than these. */
  readonly isCut: boolean
}

/** Every row that matches, page after page, in the list's order; `told` hears how many there are so far. */
export async function gathered<Row>(
  list: ListDeclaration<Row>,
  asked: Asked,
  told: (count: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Gathered<Row>> {
  const path = at(list.path, list.params)
  const rows: Row[] = []
  let cursor: string | undefined
  do {
    const page = await pageOf<Row>(path, { ...list.query, ...asked }, cursor, signal)
    rows.push(...page.items)
    told(rows.length)
    cursor = page.nextCursor ?? undefined
  } while (cursor && rows.length < mostThrough)
  return { rows, isCut: cursor !== undefined }
}

export const isForbidden = (error: unknown): boolean => error instanceof ApiProblem && error.status === 403
