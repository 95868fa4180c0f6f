import { getPerson, listPeople } from '#contracts/identity'
import type { Host, Tx } from '#kernel'

/** Who is an admin still, and whether somebody is there. */
export const needs = [getPerson, listPeople] as const

/** What this service has of the world. */
export type AdminHost = Host<'admin', (typeof needs)[number]>
export type AdminTx = Tx<'admin'>
