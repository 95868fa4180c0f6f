import Type, { type Static, type TSchema } from 'typebox'
import Value from 'typebox/value'
import { anyoneAsThemselves, languageOf, Problem, type Reply, type Request, type Visitor } from '#kernel'
import { confirm } from '../accounts/confirm.ts'
import { aboutOf, formPages, type Page } from '../entrance/form-pages.ts'
import { inTo, onTo, paths, pathTo } from '../entrance/paths.ts'
import type { Trouble } from '../entrance/trouble.ts'
import { openVisitors, visitorOf, type Holder } from '../entrance/visitors.ts'
import type { Identity } from '../identity.ts'
import { noPassword } from '../passwords/passwords.ts'
import { issuersOf } from '../providers/store.ts'
import { proveAnew } from '../sessions/store.ts'
import { openManaging } from './managing.ts'
import { openPasskeySignIn } from './passkey-sign-in.ts'
import { NewPasskey, PasskeyAnswer } from './passkeys.ts'
import { openPending, over } from './pending.ts'
import { openProving, type Proof } from './proving.ts'
import { qrCode } from './qr-code.ts'
import { findTotp, listPasskeys } from './store.ts'
import { factorViews } from './views.ts'

/** How long ago whoever changes what lets in may have proved to be it. */
const freshMs = 10 * 60_000

const Answer = Type.Optional(Type.String({ maxLength: 40_000 }))
const Typed = Type.Optional(Type.String({ maxLength: 40 }))

/** What the script put into the form. Fails with `passkey_invalid`. */
function answerIn<S extends TSchema>(schema: S, text: string): Static<S> {
  const refused = () => new Problem('unauthenticated', 'passkey_invalid')
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    throw refused()
  }
  if (!Value.Check(schema, answer)) throw refused()
  return answer as Static<S>
}

/** Six digits are of an app, all else is a recovery code. */
function proofIn({ code = '', passkey }: { code?: string; passkey?: string }): Proof {
  if (passkey) return { passkey: answerIn(PasskeyAnswer, passkey) }
  const digits = code.replace(/\s/g, '')
  return /^[0-9]{6}$/.test(digits) ? { otp: digits } : { recoveryCode: code }
}

/** The pages of second factors: giving one, proving again to be it, and setting them up. */
export function factorPages(identity: Identity): void {
  formPages(identity.host.http, page => {
    givingFactors(identity, page)
    provingAgain(identity, page)
    settingUp(identity, page)
    settingUpAnApp(identity, page)
  })
}

const viewsFor = (request: Request) => factorViews(languageOf(request))

function givingFactors(identity: Identity, page: Page): void {
  const { sessions } = identity
  const pending = openPending(identity)
  const byPasskey = openPasskeySignIn(identity)

  page('/second-factor', {
    summary: 'The page to give the second factor at',
    body: Type.Object({ code: Typed, passkey: Answer }),
    async show(request, reply, trouble) {
      const user = await pending.find(sessions.pending.of(request))
      const { to } = aboutOf(request)
      if (!user || trouble?.code === 'pending_sign_in_invalid') return onTo(reply, pathTo(paths.signIn, { return: to }))
      return viewsFor(request).factor(reply, await pending.factorsOf(user.id), to, trouble)
    },
    async act(request, reply) {
      sessions.refuseForgery(request)
      const token = sessions.pending.of(request)
      if (!token) throw over()
      const begun = await pending.finish(request, token, proofIn(request.body as { code?: string; passkey?: string }))
      sessions.pending.clear(reply)
      return onTo(reply, inTo(await sessions.begun(reply, begun), aboutOf(request).to))
    },
  })

  page('/passkey', {
    summary: 'The page to sign in at with a passkey',
    body: Type.Object({ passkey: Answer }),
    show: async (request, reply, trouble) =>
      trouble
        ? viewsFor(request).passkey(reply, aboutOf(request).to, trouble)
        : onTo(reply, pathTo(paths.signIn, { return: aboutOf(request).to })),
    async act(request, reply) {
      const { passkey = '' } = request.body as { passkey?: string }
      const begun = await byPasskey(request, answerIn(PasskeyAnswer, passkey))
      return onTo(reply, inTo(await sessions.begun(reply, begun), aboutOf(request).to))
    },
  })
}

function provingAgain(identity: Identity, page: Page): void {
  const { host, sessions } = identity
  const { db, now } = host
  const visitors = openVisitors(identity)
  const { factorsOf } = openPending(identity)
  const prove = openProving(identity)
  const signInFirst = (reply: Reply) => onTo(reply, pathTo(paths.signIn, { return: paths.security }))

  page('/confirm', {
    summary: 'The page to prove at again that it is you',
    body: Type.Object({ password: Type.Optional(Type.String({ maxLength: 1000 })), code: Typed, passkey: Answer }),
    async show(request, reply, trouble) {
      const holder = await visitors.holderOf(request)
      if (!holder) return signInFirst(reply)
      // The script asks as whoever the access token names, which may have run out.
      await visitors.resume(reply, holder)
      const { user } = holder
      const linked = user.secondFactor ? [] : await issuersOf(db, user.id)
      const about = {
        address: user.email,
        factors: await factorsOf(user.id),
        hasPassword: user.passwordHash !== noPassword,
        providers: identity.providers.list.filter(({ issuer }) => linked.includes(issuer.href)),
        to: aboutOf(request).to ?? paths.security,
      }
      return viewsFor(request).confirm(reply, about, trouble)
    },
    async act(request, reply) {
      sessions.refuseForgery(request)
      const holder = await visitors.holderOf(request)
      if (!holder) return signInFirst(reply)
      const { user, session } = holder
      const body = request.body as { password?: string; code?: string; passkey?: string }
      const methods = user.secondFactor
        ? await prove(user, proofIn(body))
        : (await confirm(identity, visitorOf(holder), body.password ?? '', '/password'), [])
      await db.transaction(tx => proveAnew(tx, session.id, [...new Set([...session.methods, ...methods])], now()))
      await visitors.resume(reply, holder)
      return onTo(reply, aboutOf(request).to ?? paths.security)
    },
  })
}

/** Who changes what lets in; undefined where that has to be proven first, to where they are led then. */
export function openChanging(identity: Identity) {
  const { now } = identity.host
  const visitors = openVisitors(identity)
  return async (request: Request, reply: Reply, page: string): Promise<Holder | undefined> => {
    const holder = await visitors.holderOf(request)
    if (holder && now().getTime() - holder.session.authenticatedAt.getTime() <= freshMs) return holder
    onTo(reply, pathTo(holder ? paths.confirm : paths.signIn, { return: page }))
    return undefined
  }
}

const Change = Type.Object({
  act: Type.Enum(['offer-app', 'remove-app', 'add-passkey', 'remove-passkey', 'new-codes']),
  id: Type.Optional(Type.String({ maxLength: 36, pattern: '^([0-9a-f-]{36})?$' })),
  name: Type.Optional(Type.String({ maxLength: 60 })),
  passkey: Answer,
})

function settingUp(identity: Identity, page: Page): void {
  const { host, sessions } = identity
  const { db } = host
  const visitors = openVisitors(identity)
  const managing = openManaging(identity)
  const changing = openChanging(identity)

  async function show(request: Request, reply: Reply, trouble?: Trouble) {
    const holder = await changing(request, reply, paths.security)
    if (!holder) return reply
    const { user } = holder
    await visitors.resume(reply, holder)
    const [totp, passkeys, left] = await Promise.all([
      findTotp(db, user.id),
      listPasskeys(db, user.id),
      managing.recoveryCodesLeft(user.id),
    ])
    const missing = sessions.factorOf(user) === 'missing'
    return viewsFor(request).security(
      reply,
      { totp, passkeys, left, missing },
      aboutOf(request).done !== undefined,
      trouble,
    )
  }

  page('/security', {
    summary: 'The page of how one signs in',
    body: Change,
    show,
    async act(request, reply) {
      sessions.refuseForgery(request)
      const holder = await changing(request, reply, paths.security)
      if (!holder) return reply
      const codes = await change(visitorOf(holder), request.body as Static<typeof Change>)
      if (codes === 'app') return onTo(reply, paths.app)
      await visitors.resume(reply, holder)
      if (codes) return viewsFor(request).codes(reply, codes)
      return onTo(reply, pathTo(paths.security, { done: 'yes' }))
    },
  })

  /** Answers recovery codes to show. */
  async function change(
    own: Visitor,
    { act, id = '', name = '', passkey = '' }: Static<typeof Change>,
  ): Promise<readonly string[] | 'app' | undefined> {
    if (act === 'offer-app') return (await managing.offerTotp(own), 'app')
    if (act === 'remove-app') return void (await managing.removeTotp(own))
    if (act === 'remove-passkey') return void (await managing.removePasskey(own, id))
    if (act === 'new-codes') return await managing.recoveryCodes(own)
    const called = name.trim() || 'Passkey'
    return (await managing.addPasskey(own, answerIn(NewPasskey, passkey), called)).recoveryCodes
  }
}

function settingUpAnApp(identity: Identity, page: Page): void {
  const { host, sessions } = identity
  const visitors = openVisitors(identity)
  const managing = openManaging(identity)
  const changing = openChanging(identity)

  page('/add-app', {
    summary: 'The page to set up an authenticator app at',
    body: Type.Object({ code: Type.String({ maxLength: 40 }) }),
    async show(request, reply, trouble) {
      const holder = await changing(request, reply, paths.app)
      if (!holder) return reply
      const offered = await managing.offered(visitorOf(holder))
      if (!offered) return onTo(reply, paths.security)
      return viewsFor(request).app(reply, offered.secret, trouble)
    },
    async act(request, reply) {
      sessions.refuseForgery(request)
      const holder = await changing(request, reply, paths.app)
      if (!holder) return reply
      const { code } = request.body as { code: string }
      const codes = await managing.confirmTotp(visitorOf(holder), code.replace(/\s/g, ''))
      await visitors.resume(reply, holder)
      return codes ? viewsFor(request).codes(reply, codes) : onTo(reply, pathTo(paths.security, { done: 'yes' }))
    },
  })

  host.http.get(
    '/add-app.svg',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'The picture of the page',
        produces: ['image/svg+xml'],
        refuses: ['totp_unknown'],
        hide: true,
      },
    },
    async (request, reply) => {
      const holder = await visitors.holderOf(request)
      const offered = holder && (await managing.offered(visitorOf(holder)))
      if (!offered) throw new Problem('not_found', 'totp_unknown')
      return reply
        .type('image/svg+xml')
        .header('cache-control', 'no-store')
        .send(await qrCode(offered.uri))
    },
  )
}
