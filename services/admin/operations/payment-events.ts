import { deadPaymentEventsOf, payers, replayPaymentEventsOf } from '#contracts/payments'
import { Problem } from '#kernel'
import type { AdminHost } from '../host.ts'
import type { Letter } from './store.ts'

type Payer = (typeof payers)[number]

/** What payment providers told a service stands among dead letters under this name. */
const subscriptionOf = (payer: Payer): string => `${payer}: payment events`

/** Whose payment events a subscription names, if it does. */
export const payerOf = (subscription: string): Payer | undefined =>
  payers.find(payer => subscriptionOf(payer) === subscription)

/** What payment providers told one service, or all that take payments, and could not be worked; `away` did not answer. */
export async function listPaymentEvents(
  { ask, isAnswered }: AdminHost,
  only?: Payer,
): Promise<{ letters: Letter[]; away: string[] }> {
  const away: string[] = []
  const asked = payers
    .filter(payer => (!only || payer === only) && isAnswered(deadPaymentEventsOf(payer)))
    .map(async (payer): Promise<Letter[]> => {
      try {
        const { events } = await ask(deadPaymentEventsOf(payer), {})
        const subscription = subscriptionOf(payer)
        return events.map(({ id, type, error, receivedAt }) => ({
          id,
          subscription,
          topic: type,
          error,
          failedAt: new Date(receivedAt),
        }))
      } catch (error) {
        if (!(error instanceof Problem) || error.kind !== 'unavailable') throw error
        away.push(payer)
        return []
      }
    })
  return { letters: (await Promise.all(asked)).flat(), away }
}

/** Has the service that was told work them again; says how many were dead still. */
export const replayPaymentEvents = async ({ ask }: AdminHost, payer: Payer, ids: string[]): Promise<number> =>
  (await ask(replayPaymentEventsOf(payer), { ids })).replayed
