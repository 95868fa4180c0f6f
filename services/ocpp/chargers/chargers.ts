import type { ChargerStatus } from '#contracts/ocpp'
import { fail, ownerFor, type Actor } from '#kernel'
import type { FreeVend } from '../tokens/free-vend.ts'
import { clockOf } from '../tokens/free-vend.ts'
import type { Charger } from './store.ts'

/** What an operator says of a charger; what is not said stays. */
export interface Said {
  readonly name?: string | null
  readonly timeZone?: string | null
  readonly certificateSerial?: string | null
  readonly freeVend?: readonly FreeVend[]
}

/** Fails with `request_invalid` for what a schema cannot tell. */
export function requireSense({ timeZone, freeVend = [] }: Said): void {
  const refuse = (pointer: string, detail: string) =>
    fail('invalid', 'request_invalid', { errors: [{ pointer, detail }] })
  try {
    if (timeZone) clockOf(timeZone)
  } catch {
    refuse('/timeZone', 'must be a time zone as IANA names it')
  }
  freeVend.forEach(({ from, to }, index) => {
    if ((from === null) !== (to === null)) refuse(`/freeVend/${index}/to`, 'goes together with from')
    if (from !== null && from === to) refuse(`/freeVend/${index}/to`, 'must be another time than from')
  })
}

/** The same charger as it was said to be; itself where nothing is new. */
export function revise(charger: Charger, { name, timeZone, certificateSerial, freeVend }: Said): Charger {
  const revised = {
    ...charger,
    ...(name !== undefined && { name }),
    ...(timeZone !== undefined && { timeZone }),
    ...(certificateSerial !== undefined && { certificateSerial }),
    ...(freeVend !== undefined && { freeVend }),
  }
  return JSON.stringify(revised) === JSON.stringify(charger) ? charger : { ...revised, version: charger.version + 1 }
}

/** Lets it work, or not; what is nobody's yet is the actor's from then on. Itself where it is so already. */
export function decide(actor: Actor, charger: Charger, status: ChargerStatus): Charger {
  // Who turns a stranger away takes nothing.
  const owner = charger.owner ?? (status === 'accepted' ? ownerFor(actor) : null)
  if (charger.status === status && charger.owner?.id === owner?.id) return charger
  return { ...charger, status, owner, version: charger.version + 1 }
}

/** What events tell of a charger that was otherwise before. */
export const told = ({ id, owner, status, version }: Charger, { owner: formerOwner }: Charger) => ({
  chargerId: id,
  owner,
  status,
  version,
  ...(formerOwner?.id !== owner?.id && { formerOwner }),
})
