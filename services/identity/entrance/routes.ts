import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Email, Id } from '#contracts/shared'
import { languageOf, Problem, type Reply } from '#kernel'
import { nameOf, Names, namesOf } from '../accounts/accounts.ts'
import { findUser } from '../accounts/store.ts'
import { openUndoing } from '../accounts/undoing.ts'
import type { Identity } from '../identity.ts'
import { openResetting } from '../passwords/resetting.ts'
import { findReset } from '../passwords/store.ts'
import { openRegistering } from '../registration/registering.ts'
import { Password } from '../registration/registration.ts'
import { findCodeByLink, findRegistration } from '../registration/store.ts'
import { digest } from '../secrets.ts'
import { endSessions } from '../sessions/sessions.ts'
import { openSignIn } from '../sessions/signing-in.ts'
import { listSessions } from '../sessions/store.ts'
import { castPage, openCast, type Cast } from './cast.ts'
import { aboutOf, formPages, viewsFor, type Page, type Show } from './form-pages.ts'
import { passwordScript } from './passwords.ts'
import { inTo, onTo, ownPath, paths, pathTo } from './paths.ts'
import { viewsIn } from './views.ts'
import { openVisitors } from './visitors.ts'

const Link = Type.Object({ token: Type.String({ maxLength: 100, description: 'As it stands in the mail' }) })
/** As people copy it. */
const Code = Type.String({ maxLength: 20 })
const digits = (code: string): string => code.replace(/\s/g, '')
const TypedPassword = Type.String({ maxLength: 1000 })

/** Sessions on a page. */
const mostShown = 50

/** The pages at which people come in: signing in and out, registering, a forgotten password. No script is needed; one shows a password by choice. */
export function entranceRoutes(identity: Identity): void {
  const cast = openCast(identity)
  passwordScript(identity.host)
  formPages(identity.host.http, page => {
    signingIn(identity, page, cast)
    if (cast) castPage(identity, cast, page)
    devices(identity, page)
    registering(identity, page)
    confirming(identity, page)
    resetting(identity, page)
    undoing(identity, page)
  })
}

function signingIn(identity: Identity, page: Page, cast: Cast | undefined): void {
  const { sessions } = identity
  const { now } = identity.host
  const signIn = openSignIn(identity)
  const visitors = openVisitors(identity)

  page('/sign-in', {
    summary: 'The page to sign in at',
    body: Type.Object({ email: Email, password: TypedPassword }),
    async show(request, reply, trouble) {
      const about = aboutOf(request, trouble)
      const holder = trouble ? undefined : await visitors.holderOf(request)
      if (!holder)
        return viewsFor(identity, request).signIn(
          reply,
          { ...about, providers: identity.providers.list, cast: await cast?.offered(request) },
          about.done === 'reset',
        )
      const { user, session } = holder
      if (await identity.terms.wait(user.id, session.authenticatedAt))
        return onTo(reply, pathTo(paths.agree, { return: about.to }))
      if (!request.visitor) await visitors.resume(reply, holder)
      if (about.to) return onTo(reply, about.to)
      return viewsFor(identity, request).signedIn(reply, holder.user.email, about.done === 'ready', undefined)
    },
    async act(request, reply) {
      sessions.refuseForgery(request)
      const { to } = aboutOf(request)
      const typed = request.body as { email: string; password: string; passkey?: string }
      const begun = await signIn(request, typed).catch(error => {
        if (!(error instanceof Problem) || error.code !== 'factor_required') throw error
        const { pendingToken, expiresIn } = error.details as { pendingToken: string; expiresIn: number }
        return void sessions.pending.set(reply, pendingToken, new Date(now().getTime() + expiresIn * 1000))
      })
      if (!begun) return onTo(reply, pathTo(paths.factor, { return: to }))
      return onTo(reply, inTo(await sessions.begun(reply, begun), to))
    },
  })

  page('/sign-out', {
    summary: 'The page to sign out at',
    async show(request, reply, trouble) {
      const holder = await visitors.holderOf(request)
      const views = viewsFor(identity, request)
      return holder ? views.signOut(reply, holder.user.email, trouble) : views.signedOut(reply)
    },
    async act(request, reply) {
      sessions.refuseForgery(request)
      await visitors.signOut(reply, await visitors.holderOf(request))
      const { to, email } = aboutOf(request)
      return onTo(reply, to ? pathTo(paths.signIn, { return: to, email }) : paths.signOut)
    },
  })
}

/** Where one is signed in, and how to end that. */
function devices(identity: Identity, page: Page): void {
  const { host, sessions } = identity
  const { db, now } = host
  const visitors = openVisitors(identity)
  const signInFirst = (reply: Reply) => onTo(reply, pathTo(paths.signIn, { return: paths.devices }))

  page('/devices', {
    summary: 'The page of the own sessions',
    body: Type.Object({ session: Type.Union([Id, Type.Literal('others')]) }),
    async show(request, reply, trouble) {
      const holder = await visitors.holderOf(request)
      if (!holder) return signInFirst(reply)
      const all = await listSessions(db, holder.user.id, now(), undefined, mostShown)
      const { done } = aboutOf(request)
      const shown = { sessions: all.slice(0, mostShown), more: all.length > mostShown, own: holder.session.id }
      return viewsFor(identity, request).devices(reply, shown, done === 'ended', trouble)
    },
    async act(request, reply) {
      sessions.refuseForgery(request)
      const holder = await visitors.holderOf(request)
      if (!holder) return signInFirst(reply)
      const { user, session } = holder
      const which = (request.body as { session: string }).session
      // One that has ended meanwhile has ended.
      await db.transaction(tx =>
        endSessions(tx, user, which === 'others' ? { except: session.id } : { only: which }, 'ended'),
      )
      if (which !== session.id) return onTo(reply, pathTo(paths.devices, { done: 'ended' }))
      sessions.clearCookies(reply)
      return onTo(reply, paths.signOut)
    },
  })
}

function registering(identity: Identity, page: Page): void {
  const { host, sessions } = identity
  const { db, now } = host
  const acts = openRegistering(identity)

  async function ownRegistration(request: FastifyRequest) {
    const id = sessions.registration.of(request)
    const found = id && (await findRegistration(db, id))
    return found && found.expiresAt > now() ? found : undefined
  }

  page('/sign-up', {
    summary: 'The page to register at',
    body: Type.Object({ email: Email, password: Password, name: Names.name }),
    show: async (request, reply, trouble) => viewsFor(identity, request).signUp(reply, aboutOf(request, trouble)),
    async act(request, reply) {
      const { email, password, name } = request.body as { email: string; password: string; name?: string }
      const names = namesOf({ name })
      if (!names)
        throw new Problem('invalid', 'request_invalid', { errors: [{ pointer: '/name', detail: 'is required' }] })
      const [locale, returnTo] = [languageOf(request), aboutOf(request).to ?? null]
      await acts.begin(request, reply, { email, password, ...names, locale, returnTo })
      return onTo(reply, paths.code)
    },
  })

  const showCode: Show = async (request, reply, trouble) => {
    const about = aboutOf(request, trouble)
    return viewsFor(identity, request).code(
      reply,
      (await ownRegistration(request))?.email,
      about,
      about.done === 'sent',
    )
  }

  page('/sign-up/code', {
    summary: 'The page to enter the code at',
    body: Type.Object({ email: Type.Optional(Email), otp: Code, password: Type.Optional(Password) }),
    show: showCode,
    async act(request, reply) {
      sessions.refuseForgery(request)
      const body = request.body as { email?: string; otp: string; password?: string }
      const email = body.email ?? (await ownRegistration(request))?.email ?? ''
      const proven = await acts.prove(request, { email, otp: digits(body.otp) }, body.password)
      const granted = await sessions.begun(reply, proven)
      return onTo(reply, inTo(granted, ownPath(proven.returnTo) ?? pathTo(paths.signIn, { done: 'ready' })))
    },
  })

  page('/sign-up/again', {
    summary: 'The page to ask for another code at',
    show: showCode,
    async act(request, reply) {
      const own = await ownRegistration(request)
      if (own) await acts.again(request, own.email)
      return onTo(reply, pathTo(paths.code, { done: own && 'sent' }))
    },
  })
}

/** The link of a registration. */
function confirming(identity: Identity, page: Page): void {
  const { host, sessions } = identity
  const { db, now } = host
  const acts = openRegistering(identity)
  const minimum = host.settings.PASSWORD_MIN_LENGTH

  page('/verify/:token', {
    summary: 'The page the link of a registration opens',
    params: Link,
    form: Type.Object({ password: Type.Optional(Password) }),
    async show(request, reply, trouble) {
      const code = await findCodeByLink(db, digest((request.params as { token: string }).token), now())
      const pending = code && (await findRegistration(db, code.registrationId!))
      if (!pending || trouble?.code === 'otp_invalid') return viewsFor(identity, request).expired(reply, 'registration')
      return viewsIn(pending.locale, minimum).confirm(
        reply,
        nameOf(pending),
        pending.email,
        pending.id !== sessions.registration.of(request),
        trouble,
      )
    },
    async act(request, reply) {
      sessions.refuseForgery(request)
      const link = (request.params as { token: string }).token
      const { password } = (request.body ?? {}) as { password?: unknown }
      const chosen = typeof password === 'string' ? password : undefined
      const proven = await acts.prove(request, { link }, chosen)
      const granted = await sessions.begun(reply, proven)
      const { locale, email } = proven.user
      const to = ownPath(proven.returnTo)
      const next = granted.termsOpen ? pathTo(paths.agree, { return: to }) : to
      return viewsIn(locale, minimum).signedIn(reply, email, true, next)
    },
  })
}

function resetting(identity: Identity, page: Page): void {
  const { host, sessions } = identity
  const { db, now } = host
  const acts = openResetting(identity)
  const changed = pathTo(paths.signIn, { done: 'reset' })

  page('/forgotten-password', {
    summary: 'The page for a forgotten password',
    body: Type.Object({ email: Email }),
    show: async (request, reply, trouble) => viewsFor(identity, request).forgotten(reply, aboutOf(request, trouble)),
    async act(request, reply) {
      const { email } = request.body as { email: string }
      await acts.ask(request, reply, email)
      return onTo(reply, paths.resetByCode)
    },
  })

  page('/reset-password/code', {
    summary: 'The page to set another password at, with the code of the mail',
    body: Type.Object({ email: Email, code: Code, password: Password }),
    async show(request, reply, trouble) {
      const id = sessions.reset.of(request)
      const asked = id ? await findReset(db, { id }, now()) : undefined
      const about = aboutOf(request, trouble)
      return viewsFor(identity, request).resetByCode(reply, { ...about, email: about.email ?? asked?.email })
    },
    async act(request, reply) {
      const { email, code, password } = request.body as { email: string; code: string; password: string }
      await acts.reset(request, { email, code: digits(code) }, password)
      return onTo(reply, changed)
    },
  })

  page('/reset-password/:token', {
    summary: 'The page the link of a forgotten password opens',
    params: Link,
    body: Type.Object({ password: Password, username: Type.Optional(Type.String()) }),
    async show(request, reply, trouble) {
      const found = await findReset(db, { linkHash: digest((request.params as { token: string }).token) }, now())
      const user = found?.userId ? await findUser(db, found.userId) : undefined
      const views = viewsIn(user?.locale ?? languageOf(request), host.settings.PASSWORD_MIN_LENGTH)
      if (!user || user.disabled || trouble?.code === 'reset_invalid') return views.expired(reply, 'reset')
      return views.reset(reply, user.email, trouble)
    },
    async act(request, reply) {
      const { token } = request.params as { token: string }
      await acts.reset(request, { token }, (request.body as { password: string }).password)
      return onTo(reply, changed)
    },
  })
}

/** What the mail about another address leads to. */
function undoing(identity: Identity, page: Page): void {
  const { sessions } = identity
  const acts = openUndoing(identity)
  const { ask } = openResetting(identity)
  const minimum = identity.host.settings.PASSWORD_MIN_LENGTH

  page('/undo-address/:token', {
    summary: 'The page the link of a changed address opens',
    params: Link,
    async show(request, reply, trouble) {
      const found = await acts.find((request.params as { token: string }).token)
      if (!found) return viewsFor(identity, request).expired(reply, 'undo')
      return viewsIn(found.user.locale, minimum).undo(reply, found.undo.email, trouble)
    },
    async act(request, reply) {
      const user = await acts.undo(request, (request.params as { token: string }).token)
      sessions.clearCookies(reply)
      await ask(request, reply, user.email)
      return onTo(reply, paths.resetByCode)
    },
  })
}
