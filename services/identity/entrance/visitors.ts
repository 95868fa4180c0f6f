import type { FastifyRequest } from 'fastify'
import type { Reply, Visitor } from '#kernel'
import { findUser, lockUser, type User } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { standing } from '../sessions/refresh-tokens.ts'
import { endSessions } from '../sessions/sessions.ts'
import { findSession, holdMembership, type Session, stampToken } from '../sessions/store.ts'

/** Who has a session in a browser. */
export interface Holder {
  user: User
  session: Session
}

/** Who looks at a page: known by the session of the browser, also when its access token has run out. */
export function openVisitors({ host, sessions, counted }: Identity) {
  const { db, now } = host

  async function holderOf(request: FastifyRequest): Promise<Holder | undefined> {
    const token = sessions.tokenInCookie(request)
    const session = await findSession(
      db,
      request.visitor?.sessionId ?? token?.sessionId ?? '00000000-0000-0000-0000-000000000000',
    )
    const user = session && (await findUser(db, session.userId))
    // Pages are for people themselves.
    if (!user || user.disabled || session.actedBy) return undefined
    const proven = request.visitor ?? (token && ['current', 'just spent'].includes(standing(token, session, now())))
    return proven ? { user, session } : undefined
  }

  /** A new access token for the session, so that pages of other services know who looks. */
  async function resume(reply: Reply, { user: { id }, session: { id: sessionId } }: Holder): Promise<void> {
    const resumed = await db.transaction(async tx => {
      const user = await lockUser(tx, id, 'stay')
      const session = user && (await findSession(tx, sessionId))
      const organisationId = session?.organisationId
      const organisation = organisationId ? await holdMembership(tx, organisationId, id, sessionId) : undefined
      const issuedAt = await stampToken(tx, sessionId, now())
      return user && session && issuedAt && { user, session, issuedAt, organisation }
    })
    if (resumed) await sessions.access(reply, resumed.user, resumed.session, resumed.organisation, resumed.issuedAt)
  }

  const signOut = counted('logout', async (reply: Reply, holder: Holder | undefined): Promise<void> => {
    sessions.clearCookies(reply)
    if (!holder) return
    const { user, session } = holder
    await db.transaction(tx => endSessions(tx, user, { only: session.id }, 'signed-out'))
  })

  return { holderOf, resume, signOut }
}

/** As routes for programs know who asks. */
export const visitorOf = ({ user, session }: Holder): Visitor => ({
  userId: user.id,
  sessionId: session.id,
  role: user.role,
  issuedAt: session.usedAt.getTime(),
  expiresAt: session.expiresAt.getTime(),
  authenticatedAt: session.authenticatedAt.getTime(),
})
