import Type from 'typebox'
import { ClientConsentWithdrawn } from '#contracts/identity'
import { Id, Instant } from '#contracts/shared'
import { languageOf, listQuery, Page, page, type Reply, signedInBeforeTerms } from '#kernel'
import { aboutOf, formPages } from '../entrance/form-pages.ts'
import { onTo, paths, pathTo } from '../entrance/paths.ts'
import { openVisitors } from '../entrance/visitors.ts'
import { idAfter, type Identity } from '../identity.ts'
import { as } from '../sessions/sessions.ts'
import { ClientScope } from './clients.ts'
import { endGrants } from './ending.ts'
import { deleteConsent, listConsents, type ShownConsent } from './store.ts'
import { viewsOfProvider } from './views.ts'

const ConsentView = Type.Object(
  {
    id: Id,
    client: Type.Object({
      id: Id,
      name: Type.String({ examples: ['Fleet planner'] }),
      organisation: Type.Union([Type.String(), Type.Null()], {
        description: 'Whose it is',
        examples: ['Voltaic GmbH'],
      }),
    }),
    organisationId: Type.Union([Id, Type.Null()], { description: 'For which it acts' }),
    scopes: Type.Array(ClientScope),
    createdAt: Instant,
    lastUsedAt: Type.Union([Instant, Type.Null()]),
  },
  { title: 'Consent' },
)

const consentView = (consent: ShownConsent) => ({
  id: consent.id,
  client: { id: consent.clientId, name: consent.clientName, organisation: consent.clientOwner },
  organisationId: consent.organisationId,
  scopes: consent.scopes,
  createdAt: consent.createdAt.toISOString(),
  lastUsedAt: consent.usedAt?.toISOString() ?? null,
})

/** Consents on a page. */
const mostShown = 50

/** What somebody lets clients do, and its end; as routes and as a page. */
export function consentRoutes(identity: Identity): void {
  const { sessions } = identity
  const { db, http } = identity.host
  const visitors = openVisitors(identity)

  /** Fails with `consent_unknown`. */
  const end = (userId: string, id: string): Promise<void> =>
    db.transaction(async tx => {
      const consent = await deleteConsent(tx, userId, id)
      await endGrants(tx, consent)
      const { clientId, clientName, organisationId: actsFor, scopes } = consent
      await tx.publish(ClientConsentWithdrawn, { userId, clientId, clientName, actsFor, scopes })
    })

  http.get(
    '/consents',
    {
      config: { access: signedInBeforeTerms },
      schema: {
        summary: 'List what one lets clients do, the latest first',
        querystring: listQuery({}),
        response: { 200: Page(ConsentView) },
      },
    },
    async ({ actor, query }) =>
      page(
        await listConsents(db, actor.userId, idAfter(query.after), query.limit),
        query.limit,
        last => [last.id],
        consentView,
      ),
  )

  http.delete(
    '/consents/:id',
    {
      config: { access: signedInBeforeTerms },
      schema: {
        summary: 'Let a client in no more: its tokens end at once',
        refuses: ['consent_unknown'],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await end(actor.userId, params.id)
      return reply.code(204).send()
    },
  )

  const signInFirst = (reply: Reply) => onTo(reply, pathTo(paths.signIn, { return: paths.apps }))
  formPages(http, page =>
    page('/apps', {
      summary: 'The page of the apps that one lets in',
      body: Type.Object({ consent: Id }),
      async show(request, reply, trouble) {
        const holder = await visitors.holderOf(request)
        if (!holder) return signInFirst(reply)
        const all = await listConsents(db, holder.user.id, undefined, mostShown)
        const ended = aboutOf(request).done === 'ended'
        const views = viewsOfProvider(languageOf(request))
        return views.apps(reply, all.slice(0, mostShown), all.length > mostShown, ended, trouble?.status ?? 200)
      },
      async act(request, reply) {
        sessions.refuseForgery(request)
        const holder = await visitors.holderOf(request)
        if (!holder) return signInFirst(reply)
        await as(holder.user, () => end(holder.user.id, (request.body as { consent: string }).consent))
        return onTo(reply, pathTo(paths.apps, { done: 'ended' }))
      },
    }),
  )
}
