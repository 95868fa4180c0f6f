import type { Owner } from '#contracts/shared'
import type { Db } from '#kernel'
import type { Charge } from '../charges/store.ts'
import { allows, type Policy } from './policies.ts'

/** Who pays for a session. */
export interface Payer {
  readonly owner: Owner
  /** By invoice once a month, else from what they have. */
  readonly onAccount: boolean
  readonly companyId: string | null
  readonly cardId: string | null
  readonly costCentreId: string | null
}

interface CardThen {
  readonly id: string
  readonly companyId: string
  readonly costCentreId: string | null
  readonly policy: Policy | null
  readonly onAccount: boolean
}

/**
 * The company whose card was shown, where the card was theirs when the session began and who holds it may charge for them
 * then; else the driver. What was decided once stays as long as the card was theirs. Undefined while nobody is known.
 */
export async function payerOf(db: Db, charge: Charge): Promise<Payer | undefined> {
  const { driverId, cardId } = charge
  if (!driverId) return undefined
  const card = await cardThen(db, charge)
  const isDecided = card !== undefined && card.id === cardId
  if (!card || !(isDecided || (await allows(db, card, charge))))
    return {
      owner: { kind: 'person', id: driverId },
      onAccount: false,
      companyId: null,
      cardId: null,
      costCentreId: null,
    }
  const owner: Owner = { kind: 'organisation', id: card.companyId }
  return {
    owner,
    // Who let it be paid by invoice when it was booked is paid by invoice.
    onAccount: charge.bookedOn?.id === owner.id ? charge.onAccount : card.onAccount,
    companyId: card.companyId,
    cardId: card.id,
    costCentreId: isDecided ? charge.costCentreId : card.costCentreId,
  }
}

/** Tokens are compared without regard to case; one whose holder is another by now is no card of the company. */
async function cardThen(
  db: Db,
  { token, driverId, startedAt, seller }: Pick<Charge, 'token' | 'driverId' | 'startedAt' | 'seller'>,
): Promise<CardThen | undefined> {
  if (!token) return undefined
  const [row] = await db<CardThen[]>`
    select c.id, c.organisation_id as "companyId", coalesce(c.cost_centre_id, e.cost_centre_id) as "costCentreId",
      e.policy, exists (
        select from company_terms t where t.organisation_id = c.organisation_id and t.seller_id = ${seller?.id ?? null}
      ) as "onAccount"
    from company_cards c
      left join company_employees e on e.organisation_id = c.organisation_id and e.user_id = c.holder_id
    where upper(c.id_token) = upper(${token}) and c.holder_id = ${driverId} and c.assigned_at <= ${startedAt}
      and (c.ended_at is null or c.ended_at > ${startedAt})
    order by c.assigned_at desc limit 1`
  return row
}
