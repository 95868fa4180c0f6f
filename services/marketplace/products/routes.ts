import Type from 'typebox'
import { ProductStatus } from '#contracts/marketplace'
import { getPassportFacts } from '#contracts/passports'
import { Id } from '#contracts/shared'
import {
  anyone,
  isId,
  isInstant,
  languageOf,
  notModified,
  ownerFor,
  partiesOf,
  Problem,
  requireMatch,
  listRoutes,
  createdIn,
  changedIn,
  changedQuery,
  type Actor,
  type Http,
  type Reply,
  type Request,
} from '#kernel'
import { admins, editableBy, isSeenBy, vendors } from '../access.ts'
import { NewProduct, ProductChange } from './body.ts'
import { changeProduct, createProduct, decide, deleteProduct, type Battery, type Workshop } from './changing.ts'
import type { Product } from './product.ts'
import { shownQuery } from './shown.ts'
import { findBySlug, findProduct, listOwn, listWaiting, lockProduct, productOf } from './store.ts'
import { ProductView, view } from './view.ts'

export const One = Type.Object({ id: Id })
/** An id, or a name in addresses. */
export const Named = Type.Object({ id: Type.String({ minLength: 1, maxLength: 120, examples: ['wallbox-11-kw'] }) })

const refusesBody = [
  'editor_required',
  'approval_required',
  'product_incomplete',
  'product_variants',
  'price_invalid',
  'slug_taken',
  'sku_taken',
  'reference_taken',
  'attribute_invalid',
  'category_unknown',
  'tax_class_unknown',
  'delivery_invalid',
  'battery_single',
] as const

/** By its id or by its slug, those it had before included. */
export const findNamed = ({ db }: Workshop['host'], name: string): Promise<Product | undefined> =>
  isId(name.toLowerCase()) ? findProduct(db, name.toLowerCase()) : findBySlug(db, name)

/** How a product is shown to who asks. */
export async function showing(
  { host, catalogue }: Workshop,
  request: Pick<Request, 'headers'>,
  query: { currency?: string; language?: 'en' | 'de' },
) {
  const { SHOP_CURRENCY, SHOP_POPULAR_FROM } = host.settings
  return {
    language: query.language ?? languageOf(request),
    currency: query.currency ?? SHOP_CURRENCY,
    at: host.now(),
    tree: await catalogue.tree(),
    popularFrom: SHOP_POPULAR_FROM,
  }
}

export function productRoutes(workshop: Workshop): void {
  const { host } = workshop
  const answer = async (request: Request, reply: Reply, product: Product) =>
    reply.header('etag', `"${product.version}"`).send(view(product, await showing(workshop, request, {})))
  sellingRoutes(workshop, host.http, '/products', answer)
  ownRoutes(workshop, host.http, '/listings')
  // The same for who looks for it where vendors are.
  sellingRoutes(workshop, host.site, '/api/vendors/products', answer)
  ownRoutes(workshop, host.site, '/api/vendors/products')
  host.http.get(
    '/products/:id',
    {
      config: { access: anyone },
      schema: {
        summary: 'Read a product, by its id or by its name in addresses',
        description: 'Everybody what is for sale, its vendor and admins in any state.',
        honours: ['If-None-Match'],
        refuses: ['product_unknown'],
        params: Named,
        querystring: Type.Object(shownQuery),
        response: { 200: ProductView },
      },
    },
    async (request, reply) => {
      const product = await findNamed(host, request.params.id)
      if (!product || !isSeenBy(request, product)) throw new Problem('not_found', 'product_unknown')
      const shown = view(product, await showing(workshop, request, request.query))
      // Prices, stock and reviews change beside the product.
      const tag = `${product.version}-${shown.language}-${shown.currency}-${shown.price}-${shown.stock}-${shown.rating}-${shown.reviewCount}`
      return notModified(request, reply, tag) ? reply.send() : reply.send(shown)
    },
  )
  decisionRoutes(workshop, host.http, '/products', answer)
  // And where admins are.
  decisionRoutes(workshop, host.site, '/api/admin/products', answer)
  waitingRoute(workshop)
}

/** What vendors do with products of theirs. */
function sellingRoutes(workshop: Workshop, http: Http, path: string, answer: Answer): void {
  const { host } = workshop
  const { db, ask } = host
  /** The battery as its passport has it, which is published, and of who sells it. Fails with `passport_unfit`. */
  async function batteryFor(actor: Actor, passportId: string): Promise<Battery> {
    const refuse = (detail: string): never => {
      throw new Problem('unprocessable', 'passport_unfit', { errors: [{ pointer: '/passportId', detail }] })
    }
    const found = await ask(getPassportFacts, { passportId }).catch((error: unknown) => {
      if (error instanceof Problem && error.kind === 'not_found') return undefined
      throw error
    })
    // Whether there is one is nobody's business but its owner's.
    if (!found || found.owner.id !== ownerFor(actor).id)
      return refuse('is no passport that the vendor is responsible for')
    if (found.status !== 'published' || !found.facts) return refuse('is not published')
    return { passportId, facts: found.facts }
  }

  http.post(
    path,
    {
      config: { access: vendors },
      schema: {
        summary: 'Describe a product that one sells',
        description:
          'Of the organisation one acts for, else of oneself. It is `pending` until an admin approves it, unless it is a draft. ' +
          'Of a product that comes in one variant, price, stock and weight are said as a whole.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: [...refusesBody, 'passport_unfit', 'passport_listed'],
        body: NewProduct,
        response: { 201: ProductView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const battery = body.passportId === undefined ? undefined : await batteryFor(actor, body.passportId)
      const shown = await showing(workshop, request, {})
      const made = await db.once(request, async tx =>
        view(await createProduct(workshop, tx, actor, body, battery), shown),
      )
      reply.code(201).header('location', `/api/marketplace/products/${made.id}`).header('etag', `"${made.version}"`)
      return reply.send(made)
    },
  )

  http.put(
    `${path}/:id`,
    {
      config: { access: vendors },
      schema: {
        summary: 'Change a product',
        description:
          'What is left out stays. Its kind, its vendor and its passport stay anyway. An admin approves it by the status `active`.',
        honours: ['If-Match'],
        refuses: ['product_unknown', ...refusesBody],
        params: One,
        body: ProductChange,
        response: { 200: ProductView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const changed = await db.transaction(async tx => {
        const before = editableBy(actor, await lockProduct(tx, params.id))
        requireMatch(request, before.version)
        return await changeProduct(workshop, tx, actor, before, body)
      })
      return await answer(request, reply, changed)
    },
  )

  http.delete(
    `${path}/:id`,
    {
      config: { access: vendors },
      schema: {
        summary: 'Take a product out of the shop for good',
        honours: ['If-Match'],
        refuses: ['product_unknown', 'editor_required'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.transaction(async tx => {
        const before = editableBy(actor, await lockProduct(tx, params.id))
        requireMatch(request, before.version)
        await deleteProduct(workshop, tx, before)
      })
      return reply.code(204).send()
    },
  )
}

type Answer = (request: Request, reply: Reply, product: Product) => Promise<Reply>

/** What admins decide. */
function decisionRoutes(workshop: Workshop, http: Http, path: string, answer: Answer): void {
  const { db } = workshop.host
  const decided = (request: Request, id: string, status: 'active' | 'rejected', reason: string | null) =>
    db.transaction(async tx => {
      const before = editableBy(request.actor, await lockProduct(tx, id))
      requireMatch(request, before.version)
      return await decide(workshop, tx, before, status, reason)
    })

  http.post(
    `${path}/:id/approve`,
    {
      config: { access: admins },
      schema: {
        summary: 'Let a product be sold',
        honours: ['If-Match'],
        refuses: ['product_unknown', 'editor_required', 'product_state', 'product_incomplete'],
        params: One,
        response: { 200: ProductView },
      },
    },
    async (request, reply) => await answer(request, reply, await decided(request, request.params.id, 'active', null)),
  )

  http.post(
    `${path}/:id/reject`,
    {
      config: { access: admins },
      schema: {
        summary: 'Do not let a product be sold, and say why',
        honours: ['If-Match'],
        refuses: ['product_unknown', 'editor_required', 'product_state', 'product_incomplete'],
        params: One,
        body: Type.Object({
          reason: Type.String({ minLength: 1, maxLength: 2_000, examples: ['The picture shows another product.'] }),
        }),
        response: { 200: ProductView },
      },
    },
    async (request, reply) =>
      await answer(request, reply, await decided(request, request.params.id, 'rejected', request.body.reason)),
  )
}

/** What waits for a decision. */
function waitingRoute(workshop: Workshop): void {
  const { site, db } = workshop.host
  listRoutes(site, db, '/api/admin/products', {
    config: { access: admins },
    schema: {
      summary: 'Products for who decides about them',
      description: 'Who waits for longest comes first; of those in another state, the newest.',
      of: 'products',
      filters: {
        status: Type.Optional({ ...ProductStatus, default: 'pending' }),
        vendor: Type.Optional({ ...Id, description: 'Of one vendor' }),
        ...shownQuery,
        ...changedQuery,
      },
      item: ProductView,
    },
    wanted: async request => {
      const { vendor, status = 'pending', ...query } = request.query
      const made = { created: createdIn(query), changed: changedIn(query) }
      return { owners: undefined, vendor, status, made, shown: await showing(workshop, request, query) }
    },
    rows: (wanted, limit, after) => (wanted.status === 'pending' ? listWaiting : listOwn)(db, wanted, limit, after),
    order: [isInstant, isId],
    keysOf: ({ createdAt, submittedAt, id }, { status }) => [
      ((status === 'pending' && submittedAt) || createdAt).toISOString(),
      id,
    ],
    view: (row, { shown }) => view(productOf(row), shown),
  })
}

/** What vendors have, whatever state it is in. */
function ownRoutes(workshop: Workshop, http: Http, path: string): void {
  const { db } = workshop.host
  listRoutes(http, db, path, {
    config: { access: vendors },
    schema: {
      summary: 'List the products one sells, in any state, the newest first',
      description: "One's own, and those of the organisation one acts for; those of all vendors for admins.",
      of: 'products',
      filters: {
        status: Type.Optional(ProductStatus),
        vendor: Type.Optional({ ...Id, description: 'Of one vendor' }),
        ...shownQuery,
        ...changedQuery,
      },
      item: ProductView,
    },
    wanted: async request => {
      const { actor, query } = request
      const owners = actor.role === 'admin' ? undefined : partiesOf(actor)
      const made = { created: createdIn(query), changed: changedIn(query) }
      const shown = await showing(workshop, request, query)
      return { owners, vendor: query.vendor, status: query.status, made, shown }
    },
    rows: (wanted, limit, after) => listOwn(db, wanted, limit, after),
    order: [isInstant, isId],
    keysOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    view: (row, { shown }) => view(productOf(row), shown),
  })
}
