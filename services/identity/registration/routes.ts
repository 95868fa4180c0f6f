import Type from 'typebox'
import { Email, Locale } from '#contracts/shared'
import { anyone, Problem, shownAddress } from '#kernel'
import { Names, namesOf, normalise } from '../accounts/accounts.ts'
import type { Identity } from '../identity.ts'
import { passwordRefusals } from '../passwords/strength.ts'
import { SignedInView } from '../sessions/sessions.ts'
import { openRegistering } from './registering.ts'
import { Otp, Password, Waiting } from './registration.ts'

/** Registering and proving the address, for programs. */
export function registrationRoutes(identity: Identity): void {
  const { host, sessions } = identity
  const { http } = host
  const registering = openRegistering(identity)

  http.post(
    '/register',
    {
      config: { access: anyone },
      schema: {
        summary: 'Ask for an account',
        description:
          'Sends a code to the address; the account exists once it is proven. Known and unknown addresses get the same answer.',
        refuses: [
          'address_unreachable',
          'role_not_assignable',
          ...passwordRefusals,
          'too_many_requests',
          'sign_in_busy',
        ],
        body: Type.Object(
          {
            email: Email,
            password: Password,
            ...Names,
            locale: Type.Optional(Locale),
            role: Type.Optional(
              Type.Unknown({ description: 'Refused with `role_not_assignable`: an admin gives roles' }),
            ),
          },
          { anyOf: [{ required: ['name'] }, { required: ['firstName'] }, { required: ['lastName'] }] },
        ),
        response: { 202: Waiting },
      },
    },
    async (request, reply) => {
      const { email, password, locale = 'en', role, ...said } = request.body
      if (role !== undefined)
        throw new Problem('forbidden', 'role_not_assignable', {
          detail: 'Nobody gives themselves a role; an admin does.',
          errors: [{ pointer: '/role', detail: 'must be left out' }],
        })
      const names = namesOf(said)!
      const expiresAt = await registering.begin(request, reply, { email, password, locale, ...names, returnTo: null })
      return reply.code(202).send({ email: shownAddress(normalise(email)), expiresAt: expiresAt.toISOString() })
    },
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
    async (request, reply) => {
      const { email } = request.body
      const expiresAt = await registering.again(request, email)
      return reply.code(202).send({ email: shownAddress(normalise(email)), expiresAt: expiresAt.toISOString() })
    },
  )

  http.post(
    '/verify-otp',
    {
      config: { access: anyone },
      schema: {
        summary: 'Prove the address with the code; the account exists and is signed in',
        description:
          'With the cookie that registering set, the password is that of the registration. Without it anybody may have ' +
          'registered: `password` is needed then, and becomes that of the account. The code is not spent by leaving it out.',
        refuses: ['otp_invalid', 'password_needed', ...passwordRefusals, 'too_many_requests', 'sign_in_busy'],
        body: Type.Object({ email: Email, otp: Otp, password: Type.Optional(Password) }),
        response: { 201: SignedInView },
      },
    },
    async (request, reply) => {
      const { password, ...proof } = request.body
      const begun = await registering.prove(request, proof, password)
      reply.code(201)
      return await sessions.begun(reply, begun)
    },
  )
}
