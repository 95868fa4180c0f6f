import Type from 'typebox'
import { ActingBegan } from '#contracts/identity'
import { Id, Instant, Line } from '#contracts/shared'
import { fresh, newId, Problem, withRole } from '#kernel'
import { nameOf } from '../accounts/accounts.ts'
import { findUser, lockUser } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { digest, newSecret } from '../secrets.ts'
import { prefixOf } from './devices.ts'
import { holdMembership, insertActing } from './store.ts'

/** Revocations are told of for so long. */
export const longestActingMs = 60 * 60_000

const ActingView = Type.Object(
  {
    accessToken: Type.String({
      description: 'Goes into "Authorization: Bearer …"; there is no cookie and no refresh token of it',
      examples: ['eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9…'],
    }),
    sessionId: Id,
    until: Instant,
  },
  { title: 'Acting' },
)

/** An admin acts in the place of somebody, to see what they see: for a reason, for a while, and under both names. */
export function actingRoute({ host, tokens }: Identity): void {
  const { db, http, now } = host

  http.post(
    '/users/:id/act',
    {
      config: { access: fresh(withRole('admin'), '5 minutes', true) },
      schema: {
        summary: 'Act in the place of somebody, to help them',
        description:
          'With a sign-in of the last five minutes. The token is good for `minutes` and ends at once with `POST ' +
          '/api/auth/logout`, when the person or an admin signs them out, and with the rights of the admin. Neither the ' +
          'account, its factors, sessions and keys, nor payouts can be changed with it, and the person sees the session.',
        refuses: ['user_unknown', 'acting_refused', 'organisation_unknown'],
        params: Type.Object({ id: Id }),
        body: Type.Object({
          reason: Line(500, { examples: ['Ticket 4711: a passport that cannot be published'] }),
          minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 60, default: 15, examples: [15] })),
          organisationId: Type.Optional({ ...Id, description: 'The organisation to act for in their place' }),
        }),
        response: { 201: ActingView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const [at, sessionId] = [now(), newId()]
      const until = new Date(at.getTime() + (body.minutes ?? 15) * 60_000)
      const { user, organisation } = await db.transaction(async tx => {
        const user = await lockUser(tx, params.id, 'stay')
        if (!user) throw new Problem('not_found', 'user_unknown')
        const admin = await findUser(tx, actor.userId)
        if (user.id === actor.userId || user.role === 'admin' || user.disabled || !admin)
          throw new Problem('conflict', 'acting_refused')
        const organisation = body.organisationId
          ? await holdMembership(tx, body.organisationId, user.id, null)
          : undefined
        if (body.organisationId && !organisation) throw new Problem('not_found', 'organisation_unknown')
        await insertActing(tx, {
          id: sessionId,
          userId: user.id,
          organisationId: body.organisationId ?? null,
          refreshHash: digest(newSecret()),
          device: `${nameOf(admin)} (admin)`,
          addressPrefix: prefixOf(request.ip),
          createdAt: at,
          endsAt: until,
          actedBy: admin.id,
        })
        await tx.publish(ActingBegan, {
          userId: user.id,
          sessionId,
          by: admin.id,
          byName: nameOf(admin),
          reason: body.reason.trim(),
          until: until.toISOString(),
        })
        return { user, organisation }
      })
      // Nothing that asks for a proof takes one of 1970.
      const proof = { authenticatedAt: new Date(0), methods: [] }
      const claims = { userId: user.id, sessionId, role: user.role, organisation, until, proof, actedBy: actor.userId }
      return await reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ accessToken: await tokens.sign(claims, at), sessionId, until: until.toISOString() })
    },
  )
}
