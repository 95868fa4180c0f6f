import type { ComponentProps } from 'react'
import { Read, type AnswerOf, type ReadPath } from './data.tsx'
import { Short } from './short.tsx'

type RowOf<P extends ReadPath> = AnswerOf<P> extends { items: readonly (infer Row)[] } ? Row : never

/** A short list that the API tells whole. */
export function All<P extends ReadPath>(
  props: { path: P; params?: Readonly<Record<string, string>> } & Omit<ComponentProps<typeof Short<RowOf<P>>>, 'rows'>,
) {
  const { path, params, ...about } = props
  return (
    <Read path={path} params={params}>
      {data => <Short {...about} rows={(data as { items: readonly RowOf<P>[] }).items} />}
    </Read>
  )
}
