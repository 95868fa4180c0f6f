import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { paths } from '../api/api.gen'
import { ask } from '../api/client.ts'
import { at } from './list/declaration.ts'
import { Trouble } from './trouble.tsx'

/** Paths of the API that can be read. */
export type ReadPath = {
  [P in keyof paths]: paths[P] extends { get: { responses: { 200: { content: { 'application/json': unknown } } } } }
    ? P
    : never
}[keyof paths]

export type AnswerOf<P extends ReadPath> = paths[P] extends {
  get: { responses: { 200: { content: { 'application/json': infer Answer } } } }
}
  ? Answer
  : never

type Params = Readonly<Record<string, string>>

export const read = async <P extends ReadPath>(path: P, params: Params = {}, query: Params = {}) =>
  await ask<AnswerOf<P>>('GET', at(path, params), { query })

/** One answer of the API with the tag of its version; asked again by `every` milliseconds where nothing tells of changes. */
export const useRead = <P extends ReadPath>(path: P, params: Params = {}, query: Params = {}, every?: number) =>
  useQuery({
    queryKey: [at(path, params), 'one', query],
    queryFn: () => read(path, params, query),
    refetchInterval: every,
  })

/** Shows what was read, and while it is not there yet that it comes, or why it does not. */
export function Read<P extends ReadPath>(props: {
  path: P
  params?: Params
  query?: Params
  every?: number
  children: (data: AnswerOf<P>, tag: string | undefined) => ReactNode
}) {
  const { path, params, query, every, children } = props
  const { data, error, refetch } = useRead(path, params, query, every)
  if (data) return children(data.data, data.tag)
  if (error) return <Trouble error={error} retry={() => void refetch()} />
  return <Skeleton height={240} aria-hidden />
}
