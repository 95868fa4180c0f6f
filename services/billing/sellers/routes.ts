import Type, { type Static } from 'typebox'
import { Line } from '#contracts/shared'
import { notModified, ownVersion, ownerFor, Problem, requireMatch } from '#kernel'
import { checkTaxId } from '#money/tax'
import { lockFirst, sellers } from '../access.ts'
import type { BillingHost } from '../host.ts'
import { findSeller, type Seller } from './sellers.ts'

const Body = Type.Object({
  name: Line(200, { examples: ['Example Charging GmbH'] }),
  address: Type.Object({
    street: Line(100, { examples: ['Marktplatz 1'] }),
    postalCode: Line(12, { examples: ['10178'] }),
    city: Line(80, { examples: ['Berlin'] }),
    region: Type.Optional(
      Type.String({
        pattern: '^[A-Z0-9]{1,3}$',
        maxLength: 3,
        description: 'ISO 3166-2 without the country',
        examples: ['BE'],
      }),
    ),
    country: Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, description: 'ISO 3166-1 alpha-2', examples: ['DE'] }),
  }),
  taxId: Type.Union([Type.String({ maxLength: 20, examples: ['DE136695976'] }), Type.Null()], {
    description: 'Its form and check digits are looked at',
  }),
  taxNumber: Type.Optional(
    Type.Union([Line(30, { examples: ['27/123/45678'] }), Type.Null()], {
      description: 'Of the local tax office, for who has no `taxId` or wants both on invoices (EN 16931, BT-32)',
    }),
  ),
  smallBusiness: Type.Optional(Type.Boolean({ description: 'Asks no tax where it is established' })),
  rounding: Type.Optional(
    Type.Enum(['line', 'document'], {
      description: 'Whether tax is rounded for each line or once for a document',
      examples: ['document'],
    }),
  ),
})
const SellerView = Type.Object(
  {
    name: Type.String({ examples: ['Example Charging GmbH'] }),
    address: Type.Object({
      street: Type.String({ examples: ['Marktplatz 1'] }),
      postalCode: Type.String({ examples: ['10178'] }),
      city: Type.String({ examples: ['Berlin'] }),
      region: Type.Optional(Type.String({ examples: ['BE'] })),
      country: Type.String({ examples: ['DE'] }),
    }),
    taxId: Type.Union([Type.String({ examples: ['DE136695976'] }), Type.Null()]),
    taxNumber: Type.Union([Type.String({ examples: ['27/123/45678'] }), Type.Null()]),
    smallBusiness: Type.Boolean(),
    rounding: Type.Enum(['line', 'document'], { examples: ['document'] }),
    version: Type.Integer({ minimum: 1, examples: [1] }),
  },
  { title: 'Seller' },
)
const view = ({ ownerId: _, ...seller }: Seller): Static<typeof SellerView> => seller
const config = { access: sellers }

/** Who one sells as: the organisation one acts for, or oneself. */
export function sellerRoutes({ db, http }: BillingHost): void {
  http.get(
    '/seller',
    {
      config,
      schema: {
        summary: 'Who one sells as',
        honours: ['If-None-Match'],
        refuses: ['seller_unknown', 'editor_required'],
        response: { 200: SellerView },
      },
    },
    async (request, reply) => {
      const found = await findSeller(db, ownerFor(request.actor).id)
      if (!found) throw new Problem('not_found', 'seller_unknown')
      return notModified(request, reply, ownVersion(found.version, request.actor)) ? reply.send() : view(found)
    },
  )

  http.put(
    '/seller',
    {
      config,
      schema: {
        summary: 'Say who one sells as',
        description:
          'Before it is said no tax is part of what sessions cost. Invoices keep what held when they were made.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['editor_required', 'tax_id_invalid'],
        body: Body,
        response: { 200: SellerView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { id: ownerId } = ownerFor(actor)
      const { name, address, taxNumber = null, smallBusiness = false, rounding = 'document' } = body
      const taxId = body.taxId === null ? null : (await checkTaxId(body.taxId, address.country)).number
      const made = await db.transaction(async tx => {
        await lockFirst(tx, 'seller', ownerId)
        const [row] = await tx<{ version: number }[]>`
          select version from sellers where owner_id = ${ownerId} for update`
        requireMatch(request, row?.version ?? 0)
        const version = (row?.version ?? 0) + 1
        await tx`
          insert into sellers (owner_id, name, address, tax_id, tax_number, small_business, rounding, version)
          values (${ownerId}, ${name}, ${tx.json(address)}, ${taxId}, ${taxNumber}, ${smallBusiness}, ${rounding},
            ${version})
          on conflict (owner_id) do update set name = excluded.name, address = excluded.address,
            tax_id = excluded.tax_id, tax_number = excluded.tax_number, small_business = excluded.small_business, rounding = excluded.rounding,
            version = excluded.version`
        return { ownerId, name, address, taxId, taxNumber, smallBusiness, rounding, version }
      })
      return reply.header('etag', `"${ownVersion(made.version, actor)}"`).send(view(made))
    },
  )
}
