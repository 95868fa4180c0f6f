import type { Tx } from '#kernel'
import { forever, revoke } from '../sessions/sessions.ts'
import { deleteGrants, type GrantsOf, lockClientsOf } from './store.ts'

/** Ends grants: no token of them is good from now on, anywhere. */
export async function endGrants(tx: Tx<'identity'>, of: GrantsOf): Promise<void> {
  for (const { id, userId } of await deleteGrants(tx, of)) await revoke(tx, userId, [id], forever)
}

/** What people let the clients of an organisation do, which end with it. */
export async function endClientsOf(tx: Tx<'identity'>, organisationId: string): Promise<void> {
  for (const clientId of await lockClientsOf(tx, organisationId)) await endGrants(tx, { clientId })
}
