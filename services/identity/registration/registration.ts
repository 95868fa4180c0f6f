import Type from 'typebox'
import { Email } from '#contracts/shared'
import { Problem } from '#kernel'

export const Password = Type.String({
  maxLength: 1000,
  description: 'Any characters; at least PASSWORD_MIN_LENGTH (12), at most 128',
  examples: ['a-long-summer-of-trains'],
})

export const Otp = Type.String({ pattern: '^[0-9]{6}$', description: 'The code from the mail', examples: ['492817'] })

export const Waiting = Type.Object(
  {
    email: Email,
    expiresAt: Type.String({
      format: 'date-time',
      description: 'Until when the code is good',
      examples: ['2027-02-18T08:40:00.000Z'],
    }),
  },
  { title: 'CodeSent' },
)

export const wrongCode = () =>
  new Problem('invalid', 'otp_invalid', {
    detail: 'The code is wrong or no longer good. Ask for a new one after five tries or ten minutes.',
    errors: [{ pointer: '/otp', detail: 'is not the code that was sent last' }],
  })
