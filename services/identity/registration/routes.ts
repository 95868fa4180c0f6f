import Type from 'typebox'
import { RegistrationRepeated, SendOtp, UserRegistered } from '#contracts/identity'
import { Email, Locale } from '#contracts/shared'
import { anyone, fail, forForms, languageOf, newId, Problem, type Tx } from '#kernel'
import { accountOf, nameOf, Names, namesOf, normalise } from '../accounts/accounts.ts'
import { findUserByEmail, insertUser, type User } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { pagesIn } from '../pages.ts'
import { refuseWeak } from '../passwords/strength.ts'
import { digest } from '../secrets.ts'
import { placeOf, prefixOf } from '../sessions/devices.ts'
import { as, SignedInView } from '../sessions/sessions.ts'
import type { StoredCode } from './codes.ts'
import { Otp, Password, Waiting, wrongCode } from './registration.ts'
import {
  findCodeByLink,
  findRegistration,
  insertCode,
  insertRegistration,
  likelyRegistration,
  lockCodes,
  missCodes,
  type Registration,
  takeRegistration,
  takeResend,
} from './store.ts'

const day = 86_400_000

/**
 * Until the address is proven there is only a registration, one for everybody who claims the address, each with its own
 * password and code. An address that has an account gets one too, so that all that follows is the same; its code is
 * never sent, its owner is told instead.
 */
export function registrationRoutes({ host, passwords, codes, sessions, limits, counted }: Identity): void {
  const { db, http, now } = host

  async function sendCode(
    tx: Tx<'identity'>,
    { id, email, locale, ...names }: Registration,
    code: StoredCode,
  ): Promise<void> {
    await insertCode(tx, email, { purpose: 'registration', registrationId: id }, code)
    const owner = await findUserByEmail(tx, email)
    if (owner)
      await tx.publish(RegistrationRepeated, { userId: owner.id, email, name: nameOf(owner), locale: owner.locale })
    else
      await tx.publish(SendOtp, {
        codeId: code.id,
        email,
        purpose: 'registration',
        name: nameOf(names),
        locale,
        expiresAt: code.expiresAt.toISOString(),
      })
  }

  http.post(
    '/register',
    {
      config: { access: anyone },
      schema: {
        summary: 'Ask for an account',
        description:
          'Sends a code to the address; the account exists once it is proven. Known and unknown addresses get the same answer.',
        refuses: [
          'role_not_assignable',
          'password_too_short',
          'password_too_long',
          'password_personal',
          'password_common',
          'too_many_requests',
          'sign_in_busy',
        ],
        body: Type.Object({
          email: Email,
          password: Password,
          ...Names,
          locale: Type.Optional(Locale),
          role: Type.Optional(
            Type.Unknown({ description: 'Refused with `role_not_assignable`: an admin gives roles' }),
          ),
        }),
        response: { 202: Waiting },
      },
    },
    counted('register', async (request, reply) => {
      const { body } = request
      if (body.role !== undefined)
        throw new Problem('forbidden', 'role_not_assignable', {
          detail: 'Nobody gives themselves a role; an admin does.',
          errors: [{ pointer: '/role', detail: 'must be left out' }],
        })
      const email = normalise(body.email)
      const names = namesOf(body)
      if (!names)
        throw new Problem('invalid', 'request_invalid', {
          detail: 'A name is needed.',
          errors: [{ pointer: '/name', detail: 'is required, or firstName and lastName' }],
        })
      await limits.register.place.take(placeOf(request.ip))
      await refuseWeak(body.password, { email, names: Object.values(names) }, host.settings.PASSWORD_MIN_LENGTH)
      await limits.register.email.take(email)

      const passwordHash = await passwords.hash(body.password)
      const at = now()
      const pending: Registration = {
        id: newId(),
        email,
        passwordHash,
        ...names,
        locale: body.locale ?? 'en',
        addressPrefix: prefixOf(request.ip),
        createdAt: at,
        expiresAt: new Date(at.getTime() + day),
      }
      const code = codes.make(at, { link: true })
      await db.transaction(async tx => {
        await insertRegistration(tx, pending)
        await sendCode(tx, pending, code)
      })
      sessions.setRegistrationCookie(reply, pending.id, pending.expiresAt)
      return reply.code(202).send({ email, expiresAt: code.expiresAt.toISOString() })
    }),
  )

  http.post(
    '/resend-otp',
    {
      config: { access: anyone },
      schema: {
        summary: 'Ask for a new code; the old one is no longer good',
        description: 'The first one comes at once, later ones after a pause that grows from one minute to fifteen.',
        refuses: ['too_many_requests', 'otp_sent_recently'],
        body: Type.Object({ email: Email }),
        response: { 202: Waiting },
      },
    },
    counted('otp', async (request, reply) => {
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
      if (wait)
        throw new Problem('limited', 'otp_sent_recently', {
          retryAfter: Math.max(1, Math.ceil((wait.notBefore.getTime() - at.getTime()) / 1000)),
          detail: 'A code was asked for a moment ago. Wait before you ask for another.',
        })
      return reply.code(202).send({ email, expiresAt: code.expiresAt.toISOString() })
    }),
  )

  /** The account of a registration whose code was given. Undefined when somebody else proved the address first. */
  async function complete(
    tx: Tx<'identity'>,
    registrationId: string,
    email: string,
    at: Date,
  ): Promise<User | undefined> {
    const proven = await takeRegistration(tx, registrationId, email)
    if (!proven) return undefined
    const { firstName, lastName, locale, passwordHash } = proven
    const user: User = {
      id: newId(),
      email,
      passwordHash,
      firstName,
      lastName,
      locale,
      role: 'user',
      disabled: false,
      version: 1,
      createdAt: at,
    }
    if (!(await insertUser(tx, user))) return undefined
    await as(user, () => tx.publish(UserRegistered, accountOf(user)))
    return user
  }

  http.post(
    '/verify-otp',
    {
      config: { access: anyone },
      schema: {
        summary: 'Prove the address with the code; the account exists and is signed in',
        refuses: ['otp_invalid', 'too_many_requests'],
        body: Type.Object({ email: Email, otp: Otp }),
        response: { 201: SignedInView },
      },
    },
    counted('otp', async (request, reply) => {
      const email = normalise(request.body.email)
      await limits.otp.place.take(placeOf(request.ip))
      await limits.otp.email.take(email)
      const at = now()
      const own = sessions.registrationOf(request)
      // A wrong try is counted, so it must not throw inside.
      const proven = await db.transaction(async tx => {
        const live = await lockCodes(tx, { email }, at)
        // The browser that began a registration proves that one: the code of somebody else who claims the address is no
        // use in it.
        const tried = live.some(code => code.registrationId === own)
          ? live.filter(code => code.registrationId === own)
          : live
        const right = tried.filter(code => codes.matches(code, request.body.otp))[0]
        if (!right) {
          await missCodes(tx, tried)
          return undefined
        }
        const user = await complete(tx, right.registrationId!, email, at)
        const begun = user && (await sessions.begin(tx, user, request, at))
        return begun && { user, ...begun }
      })
      if (!proven) throw wrongCode()
      reply.code(201)
      return await sessions.answer(reply, proven.user, proven.session, proven.refresh, undefined, at)
    }),
  )

  forForms(http, http => {
    const Link = Type.Object({ token: Type.String({ maxLength: 100, description: 'As it stands in the mail' }) })

    http.get(
      '/verify/:token',
      {
        config: { access: anyone },
        schema: {
          summary: 'The page a link in a mail opens',
          description: 'Opening it proves nothing; its button does.',
          params: Link,
          produces: ['text/html'],
          response: { 200: Type.Null(), 404: Type.Null() },
        },
      },
      async (request, reply) => {
        const code = await findCodeByLink(db, digest(request.params.token), now())
        const pending = code && (await findRegistration(db, code.registrationId!))
        if (!pending) return pagesIn(languageOf(request)).expired(reply)
        return pagesIn(pending.locale).confirm(reply, nameOf(pending), pending.email)
      },
    )

    const prove = counted('otp', async (token: string, own: string | undefined) => {
      const at = now()
      const user = await db.transaction(async tx => {
        const code = await findCodeByLink(tx, digest(token), at)
        const live = code ? await lockCodes(tx, { email: code.email }, at) : []
        if (!code || !live.some(({ id }) => id === code.id)) return undefined
        if (code.registrationId !== own && live.some(({ registrationId }) => registrationId === own)) return undefined
        return await complete(tx, code.registrationId!, code.email, at)
      })
      return user ?? fail('not_found', 'link_expired')
    })

    http.post(
      '/verify/:token',
      {
        config: { access: anyone },
        schema: {
          summary: 'Prove the address with the link',
          params: Link,
          consumes: ['application/x-www-form-urlencoded'],
          produces: ['text/html'],
          response: { 200: Type.Null(), 404: Type.Null() },
        },
      },
      async (request, reply) => {
        const user = await prove(request.params.token, sessions.registrationOf(request)).catch(error => {
          if (error instanceof Problem && error.code === 'link_expired') return undefined
          throw error
        })
        return user ? pagesIn(user.locale).confirmed(reply) : pagesIn(languageOf(request)).expired(reply)
      },
    )
  })
}
