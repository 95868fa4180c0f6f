import type { FastifyRequest } from 'fastify'
import { createLocalJWKSet, jwtVerify } from 'jose'
import Type from 'typebox'
import { anyoneAsThemselves, forForms, isId, languageOf, type Reply, shownAddress } from '#kernel'
import { onTo, paths } from '../entrance/paths.ts'
import { openVisitors } from '../entrance/visitors.ts'
import type { Identity } from '../identity.ts'
import { leave } from './authorizing.ts'
import type { Client } from './clients.ts'
import { backTo } from './requests.ts'
import { findClient } from './store.ts'
import { viewsOfProvider } from './views.ts'

/** Signing out here at a client's wish (OpenID Connect RP-Initiated Logout 1.0). */
export function endSession(identity: Identity): void {
  const { host, sessions, tokens } = identity
  const { db, http } = host
  const visitors = openVisitors(identity)

  /** Whom an ID token of ours names, also one that has expired. */
  async function hinted(token: string | null): Promise<{ userId: string; clientId: string } | undefined> {
    if (!token || token.length > 4000) return undefined
    const keys = createLocalJWKSet({ keys: await tokens.publicKeys() })
    const options = {
      algorithms: ['EdDSA'],
      typ: 'JWT',
      issuer: host.platform.publicUrl,
      currentDate: new Date(0),
      requiredClaims: ['sub', 'aud', 'at_hash'],
    }
    const { payload } = await jwtVerify(token, keys, options).catch(() => ({ payload: undefined }))
    return payload && typeof payload.aud === 'string' ? { userId: payload.sub!, clientId: payload.aud } : undefined
  }

  const wrong = (request: FastifyRequest, reply: Reply, what: 'repeated' | 'client' | 'redirect') =>
    viewsOfProvider(languageOf(request)).wrong(reply, what)

  async function end(request: FastifyRequest, reply: Reply, confirmed: boolean): Promise<Reply> {
    const query = new URLSearchParams(request.raw.url!.split('?').slice(1).join('?'))
    const names = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state']
    if (names.some(name => query.getAll(name).length > 1)) return wrong(request, reply, 'repeated')
    const [hint, clientId, to, state] = names.map(name => query.get(name)) as (string | null)[]
    const named = await hinted(hint!)
    if (clientId && named && clientId !== named.clientId) return wrong(request, reply, 'client')
    const id = named?.clientId ?? clientId ?? ''
    const client: Client | undefined = isId(id) ? await findClient(db, id) : undefined
    // Nobody is led anywhere that no client is at.
    if (to && !client?.postLogoutUris.includes(to)) return wrong(request, reply, 'redirect')
    const onward = to && backTo(to, { state: state?.slice(0, 1000) ?? null }).replace(/[?&]$/, '')
    const done = () => (onward ? leave(request, reply, onward, client!.name) : onTo(reply, paths.signOut))

    const holder = await visitors.holderOf(request)
    if (!holder) return done()
    if (!confirmed && named?.userId !== holder.user.id) {
      const own = `${paths.endSession}?${query}`
      return viewsOfProvider(languageOf(request)).signOut(reply, client?.name, shownAddress(holder.user.email), own)
    }
    await visitors.signOut(reply, holder)
    return done()
  }

  const about = { hide: true, produces: ['text/html'], response: { 200: Type.Null(), 303: Type.Null() } }
  http.get(
    '/end-session',
    { config: { access: anyoneAsThemselves }, schema: { ...about, summary: 'Sign out at a client’s wish' } },
    (request, reply) => end(request, reply, false),
  )
  forForms(http, forms =>
    forms.post(
      '/end-session',
      {
        config: { access: anyoneAsThemselves },
        schema: { ...about, summary: 'Sign out at a client’s wish: its button', refuses: ['origin_not_allowed'] },
      },
      (request, reply) => {
        sessions.refuseForgery(request)
        return end(request, reply, true)
      },
    ),
  )
}
