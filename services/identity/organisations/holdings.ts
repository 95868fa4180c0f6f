import { holders, holdings, holdingsOf, type Holder } from '#contracts/holdings'
import { Problem } from '#kernel'
import type { IdentityHost } from '../host.ts'
import { hasSchema } from './store.ts'

/** How much of what an organisation has, by the names of `holdings`; nothing of which it has none. */
export type Held = Readonly<Record<string, number>>

/**
 * What would be left without an owner, as every service says that may keep some of it. One that cannot be asked is never
 * taken for empty: whoever is away is unavailable, and nothing is deleted until they are back. A service that there is
 * not cannot hold anything, and must not be in the way for ever: that is one that runs neither here nor at an address
 * that this process was given, and never had its tables in our database.
 */
export async function heldBy(host: IdentityHost, organisationId: string): Promise<Held> {
  const all = await Promise.all(holders.map(holder => askHolder(host, holder, organisationId)))
  return Object.fromEntries(all.flatMap(held => Object.entries(held).filter(([, count]) => count > 0)))
}

async function askHolder({ isAnswered, ask, db }: IdentityHost, holder: Holder, organisationId: string): Promise<Held> {
  const call = holdingsOf(holder)
  if (isAnswered(call)) return await ask(call, { organisationId })
  if (!(await hasSchema(db, holder))) return {}
  throw new Problem('unavailable', 'service_unavailable', {
    detail:
      `What it has of ${holder} cannot be known: that runs neither in the process that looks after organisations, nor ` +
      `where ${holder.toUpperCase()}_SERVICE_URL says.`,
    retryAfter: 60,
  })
}

export const isHeld = (held: Held): boolean => Object.keys(held).length > 0

const about: Readonly<Record<string, readonly [words: string, mend: string]>> = Object.assign(
  {},
  ...Object.values(holdings),
)

/** In a sentence or two: what there is, and what to do with it. */
export function saying(held: Held): string {
  const names = Object.keys(held)
  const counts = names.map(name => `${held[name]} ${about[name]![0]}`)
  const [last, ...others] = counts.toReversed()
  const all = others.length > 0 ? `${others.toReversed().join(', ')} and ${last}` : last
  return `${all}. First, ${names.map(name => `of the ${about[name]![0]}: ${about[name]![1]}`).join('; ')}.`
}
