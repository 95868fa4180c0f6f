import { hash } from 'node:crypto'

/** So many leaves are a part of the tree of which the root is kept; a power of two, so that it is one of its nodes. */
export const segment = 1024

const sha256 = (...parts: readonly Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer')
const [ofLeaf, ofNode] = [Buffer.of(0), Buffer.of(1)]

/** The hash of a leaf, which is no node by chance (RFC 6962, 2.1). */
export const leafOf = (text: string): Buffer => sha256(ofLeaf, Buffer.from(text))

/** The root of a tree of these nodes (RFC 6962, 2.1). */
export function rootOf(nodes: readonly Buffer[]): Buffer {
  let level = nodes
  // By levels it is the same tree as by its largest power of two: a node without a neighbour goes up as it is.
  while (level.length > 1) level = above(level)
  return level[0]!
}

const above = (level: readonly Buffer[]): Buffer[] =>
  Array.from({ length: Math.ceil(level.length / 2) }, (_, at) => {
    const [left, right] = [level[2 * at]!, level[2 * at + 1]]
    return right ? sha256(ofNode, left, right) : left
  })

/** The neighbours on the way from a node to the root, the lowest first, each with its side. */
export function wayFrom(place: number, nodes: readonly Buffer[]): { side: 'left' | 'right'; hash: string }[] {
  const way: { side: 'left' | 'right'; hash: string }[] = []
  for (let [at, level] = [place, nodes]; level.length > 1; at = Math.floor(at / 2), level = above(level)) {
    const neighbour = level[at ^ 1]
    if (neighbour) way.push({ side: at % 2 === 0 ? 'right' : 'left', hash: neighbour.toString('hex') })
  }
  return way
}
