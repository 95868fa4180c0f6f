import Type from 'typebox'
import { UserEmailChanged, UserPasswordChanged, UserUpdated } from '#contracts/identity'
import { Email, Locale } from '#contracts/shared'
import {
  type Actor,
  fail,
  notModified,
  placeOf,
  Problem,
  requireMatch,
  shownAddress,
  signedIn,
  signedInBeforeTerms,
  type Tx,
  type Visitor,
} from '#kernel'
import { guessed, type Identity } from '../identity.ts'
import { deleteResets } from '../passwords/store.ts'
import { passwordRefusals, refuseWeak } from '../passwords/strength.ts'
import { Otp, Password, Waiting, wrongCode } from '../registration/registration.ts'
import { countGuess, own, stillOpen } from '../registration/guesses.ts'
import { sendCode } from '../registration/registering.ts'
import { deleteCode, lockCodes } from '../registration/store.ts'
import { forever, revoke } from '../sessions/sessions.ts'
import { deleteSessions } from '../sessions/store.ts'
import { accountOf, nameOf, Names, namesOf, normalise, refuseUnreachable, UserView, userView } from './accounts.ts'
import { confirm } from './confirm.ts'
import { insertUndo } from './undoing.ts'
import { emailTaken, findUser, lockUser, updateUser, type User } from './store.ts'

const OldPassword = Type.String({
  maxLength: 1000,
  description: 'May be left out by who gave a second factor within five minutes',
  examples: ['a-long-summer-of-trains'],
})

/** One's own account. */
export function accountRoutes(shared: Identity): void {
  const { host, passwords, codes, limits } = shared
  const { db, http, now } = host

  const gone = () => fail('unauthenticated', 'token_invalid', { detail: 'The account is gone.' })
  const accountOfActor = async ({ userId }: Actor): Promise<User> => (await findUser(db, userId)) ?? gone()
  const hold = async (tx: Tx, { userId }: Actor): Promise<User> => (await lockUser(tx, userId, 'change')) ?? gone()
  // What the answer says depends on both.
  const tagOf = (user: User, { organisation, actedBy }: Actor) =>
    [user.version, user.id, organisation?.id, organisation?.role, organisation?.permissions?.join('.'), actedBy]
      .filter(Boolean)
      .join('-')
  const actingFor = async ({ actedBy, expiresAt }: Visitor) => {
    const admin = actedBy === undefined ? undefined : await findUser(db, actedBy)
    return admin && { actingFor: { by: admin.id, byName: nameOf(admin), until: new Date(expiresAt).toISOString() } }
  }

  http.get(
    '/profile',
    {
      config: { access: signedInBeforeTerms },
      schema: {
        summary: 'The own account',
        honours: ['If-None-Match'],
        response: { 200: UserView },
      },
    },
    async (request, reply) => {
      const user = await accountOfActor(request.actor)
      if (notModified(request, reply, tagOf(user, request.actor))) return reply.send()
      return { ...userView(user, request.actor.organisation), ...(await actingFor(request.visitor!)) }
    },
  )

  http.patch(
    '/profile',
    {
      config: { access: signedInBeforeTerms },
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
      config: { access: signedInBeforeTerms },
      schema: {
        summary: 'Change the password; all other sessions end',
        refuses: [
          'password_wrong',
          'fresh_sign_in_required',
          'password_changed',
          ...passwordRefusals,
          'too_many_requests',
          'sign_in_busy',
        ],
        body: Type.Object({
          currentPassword: Type.Optional(OldPassword),
          newPassword: Password,
        }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, visitor, body }, reply) => {
      const user = await confirm(shared, visitor!, body.currentPassword, '/currentPassword')
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
        refuses: [
          'password_wrong',
          'fresh_sign_in_required',
          'email_unchanged',
          'address_unreachable',
          'too_many_requests',
          'sign_in_busy',
        ],
        body: Type.Object({
          password: Type.Optional(OldPassword),
          email: Email,
        }),
        response: { 202: Waiting },
      },
    },
    async ({ actor, visitor, body }, reply) => {
      const user = await confirm(shared, visitor!, body.password, '/password')
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
    async ({ actor, body, ip }) => {
      await limits.otp.person.take(actor.userId)
      const prove = () =>
        db
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
      const user = await guessed(limits, placeOf(ip), prove)
      if (!user) throw wrongCode()
      return userView(user, actor.organisation)
    },
  )
}
