import { createHash, randomBytes } from 'node:crypto'
import { accessCookie, refuseForgery, type Reply, type Request } from '#kernel'
import type { CartHost } from './host.ts'
import { join, lastsMs, type Whose } from './store.ts'

export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** Whose a cart will be; `keep` gives them the cookie to come back with. */
export interface Begun {
  readonly whose: Whose
  readonly keep: () => void
}

/** Whose cart a request is about. Who looks and has nothing gets no cookie. */
export function openVisitors({ db, now, platform }: CartHost) {
  const { name, path, secure } = accessCookie(platform.publicUrl)
  const cookie = name.replace('access', 'cart')
  const attributes = { path, secure, httpOnly: true, sameSite: 'lax' as const }
  const tokenOf = (request: Request): string | undefined => /^[\w-]{32}$/.exec(request.cookies[cookie] ?? '')?.[0]
  return {
    /** What a browser had joins what the person has who is signed in there now. */
    async whose(request: Request, reply: Reply): Promise<Whose | undefined> {
      const token = tokenOf(request)
      const userId = request.visitor?.userId
      if (userId === undefined) return token === undefined ? undefined : { tokenHash: hashOf(token) }
      if (token === undefined) return { userId }
      const waiting = await db.transaction(tx => join(tx, hashOf(token), userId, now()))
      if (!waiting) reply.clearCookie(cookie, attributes)
      return { userId, waiting }
    },
    /** With a cookie once something is put into it. */
    begin(reply: Reply): Begun {
      const token = randomBytes(24).toString('base64url')
      return {
        whose: { tokenHash: hashOf(token) },
        keep: () => void reply.setCookie(cookie, token, { ...attributes, maxAge: lastsMs / 1000 }),
      }
    },
    /** A change by this cookie, as by that of a session, comes from a page of ours. */
    guard(request: Request): void {
      if (tokenOf(request) !== undefined && request.by !== 'bearer')
        refuseForgery(request, [new URL(platform.publicUrl).origin, ...platform.corsOrigins])
    },
  }
}
export type Visitors = ReturnType<typeof openVisitors>
