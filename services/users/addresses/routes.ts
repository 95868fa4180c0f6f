import Type, { type Static } from 'typebox'
import { Id, Instant, Line } from '#contracts/shared'
import { getAddresses } from '#contracts/users'
import { newId, Problem, requireMatch, signedIn, type Tx } from '#kernel'
import { Country, nullable, Telephone } from '../fields.ts'
import type { UsersHost } from '../host.ts'
import {
  deleteAddress,
  findAddresses,
  insertAddress,
  lockAddresses,
  updateAddress,
  type Address,
  type Written,
} from './store.ts'

const most = 50

const written = {
  name: Line(200, { examples: ['Ada Lovelace'] }),
  company: nullable(Line(200, { examples: ['Voltaic GmbH'] })),
  lines: Type.Array(Line(200, { examples: ['Marktplatz 1'] }), {
    minItems: 1,
    maxItems: 6,
    description: 'Street and number, building, block, district: as it is written there',
  }),
  city: nullable(Line(120, { examples: ['Berlin'] })),
  postalCode: nullable(Line(20, { examples: ['10178'] })),
  region: nullable(Line(120, { examples: ['Berlin'] })),
  country: Country,
  telephone: nullable(Telephone),
  note: nullable(Line(500, { examples: ['At the back of the yard'], description: 'For who brings something' })),
}
const defaults = {
  defaultBilling: Type.Boolean({ description: 'What is bought is billed to it, unless one says otherwise' }),
  defaultShipping: Type.Boolean({ description: 'What is bought is sent there, unless one says otherwise' }),
}
const Body = Type.Object({
  name: written.name,
  company: Type.Optional(written.company),
  lines: written.lines,
  city: Type.Optional(written.city),
  postalCode: Type.Optional(written.postalCode),
  region: Type.Optional(written.region),
  country: written.country,
  telephone: Type.Optional(written.telephone),
  note: Type.Optional(written.note),
  defaultBilling: Type.Optional(defaults.defaultBilling),
  defaultShipping: Type.Optional(defaults.defaultShipping),
})
const Shown = (example: string) => Type.String({ examples: [example] })
const View = Type.Object(
  {
    id: Id,
    name: Shown('Ada Lovelace'),
    company: nullable(Shown('Voltaic GmbH')),
    lines: Type.Array(Shown('Marktplatz 1')),
    city: nullable(Shown('Berlin')),
    postalCode: nullable(Shown('10178')),
    region: nullable(Shown('Berlin')),
    country: Shown('DE'),
    telephone: nullable(Shown('+49 30 1234567')),
    note: nullable(Shown('At the back of the yard')),
    ...defaults,
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'Address' },
)
const One = Type.Object({ id: Id })
const config = { access: signedIn }

const view = ({ userId: _, createdAt, ...address }: Address): Static<typeof View> => ({
  ...address,
  lines: [...address.lines],
  createdAt: createdAt.toISOString(),
})

const writtenOf = (body: Static<typeof Body>): Written => ({
  name: body.name,
  company: body.company ?? null,
  lines: body.lines,
  city: body.city ?? null,
  postalCode: body.postalCode ?? null,
  region: body.region ?? null,
  country: body.country,
  telephone: body.telephone ?? null,
  note: body.note ?? null,
})

const owned = (addresses: readonly Address[], id: string): Address => {
  const found = addresses.find(address => address.id === id)
  if (!found) throw new Problem('not_found', 'address_unknown')
  return found
}

/** Of each kind one is what is meant where nobody says which. */
async function takeDefaults(tx: Tx, others: readonly Address[], next: Address): Promise<void> {
  for (const other of others) {
    const billing = other.defaultBilling && !next.defaultBilling
    const shipping = other.defaultShipping && !next.defaultShipping
    if (billing === other.defaultBilling && shipping === other.defaultShipping) continue
    const version = other.version + 1
    await updateAddress(tx, { ...other, defaultBilling: billing, defaultShipping: shipping, version })
  }
}

/** Where one lives and has things sent to. */
export function addressRoutes({ answer, db, http, now }: UsersHost): void {
  answer(getAddresses, async ({ userId }) => ({
    addresses: (await findAddresses(db, userId)).map(({ lines, ...address }) => ({ ...address, lines: [...lines] })),
  }))

  http.get(
    '/addresses',
    {
      config,
      schema: {
        summary: 'The own addresses, in the order in which they were added',
        response: { 200: Type.Object({ items: Type.Array(View) }, { title: 'Addresses' }) },
      },
    },
    async ({ actor }) => ({ items: (await findAddresses(db, actor.userId)).map(view) }),
  )

  http.post(
    '/addresses',
    {
      config,
      schema: {
        summary: 'Add an address',
        description: 'The first is the default for bills and for what is sent.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['addresses_too_many'],
        body: Body,
        response: { 201: View },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const made = await db.once(request, async tx => {
        const there = await lockAddresses(tx, actor.userId)
        if (there.length >= most) throw new Problem('conflict', 'addresses_too_many')
        const address: Address = {
          id: newId(),
          userId: actor.userId,
          ...writtenOf(body),
          defaultBilling: body.defaultBilling ?? there.length === 0,
          defaultShipping: body.defaultShipping ?? there.length === 0,
          version: 1,
          createdAt: now(),
        }
        await takeDefaults(tx, there, address)
        await insertAddress(tx, address)
        return view(address)
      })
      reply.code(201).header('location', `/api/users/addresses/${made.id}`).header('etag', `"${made.version}"`)
      return reply.send(made)
    },
  )

  http.put(
    '/addresses/:id',
    {
      config,
      schema: {
        summary: 'Write an address anew',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: ['address_unknown'],
        params: One,
        body: Body,
        response: { 200: View },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const changed = await db.transaction(async tx => {
        const all = await lockAddresses(tx, actor.userId)
        const before = owned(all, params.id)
        requireMatch(request, before.version)
        const { defaultBilling = before.defaultBilling, defaultShipping = before.defaultShipping } = body
        const version = before.version + 1
        const next = { ...before, ...writtenOf(body), defaultBilling, defaultShipping, version }
        await takeDefaults(
          tx,
          all.filter(({ id }) => id !== before.id),
          next,
        )
        await updateAddress(tx, next)
        return next
      })
      return reply.header('etag', `"${changed.version}"`).send(view(changed))
    },
  )

  http.delete(
    '/addresses/:id',
    {
      config,
      schema: {
        summary: 'Take an address away',
        description: 'What was bought keeps it.',
        refuses: ['address_unknown'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await db.transaction(async tx => {
        const { id } = owned(await lockAddresses(tx, actor.userId), params.id)
        await deleteAddress(tx, id)
      })
      return reply.code(204).send()
    },
  )
}
