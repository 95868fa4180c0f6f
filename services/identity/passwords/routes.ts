import Type from 'typebox'
import { Email } from '#contracts/shared'
import { anyone } from '#kernel'
import type { Identity } from '../identity.ts'
import { Otp, Password } from '../registration/registration.ts'
import { openResetting } from './resetting.ts'
import { passwordRefusals } from './strength.ts'

/** A forgotten password. */
export function passwordRoutes(identity: Identity): void {
  const { http } = identity.host
  const resetting = openResetting(identity)

  http.post(
    '/forgot-password',
    {
      config: { access: anyone },
      schema: {
        summary: 'Ask for a new password; a link and a code go to the address',
        description:
          'Good for half an hour and once. Known and unknown addresses get the same answer; the mail says what is true. ' +
          'Asked again within a minute, later within a quarter of an hour, nothing more is mailed.',
        refuses: ['too_many_requests'],
        body: Type.Object({ email: Email }),
        response: { 202: Type.Object({ email: Email }, { title: 'ResetAsked' }) },
      },
    },
    async (request, reply) => {
      const email = await resetting.ask(request, reply, request.body.email)
      return reply.code(202).send({ email })
    },
  )

  http.post(
    '/reset-password',
    {
      config: { access: anyone },
      schema: {
        summary: 'Set another password with the link or the code of the mail; all sessions end',
        description: 'Nobody is signed in by it: sign in with the new password.',
        refuses: ['reset_invalid', ...passwordRefusals, 'too_many_requests', 'sign_in_busy'],
        body: Type.Union([
          Type.Object({
            token: Type.String({
              maxLength: 100,
              description: 'As it stands at the end of the link',
              examples: ['q3Jx0b8mUuRzv2c5wYt7hA…'],
            }),
            password: Password,
          }),
          Type.Object({ email: Email, code: Otp, password: Password }),
        ]),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { password, ...proof } = request.body
      await resetting.reset(request, proof, password)
      return reply.code(204).send()
    },
  )
}
