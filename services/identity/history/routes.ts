import Type, { type Static } from 'typebox'
import { UserSignedOut } from '#contracts/identity'
import { Id, Instant } from '#contracts/shared'
import { fresh, listQuery, Page, page, Problem, signedIn, withRole } from '#kernel'
import { findUser } from '../accounts/store.ts'
import { idAfter, type Identity } from '../identity.ts'
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
  const listed = async (userId: string, query: { after?: string; limit: number }) =>
    page(await listSignIns(db, userId, idAfter(query.after), query.limit), query.limit, last => [last.id], view)

  http.get(
    '/sign-ins',
    {
      config: { access: signedIn },
      schema: {
        summary: 'The own sign-ins and those that failed, the latest first',
        description: 'Of half a year; those that failed, of a month.',
        querystring: listQuery({}),
        response: { 200: Page(SignInView) },
      },
    },
    async ({ actor, query }) => await listed(actor.userId, query),
  )

  http.get(
    '/users/:id/sign-ins',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'The sign-ins of somebody',
        refuses: ['user_unknown'],
        params: Type.Object({ id: Id }),
        querystring: listQuery({}),
        response: { 200: Page(SignInView) },
      },
    },
    async ({ params, query }) => {
      if (!(await findUser(db, params.id))) throw new Problem('not_found', 'user_unknown')
      return await listed(params.id, query)
    },
  )

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
