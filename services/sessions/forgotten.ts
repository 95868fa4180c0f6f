import type { SessionsHost } from './host.ts'
import { tellEnd } from './following.ts'
import { close, type Session } from './sessions.ts'
import { listForgotten, lockSessions, writeSessions } from './store.ts'

/** So long a charger has to end a session itself: what it could not send comes one after the other. */
const graceMs = 5 * 60_000

/** Ends sessions that cannot go on. The answer is how many. */
export async function closeForgotten({ db, now, settings, log }: SessionsHost): Promise<number> {
  const at = now()
  const before = new Date(at.getTime() - graceMs)
  const forgotten = await listForgotten(db, before, new Date(at.getTime() - settings.SESSION_SILENCE))
  if (forgotten.length === 0) return 0
  const closed = await db.transaction(async tx => {
    const sessions = await lockSessions(
      tx,
      forgotten.map(({ id }) => id),
    )
    const closed: Session[] = []
    for (const { id, rule, at: end } of forgotten) {
      const session = sessions.get(id)
      // It was spoken of since.
      if (!session || session.endedAt || session.heardAt > before) continue
      const ended = close(session, rule, end, at)
      await tellEnd(tx, session, ended)
      closed.push(ended)
    }
    if (closed.length > 0) await writeSessions(tx, closed)
    return closed
  })
  for (const { id, chargerId, closed: by } of closed)
    log.info({ sessionId: id, chargerId, rule: by!.rule }, 'a session that its charger did not end was closed')
  return closed.length
}
