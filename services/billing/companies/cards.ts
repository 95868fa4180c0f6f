import Type, { type Static } from 'typebox'
import { listMembers } from '#contracts/identity'
import { getToken } from '#contracts/ocpp'
import { Id, Instant, Line } from '#contracts/shared'
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
import type { BillingHost } from '../host.ts'
import { companyFor, companyOf } from './access.ts'
import { endCards, tell, type Rebook } from './endings.ts'
import { Policy } from './policies.ts'
import {
  listCards,
  listEmployees,
  lockCard,
  requireCompany,
  requireCostCentre,
  type Card,
  type Employee,
} from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const Said = {
  costCentreId: Type.Optional(
    nullable({ ...Id, description: 'Where what it charges is booked; null is that of who holds it', examples: [null] }),
  ),
  label: Type.Optional(nullable(Line(200, { examples: ['Blue card 17'] }))),
}
const CardView = Type.Object(
  {
    id: Id,
    companyId: Id,
    idToken: Type.String({ examples: ['04A2B9C1D2E380'] }),
    type: Type.String({ examples: ['ISO14443'] }),
    holderId: Id,
    costCentreId: nullable(Id),
    label: nullable(Type.String({ examples: ['Blue card 17'] })),
    assignedAt: Instant,
    endedAt: nullable(Instant),
    endedFor: nullable(
      Type.Enum(['left', 'removed', 'given-back'], {
        description: '`left`: who holds it is no member any more, and chargers refuse it until it is removed',
        examples: ['left'],
      }),
    ),
    version: Type.Integer({ minimum: 1, examples: [1] }),
  },
  { title: 'CompanyCard' },
)
const view = ({ organisationId, tokenId: _, assignedAt, endedAt, ...card }: Card): Static<typeof CardView> => ({
  ...card,
  companyId: organisationId,
  assignedAt: assignedAt.toISOString(),
  endedAt: endedAt?.toISOString() ?? null,
})

const EmployeeView = Type.Object(
  {
    userId: Id,
    name: Type.String({ examples: ['Ada Lovelace'] }),
    costCentreId: nullable(Id),
    policy: nullable(Policy),
    version: Type.Integer({ description: '0 where nothing was said of them', examples: [1] }),
  },
  { title: 'Employee' },
)

const One = Type.Object({ id: Id })
const config = { access: signedIn }
const manager = ['company_unknown', 'company_manager_required'] as const

/** Cards that charge on a company's account. */
export function cardRoutes(host: BillingHost, rebook: Rebook): void {
  const { db, http, ask, now } = host

  http.post(
    '/company/cards',
    {
      config,
      schema: {
        summary: 'Let a card of an employee charge on the account of the company',
        description: 'An operator has made it for them before; from now on the company pays what they charge with it.',
        honours: ['Idempotency-Key'],
        gives: ['ETag'],
        refuses: [...manager, 'employee_unknown', 'card_unknown', 'card_taken', 'cost_centre_unknown'],
        body: Type.Object({
          idToken: Line(255, { examples: ['04A2B9C1D2E380'] }),
          type: Type.Optional(Type.Enum(['ISO14443', 'ISO15693', 'eMAID', 'Local'], { examples: ['ISO14443'] })),
          holderId: { ...Id, description: 'A member of the organisation, whose card it is' },
          ...Said,
        }),
        response: { 201: CardView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const organisationId = companyOf(actor)
      const { type = 'ISO14443', holderId, costCentreId = null, label = null } = body
      // Who leaves while this is on its way leaves behind this moment.
      const assignedAt = now()
      await requireCompany(db, organisationId)
      await requireMember(host, organisationId, holderId)
      const token = await ask(getToken, { idToken: body.idToken, type }).catch((error: unknown) => {
        if (error instanceof Problem && error.code === 'token_unknown') return undefined
        throw error
      })
      if (token?.userId !== holderId) throw new Problem('not_found', 'card_unknown')
      const made = await db.once(request, async tx => {
        await requireCostCentre(tx, organisationId, costCentreId)
        const card: Card = {
          id: newId(),
          organisationId,
          tokenId: token.tokenId,
          idToken: token.idToken,
          type: token.type,
          holderId,
          costCentreId,
          label,
          assignedAt,
          endedAt: null,
          endedFor: null,
          version: 1,
        }
        await insert(tx, card)
        await tell(tx, card, assignedAt)
        return view(card)
      })
      return reply.code(201).header('etag', '"1"').send(made)
    },
  )

  http.get(
    '/company/cards',
    {
      config,
      schema: {
        summary: 'Cards of the company, the newest first',
        refuses: [...manager],
        querystring: listQuery({}),
        response: { 200: Page(CardView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const rows = await listCards(db, { organisationId: companyOf(actor) }, limit + 1, before)
      return page(rows, limit, ({ id }) => [id], view)
    },
  )

  http.get(
    '/cards',
    {
      config,
      schema: {
        summary: 'Own cards that charge, or charged, on the account of a company, the newest first',
        querystring: listQuery({}),
        response: { 200: Page(CardView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const rows = await listCards(db, { holderId: actor.userId }, limit + 1, before)
      return page(rows, limit, ({ id }) => [id], view)
    },
  )

  http.put(
    '/company/cards/:id',
    {
      config,
      schema: {
        summary: 'Change where what a card charges is booked; what is left out stays',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: [...manager, 'card_unknown', 'cost_centre_unknown'],
        params: One,
        body: Type.Object(Said),
        response: { 200: CardView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const organisationId = companyOf(actor)
      const changed = await db.transaction(async tx => {
        const card = await lockCard(tx, params.id)
        if (card?.organisationId !== organisationId) throw new Problem('not_found', 'card_unknown')
        requireMatch(request, card.version)
        const after = { ...card, ...body, version: card.version + 1 }
        await requireCostCentre(tx, organisationId, after.costCentreId)
        await tx`
          update company_cards set cost_centre_id = ${after.costCentreId}, label = ${after.label}, version = ${after.version}
          where id = ${after.id}`
        await tell(tx, after, now())
        return after
      })
      return reply.header('etag', `"${changed.version}"`).send(view(changed))
    },
  )

  http.delete(
    '/company/cards/:id',
    {
      config,
      schema: {
        summary: 'End the use of a card on the account of the company',
        description: 'By the company, or by who holds it; from then on what it charges is theirs to pay.',
        refuses: ['card_unknown'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      await db.transaction(async tx => {
        const card = await lockCard(tx, id)
        const isManager = card !== undefined && card.organisationId === companyFor(actor)
        if (!card || !(isManager || card.holderId === actor.userId)) throw new Problem('not_found', 'card_unknown')
        if (!card.endedAt) await endCards(tx, { cardId: id }, isManager ? 'removed' : 'given-back', now(), rebook)
        if (card.endedFor !== 'left' || !isManager) return
        const freed: Card = { ...card, endedFor: 'removed', version: card.version + 1 }
        await tx`update company_cards set ended_for = 'removed', version = ${freed.version} where id = ${id}`
        await tell(tx, freed, now())
      })
      return reply.code(204).send(null)
    },
  )
}

/** Where what employees charge is booked, and when they may. */
export function employeeRoutes(host: BillingHost): void {
  const { db, http, ask } = host
  http.get(
    '/company/employees',
    {
      config,
      schema: {
        summary: 'Members of the company, and what was said of them',
        refuses: [...manager],
        querystring: listQuery({}),
        response: { 200: Page(EmployeeView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const organisationId = companyOf(actor)
      await requireCompany(db, organisationId)
      const before = cursorOf(after, isId)?.[0] as string | undefined
      const { members } = await ask(listMembers, { organisationId })
      const rows = members
        .filter(({ userId }) => before === undefined || userId > before)
        .toSorted((a, b) => (a.userId < b.userId ? -1 : 1))
        .slice(0, limit + 1)
      const known = await listEmployees(
        db,
        organisationId,
        rows.map(({ userId }) => userId),
      )
      return page(
        rows,
        limit,
        ({ userId }) => [userId],
        ({ userId, name }) => {
          const { costCentreId = null, policy = null, version = 0 } = known.get(userId) ?? {}
          return { userId, name, costCentreId, policy, version }
        },
      )
    },
  )

  http.put(
    '/company/employees/:id',
    {
      config,
      schema: {
        summary: 'Say where what an employee charges is booked, and when they may charge on the account of the company',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: [...manager, 'employee_unknown', 'cost_centre_unknown'],
        params: One,
        body: Type.Object({ costCentreId: nullable({ ...Id, examples: [null] }), policy: nullable(Policy) }),
        response: { 200: EmployeeView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const organisationId = companyOf(actor)
      await requireCompany(db, organisationId)
      const { name } = await requireMember(host, organisationId, params.id)
      const made = await db.transaction(async tx => {
        await requireCostCentre(tx, organisationId, body.costCentreId)
        await tx`
          insert into company_employees (organisation_id, user_id, version) values (${organisationId}, ${params.id}, 0)
          on conflict do nothing`
        const [row] = await tx<Pick<Employee, 'version'>[]>`
          select version from company_employees
          where organisation_id = ${organisationId} and user_id = ${params.id} for update`
        requireMatch(request, row!.version)
        const version = row!.version + 1
        await tx`
          update company_employees set cost_centre_id = ${body.costCentreId}, version = ${version},
            policy = ${body.policy && tx.json(body.policy)}
          where organisation_id = ${organisationId} and user_id = ${params.id}`
        return { userId: params.id, name, ...body, version }
      })
      return reply.header('etag', `"${made.version}"`).send(made)
    },
  )
}

async function requireMember({ ask }: BillingHost, organisationId: string, userId: string): Promise<{ name: string }> {
  const { members } = await ask(listMembers, { organisationId })
  const found = members.find(member => member.userId === userId)
  if (!found) throw new Problem('not_found', 'employee_unknown')
  return found
}

async function insert(tx: Tx, card: Card): Promise<void> {
  try {
    await tx`
      insert into company_cards (id, organisation_id, token_id, id_token, type, holder_id, cost_centre_id, label,
        assigned_at, version)
      values (${card.id}, ${card.organisationId}, ${card.tokenId}, ${card.idToken}, ${card.type}, ${card.holderId},
        ${card.costCentreId}, ${card.label}, ${card.assignedAt}, ${card.version})`
  } catch (error) {
    if (violates(error, 'company_cards_current')) throw new Problem('conflict', 'card_taken')
    throw error
  }
}
