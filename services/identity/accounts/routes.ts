import Type, { type Static } from 'typebox'
import { UserDisabled, UserEmailChanged, UserPasswordChanged, UserRoleChanged, UserUpdated } from '#contracts/identity'
import { Email, Id, Locale, Role } from '#contracts/shared'
import {
  Count,
  counted,
  countQuery,
  createdIn,
  createdQuery,
  cursorOf,
  fail,
  isText,
  listQuery,
  notModified,
  Page,
  page,
  Problem,
  requireMatch,
  shownAddress,
  signedIn,
  withRole,
  type Actor,
  type Reply,
  type Tx,
} from '#kernel'
import type { Identity } from '../identity.ts'
import { deleteResets } from '../passwords/store.ts'
import { passwordRefusals, refuseWeak } from '../passwords/strength.ts'
import { Otp, Password, Waiting, wrongCode } from '../registration/registration.ts'
import { countGuess, own, stillOpen } from '../registration/guesses.ts'
import { sendCode } from '../registration/registering.ts'
import { deleteCode, lockCodes } from '../registration/store.ts'
import { forever, revoke, revokeTokens } from '../sessions/sessions.ts'
import { deleteSessions } from '../sessions/store.ts'
import { accountOf, nameOf, Names, namesOf, normalise, refuseUnreachable, UserView, userView } from './accounts.ts'
import { confirm } from './confirm.ts'
import { insertUndo } from './undoing.ts'
import {
  countUsers,
  emailTaken,
  findUser,
  keepAnAdmin,
  listUsers,
  lockAdmins,
  lockUser,
  updateUser,
  type User,
} from './store.ts'

const AccountView = Type.Object(
  {
    ...UserView.properties,
    disabled: Type.Boolean(),
    version: Type.Integer({ examples: [1] }),
  },
  { title: 'Account' },
)

const accountFilters = {
  email: Type.Optional(Type.String({ maxLength: 254, description: 'How the address begins', examples: ['ada@'] })),
  role: Type.Optional(Role),
  disabled: Type.Optional(Type.Boolean({ description: 'Whether they are kept from signing in' })),
  ...createdQuery,
}
const wanted = (query: Static<Type.TObject<typeof accountFilters>>) => ({
  prefix: normalise(query.email ?? ''),
  role: query.role,
  disabled: query.disabled,
  created: createdIn(query),
})

/** One's own account, and what admins do to others. */
export function accountRoutes(shared: Identity): void {
  profile(shared)
  administration(shared)
}

/** One's own account. */
function profile(shared: Identity): void {
  const { host, passwords, codes, limits } = shared
  const { db, http, now } = host

  const gone = () => fail('unauthenticated', 'token_invalid', { detail: 'The account is gone.' })
  const accountOfActor = async ({ userId }: Actor): Promise<User> => (await findUser(db, userId)) ?? gone()
  const hold = async (tx: Tx, { userId }: Actor): Promise<User> => (await lockUser(tx, userId, 'change')) ?? gone()
  // What the answer says depends on both.
  const tagOf = (user: User, { organisation }: Actor) =>
    [user.version, user.id, organisation?.id, organisation?.role].filter(Boolean).join('-')

  http.get(
    '/profile',
    {
      config: { access: signedIn },
      schema: {
        summary: 'The own account',
        honours: ['If-None-Match'],
        response: { 200: UserView },
      },
    },
    async (request, reply) => {
      const user = await accountOfActor(request.actor)
      if (notModified(request, reply, tagOf(user, request.actor))) return reply.send()
      return userView(user, request.actor.organisation)
    },
  )

  http.patch(
    '/profile',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Change name or language',
        honours: ['If-Match'],
        body: Type.Object({ ...Names, locale: Type.Optional(Locale) }),
        response: { 200: UserView },
      },
    },
    async (request, reply) => {
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
    },
  )

  http.post(
    '/password',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Change the password; all other sessions end',
        refuses: ['password_wrong', 'password_changed', ...passwordRefusals, 'too_many_requests', 'sign_in_busy'],
        body: Type.Object({
          currentPassword: Type.String({ maxLength: 1000, examples: ['a-long-summer-of-trains'] }),
          newPassword: Password,
        }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, body }, reply) => {
      const user = await confirm(shared, actor, body.currentPassword, '/currentPassword')
      await refuseWeak(
        body.newPassword,
        { email: user.email, names: [user.firstName, user.lastName] },
        host.settings.PASSWORD_MIN_LENGTH,
        '/newPassword',
      )
      const passwordHash = await passwords.hash(body.newPassword)
      await db.transaction(async tx => {
        const present = await hold(tx, actor)
        if (present.passwordHash !== user.passwordHash)
          throw new Problem('conflict', 'password_changed', {
            detail: 'The password was changed a moment ago, elsewhere.',
          })
        const { version } = await updateUser(tx, user.id, { passwordHash })
        await tx.publish(UserPasswordChanged, { userId: user.id, version })
        await deleteResets(tx, user.id)
        await revoke(tx, user.id, await deleteSessions(tx, user.id, { except: actor.sessionId }), forever)
      })
      return reply.code(204).send()
    },
  )

  http.post(
    '/email',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Ask for another address; a code goes there',
        refuses: ['password_wrong', 'email_unchanged', 'address_unreachable', 'too_many_requests', 'sign_in_busy'],
        body: Type.Object({
          password: Type.String({ maxLength: 1000, examples: ['a-long-summer-of-trains'] }),
          email: Email,
        }),
        response: { 202: Waiting },
      },
    },
    async ({ actor, body }, reply) => {
      const user = await confirm(shared, actor, body.password, '/password')
      const email = normalise(body.email)
      refuseUnreachable(host, email)
      if (email === user.email)
        throw new Problem('conflict', 'email_unchanged', { detail: 'This is the address of the account already.' })
      await limits.changeEmail.both.take(`${email} ${user.id}`)
      await limits.changeEmail.email.take(email)
      const code = codes.make(now(), { link: false })
      await db.transaction(async tx => {
        await hold(tx, actor)
        const of = { purpose: 'email-change', userId: user.id } as const
        await sendCode(tx, { email, locale: user.locale, name: nameOf(user), of }, code)
      })
      return reply.code(202).send({ email: shownAddress(email), expiresAt: code.expiresAt.toISOString() })
    },
  )

  http.post(
    '/email/verify',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Prove the other address with the code; all other sessions end',
        description: 'Whoever reads the former address is told, and may take the change back for 72 hours.',
        refuses: ['otp_invalid', 'too_many_requests'],
        body: Type.Object({ otp: Otp }),
        response: { 200: UserView },
      },
    },
    async ({ actor, body }) => {
      await limits.otp.person.take(actor.userId)
      const user = await db
        .transaction(async tx => {
          const former = await hold(tx, actor)
          const [code] = await stillOpen(tx, await lockCodes(tx, { userId: actor.userId }, now()), own)
          if (!code) return undefined
          if (!codes.matches(code, body.otp)) return void (await countGuess(tx, [code], own))
          await deleteCode(tx, code.id)
          const changed = await updateUser(tx, actor.userId, { email: code.email })
          const undoId = await insertUndo(tx, host.secret('undos at rest'), changed.id, former.email, now())
          await tx.publish(UserEmailChanged, {
            userId: changed.id,
            email: changed.email,
            formerEmail: former.email,
            name: nameOf(changed),
            locale: changed.locale,
            version: changed.version,
            undoId,
          })
          await deleteResets(tx, changed.id)
          await revoke(tx, changed.id, await deleteSessions(tx, changed.id, { except: actor.sessionId }), forever)
          return changed
        })
        .catch(error => {
          // Somebody else has the address by now; that is not for us to tell.
          if (emailTaken(error)) return undefined
          throw error
        })
      if (!user) throw wrongCode()
      return userView(user, actor.organisation)
    },
  )
}

/** What admins do to accounts. */
function administration({ host }: Identity): void {
  const { db, http, now } = host
  const Params = Type.Object({ id: Id })
  const view = (user: User): Static<typeof AccountView> => ({
    ...userView(user),
    disabled: user.disabled,
    version: user.version,
  })

  http.get(
    '/users',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'List accounts by address',
        querystring: listQuery(accountFilters),
        response: { 200: Page(AccountView) },
      },
    },
    async ({ query }) => {
      const after = cursorOf(query.after, isText)?.[0] as string | undefined
      const rows = await listUsers(db, wanted(query), after, query.limit)
      return page(rows, query.limit, last => [last.email], view)
    },
  )

  http.get(
    '/users/count',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'How many accounts there are',
        querystring: countQuery(accountFilters),
        response: { 200: Count },
      },
    },
    async ({ query }) => counted(await countUsers(db, wanted(query))),
  )

  /**
   * An admin changes somebody else's account, and is one still when it is their turn: two who take the role from each
   * other at the same moment do not both succeed.
   */
  async function change(
    request: { actor: Actor; params: { id: string } } & Parameters<typeof requireMatch>[0],
    reply: Reply,
    fields: Partial<Pick<User, 'role' | 'disabled'>>,
    tell: (tx: Tx<'identity'>, user: User, former: User) => Promise<void>,
  ) {
    const {
      actor,
      params: { id },
    } = request
    if (id === actor.userId)
      throw new Problem('conflict', 'own_account', { detail: 'Ask another admin to change your own account.' })
    const changed = await db.transaction(async tx => {
      await lockAdmins(tx)
      const former = await lockUser(tx, id, 'change')
      if (!former) throw new Problem('not_found', 'user_unknown')
      requireMatch(request, former.version)
      if (Object.entries(fields).every(([field, value]) => former[field as keyof User] === value)) return view(former)
      const user = await updateUser(tx, id, fields)
      await keepAnAdmin(tx)
      const own = await findUser(tx, actor.userId)
      if (own?.role !== 'admin' || own.disabled)
        throw new Problem('forbidden', 'role_insufficient', { detail: 'Another admin took the role away just now.' })
      await tell(tx, user, former)
      return view(user)
    })
    notModified(request, reply, changed.version)
    return changed
  }

  http.put(
    '/users/:id/role',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Give a person another role',
        honours: ['If-Match'],
        refuses: ['own_account', 'user_unknown', 'last_admin'],
        params: Params,
        body: Type.Object({ role: Role }),
        response: { 200: AccountView },
      },
    },
    (request, reply) =>
      change(request, reply, { role: request.body.role }, async (tx, user, former) => {
        await tx.publish(UserRoleChanged, {
          userId: user.id,
          role: user.role,
          formerRole: former.role,
          version: user.version,
        })
        await revokeTokens(tx, user.id, now())
      }),
  )

  http.put(
    '/users/:id/disabled',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Disable an account, or enable it again',
        description: 'A disabled account has no sessions, and its keys are not good.',
        honours: ['If-Match'],
        refuses: ['own_account', 'user_unknown', 'last_admin'],
        params: Params,
        body: Type.Object({ disabled: Type.Boolean() }),
        response: { 200: AccountView },
      },
    },
    (request, reply) =>
      change(request, reply, { disabled: request.body.disabled }, async (tx, user) => {
        await tx.publish(UserDisabled, { userId: user.id, disabled: user.disabled, version: user.version })
        if (!user.disabled) return
        await revoke(tx, user.id, await deleteSessions(tx, user.id, {}), forever)
        // Keys of programs stay, and are good again with the account.
        await revokeTokens(tx, user.id, now())
      }),
  )
}
