import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { CommissionRuleChanged, type CommissionRule } from '#contracts/vendors'
import {
  cursorOf,
  isId,
  isInstant,
  listQuery,
  newId,
  Page,
  page,
  Problem,
  requireMatch,
  signedIn,
  timeOf,
  fresh,
  withRole,
} from '#kernel'
import type { VendorsHost } from '../host.ts'
import { nullable } from '../profiles/profile.ts'
import { vendorIdOf } from '../profiles/routes.ts'
import { endRule, holding, insertRule, listRules, lockRule, type Rule } from './store.ts'

const config = { access: withRole('admin') }
/** It decides who gets how much of each sale. */
const changing = { access: fresh(withRole('admin'), '5 minutes') }
const Fixed = Type.Object({ currency: Currency, amountMinor: { ...Minor, minimum: 0, maximum: 1_000_000_000 } })
const BasisPoints = Type.Integer({ minimum: 0, maximum: 10_000, description: '100 are one percent', examples: [1_200] })
const Body = Type.Object(
  {
    vendorId: Type.Optional({ ...Id, description: 'Of every vendor where it is left out' }),
    categoryId: Type.Optional({ ...Id, description: 'And those below it; in every category where it is left out' }),
    basisPoints: BasisPoints,
    fixed: Type.Optional({ ...Fixed, description: 'A piece' }),
    from: Type.Optional({ ...Instant, description: 'Now, or later' }),
    until: Type.Optional({ ...Instant, description: 'Not included' }),
  },
  { examples: [{ basisPoints: 1_200, fixed: { currency: 'EUR', amountMinor: 30 } }] },
)
const View = Type.Object(
  {
    id: Id,
    vendorId: nullable(Id),
    categoryId: nullable(Id),
    basisPoints: BasisPoints,
    fixed: nullable(Fixed),
    from: Instant,
    until: nullable(Instant),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'CommissionRule' },
)

const view = ({ from, until, createdAt, ...rule }: Rule): Static<typeof View> => ({
  ...rule,
  from: from.toISOString(),
  until: until && until.toISOString(),
  createdAt: createdAt.toISOString(),
})
const told = ({ id, createdAt: _, ...rule }: Rule): CommissionRule => ({
  ...rule,
  ruleId: id,
  from: rule.from.toISOString(),
  until: rule.until && rule.until.toISOString(),
})

/** What the platform keeps: rules that admins make and end, and which of them holds for whom. */
export function commissionRoutes({ db, http, now }: VendorsHost): void {
  http.post(
    '/commission-rules',
    {
      config: changing,
      schema: {
        summary: 'Say what the platform keeps of what is sold',
        description:
          'Of the net price of a line, and an amount a piece. It is frozen on each line when an order is placed. The nearest ' +
          'rule holds: of the vendor in the category, of the vendor, of the category, of all; of two as near the later one.',
        honours: ['Idempotency-Key'],
        refuses: ['rule_period'],
        body: Body,
        response: { 201: View },
      },
    },
    async (request, reply) => {
      const { vendorId = null, categoryId = null, basisPoints, fixed = null, from, until } = request.body
      const at = now()
      const rule: Rule = {
        id: newId(at.getTime()),
        vendorId,
        categoryId,
        basisPoints,
        fixed,
        from: from === undefined ? at : timeOf(from),
        until: until === undefined ? null : timeOf(until),
        version: 1,
        createdAt: at,
      }
      // What was placed before keeps what it had: nothing holds for yesterday.
      if (rule.from < at || (rule.until && rule.until <= rule.from)) throw new Problem('unprocessable', 'rule_period')
      const made = await db.once(request, async tx => {
        await insertRule(tx, rule)
        await tx.publish(CommissionRuleChanged, told(rule))
        return view(rule)
      })
      return reply.code(201).send(made)
    },
  )

  http.get(
    '/commission-rules',
    {
      config,
      schema: {
        summary: 'Rules in the order in which they began',
        querystring: listQuery({ inForce: Type.Optional(Type.Boolean({ description: 'Only those that hold now' })) }),
        response: { 200: Page(View) },
      },
    },
    async ({ query: { limit, after, inForce } }) => {
      const filters = { vendorId: undefined, at: inForce ? now() : undefined }
      const rows = await listRules(db, filters, limit + 1, cursorOf(after, isInstant, isId))
      return page(rows, limit, ({ from, id }) => [from.toISOString(), id], view)
    },
  )

  http.delete(
    '/commission-rules/:id',
    {
      config: changing,
      schema: {
        summary: 'End a rule now',
        description: 'One that has not begun never holds. Orders that were placed keep what they had.',
        honours: ['If-Match'],
        refuses: ['rule_unknown', 'rule_ended'],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await db.transaction(async tx => {
        const there = await lockRule(tx, request.params.id)
        if (!there) throw new Problem('not_found', 'rule_unknown')
        requireMatch(request, there.version)
        const at = now()
        if (there.until && there.until <= at) throw new Problem('conflict', 'rule_ended')
        const ended = { ...there, until: at > there.from ? at : there.from, version: there.version + 1 }
        await endRule(tx, ended)
        await tx.publish(CommissionRuleChanged, told(ended))
      })
      return reply.code(204).send()
    },
  )

  http.get(
    '/commission',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What the platform keeps of what one sells, and by which rule',
        description:
          'Of the vendor that one is; admins ask for any. The first rule holds, the others would without it.',
        querystring: Type.Object(
          { vendorId: Type.Optional(Id), categoryId: Type.Optional(Id) },
          { additionalProperties: false, examples: [{}] },
        ),
        response: {
          200: Type.Object(
            { basisPoints: BasisPoints, fixed: nullable(Fixed), rules: Type.Array(View) },
            { title: 'Commission' },
          ),
        },
      },
    },
    async ({ actor, query }) => {
      const vendorId = actor.role === 'admin' ? (query.vendorId ?? vendorIdOf(actor)) : vendorIdOf(actor)
      const rules = await holding(db, vendorId, query.categoryId ?? null, now())
      return { basisPoints: rules[0]?.basisPoints ?? 0, fixed: rules[0]?.fixed ?? null, rules: rules.map(view) }
    },
  )
}
