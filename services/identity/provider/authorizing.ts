import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Id } from '#contracts/shared'
import { anyone, isId, languageOf, newId, placeOf, Problem, type Reply, type Request, shownAddress } from '#kernel'
import { formPages } from '../entrance/form-pages.ts'
import { onTo, paths, pathTo } from '../entrance/paths.ts'
import { type Holder, openVisitors } from '../entrance/visitors.ts'
import type { Identity } from '../identity.ts'
import { findOrganisation } from '../organisations/store.ts'
import { type Client, letInAnyway } from './clients.ts'
import type { Granting } from './granting.ts'
import { backTo, readRequest } from './requests.ts'
import { endVisit, findClient, findConsent, findVisit, insertVisit, type Visit } from './store.ts'
import { viewsOfProvider } from './views.ts'

/** How long somebody may take to sign in and to answer. */
const lifeOfVisit = 60 * 60_000

/** Leads back to a client, from a form by a page: a policy for forms would stop the browser there. */
export const leave = (request: FastifyRequest, reply: Reply, to: string, client: string): Reply =>
  request.headers['sec-fetch-site'] === 'same-origin'
    ? viewsOfProvider(languageOf(request)).led(reply, to, client)
    : onTo(reply, to)

const viewsFor = (request: FastifyRequest) => viewsOfProvider(languageOf(request))

/** Leads somebody whom a client sent from step to step. */
function openAsking(identity: Identity, granting: Granting) {
  const { host, sessions } = identity
  const { db } = host
  const visitors = openVisitors(identity)

  /** Leads back with a code or a refusal, and says who we are (RFC 9207). */
  const answer = (
    request: FastifyRequest,
    reply: Reply,
    client: Pick<Client, 'name'>,
    { redirectUri, state }: Pick<Visit, 'redirectUri' | 'state'>,
    told: Record<string, string>,
  ): Reply => leave(request, reply, backTo(redirectUri, { ...told, state, iss: host.platform.publicUrl }), client.name)

  /** One step: to the sign-in, to a fresh proof, to the question, or back with what was answered. */
  async function proceed(
    request: FastifyRequest,
    reply: Reply,
    visit: Visit,
    client: Client,
    decision?: 'allow' | 'deny',
    status = 200,
  ): Promise<Reply> {
    const own = `${paths.authorize}/${visit.id}`
    const refuse = async (error: string): Promise<Reply> => {
      await db.transaction(tx => endVisit(tx, visit.id))
      return answer(request, reply, client, visit, { error })
    }
    const lead = (error: string, to: string) => (visit.prompt === 'none' ? refuse(error) : onTo(reply, to))

    const holder = await visitors.holderOf(request)
    if (!holder) return await lead('login_required', pathTo(paths.signIn, { return: own }))
    if (sessions.factorOf(holder.user) === 'missing') return await lead('interaction_required', paths.security)
    if (isStale(visit, holder)) return await lead('login_required', pathTo(paths.confirm, { return: own }))
    if (await identity.terms.wait(holder.user.id, holder.session.authenticatedAt))
      return await lead('interaction_required', pathTo(paths.agree, { return: own }))
    if (decision === 'deny') return await refuse('access_denied')

    const organisation = await actingFor(holder)
    const session = { ...holder.session, organisationId: organisation?.id ?? null }
    if (decision !== 'allow' && !(await isLetIn(visit, client, holder, session.organisationId))) {
      if (visit.prompt === 'none') return await refuse('consent_required')
      const owner = client.organisationId
        ? await findOrganisation(db, client.organisationId, holder.user.id)
        : undefined
      return viewsFor(request).consent(reply, {
        client,
        owner: owner?.name,
        address: shownAddress(holder.user.email),
        organisation: organisation?.name,
        scopes: visit.scopes,
        redirectUri: visit.redirectUri,
        own,
        status,
      })
    }
    const code = await granting.giveCode(visit, client, holder.user, session)
    return code ? answer(request, reply, client, visit, { code }) : viewsFor(request).wrong(reply, 'over')
  }

  /** Whether somebody has let the client do all of this before, or need not be asked. */
  async function isLetIn(visit: Visit, client: Client, { user }: Holder, organisationId: string | null) {
    if (visit.prompt === 'consent') return false
    if (letInAnyway(client, visit.redirectUri)) return true
    const consent = await findConsent(db, { userId: user.id, clientId: client.id, organisationId })
    return consent !== undefined && visit.scopes.every(scope => consent.scopes.includes(scope))
  }

  async function actingFor({ user, session }: Holder) {
    const found = session.organisationId ? await findOrganisation(db, session.organisationId, user.id) : undefined
    return found?.role ? found : undefined
  }

  return { answer, proceed }
}

/** Where clients send people, and the page on which they are asked (RFC 6749 4.1, OpenID Connect Core 3.1.2). */
export function authorizing(identity: Identity, granting: Granting): void {
  const { host, sessions, limits } = identity
  const { db, http, now } = host
  const { answer, proceed } = openAsking(identity, granting)

  http.get(
    '/authorize',
    {
      config: { access: anyone },
      schema: { summary: 'Where clients send people to sign in', hide: true, produces: ['text/html'] },
    },
    async (request, reply) => {
      try {
        await limits.authorize.take(placeOf(request.ip))
      } catch (error) {
        if (error instanceof Problem && error.kind === 'limited') return viewsFor(request).wrong(reply, 'busy')
        throw error
      }
      const query = new URLSearchParams(request.raw.url!.split('?').slice(1).join('?'))
      const read = await readRequest(query, async id => (isId(id) ? await findClient(db, id) : undefined))
      if ('told' in read) return viewsFor(request).wrong(reply, read.told)
      if ('refused' in read) {
        const told = { error: read.refused, error_description: read.why }
        return answer(request, reply, { name: '' }, read, told)
      }
      const { client, asked } = read
      const createdAt = now()
      const expiresAt = new Date(createdAt.getTime() + lifeOfVisit)
      const visit: Visit = { ...asked, id: newId(), clientId: client.id, createdAt, expiresAt }
      await db.transaction(tx => insertVisit(tx, visit))
      return await proceed(request, reply, visit, client)
    },
  )

  async function openedBy(request: Request): Promise<{ visit: Visit; client: Client } | undefined> {
    const { visitId } = request.params as { visitId: string }
    // A page says what is wrong itself, so it comes here whatever its address holds.
    const visit = isId(visitId) ? await findVisit(db, visitId, now()) : undefined
    const client = visit && (await findClient(db, visit.clientId))
    return client && { visit, client }
  }

  formPages(http, page =>
    page('/authorize/:visitId', {
      summary: 'The page on which a client asks to be let in',
      params: Type.Object({ visitId: Id }),
      body: Type.Object({ decision: Type.Enum(['allow', 'deny']) }),
      async show(request, reply, trouble) {
        const opened = await openedBy(request)
        if (!opened) return viewsFor(request).wrong(reply, 'over')
        return await proceed(request, reply, opened.visit, opened.client, undefined, trouble?.status)
      },
      async act(request, reply) {
        sessions.refuseForgery(request)
        const opened = await openedBy(request as Request)
        if (!opened) return viewsFor(request).wrong(reply, 'over')
        const { decision } = request.body as { decision: 'allow' | 'deny' }
        return await proceed(request, reply, opened.visit, opened.client, decision)
      },
    }),
  )
}

/** Whether the client wants somebody to prove anew to be it; having done so since it asked is enough. */
function isStale({ prompt, maxAgeS, createdAt }: Visit, { session }: Holder): boolean {
  const age = createdAt.getTime() - session.authenticatedAt.getTime()
  return age > 0 && (prompt === 'login' || (maxAgeS !== null && age > maxAgeS * 1000))
}
