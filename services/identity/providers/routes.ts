import { createHmac } from 'node:crypto'
import Type from 'typebox'
import { UserFactorsChanged } from '#contracts/identity'
import { anyone, html, type Language, languageOf, Problem, type Request, type Tx } from '#kernel'
import { form, sendPage, type Texts } from '#kernel'
import { lockUser } from '../accounts/store.ts'
import { aboutOf, formPages, troubleIn, viewsFor } from '../entrance/form-pages.ts'
import { inTo, onTo, ownPath, paths, pathTo } from '../entrance/paths.ts'
import { openVisitors } from '../entrance/visitors.ts'
import { openChanging } from '../factors/pages.ts'
import { proven } from '../factors/routes.ts'
import { listPasskeys } from '../factors/store.ts'
import type { Identity } from '../identity.ts'
import { noPassword } from '../passwords/passwords.ts'
import { same } from '../secrets.ts'
import { as } from '../sessions/sessions.ts'
import { type Provider, type Providers, wayTo } from './providers.ts'
import { changed, openVisits } from './signing-in.ts'
import { issuersOf, unlink } from './store.ts'

const ById = Type.Object({ provider: Type.String({ maxLength: 40, examples: ['acme'] }) })
const refusals = [
  'provider_refused',
  'provider_unavailable',
  'provider_unknown',
  'provider_address_unproven',
  'provider_address_differs',
  'provider_unlinked',
  'provider_linked',
  'address_unreachable',
  'too_many_requests',
] as const

/** Signing in by other providers, and which of them one's account has. */
export function providerRoutes(identity: Identity, providers: Providers): void {
  visits(identity, providers)
  listing(identity, providers)
  waysIn(identity, providers)
}

/** What only a page that we showed in this session can say: no link elsewhere makes anybody add an account. */
const wordFor = ({ host }: Identity, sessionId: string, { id }: Provider): Buffer =>
  createHmac('sha256', host.secret('links of provider accounts')).update(`${sessionId} ${id}`).digest()

/** To a provider and back. */
function visits(identity: Identity, providers: Providers): void {
  const { sessions, host } = identity
  const visits = openVisits(identity, providers)
  const visitors = openVisitors(identity)
  const changing = openChanging(identity)

  /** Whether the page that was shown in the session of the browser says so. */
  async function isAdding(request: Request, provider: Provider): Promise<boolean> {
    const { link } = request.query as { link?: string }
    const holder = link === undefined ? undefined : await visitors.holderOf(request)
    const word = holder && wordFor(identity, holder.session.id, provider).toString('base64url')
    return word !== undefined && same(Buffer.from(word), Buffer.from(link!))
  }

  host.http.get(
    '/oauth/:provider',
    {
      config: { access: anyone },
      schema: {
        summary: 'Sign in by another provider: leads there',
        description: 'For browsers. `return` is a path of this site to lead back to.',
        refuses: ['provider_unknown', 'provider_unavailable', 'too_many_requests'],
        params: ById,
        querystring: Type.Object({
          return: Type.Optional(Type.String({ maxLength: 1000, examples: ['/shop'] })),
          link: Type.Optional(Type.String({ maxLength: 100, description: 'As the page of the ways in says' })),
        }),
        response: { 303: Type.Null() },
        hide: true,
      },
    },
    async (request, reply) => {
      const provider = providers.find(request.params.provider)
      const isTheirs = await isAdding(request as Request, provider)
      // The page may have lain open for hours.
      const adding = isTheirs && (await changing(request as Request, reply, paths.waysIn))
      if (isTheirs && !adding) return reply
      const returnTo = adding ? paths.waysIn : (ownPath(request.query.return) ?? null)
      const left = await visits.leave(request, provider, { returnTo, userId: adding ? adding.user.id : null })
      sessions.visit.set(reply, left.id, left.expiresAt)
      return onTo(reply, left.to.href)
    },
  )

  host.http.get(
    '/oauth/:provider/callback',
    {
      config: { access: anyone },
      schema: {
        summary: 'Where another provider leads back to',
        refuses: refusals,
        params: ById,
        produces: ['text/html'],
        response: Object.fromEntries(
          [200, 303, 400, 401, 403, 404, 409, 429, 503].map(status => [status, Type.Null()]),
        ),
        hide: true,
      },
    },
    async (request, reply) => {
      sessions.visit.clear(reply)
      try {
        const provider = providers.find(request.params.provider)
        const query = request.raw.url!.split('?')[1] ?? ''
        const { visit, proven } = await visits.welcome(request, provider, query)
        if (visit.userId) {
          // Whoever left is still signed in here, or somebody else would get an account of theirs.
          const holder = await visitors.holderOf(request)
          if (holder?.user.id !== visit.userId) return onTo(reply, paths.signIn)
          await visits.add(provider, proven, visit.userId)
          return onTo(reply, pathTo(paths.waysIn, { done: 'added' }))
        }
        const to = ownPath(visit.returnTo)
        const begun = await visits.signIn(request, provider, proven).catch(error => {
          if (!(error instanceof Problem) || error.code !== 'factor_required') throw error
          const { pendingToken, expiresIn } = error.details as { pendingToken: string; expiresIn: number }
          return void sessions.pending.set(reply, pendingToken, new Date(host.now().getTime() + expiresIn * 1000))
        })
        if (!begun) return onTo(reply, pathTo(paths.factor, { return: to }))
        return onTo(reply, inTo(await sessions.begun(reply, begun), to))
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        host.log.info({ code: error.code, err: error.cause }, 'nobody is signed in by a provider')
        return viewsFor(identity, request).signIn(
          reply,
          { providers: providers.list, trouble: troubleIn(error) },
          false,
        )
      }
    },
  )
}

/** For programs, as a console is. */
function listing({ host }: Identity, providers: Providers): void {
  const { db, http } = host

  http.get(
    '/providers',
    {
      config: { access: anyone },
      schema: {
        summary: 'Other providers by which people sign in here',
        response: {
          200: Type.Object(
            {
              items: Type.Array(
                Type.Object({
                  id: Type.String({ examples: ['acme'] }),
                  name: Type.String({ examples: ['Acme'] }),
                  signIn: Type.String({ description: 'Where it begins', examples: ['/api/auth/oauth/acme'] }),
                }),
              ),
            },
            { title: 'SignInProviders' },
          ),
        },
      },
    },
    async () => ({ items: providers.list.map(({ id, name }) => ({ id, name, signIn: wayTo({ id }) })) }),
  )

  http.delete(
    '/providers/:provider',
    {
      config: { access: proven },
      schema: {
        summary: 'Sign in by a provider no more',
        description: 'The last way in cannot be removed: set a password first, by the mail of a forgotten one.',
        refuses: ['provider_unknown', 'last_way_in'],
        params: ById,
        response: { 204: Type.Null() },
      },
    },
    async ({ visitor, params }, reply) => {
      await db.transaction(tx => remove(tx, visitor!.userId, providers.find(params.provider)))
      return reply.code(204).send()
    },
  )
}

async function remove(tx: Tx<'identity'>, userId: string, provider: Provider): Promise<void> {
  const user = await lockUser(tx, userId, 'change')
  const others = (await issuersOf(tx, userId)).filter(issuer => issuer !== provider.issuer.href)
  const passkeys = await listPasskeys(tx, userId)
  if (user?.passwordHash === noPassword && others.length + passkeys.length === 0)
    throw new Problem('conflict', 'last_way_in', {
      detail:
        'This is the only way into your account. Set a password first: ask for one at /api/auth/forgotten-password.',
    })
  if (user && (await unlink(tx, userId, provider.issuer.href)))
    await as(user, () => tx.publish(UserFactorsChanged, changed(userId, 'removed', provider)))
}

const en = {
  title: 'Ways to sign in',
  text: 'Besides by your password you sign in with',
  none: 'There is no other way to sign in here.',
  add: (name: string) => `Add ${name}`,
  remove: (name: string) => `Sign in with ${name} no more`,
  added: 'It is added.',
  last: 'This is the only way into your account. Set a password first.',
  account: 'My account',
}
const texts: Texts<typeof en> = {
  en,
  de: {
    title: 'Wege zur Anmeldung',
    text: 'Außer mit Ihrem Passwort melden Sie sich an mit',
    none: 'Hier gibt es keinen anderen Weg.',
    add: name => `${name} hinzufügen`,
    remove: name => `Nicht mehr mit ${name} anmelden`,
    added: 'Hinzugefügt.',
    last: 'Das ist der einzige Weg in Ihr Konto. Setzen Sie zuerst ein Passwort.',
    account: 'Mein Konto',
  },
}

/** The page of the ways into the own account. */
function waysIn(identity: Identity, providers: Providers): void {
  const { host, sessions } = identity
  const { db } = host
  const changing = openChanging(identity)

  const lines = (language: Language, sessionId: string, linked: readonly string[]) =>
    providers.list.map(provider => {
      const t = texts[language]
      const word = wordFor(identity, sessionId, provider).toString('base64url')
      return linked.includes(provider.issuer.href)
        ? html`<li>
            ${form(t.remove(provider.name), html`<input type="hidden" name="provider" value="${provider.id}" />`)}
          </li>`
        : html`<li><a href="${wayTo(provider)}?link=${word}">${t.add(provider.name)}</a></li>`
    })

  formPages(host.http, page =>
    page('/ways-in', {
      summary: 'The page of the ways into the own account',
      body: Type.Object({ provider: Type.String({ maxLength: 40 }) }),
      async show(request, reply, trouble) {
        const holder = await changing(request, reply, paths.waysIn)
        if (!holder) return reply
        const language = languageOf(request)
        const t = texts[language]
        const linked = await issuersOf(db, holder.user.id)
        const { done } = aboutOf(request)
        return sendPage(reply, trouble?.status ?? 200, {
          language,
          title: t.title,
          body: html`${done === 'added' && html`<p role="status">${t.added}</p>`}
            ${trouble && html`<p role="alert">${t.last}</p>`}
            <p>${providers.list.length > 0 ? t.text : t.none}</p>
            <ul>
              ${lines(language, holder.session.id, linked)}
            </ul>`,
          onward: [{ to: paths.signIn, text: t.account }],
          secret: true,
        })
      },
      async act(request, reply) {
        sessions.refuseForgery(request)
        const holder = await changing(request, reply, paths.waysIn)
        if (!holder) return reply
        const { provider } = request.body as { provider: string }
        await db.transaction(tx => remove(tx, holder.user.id, providers.find(provider)))
        return onTo(reply, paths.waysIn)
      },
    }),
  )
}
