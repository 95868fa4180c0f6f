/** Web Mercator, in hundredths of a degree of longitude to the right and as many down: as the outlines are made. */
export function project({ latitude, longitude }: { latitude: number; longitude: number }): readonly [number, number] {
  const bounded = Math.max(-84, Math.min(84, latitude))
  const down = (-Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360)) * 180) / Math.PI
  return [longitude * 100, down * 100]
}

/** What is seen of the map: its middle, and its width. */
export interface View {
  readonly x: number
  readonly y: number
  readonly width: number
}

/** All of some points, with room around them. */
export function viewOf(points: readonly (readonly [number, number])[]): View {
  if (points.length === 0) return { x: 1_000, y: -5_800, width: 6_000 }
  const xs = points.map(([x]) => x)
  const ys = points.map(([, y]) => y)
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
  return {
    x: (left + right) / 2,
    y: (top + bottom) / 2,
    width: Math.max(100, (right - left) * 1.3, (bottom - top) * 1.3 * 1.6),
  }
}

export interface Cluster<T> {
  readonly x: number
  readonly y: number
  readonly things: readonly T[]
}

/** Those that would stand upon each other together: each with the first that is nearer than `size`. */
export function clustered<T extends { readonly at: readonly [number, number] }>(
  things: readonly T[],
  size: number,
): readonly Cluster<T>[] {
  const clusters: { x: number; y: number; things: T[] }[] = []
  for (const thing of things) {
    const [x, y] = thing.at
    const near = clusters.find(cluster => Math.hypot(cluster.x - x, cluster.y - y) < size)
    if (near) near.things.push(thing)
    else clusters.push({ x, y, things: [thing] })
  }
  return clusters
}
