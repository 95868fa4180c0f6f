import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EventContract } from '../../contracts/define.ts'

/** An event with what its contract says about it. */
export interface DescribedEvent {
  readonly event: EventContract
  readonly promise: string
}

const folder = join(import.meta.dirname, '..', '..', 'contracts')

/** The events a service promises, in the order of its contract, each with the sentence that stands above it there. */
export async function eventsOf(service: string): Promise<DescribedEvent[]> {
  // Who promises nothing has no contract.
  const source = await readFile(join(folder, `${service}.ts`), 'utf8').catch(() => '')
  if (!source) return []
  const exports = (await import(`../../contracts/${service}.ts`)) as Record<string, Partial<EventContract>>
  return [...source.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export const (\w+) = event\(/g)].map(
    ([, comment = '', name]) => {
      const promise = comment
        .replace(/^\s*\* ?/gm, '')
        .replace(/\s+/g, ' ')
        .trim()
      if (!promise) throw new Error(`contracts/${service}.ts does not say what ${name} promises`)
      return { event: exports[name!] as EventContract, promise }
    },
  )
}
