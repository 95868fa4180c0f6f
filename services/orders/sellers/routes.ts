import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Line, Minor } from '#contracts/shared'
import {
  cursorOf,
  isId,
  isInstant,
  newId,
  notModified,
  ownVersion,
  ownerFor,
  Page,
  page,
  pageQuery,
  Problem,
  requireMatch,
  signedIn,
} from '#kernel'
import { checkTaxId } from '#money/tax'
import { sellsAs, vendorOf, vendors, vendorsFor } from '../access.ts'
import type { OrdersHost } from '../host.ts'
import type { ShippingOption } from '../pricing/shipping.ts'
import { findSellers, writeSeller, type Seller } from './sellers.ts'
import { deleteOption, findOption, insertOption, listOptions } from './shipping-store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Country = Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['DE'] })

const SellerBody = {
  name: Line(200, { examples: ['Example Chargers GmbH'] }),
  address: Type.Object({
    street: Line(100, { examples: ['Ringstr. 5'] }),
    postalCode: Line(12, { examples: ['10115'] }),
    city: Line(80, { examples: ['Berlin'] }),
    region: Type.Optional(
      Type.String({
        pattern: '^[A-Z0-9]{1,3}$',
        maxLength: 3,
        description: 'ISO 3166-2, where tax depends on it',
        examples: ['BE'],
      }),
    ),
    country: Country,
  }),
  taxId: Type.Optional(
    Type.String({
      maxLength: 20,
      description: 'VAT id or GSTIN; its form and check digits are looked at',
      examples: ['DE123456788'],
    }),
  ),
  smallBusiness: Type.Boolean({ description: 'Asks no tax (Art. 284; § 19 UStG)', examples: [false] }),
}
const SellerView = Type.Object(
  {
    ownerId: Id,
    name: Type.String({ examples: ['Example Chargers GmbH'] }),
    address: Type.Object({
      street: Type.String({ examples: ['Ringstr. 5'] }),
      postalCode: Type.String({ examples: ['10115'] }),
      city: Type.String({ examples: ['Berlin'] }),
      region: Type.Optional(Type.String({ examples: ['BE'] })),
      country: Country,
    }),
    taxId: nullable(Type.String({ examples: ['DE123456788'] })),
    smallBusiness: Type.Boolean({ examples: [false] }),
    version: Type.Integer({ minimum: 1, examples: [1] }),
  },
  { title: 'ShopSeller' },
)

const viewSeller = ({ owner, ...seller }: Seller): Static<typeof SellerView> => ({ ownerId: owner.id, ...seller })

const Amount = { ...Minor, minimum: 0, maximum: 1_000_000_000 }
const OptionBody = {
  name: Line(120, { examples: ['Parcel'] }),
  countries: Type.Array(Country, { maxItems: 250, uniqueItems: true, description: 'None: everywhere' }),
  currency: Currency,
  priceMinor: { ...Amount, description: 'With tax' },
  perKgMinor: Type.Optional({ ...Amount, description: 'For each kilogram that is begun' }),
  freeFromMinor: Type.Optional({ ...Amount, description: 'From so much on it costs nothing' }),
  maxWeightG: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000_000, examples: [30_000] })),
  minDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 365, examples: [2] })),
  maxDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 365, examples: [4] })),
}
const OptionView = Type.Object(
  {
    id: Id,
    vendorId: Id,
    name: Type.String({ examples: ['Parcel'] }),
    countries: Type.Array(Country),
    currency: Currency,
    priceMinor: Amount,
    perKgMinor: Amount,
    freeFromMinor: nullable(Amount),
    maxWeightG: nullable(Type.Integer({ examples: [30_000] })),
    minDays: nullable(Type.Integer({ examples: [2] })),
    maxDays: nullable(Type.Integer({ examples: [4] })),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'ShippingOption' },
)

const orNull = (minor: bigint | null): number | null => (minor === null ? null : Number(minor))

const viewOption = (one: ShippingOption): Static<typeof OptionView> => ({
  ...one,
  countries: [...one.countries],
  priceMinor: Number(one.priceMinor),
  perKgMinor: Number(one.perKgMinor),
  freeFromMinor: orNull(one.freeFromMinor),
  maxWeightG: orNull(one.maxWeightG),
  createdAt: one.createdAt.toISOString(),
})

/** Who sells, as tax and invoices know them, and how they send things. */
export function sellerRoutes({ db, http, now }: OrdersHost): void {
  http.get(
    '/seller',
    {
      config: { access: signedIn },
      schema: {
        summary: 'As whom one sells',
        honours: ['If-None-Match'],
        refuses: ['seller_unknown'],
        response: { 200: SellerView },
      },
    },
    async (request, reply) => {
      const { id } = vendorOf(request.actor)
      const found = (await findSellers(db, [id])).get(id)
      if (!found) throw new Problem('not_found', 'seller_unknown')
      return notModified(request, reply, ownVersion(found.version, request.actor)) ? reply.send() : viewSeller(found)
    },
  )

  http.put(
    '/seller',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Say as whom one sells',
        description: 'Without it nothing is taxed and no invoice is issued. Orders that were placed stay as they are.',
        refuses: ['editor_required', 'tax_id_invalid'],
        body: Type.Object(SellerBody),
        response: { 200: SellerView },
      },
    },
    async ({ actor, body }) => {
      const taxId = body.taxId === undefined ? null : (await checkTaxId(body.taxId, body.address.country)).number
      return await db.transaction(async tx =>
        viewSeller(await writeSeller(tx, { ...body, owner: ownerFor(actor), taxId })),
      )
    },
  )

  http.post(
    '/shipping-options',
    {
      config: { access: vendors },
      schema: {
        summary: 'Add a way to send things',
        description: 'A vendor without any sends everywhere for nothing.',
        honours: ['Idempotency-Key'],
        body: Type.Object(OptionBody),
        response: { 201: OptionView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const made: ShippingOption = {
        id: newId(),
        vendorId: vendorOf(actor).id,
        name: body.name,
        countries: body.countries,
        currency: body.currency,
        priceMinor: BigInt(body.priceMinor),
        perKgMinor: BigInt(body.perKgMinor ?? 0),
        freeFromMinor: body.freeFromMinor === undefined ? null : BigInt(body.freeFromMinor),
        maxWeightG: body.maxWeightG === undefined ? null : BigInt(body.maxWeightG),
        minDays: body.minDays ?? null,
        maxDays: body.maxDays ?? null,
        version: 1,
        createdAt: now(),
      }
      return reply.code(201).send(
        await db.once(request, async tx => {
          await insertOption(tx, made)
          return viewOption(made)
        }),
      )
    },
  )

  http.get(
    '/shipping-options',
    {
      config: { access: vendors },
      schema: {
        summary: 'One’s ways to send things',
        querystring: Type.Object(pageQuery),
        response: { 200: Page(OptionView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const cursor = cursorOf(after, isInstant, isId) as [string, string] | undefined
      const rows = await listOptions(db, vendorsFor(actor), limit + 1, cursor)
      return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], viewOption)
    },
  )

  http.delete(
    '/shipping-options/:id',
    {
      config: { access: vendors },
      schema: {
        summary: 'Send nothing that way any more',
        honours: ['If-Match'],
        refuses: ['shipping_option_unknown'],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.transaction(async tx => {
        const found = await findOption(tx, params.id)
        if (!found || !sellsAs(actor, found.vendorId)) throw new Problem('not_found', 'shipping_option_unknown')
        requireMatch(request, found.version)
        await deleteOption(tx, params.id)
      })
      return reply.code(204).send()
    },
  )
}
