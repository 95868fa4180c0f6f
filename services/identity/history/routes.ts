import Type, { type Static } from 'typebox'
import { UserSignedOut } from '#contracts/identity'
import { Id, Instant } from '#contracts/shared'
import { fresh, isId, Problem, signedIn, withRole, listRoutes, createdIn, type Cursor } from '#kernel'
import { findUser } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { endSessions } from '../sessions/sessions.ts'
import { listSignIns, type SignIn } from './store.ts'

const SignInView = Type.Object(
  {
    id: Id,
    outcome: Type.Enum(['signed-in', 'password-wrong', 'factor-wrong']),
    methods: Type.Array(Type.String(), {
      description: 'How, as RFC 8176 names it: pwd, otp, hwk (a passkey in one device), swk (in several), user, mfa',
      examples: [['pwd', 'otp', 'mfa']],
    }),
    device: Type.String({ examples: ['Firefox on Linux'] }),
    addressPrefix: Type.String({ description: '/24 of IPv4, /64 of IPv6', examples: ['203.0.113.0/24'] }),
    at: Instant,
  },
  { title: 'SignIn' },
)

const view = ({ id, outcome, methods, device, addressPrefix, createdAt }: SignIn): Static<typeof SignInView> => ({
  id,
  outcome,
  methods,
  device,
  addressPrefix,
  at: createdAt.toISOString(),
})

/** Who came in when: for oneself, and for admins, who also sign people out. */
export function historyRoutes({ host }: Identity): void {
  const { db, http } = host
  const one = { of: 'sign-ins', filters: {}, item: SignInView }
  const listed = {
    rows: (
      { userId, at }: { userId: string; at: ReturnType<typeof createdIn> },
      limit: number,
      after: Cursor | undefined,
    ) => listSignIns(db, userId, at, after?.[0] as string | undefined, limit),
    order: [isId],
    keysOf: ({ id }: SignIn) => [id],
    view,
  }

  listRoutes(http, db, '/sign-ins', {
    config: { access: signedIn },
    schema: {
      summary: 'The own sign-ins and those that failed, the latest first',
      description: 'Of half a year; those that failed, of a month.',
      ...one,
    },
    wanted: ({ actor: { userId }, query }) => ({ userId, at: createdIn(query) }),
    ...listed,
  })

  listRoutes(http, db, '/users/:id/sign-ins', {
    config: { access: withRole('admin') },
    schema: {
      summary: 'The sign-ins of somebody',
      refuses: ['user_unknown'],
      params: Type.Object({ id: Id }),
      ...one,
    },
    wanted: async ({ params, query }) => {
      if (!(await findUser(db, params.id))) throw new Problem('not_found', 'user_unknown')
      return { userId: params.id, at: createdIn(query) }
    },
    ...listed,
  })

  http.post(
    '/users/:id/sign-out',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Sign somebody out everywhere; they may sign in again',
        refuses: ['user_unknown'],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ params }, reply) => {
      await db.transaction(async tx => {
        const user = await findUser(tx, params.id)
        if (!user) throw new Problem('not_found', 'user_unknown')
        const ended = await endSessions(tx, user, {}, 'ended')
        await tx.publish(UserSignedOut, { userId: user.id, sessions: ended.length })
      })
      return reply.code(204).send()
    },
  )
}
