import { ClientRemoved } from '#contracts/identity'
import type { Tx } from '#kernel'
import { forever, revoke } from '../sessions/sessions.ts'
import type { Client } from './clients.ts'
import { deleteGrants, type GrantsOf, lockClientsOf } from './store.ts'

/** Ends grants: no token of them is good from now on, anywhere. */
export async function endGrants(tx: Tx<'identity'>, of: GrantsOf): Promise<void> {
  for (const { id, userId } of await deleteGrants(tx, of)) await revoke(tx, userId, [id], forever)
}

/** Which client it is, as events tell of it. */
export const toldOf = ({ id: clientId, name, organisationId }: Pick<Client, 'id' | 'name' | 'organisationId'>) => ({
  clientId,
  name,
  organisationId,
})

/** What people let a client do that is about to be gone. */
export async function endClient(tx: Tx<'identity'>, client: Parameters<typeof toldOf>[0]): Promise<void> {
  await endGrants(tx, { clientId: client.id })
  await tx.publish(ClientRemoved, toldOf(client))
}

/** What people let the clients of an organisation do, which end with it. */
export async function endClientsOf(tx: Tx<'identity'>, organisationId: string): Promise<void> {
  for (const client of await lockClientsOf(tx, organisationId)) await endClient(tx, client)
}
