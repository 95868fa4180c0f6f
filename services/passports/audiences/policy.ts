import Type, { type Static } from 'typebox'
import { anyone, Problem } from '#kernel'
import { actions, draftPolicies, may, policy, policyDifference, policyInForce, type Action, type Policy } from '#law'
import type { PassportsHost } from '../host.ts'
import type { Reading } from './reading.ts'
import { views } from './views.ts'

const Text = Type.String()
const Points = Type.Array(Type.Integer({ minimum: 1, maximum: 4 }), { examples: [[1, 2, 4]] })
const Head = Type.Object(
  {
    id: Type.String({ examples: ['2023-1542'] }),
    title: Type.String({ examples: ['Who sees what of a battery passport'] }),
    source: Type.String({ examples: ['Regulation (EU) 2023/1542, Art. 77(2) and Annex XIII'] }),
    appliesFrom: Type.Optional(Type.String({ format: 'date', examples: ['2024-02-18'] })),
    state: Type.Enum(['in_force', 'draft'], { examples: ['in_force'] }),
  },
  { title: 'PassportPolicyHead' },
)
const headOf = (one: Policy): Static<typeof Head> => ({
  id: one.id,
  title: one.title,
  source: one.source,
  ...(one.appliesFrom && { appliesFrom: one.appliesFrom }),
  state: one === policyInForce ? 'in_force' : 'draft',
})

const PolicyView = Type.Object(
  {
    ...Head.properties,
    audiences: Type.Array(
      Type.Object(
        {
          audience: Type.Enum(['public', 'authority', 'interest'], { examples: ['interest'] }),
          points: Points,
          article: Text,
          actions: Type.Array(Type.Enum([...actions]), { examples: [['view', 'download']] }),
        },
        { title: 'PassportAudience' },
      ),
    ),
    authorities: Type.Array(
      Type.Object(
        { kind: Type.String({ examples: ['market_surveillance'] }), article: Text },
        { title: 'AuthorityKind' },
      ),
    ),
    purposes: Type.Array(
      Type.Object(
        {
          id: Type.String({ examples: ['treatment'] }),
          points: Points,
          grant: Type.Boolean({ description: 'Somebody has to grant it' }),
          article: Text,
          who: Text,
        },
        { title: 'InterestPurpose' },
      ),
    ),
    attributes: Type.Array(
      Type.Object({ id: Text, point: Type.Integer({ minimum: 1, maximum: 4 }) }, { title: 'AttributePoint' }),
    ),
    documents: Type.Array(
      Type.Object({ kind: Text, point: Type.Integer({ minimum: 1, maximum: 4 }) }, { title: 'DocumentPoint' }),
    ),
    decided: Type.Array(Type.Object({ what: Text, why: Text }, { title: 'PolicyDecision' }), {
      description: 'Where the law can be read in two ways, how we read it',
    }),
    awaits: Type.Array(Type.Object({ article: Text, due: Text, what: Text }, { title: 'PolicyAwaited' })),
    drafts: Type.Array(Head, { description: 'What is to come; it decides nothing yet' }),
  },
  { title: 'PassportPolicy' },
)

const Changes = Type.Object(
  {
    policy: Head,
    against: Head,
    changes: Type.Array(
      Type.Object(
        {
          of: Type.Enum(['audience', 'authority', 'purpose', 'publishers', 'document', 'attribute'], {
            examples: ['purpose'],
          }),
          id: Type.String({ examples: ['purchase'] }),
          was: Type.Unknown({ description: 'Null where it is new' }),
          is: Type.Unknown({ description: 'Null where it is gone' }),
        },
        { title: 'PassportPolicyChange' },
      ),
    ),
  },
  { title: 'PassportPolicyDifference' },
)

/** Who sees what and why, and what a coming act changes in that before it decides. */
export function policyRoutes({ http }: PassportsHost): void {
  http.get(
    '/policy',
    {
      config: { access: anyone },
      schema: {
        summary: 'Who sees what of a passport by the law, and what they may do with it',
        response: { 200: PolicyView },
      },
    },
    async () => ({
      ...headOf(policyInForce),
      audiences: Object.entries(policyInForce.audiences).map(([audience, one]) => ({
        audience: audience as 'public',
        points: [...one.points],
        article: one.article,
        actions: [...one.actions],
      })),
      authorities: [...policyInForce.authorities],
      purposes: policyInForce.purposes.map(({ points, ...one }) => ({ ...one, points: [...points] })),
      attributes: Object.entries(policyInForce.attributes).map(([id, point]) => ({ id, point })),
      documents: Object.entries(policyInForce.documents).map(([kind, point]) => ({ kind, point })),
      decided: policy.decided,
      awaits: [...policyInForce.awaits],
      drafts: draftPolicies.map(headOf),
    }),
  )

  http.get(
    '/policy/:policyId',
    {
      config: { access: anyone },
      schema: {
        summary: 'What a policy tells otherwise than the one in force',
        refuses: ['passport_policy_unknown'],
        params: Type.Object({ policyId: Type.String({ maxLength: 50, examples: ['2023-1542'] }) }),
        response: { 200: Changes },
      },
    },
    async ({ params: { policyId } }) => {
      const one = [policyInForce, ...draftPolicies].find(({ id }) => id === policyId)
      if (!one) throw new Problem('not_found', 'passport_policy_unknown')
      const changes = policyDifference(policyInForce, one).map(change => ({ ...change, of: change.of as 'purpose' }))
      return { policy: headOf(one), against: headOf(policyInForce), changes }
    },
  )
}

/** Fails with `action_closed` where the policy lets who reads so see it, and no more. */
export function requireAllowed({ view }: Reading, action: Action): void {
  if (may(view === 'owner' ? ['owner'] : views[view], action)) return
  throw new Problem('forbidden', 'action_closed', {
    detail: `By the policy of the law whoever reads this as ${view} may not ${action} it.`,
  })
}
