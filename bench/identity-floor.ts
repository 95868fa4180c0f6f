import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Sql } from 'postgres'
import { lockOwned, rotateSession } from '../services/identity/sessions/store.ts'

/** What keeping a session alive takes at the least: the statements of the service, with no token read, made or signed. */
export function identityFloor(app: FastifyInstance, sql: Sql<{ bigint: bigint }>): void {
  app.post<{ Headers: { 'x-session': string } }>('/refresh', async ({ headers }, reply) => {
    const id = headers['x-session']
    const at = new Date()
    const expiresAt = new Date(at.getTime() + 30 * 86_400_000)
    await sql.begin(async own => {
      // The statements of the service take its own kind of transaction, which adds nothing that they use.
      const tx = own as never
      const { session } = await lockOwned(tx, id)
      await rotateSession(tx, id, {
        refreshHash: randomBytes(32),
        now: at,
        expiresAt,
        addressPrefix: session!.addressPrefix,
      })
    })
    return reply.code(204).send()
  })
}
