import { CompanyCardChanged } from '#contracts/billing'
import { MemberChanged } from '#contracts/identity'
import type { Tx } from '#kernel'
import type { BillingHost } from '../host.ts'
import { endHomes } from '../home/store.ts'
import { cardColumns, findCompany, type Card } from './store.ts'

/** Has a session booked again. */
export type Rebook = (tx: Tx<'billing'>, sessionId: string) => Promise<void>

/** Whose cards end: all of a company, those of one who holds them, or one. */
type Which = { readonly organisationId: string; readonly holderId?: string } | { readonly cardId: string }

/**
 * Ends the use of cards at a moment. Sessions that began later and were told of before are booked again, on who charged.
 * Cards that were assigned later, to who has come back, stay.
 */
export async function endCards(
  tx: Tx<'billing'>,
  which: Which,
  endedFor: NonNullable<Card['endedFor']>,
  at: Date,
  rebook: Rebook,
): Promise<void> {
  const ended = await tx<Card[]>`
    update company_cards set ended_at = greatest(${at}, assigned_at), ended_for = ${endedFor}, version = version + 1
    where ended_at is null and assigned_at <= ${at} and ${
      'cardId' in which
        ? tx`id = ${which.cardId}`
        : tx`organisation_id = ${which.organisationId} ${
            which.holderId === undefined ? tx`` : tx`and holder_id = ${which.holderId}`
          }`
    }
    returning ${cardColumns(tx)}`
  for (const card of ended) {
    await tell(tx, card, at)
    const sessions = await tx<{ sessionId: string }[]>`
      update charges set state = 'due'
      where driver_id = ${card.holderId} and upper(token) = upper(${card.idToken}) and started_at >= ${card.endedAt}
        and state in ('charged', 'due')
      returning session_id as "sessionId"`
    for (const { sessionId } of sessions) await rebook(tx, sessionId)
  }
}

export async function tell(tx: Tx<'billing'>, card: Card, at: Date): Promise<void> {
  const company = await findCompany(tx, card.organisationId)
  await tx.publish(CompanyCardChanged, {
    cardId: card.id,
    tokenId: card.tokenId,
    companyId: card.organisationId,
    companyName: company!.party.name,
    holderId: card.holderId,
    endedFor: card.endedFor,
    version: card.version,
    at: at.toISOString(),
  })
}

/** Who leaves an organisation charges for it no more. */
export function followMembers({ on }: BillingHost, rebook: Rebook): void {
  on(
    MemberChanged,
    {
      id: 'cards',
      purpose: 'end the use of cards of people who left a company, and what they get for charging at home',
      from: 'beginning',
    },
    async ({ organisationId, userId, role, timestamp }, tx) => {
      if (role !== null) return
      await tx`delete from company_employees where organisation_id = ${organisationId} and user_id = ${userId}`
      await endHomes(tx, { organisationId, userId }, new Date(timestamp))
      await endCards(tx, { organisationId, holderId: userId }, 'left', new Date(timestamp), rebook)
    },
  )
}

/** A company that is gone has no cards. */
export async function endCompany(tx: Tx<'billing'>, organisationId: string, at: Date, rebook: Rebook): Promise<void> {
  await tx`delete from company_employees where organisation_id = ${organisationId}`
  await endHomes(tx, { organisationId }, at)
  await endCards(tx, { organisationId }, 'left', at, rebook)
}
