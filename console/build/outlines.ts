import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Plugin } from 'vite'

/** TopoJSON, as far as lines need it: each border and coast once, in steps of a grid. */
interface Topology {
  readonly arcs: readonly (readonly [number, number])[][]
  readonly transform: { readonly scale: readonly [number, number]; readonly translate: readonly [number, number] }
}

type Point = readonly [number, number]

/** Web Mercator: degrees of longitude to the right, as many down from the north. */
export const project = ([longitude, latitude]: Point): Point => {
  const bounded = Math.max(-84, Math.min(84, latitude))
  return [longitude, (-Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360)) * 180) / Math.PI]
}

const europe = { west: -25, east: 45, south: 34, north: 72 }
const isInEurope = ([longitude, latitude]: Point): boolean =>
  longitude > europe.west && longitude < europe.east && latitude > europe.south && latitude < europe.north

function arcsOf(name: string): Point[][] {
  const file = createRequire(import.meta.url).resolve(`world-atlas/${name}`)
  const { arcs, transform } = JSON.parse(readFileSync(file, 'utf8')) as Topology
  const { scale, translate } = transform
  return arcs.map(arc => {
    let [x, y] = [0, 0]
    return arc.map(([dx, dy]): Point => {
      x += dx
      y += dy
      return [x * scale[0] + translate[0], y * scale[1] + translate[1]]
    })
  })
}

/** In hundredths of a degree, each point by its distance to the one before. */
function pathOf(arc: readonly Point[]): string {
  let [left, top] = [0, 0]
  const steps = arc.map(point => {
    const [x, y] = project(point).map(value => Math.round(value * 100)) as [number, number]
    const step = [x - left, y - top] as const
    left = x
    top = y
    return step
  })
  const [first, ...rest] = steps
  const lines = rest.filter(([dx, dy]) => dx !== 0 || dy !== 0).map(([dx, dy]) => `${dx},${dy}`)
  return lines.length > 0 ? `M${first!.join(',')}l${lines.join(' ')}` : ''
}

/**
 * `map:outlines`: borders and coasts of the world as a path in hundredths of a projected degree, finer in Europe. Made
 * from Natural Earth (public domain).
 */
export function outlines(): Plugin {
  const id = 'map:outlines'
  return {
    name: 'outlines',
    resolveId: asked => (asked === id ? `\0${id}` : undefined),
    load(asked) {
      if (asked !== `\0${id}`) return undefined
      const fine = arcsOf('countries-50m.json').filter(arc => arc.some(isInEurope))
      const coarse = arcsOf('countries-110m.json').filter(arc => !arc.some(isInEurope))
      return `export default ${JSON.stringify([...fine, ...coarse].map(pathOf).join(''))}`
    },
  }
}
