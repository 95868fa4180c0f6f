/** From one time to another, in milliseconds since 1970. */
export type Stretch = readonly [from: number, to: number]

/** As stretches in their order that do not meet. */
export function merged(stretches: readonly Stretch[]): Stretch[] {
  const result: [number, number][] = []
  for (const [from, to] of [...stretches].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else if (to > from) result.push([from, to])
  }
  return result
}

/** What of the one lies in the other. */
export const overlap = (some: readonly Stretch[], others: readonly Stretch[]): Stretch[] =>
  some.flatMap(([from, to]) =>
    others.flatMap(([begin, end]): Stretch[] =>
      begin < to && end > from ? [[Math.max(begin, from), Math.min(end, to)]] : [],
    ),
  )
