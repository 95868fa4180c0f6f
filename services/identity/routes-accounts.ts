import Type, { type Static } from 'typebox'
import { anyone, cursorOf, fail, newId, notModified, Page, page, pageQuery, Problem, requireMatch, signedIn, withRole, type Actor, type Tx } from '#kernel'
import {
  RegistrationRepeated, SendOtp, UserDisabled, UserEmailChanged, UserPasswordChanged, UserRegistered, UserRoleChanged, UserUpdated,
} from '#contracts/identity'
import { Email, Id, Instant, Locale, Role } from '#contracts/shared'
import { forForms, sendPage, textsFor } from './pages.ts'
import { checkPassword } from './passwords.ts'
import { digest, type StoredCode } from './secrets.ts'
import type { Identity } from './service.ts'
import { accountOf, as, forever, nameOf, normalise, placeOf, prefixOf, revoke, revokeTokens, SignedInView, UserView, userView } from './sessions.ts'
import {
  deleteCode, emailTaken, findCodeByLink, findRegistration, findUser, findUserByEmail, insertCode, insertRegistration, insertUser, likelyRegistration, listUsers,
  lockCodes, lockUser, missCodes, takeRegistration, takeResend, updateUser, type Registration, type User,
} from './store-accounts.ts'
import { deleteSessions } from './store-sessions.ts'

const day = 86_400_000

const Password = Type.String({ maxLength: 1000, description: 'Any characters; at least PASSWORD_MIN_LENGTH (12), at most 128', examples: ['a-long-summer-of-trains'] })
const Otp = Type.String({ pattern: '^[0-9]{6}$', description: 'The code from the mail', examples: ['492817'] })
const NamePart = (example: string) => Type.String({ pattern: '^[^\\p{Cc}]*[^\\p{Cc}\\s][^\\p{Cc}]*$', maxLength: 100, examples: [example] })
const Names = {
  name: Type.Optional(NamePart('Ada Lovelace')),
  firstName: Type.Optional(NamePart('Ada')),
  lastName: Type.Optional(NamePart('Lovelace')),
}
const Waiting = Type.Object({ email: Email, expiresAt: Type.String({ format: 'date-time', description: 'Until when the code is good', examples: ['2027-02-18T08:40:00.000Z'] }) })
const AccountView = Type.Object({ ...UserView.properties, disabled: Type.Boolean(), version: Type.Integer({ examples: [1] }) })

const wrongCode = () => new Problem('invalid', 'otp_invalid', { detail: 'The code is wrong or no longer good. Ask for a new one after five tries or ten minutes.', errors: [{ pointer: '/otp', detail: 'is not the code that was sent last' }] })

/** Registration, one's own account, and what admins do to accounts. */
export function accountRoutes(shared: Identity): void {
  registration(shared)
  profile(shared)
  administration(shared)
}

/**
 * Until the address is proven there is only a registration, one for everybody who claims the address, each with its own password and code.
 * An address that has an account gets one too, so that all that follows is the same; its code is never sent, its owner is told instead.
 */
function registration({ host, passwords, codes, sessions, limits, counted }: Identity): void {
  const { db, http, now } = host

  async function sendCode(tx: Tx<'identity'>, { id, email, locale, ...names }: Registration, code: StoredCode): Promise<void> {
    await insertCode(tx, email, { purpose: 'registration', registrationId: id }, code)
    const owner = await findUserByEmail(tx, email)
    if (owner) await tx.publish(RegistrationRepeated, { userId: owner.id, email, name: nameOf(owner), locale: owner.locale })
    else await tx.publish(SendOtp, { codeId: code.id, email, purpose: 'registration', name: nameOf(names), locale, expiresAt: code.expiresAt.toISOString() })
  }

  http.post('/register', {
    config: { access: anyone },
    schema: {
      summary: 'Ask for an account',
      description: 'Sends a code to the address; the account exists once it is proven. Known and unknown addresses get the same answer.',
      body: Type.Object({
        email: Email,
        password: Password,
        ...Names,
        locale: Type.Optional(Locale),
        role: Type.Optional(Type.Unknown({ description: 'Refused with `role_not_assignable`: an admin gives roles' })),
      }),
      response: { 202: Waiting },
    },
  }, counted('register', async (request, reply) => {
    const { body } = request
    if (body.role !== undefined) throw new Problem('forbidden', 'role_not_assignable', { detail: 'Nobody gives themselves a role; an admin does.', errors: [{ pointer: '/role', detail: 'must be left out' }] })
    const email = normalise(body.email)
    const names = namesOf(body)
    if (!names) throw new Problem('invalid', 'request_invalid', { detail: 'A name is needed.', errors: [{ pointer: '/name', detail: 'is required, or firstName and lastName' }] })
    checkPassword(body.password, { email, names: Object.values(names) }, host.settings.PASSWORD_MIN_LENGTH)
    await limits.register.place.take(placeOf(request.ip))
    await limits.register.email.take(email)

    const passwordHash = await passwords.hash(body.password)
    const at = now()
    const pending: Registration = {
      id: newId(), email, passwordHash, ...names, locale: body.locale ?? 'en', addressPrefix: prefixOf(request.ip), createdAt: at, expiresAt: new Date(at.getTime() + day),
    }
    const code = codes.make(at, { link: true })
    await db.transaction(async tx => {
      await insertRegistration(tx, pending)
      await sendCode(tx, pending, code)
    })
    sessions.setRegistrationCookie(reply, pending.id, pending.expiresAt)
    return reply.code(202).send({ email, expiresAt: code.expiresAt.toISOString() })
  }))

  http.post('/resend-otp', {
    config: { access: anyone },
    schema: {
      summary: 'Ask for a new code; the old one is no longer good',
      description: 'The first one comes at once, later ones after a pause that grows from one minute to fifteen.',
      body: Type.Object({ email: Email }),
      response: { 202: Waiting },
    },
  }, counted('otp', async (request, reply) => {
    const email = normalise(request.body.email)
    await limits.resend.place.take(placeOf(request.ip))
    const at = now()
    const code = codes.make(at, { link: true })
    const wait = await db.transaction(async tx => {
      const refusal = await takeResend(tx, email, at)
      if (refusal) return refusal
      const pending = await likelyRegistration(tx, email, sessions.registrationOf(request), prefixOf(request.ip), at)
      if (pending) await sendCode(tx, pending, code)
    })
    if (wait) throw new Problem('limited', 'otp_sent_recently', { retryAfter: Math.max(1, Math.ceil((wait.notBefore.getTime() - at.getTime()) / 1000)), detail: 'A code was asked for a moment ago. Wait before you ask for another.' })
    return reply.code(202).send({ email, expiresAt: code.expiresAt.toISOString() })
  }))

  /** The account of a registration whose code was given. Undefined when somebody else proved the address first. */
  async function complete(tx: Tx<'identity'>, registrationId: string, email: string, at: Date): Promise<User | undefined> {
    const proven = await takeRegistration(tx, registrationId, email)
    if (!proven) return undefined
    const { firstName, lastName, locale, passwordHash } = proven
    const user: User = { id: newId(), email, passwordHash, firstName, lastName, locale, role: 'user', disabled: false, version: 1, createdAt: at }
    if (!(await insertUser(tx, user))) return undefined
    await as(user, () => tx.publish(UserRegistered, accountOf(user)))
    return user
  }

  http.post('/verify-otp', {
    config: { access: anyone },
    schema: {
      summary: 'Prove the address with the code; the account exists and is signed in',
      body: Type.Object({ email: Email, otp: Otp }),
      response: { 201: SignedInView },
    },
  }, counted('otp', async (request, reply) => {
    const email = normalise(request.body.email)
    await limits.otp.place.take(placeOf(request.ip))
    await limits.otp.email.take(email)
    const at = now()
    const own = sessions.registrationOf(request)
    // A wrong try is counted, so it must not throw inside.
    const proven = await db.transaction(async tx => {
      const live = await lockCodes(tx, { email }, at)
      // The browser that began a registration proves that one: the code of somebody else who claims the address is no use in it.
      const tried = live.some(code => code.registrationId === own) ? live.filter(code => code.registrationId === own) : live
      const right = tried.filter(code => codes.matches(code, request.body.otp))[0]
      if (!right) return void (await missCodes(tx, tried.map(code => code.id)))
      const user = await complete(tx, right.registrationId!, email, at)
      const begun = user && (await sessions.begin(tx, user, request, at))
      return begun && { user, ...begun }
    })
    if (!proven) throw wrongCode()
    reply.code(201)
    return await sessions.answer(reply, proven.user, proven.session, proven.refresh, undefined, at)
  }))

  forForms(http, http => {
    const Link = Type.Object({ token: Type.String({ maxLength: 100, description: 'As it stands in the mail' }) })

    http.get('/verify/:token', {
      config: { access: anyone },
      schema: { summary: 'The page a link in a mail opens', description: 'Opening it proves nothing; its button does.', params: Link },
    }, async (request, reply) => {
      const code = await findCodeByLink(db, digest(request.params.token), now())
      const pending = code && (await findRegistration(db, code.registrationId!))
      if (!pending) return sendPage(reply, 404, 'en', textsFor().expired)
      const { lang, confirm } = textsFor(pending.locale)
      return sendPage(reply, 200, lang, { ...confirm, text: confirm.text(nameOf(pending), pending.email) })
    })

    http.post('/verify/:token', {
      config: { access: anyone },
      schema: { summary: 'Prove the address with the link', params: Link, consumes: ['application/x-www-form-urlencoded'] },
    }, counted('otp', async (request, reply) => {
      const at = now()
      const own = sessions.registrationOf(request)
      const user = await db.transaction(async tx => {
        const code = await findCodeByLink(tx, digest(request.params.token), at)
        const live = code ? await lockCodes(tx, { email: code.email }, at) : []
        if (!code || !live.some(({ id }) => id === code.id)) return undefined
        if (code.registrationId !== own && live.some(({ registrationId }) => registrationId === own)) return undefined
        return await complete(tx, code.registrationId!, code.email, at)
      })
      const { lang, confirmed, expired } = textsFor(user?.locale)
      return user ? sendPage(reply, 200, lang, confirmed) : sendPage(reply, 404, lang, expired)
    }))
  })
}

/** One's own account. */
function profile({ host, passwords, codes, limits }: Identity): void {
  const { db, http, now } = host

  const gone = () => fail('unauthenticated', 'token_invalid', { detail: 'The account is gone.' })
  const own = async ({ userId }: Actor): Promise<User> => (await findUser(db, userId)) ?? gone()
  const hold = async (tx: Tx, { userId }: Actor): Promise<User> => (await lockUser(tx, userId, 'change')) ?? gone()
  // What the answer says depends on both.
  const tagOf = (user: User, { organisation }: Actor) => [user.version, organisation?.id, organisation?.role].filter(Boolean).join('-')

  http.get('/profile', {
    config: { access: signedIn },
    schema: { summary: 'The own account', response: { 200: UserView } },
  }, async (request, reply) => {
    const user = await own(request.actor)
    if (notModified(request, reply, tagOf(user, request.actor))) return reply.send()
    return userView(user, request.actor.organisation)
  })

  http.patch('/profile', {
    config: { access: signedIn },
    schema: { summary: 'Change name or language', body: Type.Object({ ...Names, locale: Type.Optional(Locale) }), response: { 200: UserView } },
  }, async (request, reply) => {
    const { actor, body } = request
    const user = await db.transaction(async tx => {
      const user = await hold(tx, actor)
      requireMatch(request, tagOf(user, actor))
      const change = { ...namesOf(body, user), ...(body.locale && { locale: body.locale }) }
      if (Object.keys(change).length === 0) return user
      const changed = await updateUser(tx, user.id, change)
      await tx.publish(UserUpdated, accountOf(changed))
      return changed
    })
    notModified(request, reply, tagOf(user, actor))
    return userView(user, actor.organisation)
  })

  /** Asks for the password again. */
  async function confirm(actor: Actor, password: string, pointer: string): Promise<User> {
    await limits.confirm.take(actor.userId)
    const user = await own(actor)
    if (!(await passwords.verify(password, user.passwordHash))) throw new Problem('forbidden', 'password_wrong', { detail: 'The password is wrong.', errors: [{ pointer, detail: 'is not the password of the account' }] })
    return user
  }

  http.post('/password', {
    config: { access: signedIn },
    schema: {
      summary: 'Change the password; all other sessions end',
      body: Type.Object({ currentPassword: Type.String({ maxLength: 1000, examples: ['a-long-summer-of-trains'] }), newPassword: Password }),
      response: { 204: Type.Null() },
    },
  }, async ({ actor, body }, reply) => {
    const user = await confirm(actor, body.currentPassword, '/currentPassword')
    checkPassword(body.newPassword, { email: user.email, names: [user.firstName, user.lastName] }, host.settings.PASSWORD_MIN_LENGTH, '/newPassword')
    const passwordHash = await passwords.hash(body.newPassword)
    await db.transaction(async tx => {
      const present = await hold(tx, actor)
      if (present.passwordHash !== user.passwordHash) throw new Problem('conflict', 'password_changed', { detail: 'The password was changed a moment ago, elsewhere.' })
      const { version } = await updateUser(tx, user.id, { passwordHash })
      await tx.publish(UserPasswordChanged, { userId: user.id, version })
      await revoke(tx, user.id, await deleteSessions(tx, user.id, { except: actor.sessionId }), forever)
    })
    return reply.code(204).send()
  })

  http.post('/email', {
    config: { access: signedIn },
    schema: {
      summary: 'Ask for another address; a code goes there',
      body: Type.Object({ password: Type.String({ maxLength: 1000, examples: ['a-long-summer-of-trains'] }), email: Email }),
      response: { 202: Waiting },
    },
  }, async ({ actor, body }, reply) => {
    const user = await confirm(actor, body.password, '/password')
    const email = normalise(body.email)
    if (email === user.email) throw new Problem('conflict', 'email_unchanged', { detail: 'This is the address of the account already.' })
    const code = codes.make(now(), { link: false })
    await db.transaction(async tx => {
      await hold(tx, actor)
      await insertCode(tx, email, { purpose: 'email-change', userId: user.id }, code)
      const owner = await findUserByEmail(tx, email)
      if (owner) await tx.publish(RegistrationRepeated, { userId: owner.id, email, name: nameOf(owner), locale: owner.locale })
      else await tx.publish(SendOtp, { codeId: code.id, email, purpose: 'email-change', name: nameOf(user), locale: user.locale, expiresAt: code.expiresAt.toISOString() })
    })
    return reply.code(202).send({ email, expiresAt: code.expiresAt.toISOString() })
  })

  http.post('/email/verify', {
    config: { access: signedIn },
    schema: { summary: 'Prove the other address with the code', body: Type.Object({ otp: Otp }), response: { 200: UserView } },
  }, async ({ actor, body }) => {
    await limits.otp.email.take(actor.userId)
    const user = await db.transaction(async tx => {
      const former = await hold(tx, actor)
      const [code] = await lockCodes(tx, { userId: actor.userId }, now())
      if (!code) return undefined
      if (!codes.matches(code, body.otp)) return void (await missCodes(tx, [code.id]))
      await deleteCode(tx, code.id)
      const changed = await updateUser(tx, actor.userId, { email: code.email })
      await tx.publish(UserEmailChanged, { userId: changed.id, email: changed.email, formerEmail: former.email, name: nameOf(changed), locale: changed.locale, version: changed.version })
      return changed
    }).catch(error => {
      // Somebody else has the address by now; that is not for us to tell.
      if (emailTaken(error)) return undefined
      throw error
    })
    if (!user) throw wrongCode()
    return userView(user, actor.organisation)
  })
}

/** What admins do to accounts. */
function administration({ host }: Identity): void {
  const { db, http, now } = host
  const Params = Type.Object({ id: Id })
  const view = (user: User): Static<typeof AccountView> => ({ ...userView(user), disabled: user.disabled, version: user.version })

  http.get('/users', {
    config: { access: withRole('admin') },
    schema: {
      summary: 'List accounts by address',
      querystring: Type.Object({ ...pageQuery, email: Type.Optional(Type.String({ maxLength: 254, description: 'How the address begins', examples: ['ada@'] })) }),
      response: { 200: Page(AccountView) },
    },
  }, async ({ query }) => {
    const [after] = cursorOf(query.after, 1) ?? []
    const rows = await listUsers(db, normalise(query.email ?? ''), after === undefined ? undefined : String(after), query.limit)
    return page(rows, query.limit, last => [last.email], view)
  })

  /** An admin changes somebody else's account: nobody takes the last admin away by mistake. */
  async function change(request: { actor: Actor; params: { id: string } } & Parameters<typeof requireMatch>[0], fields: Partial<Pick<User, 'role' | 'disabled'>>, tell: (tx: Tx<'identity'>, user: User, former: User) => Promise<void>) {
    const { actor, params: { id } } = request
    if (id === actor.userId) throw new Problem('conflict', 'own_account', { detail: 'Ask another admin to change your own account.' })
    return await db.transaction(async tx => {
      const former = await lockUser(tx, id, 'change')
      if (!former) throw new Problem('not_found', 'user_unknown')
      requireMatch(request, former.version)
      if (Object.entries(fields).every(([field, value]) => former[field as keyof User] === value)) return view(former)
      const user = await updateUser(tx, id, fields)
      await tell(tx, user, former)
      return view(user)
    })
  }

  http.put('/users/:id/role', {
    config: { access: withRole('admin') },
    schema: { summary: 'Give a person another role', params: Params, body: Type.Object({ role: Role }), response: { 200: AccountView } },
  }, request => change(request, { role: request.body.role }, async (tx, user, former) => {
    await tx.publish(UserRoleChanged, { userId: user.id, role: user.role, formerRole: former.role, version: user.version })
    await revokeTokens(tx, user.id, now())
  }))

  http.put('/users/:id/disabled', {
    config: { access: withRole('admin') },
    schema: { summary: 'Disable an account, or enable it again', description: 'A disabled account has no sessions.', params: Params, body: Type.Object({ disabled: Type.Boolean() }), response: { 200: AccountView } },
  }, request => change(request, { disabled: request.body.disabled }, async (tx, user) => {
    await tx.publish(UserDisabled, { userId: user.id, disabled: user.disabled, version: user.version })
    if (user.disabled) await revoke(tx, user.id, await deleteSessions(tx, user.id, {}), forever)
  }))
}

/** First and last name out of what a body says, `former` where it says nothing; undefined when that is nothing at all. */
function namesOf(body: { name?: string; firstName?: string; lastName?: string }, former?: Pick<User, 'firstName' | 'lastName'>): { firstName: string; lastName: string } | undefined {
  const tidy = (text: string) => text.trim().replace(/\s+/g, ' ')
  if (body.firstName !== undefined || body.lastName !== undefined)
    return { firstName: tidy(body.firstName ?? former?.firstName ?? ''), lastName: tidy(body.lastName ?? former?.lastName ?? '') }
  if (body.name === undefined) return undefined
  const [firstName = '', ...rest] = tidy(body.name).split(' ')
  return { firstName, lastName: rest.join(' ') }
}
