import Type, { type Static } from 'typebox'
import { Id, Line, Minor } from '#contracts/shared'
import {
  cursorOf,
  isId,
  listQuery,
  notModified,
  ownVersion,
  Page,
  page,
  Problem,
  requireMatch,
  signedIn,
  type Tx,
} from '#kernel'
import { checkTaxId } from '#money/tax'
import { freshSellers, lockFirst, ownersFor, sellers } from '../access.ts'
import type { BillingHost } from '../host.ts'
import { judge } from '../wallets/accounts.ts'
import { companyOf } from './access.ts'
import { requireCompany, type Company } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Language = Type.Enum(['en', 'de'], { examples: ['en'] })

const Body = Type.Object({
  party: Type.Object(
    {
      name: Line(200, { examples: ['Voltaic GmbH'] }),
      street: Type.Optional(Line(100, { examples: ['Ringstr. 5'] })),
      postalCode: Type.Optional(Line(12, { examples: ['10115'] })),
      city: Type.Optional(Line(80, { examples: ['Berlin'] })),
      country: Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['DE'] }),
      taxId: Type.Optional(
        Type.String({
          maxLength: 20,
          description: 'Its form and check digits are looked at',
          examples: ['DE136695976'],
        }),
      ),
    },
    { description: 'As whom the company is billed' },
  ),
  language: Language,
  buyerReference: Type.Optional(
    nullable({
      ...Line(100, { examples: ['PO-4711'] }),
      description: 'What it wants to find on its invoices (EN 16931, BT-10)',
    }),
  ),
})
const CompanyView = Type.Object(
  {
    organisationId: Id,
    party: Type.Object({
      name: Type.String({ examples: ['Voltaic GmbH'] }),
      street: Type.Optional(Type.String()),
      postalCode: Type.Optional(Type.String()),
      city: Type.Optional(Type.String()),
      country: Type.String({ examples: ['DE'] }),
      taxId: Type.Optional(Type.String({ examples: ['DE136695976'] })),
    }),
    language: Language,
    buyerReference: nullable(Type.String({ examples: ['PO-4711'] })),
    version: Type.Integer({ minimum: 1, examples: [1] }),
  },
  { title: 'Company' },
)
const view = ({ party, ...company }: Company): Static<typeof CompanyView> => ({
  ...company,
  party: { ...party, taxId: party.taxId?.number },
})

const Terms = {
  limitMinor: nullable({ ...Minor, minimum: 0, description: 'What it may owe; null is without end' }),
  dueInDays: Type.Integer({ minimum: 0, maximum: 180, examples: [14] }),
}
const TermsView = Type.Object(
  { organisationId: Id, sellerId: Id, ...Terms, version: Type.Integer({ minimum: 1, examples: [1] }) },
  { title: 'CompanyTerms' },
)
interface KeptTerms {
  readonly organisationId: string
  readonly sellerId: string
  readonly limitMinor: bigint | null
  readonly dueInDays: number
  readonly version: number
}
const viewTerms = ({ limitMinor, ...terms }: KeptTerms): Static<typeof TermsView> => ({
  ...terms,
  limitMinor: limitMinor === null ? null : Number(limitMinor),
})
const One = Type.Object({ id: Id })

/** How an organisation pays for what its employees charge. */
export function companyRoutes({ db, http, now }: BillingHost): void {
  http.get(
    '/company',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How the company one acts for is billed',
        honours: ['If-None-Match'],
        refuses: ['company_unknown', 'company_manager_required'],
        response: { 200: CompanyView },
      },
    },
    async (request, reply) => {
      const found = await requireCompany(db, companyOf(request.actor))
      return notModified(request, reply, ownVersion(found.version, request.actor)) ? reply.send() : view(found)
    },
  )

  http.put(
    '/company',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say how the company one acts for is billed',
        description: 'From then on it has a wallet, cost centres and cards for its employees.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['company_unknown', 'company_manager_required', 'tax_id_invalid'],
        body: Body,
        response: { 200: CompanyView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const organisationId = companyOf(actor)
      const { language, buyerReference = null } = body
      const taxId = body.party.taxId ? await checkTaxId(body.party.taxId, body.party.country) : undefined
      const party = { ...body.party, taxId }
      const made = await db.transaction(async tx => {
        await lockFirst(tx, 'company', organisationId)
        const [row] = await tx<{ version: number }[]>`
          select version from companies where organisation_id = ${organisationId} for update`
        requireMatch(request, row?.version ?? 0)
        const version = (row?.version ?? 0) + 1
        await tx`
          insert into companies (organisation_id, party, language, buyer_reference, version, created_at)
          values (${organisationId}, ${tx.json(party as never)}, ${language}, ${buyerReference}, ${version}, ${now()})
          on conflict (organisation_id) do update set party = excluded.party, language = excluded.language,
            buyer_reference = excluded.buyer_reference, version = excluded.version`
        return { organisationId, party, language, buyerReference, version }
      })
      return reply.header('etag', `"${ownVersion(made.version, actor)}"`).send(view(made))
    },
  )
}

/** Which companies pay a seller by invoice once a month. */
export function termsRoutes({ db, http, now, settings }: BillingHost): void {
  const judged = (tx: Tx<'billing'>, id: string) => judge(tx, { kind: 'organisation', id }, settings, now())
  const sellerOf = (actor: Parameters<typeof ownersFor>[0]): string => actor.organisation?.id ?? actor.userId

  http.get(
    '/companies',
    {
      config: { access: sellers },
      schema: {
        summary: 'Companies that pay by invoice',
        querystring: listQuery({}),
        response: { 200: Page(TermsView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const [sellerId, id] = (cursorOf(after, isId, isId) ?? []) as string[]
      const owners = ownersFor(actor)
      const rows = await db<KeptTerms[]>`
        select organisation_id as "organisationId", seller_id as "sellerId", limit_minor as "limitMinor",
          due_in_days as "dueInDays", version
        from company_terms
        where true ${owners ? db`and seller_id = any(${owners}::uuid[])` : db``}
          ${id ? db`and (seller_id, organisation_id) > (${sellerId!}::uuid, ${id}::uuid)` : db``}
        order by seller_id, organisation_id limit ${limit + 1}`
      return page(rows, limit, row => [row.sellerId, row.organisationId], viewTerms)
    },
  )

  http.put(
    '/companies/:id/terms',
    {
      config: { access: freshSellers },
      schema: {
        summary: 'Let a company pay by invoice',
        description: 'Whoever is let by no seller pays from what they have.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['company_unknown', 'company_manager_required'],
        params: One,
        body: Type.Object(Terms),
        response: { 200: TermsView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      if (actor.organisation?.role === 'viewer') throw new Problem('forbidden', 'company_manager_required')
      const sellerId = sellerOf(actor)
      const made = await db.transaction(async tx => {
        await requireCompany(tx, params.id)
        await lockFirst(tx, 'terms', `${params.id} ${sellerId}`)
        const [row] = await tx<{ version: number }[]>`
          select version from company_terms where organisation_id = ${params.id} and seller_id = ${sellerId}`
        requireMatch(request, row?.version ?? 0)
        const version = (row?.version ?? 0) + 1
        await tx`
          insert into company_terms (organisation_id, seller_id, limit_minor, due_in_days, version)
          values (${params.id}, ${sellerId}, ${body.limitMinor}, ${body.dueInDays}, ${version})
          on conflict (organisation_id, seller_id) do update set limit_minor = excluded.limit_minor,
            due_in_days = excluded.due_in_days, version = excluded.version`
        await judged(tx, params.id)
        return { organisationId: params.id, sellerId, ...body, version }
      })
      return reply.header('etag', `"${made.version}"`).send(made)
    },
  )

  http.delete(
    '/companies/:id/terms',
    {
      config: { access: sellers },
      schema: {
        summary: 'Let a company pay by invoice no longer',
        description: 'What it owes stays; what begins from now on it pays from what it has.',
        refuses: ['company_unknown', 'company_manager_required'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      if (actor.organisation?.role === 'viewer') throw new Problem('forbidden', 'company_manager_required')
      await db.transaction(async tx => {
        const gone = await tx`
          delete from company_terms where organisation_id = ${id} and seller_id = ${sellerOf(actor)} returning 1`
        if (gone.length === 0) throw new Problem('not_found', 'company_unknown')
        await judged(tx, id)
      })
      return reply.code(204).send(null)
    },
  )
}
