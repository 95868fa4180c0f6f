import { deadPaymentEventsOf, payers, replayPaymentEventsOf } from '#contracts/payments'
import { getPerson, listPeople } from '#contracts/identity'
import type { Host, Tx } from '#kernel'

/** Who is an admin still, and whether somebody is there. */
export const needs = [getPerson, listPeople] as const

type Payer = (typeof payers)[number]
type Asked =
  | (typeof needs)[number]
  | ReturnType<typeof deadPaymentEventsOf<Payer>>
  | ReturnType<typeof replayPaymentEventsOf<Payer>>
/** What payment providers told that could not be worked, of each service that takes payments. */
export const asksLater: readonly Asked[] = [...payers.map(deadPaymentEventsOf), ...payers.map(replayPaymentEventsOf)]

/** What this service has of the world. */
export type AdminHost = Host<'admin', Asked>
export type AdminTx = Tx<'admin'>
