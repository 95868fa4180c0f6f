import Type, { type Static } from 'typebox'
import { getSeller } from '#contracts/orders'
import { Id, Instant } from '#contracts/shared'
import {
  VendorApproved,
  VendorReinstated,
  VendorRejected,
  VendorStatus,
  VendorSuspended,
  VendorUpdated,
} from '#contracts/vendors'
import {
  isId,
  isInstant,
  newId,
  Problem,
  requireMatch,
  fresh,
  withRole,
  listRoutes,
  createdIn,
  type Http,
} from '#kernel'
import type { VendorsHost } from '../host.ts'
import { nullable, OwnView, requireComplete, told } from './profile.ts'
import { showOwn } from './routes.ts'
import { decisionsOn, findProfile, insertDecision, listProfiles, lockProfile, writeProfile } from './store.ts'

const config = { access: withRole('admin') }
const deciding = { access: fresh(withRole('admin'), '5 minutes') }
const One = Type.Object({ id: Id })
const Reason = Type.String({
  minLength: 1,
  maxLength: 2_000,
  pattern: '^[^\\u0000]*$',
  description: 'The vendor reads it',
  examples: ['The extract of the register is of another company.'],
})
const DecisionView = Type.Object(
  {
    decision: Type.Enum(['approve', 'reject', 'suspend', 'reinstate'], { examples: ['approve'] }),
    reason: nullable(Type.String({ examples: ['The extract of the register is of another company.'] })),
    decidedBy: Id,
    decidedAt: Instant,
  },
  { title: 'VendorDecision' },
)

/** From which states each leads where, and what is told. */
const decisions = {
  approve: { from: ['pending', 'rejected'], to: 'active', event: VendorApproved },
  reject: { from: ['pending'], to: 'rejected', event: VendorRejected },
  suspend: { from: ['active'], to: 'suspended', event: VendorSuspended },
  reinstate: { from: ['suspended'], to: 'active', event: VendorReinstated },
} as const satisfies Record<
  Static<typeof DecisionView>['decision'],
  { from: VendorStatus[]; to: VendorStatus; event: object }
>

/** What admins decide about vendors; the same for who looks for it where admins are. */
export function decisionRoutes(host: VendorsHost): void {
  waitingRoute(host, host.http, '/applications')
  waitingRoute(host, host.site, '/api/admin/vendors')
  decidedRoute(host)
  for (const at of [
    { http: host.http, path: '' },
    { http: host.site, path: '/api/admin/vendors' },
  ]) {
    decide(host, at, 'approve', 'Let a vendor sell', 'Who asked gets the role `vendor`, if they have none above it.')
    decide(host, at, 'reject', 'Do not let a vendor sell, and say why', 'It may mend what is wrong and ask again.')
    decide(host, at, 'suspend', 'Take all that a vendor sells out of the shop, and say why', 'Placed orders go on.')
    decide(host, at, 'reinstate', 'Let a vendor that was suspended sell again', 'What it sold is for sale again.')
  }
}

function waitingRoute(host: VendorsHost, http: Http, path: string): void {
  const { db } = host
  listRoutes(http, db, path, {
    config,
    schema: {
      summary: 'Vendors for who decides about them; who waits for longest comes first',
      of: 'vendors',
      filters: { status: Type.Optional(VendorStatus) },
      item: OwnView,
    },
    wanted: ({ query }) => ({ status: query.status ?? ('pending' as const), created: createdIn(query) }),
    rows: (wanted, limit, after) => listProfiles(db, wanted, limit, after),
    order: [isInstant, isId],
    keysOf: ({ createdAt, submittedAt, id }, { status }) => [
      (status === 'pending' ? submittedAt! : createdAt).toISOString(),
      id,
    ],
    views: rows => Promise.all(rows.map(one => showOwn(host, one))),
  })
}

function decidedRoute({ db, http }: VendorsHost): void {
  http.get(
    '/:id/decisions',
    {
      config,
      schema: {
        summary: 'What was decided about a vendor, the latest first',
        refuses: ['vendor_unknown'],
        params: One,
        response: { 200: Type.Object({ items: Type.Array(DecisionView) }, { title: 'VendorDecisions' }) },
      },
    },
    async ({ params }) => {
      if (!(await findProfile(db, params.id))) throw new Problem('not_found', 'vendor_unknown')
      const items = await decisionsOn(db, params.id)
      return { items: items.map(one => ({ ...one, decidedAt: one.decidedAt.toISOString() })) }
    },
  )
}

function decide(
  host: VendorsHost,
  { http, path }: { http: Http; path: string },
  decision: keyof typeof decisions,
  summary: string,
  description: string,
): void {
  const { ask, db, now } = host
  const { from, to, event } = decisions[decision]
  const needsReason = decision === 'reject' || decision === 'suspend'
  http.post(
    `${path}/:id/${decision}`,
    {
      config: deciding,
      schema: {
        summary,
        description,
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['vendor_unknown', 'vendor_state', ...(decision === 'approve' ? ['onboarding_incomplete'] : [])],
        params: One,
        body: Type.Object({ reason: needsReason ? Reason : Type.Optional(Reason) }),
        response: { 200: OwnView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const { known } = await ask(getSeller, { ownerId: params.id })
      const vendor = await db.transaction(async tx => {
        const there = await lockProfile(tx, params.id)
        if (!there) throw new Problem('not_found', 'vendor_unknown')
        requireMatch(request, there.version)
        if (!(from as readonly VendorStatus[]).includes(there.status))
          throw new Problem('conflict', 'vendor_state', { status: there.status })
        // It may have taken something away since it was handed in.
        if (decision === 'approve') requireComplete(there, known)
        const at = now()
        const made = { decision, reason: body.reason ?? null, decidedBy: actor.userId, decidedAt: at }
        await insertDecision(tx, newId(at.getTime()), there.id, made)
        const { decision: _, ...about } = made
        const next = {
          ...there,
          ...about,
          status: to,
          verified: there.verified || decision === 'approve',
          version: there.version + 1,
        }
        await writeProfile(tx, next)
        await tx.publish(VendorUpdated, told(next))
        await tx.publish(event, { ...told(next), reason: next.reason })
        return next
      })
      return reply.header('etag', `"${vendor.version}"`).send(await showOwn(host, vendor))
    },
  )
}
