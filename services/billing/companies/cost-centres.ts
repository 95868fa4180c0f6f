import Type, { type Static } from 'typebox'
import { Currency, Id, Line, Minor } from '#contracts/shared'
import {
  cursorOf,
  isId,
  listQuery,
  newId,
  Page,
  page,
  Problem,
  requireMatch,
  signedIn,
  violates,
  type Tx,
} from '#kernel'
import { isCurrency } from '#money/amount'
import type { BillingHost } from '../host.ts'
import { companyOf } from './access.ts'
import { spentIn } from './budgets.ts'
import { findCostCentre, listCostCentres, requireCompany, type CostCentre } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const Budget = Type.Object(
  {
    amountMinor: { ...Minor, minimum: 1 },
    currency: Currency,
    alertPercent: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'From so much of it on owners and admins are told, and when all of it is spent; 80 unless said',
        examples: [80],
      }),
    ),
  },
  { description: 'What it wants to spend in a month; nothing is refused because of it' },
)
const Body = Type.Object({
  code: Line(50, { examples: ['4711'] }),
  name: Line(120, { examples: ['Sales'] }),
  budget: Type.Optional(nullable(Budget)),
})
const CostCentreView = Type.Object(
  {
    id: Id,
    code: Type.String({ examples: ['4711'] }),
    name: Type.String({ examples: ['Sales'] }),
    budget: nullable(
      Type.Object({
        amountMinor: Minor,
        currency: Currency,
        alertPercent: Type.Integer({ examples: [80] }),
        spentMinor: { ...Minor, description: 'In this month (UTC)' },
      }),
    ),
    version: Type.Integer({ minimum: 1, examples: [1] }),
  },
  { title: 'CostCentre' },
)
const view = (one: CostCentre, spentMinor: bigint): Static<typeof CostCentreView> => ({
  id: one.id,
  code: one.code,
  name: one.name,
  budget:
    one.budgetMinor === null
      ? null
      : {
          amountMinor: Number(one.budgetMinor),
          currency: one.budgetCurrency!,
          alertPercent: one.alertPercent,
          spentMinor: Number(spentMinor),
        },
  version: one.version,
})

const One = Type.Object({ id: Id })
const config = { access: signedIn }
const manager = ['company_unknown', 'company_manager_required'] as const

/** Where a company books what its employees charge. */
export function costCentreRoutes({ db, http, now }: BillingHost): void {
  http.post(
    '/company/cost-centres',
    {
      config,
      schema: {
        summary: 'Add a cost centre of the company',
        honours: ['Idempotency-Key'],
        gives: ['ETag'],
        refuses: [...manager, 'cost_centre_taken', 'currency_unknown'],
        body: Body,
        response: { 201: CostCentreView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const organisationId = companyOf(actor)
      check(body)
      const made = await db.once(request, async tx => {
        await requireCompany(tx, organisationId)
        const base = { id: newId(), organisationId, version: 1, createdAt: now(), closedAt: null }
        const centre = { ...base, ...said(body) }
        await unlessTaken(insert(tx, centre))
        return view(centre, 0n)
      })
      return reply.code(201).header('etag', '"1"').send(made)
    },
  )

  http.get(
    '/company/cost-centres',
    {
      config,
      schema: {
        summary: 'Cost centres of the company, the newest first',
        refuses: [...manager],
        querystring: listQuery({}),
        response: { 200: Page(CostCentreView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const rows = await listCostCentres(db, companyOf(actor), limit + 1, before)
      const spent = new Map<string, bigint>()
      for (const { id, budgetCurrency } of rows)
        if (budgetCurrency) spent.set(id, await spentIn(db, id, budgetCurrency, now()))
      return page(
        rows,
        limit,
        ({ id }) => [id],
        one => view(one, spent.get(one.id) ?? 0n),
      )
    },
  )

  http.put(
    '/company/cost-centres/:id',
    {
      config,
      schema: {
        summary: 'Change a cost centre',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: [...manager, 'cost_centre_unknown', 'cost_centre_taken', 'currency_unknown'],
        params: One,
        body: Body,
        response: { 200: CostCentreView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const organisationId = companyOf(actor)
      check(body)
      const changed = await db.transaction(async tx => {
        const before = await locked(tx, organisationId, params.id)
        requireMatch(request, before.version)
        const centre = { ...before, ...said(body), version: before.version + 1 }
        await unlessTaken(update(tx, centre))
        return view(centre, centre.budgetCurrency ? await spentIn(tx, centre.id, centre.budgetCurrency, now()) : 0n)
      })
      return reply.header('etag', `"${changed.version}"`).send(changed)
    },
  )

  http.delete(
    '/company/cost-centres/:id',
    {
      config,
      schema: {
        summary: 'Close a cost centre',
        description: 'What was booked there stays; cards and employees of it are of none.',
        honours: ['If-Match'],
        refuses: [...manager, 'cost_centre_unknown'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      const organisationId = companyOf(actor)
      await db.transaction(async tx => {
        const centre = await locked(tx, organisationId, params.id)
        requireMatch(request, centre.version)
        await update(tx, { ...centre, closedAt: now(), version: centre.version + 1 })
        await tx`update company_cards set cost_centre_id = null where cost_centre_id = ${centre.id}`
        await tx`update company_employees set cost_centre_id = null where cost_centre_id = ${centre.id}`
      })
      return reply.code(204).send(null)
    },
  )
}

const said = ({ code, name, budget }: Static<typeof Body>) => ({
  code,
  name,
  budgetMinor: budget ? BigInt(budget.amountMinor) : null,
  budgetCurrency: budget?.currency ?? null,
  alertPercent: budget?.alertPercent ?? 80,
})

function check({ budget }: Static<typeof Body>): void {
  if (budget && !isCurrency(budget.currency))
    throw new Problem('unprocessable', 'currency_unknown', {
      errors: [{ pointer: '/budget/currency', detail: 'is none' }],
    })
}

async function locked(tx: Tx, organisationId: string, id: string): Promise<CostCentre> {
  const found = await findCostCentre(tx, id, true)
  if (found?.organisationId !== organisationId || found.closedAt) throw new Problem('not_found', 'cost_centre_unknown')
  return found
}

const insert = (tx: Tx, one: CostCentre) => tx`
  insert into cost_centres (id, organisation_id, code, name, budget_minor, budget_currency, alert_percent, version, created_at)
  values (${one.id}, ${one.organisationId}, ${one.code}, ${one.name}, ${one.budgetMinor?.toString() ?? null},
    ${one.budgetCurrency}, ${one.alertPercent}, ${one.version}, ${one.createdAt})`

const update = (tx: Tx, one: CostCentre) => tx`
  update cost_centres set code = ${one.code}, name = ${one.name}, budget_minor = ${one.budgetMinor?.toString() ?? null},
    budget_currency = ${one.budgetCurrency}, alert_percent = ${one.alertPercent}, version = ${one.version},
    closed_at = ${one.closedAt}
  where id = ${one.id}`

async function unlessTaken(writing: PromiseLike<unknown>): Promise<void> {
  try {
    await writing
  } catch (error) {
    if (violates(error, 'cost_centres_code')) throw new Problem('conflict', 'cost_centre_taken')
    throw error
  }
}
