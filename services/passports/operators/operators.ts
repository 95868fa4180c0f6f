import { getOrganisation, OrganisationKindsChanged } from '#contracts/identity'
import type { Owner } from '#contracts/shared'
import { Problem, type Db } from '#kernel'
import { mayPublish, policy } from '#law'
import type { PassportsHost } from '../host.ts'
import { findOperator, noteOperator, organisationOf } from './store.ts'

/** Hears what organisations are verified to be. */
export function hearOfOperators({ on }: PassportsHost): void {
  on(
    OrganisationKindsChanged,
    { id: 'operators', purpose: 'know who may publish passports', from: 'beginning', afterFailure: 'pass' },
    async (changed, tx) => await noteOperator(tx, changed),
  )
}

type Asking = Pick<PassportsHost, 'db' | 'ask' | 'platform'>

/**
 * Asks what an organisation is that may not publish as far as was heard: what was verified may be older than the log of
 * events, or so new that its event is on the way. Before a transaction that publishes what is the organisation's own, or
 * this passport.
 */
export async function learnOperator({ db, ask, platform }: Asking, of: Owner | { passportId: string }): Promise<void> {
  if (platform.mode === 'evaluation') return
  const organisationId =
    'passportId' in of ? await organisationOf(db, of.passportId) : of.kind === 'organisation' ? of.id : undefined
  if (organisationId === undefined) return
  const known = await findOperator(db, organisationId)
  if (mayPublish(known?.kinds ?? [])) return
  const found = await ask(getOrganisation, { organisationId }).catch((error: unknown) => {
    // Of what was heard it is refused, and so is one that is gone; of what was not nobody can say.
    if (error instanceof Problem && (known || error.kind === 'not_found')) return undefined
    throw error
  })
  if (found) await db.transaction(tx => noteOperator(tx, found))
}

/**
 * Refuses with `economic_operator_required` to publish for who is none: whoever asks, the owner of a passport answers for
 * what it says (Art. 77(4)). While people only look at the platform anybody may.
 */
export async function requireOperator(
  { platform }: Pick<PassportsHost, 'platform'>,
  db: Db,
  owner: Owner,
): Promise<void> {
  if (platform.mode === 'evaluation') return
  const { kinds, article } = policy.publishers
  const who = `an organisation that is verified as ${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}`
  const why = `Who publishes a passport answers for it as an economic operator (Regulation (EU) 2023/1542, ${article})`
  if (owner.kind === 'person')
    throw new Problem('forbidden', 'economic_operator_required', {
      detail:
        `${why}: ${who}. Keep your draft, and give it to such an organisation that you edit for: ` +
        `POST /api/passports/:id/move.`,
    })
  const operator = await findOperator(db, owner.id)
  if (!mayPublish(operator?.kinds ?? []))
    throw new Problem('forbidden', 'economic_operator_required', {
      detail:
        `${why}: ${who}. An owner of the organisation asks for it with what shows it: ` +
        `POST /api/auth/organisations/${owner.id}/kinds.`,
    })
}
