import Type, { type Static } from 'typebox'
import { TariffPublished, TariffTerms, TariffWithdrawn } from '#contracts/billing'
import { Id, Instant, Line, Owner } from '#contracts/shared'
import { getStation } from '#contracts/stations'
import {
  authorise,
  createdIn,
  isId,
  listRoutes,
  newId,
  notModified,
  ownerFor,
  Problem,
  requireMatch,
  violates,
  type Actor,
} from '#kernel'
import { exact, isCurrency } from '#money/amount'
import { ownersFor, sellers, sellsAt } from '../access.ts'
import type { BillingHost } from '../host.ts'
import {
  findTariff,
  insertTariff,
  insertTerms,
  listTariffs,
  lockTariff,
  setUses,
  updateTariff,
  type Tariff,
} from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Number = Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] })

const Use = Type.Object({
  stationId: nullable(Id),
  evse: nullable(Number),
  connector: nullable(Number),
  groupId: nullable({ ...Id, description: 'Of drivers; null is for everybody' }),
})
const NewUse = Type.Object({
  stationId: Type.Optional(Id),
  evse: Type.Optional(Number),
  connector: Type.Optional(Number),
  groupId: Type.Optional({ ...Id, description: 'Of drivers; for everybody where it is left out' }),
})

export const TariffView = Type.Object(
  {
    id: Id,
    owner: Owner,
    name: Type.String({ examples: ['Standard'] }),
    terms: TariffTerms,
    uses: Type.Array(Use),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
    withdrawnAt: nullable(Instant),
  },
  { title: 'Tariff' },
)
export const viewTariff = (tariff: Tariff): Static<typeof TariffView> => ({
  ...tariff,
  uses: [...tariff.uses],
  createdAt: tariff.createdAt.toISOString(),
  withdrawnAt: tariff.withdrawnAt?.toISOString() ?? null,
})

const Body = Type.Object({
  name: Line(120, { examples: ['Standard'] }),
  terms: TariffTerms,
  uses: Type.Optional(
    Type.Array(NewUse, {
      maxItems: 500,
      description: 'Where it is in force; `{}` is wherever nothing nearer is',
    }),
  ),
})
const One = Type.Object({ id: Id })
const config = { access: sellers }

export function tariffRoutes(host: BillingHost): void {
  const { db, http, now } = host

  http.post(
    '/tariffs',
    {
      config,
      schema: {
        summary: 'Say what charging costs',
        description: 'Terms are those of OCPI tariffs. Nothing costs anything where no tariff is in force.',
        honours: ['Idempotency-Key'],
        gives: ['Location', 'ETag'],
        refuses: ['editor_required', 'tariff_use_taken', 'station_unknown', 'group_unknown', 'currency_unknown'],
        body: Body,
        response: { 201: TariffView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const owner = ownerFor(actor)
      const uses = await usesFor(host, actor, owner, body)
      const made = await db.once(request, async tx => {
        const at = now()
        const { name, terms } = body
        const tariff = { id: newId(), owner, name, terms, uses, version: 1, createdAt: at, withdrawnAt: null }
        await insertTariff(tx, tariff)
        await insertTerms(tx, tariff, at)
        await unlessTaken(setUses(tx, tariff, at))
        await tx.publish(TariffPublished, { tariffId: tariff.id, owner, name, version: 1, terms })
        return viewTariff(tariff)
      })
      return reply
        .code(201)
        .header('location', `/api/billing/tariffs/${made.id}`)
        .header('etag', `"${made.version}"`)
        .send(made)
    },
  )

  listRoutes(http, db, '/tariffs', {
    config,
    schema: { summary: 'Tariffs that are offered, the newest first', of: 'tariffs', filters: {}, item: TariffView },
    wanted: ({ actor, query }) => ({ owners: ownersFor(actor), created: createdIn(query) }),
    rows: (wanted, limit, after) => listTariffs(db, wanted, limit, after?.[0] as string | undefined),
    order: [isId],
    keysOf: ({ id }) => [id],
    view: viewTariff,
  })

  http.get(
    '/tariffs/:id',
    {
      config,
      schema: {
        summary: 'A tariff, also one that was withdrawn',
        honours: ['If-None-Match'],
        refuses: ['tariff_unknown'],
        params: One,
        response: { 200: TariffView },
      },
    },
    async (request, reply) => {
      const found = await findTariff(db, request.params.id)
      authorise(request.actor, 'read', found, 'tariff_unknown')
      return notModified(request, reply, found!.version) ? reply.send() : viewTariff(found!)
    },
  )

  http.put(
    '/tariffs/:id',
    {
      config,
      schema: {
        summary: 'Change a tariff',
        description: 'Sessions that run and prices that were quoted keep the terms they had.',
        honours: ['If-Match'],
        gives: ['ETag'],
        refuses: [
          'tariff_unknown',
          'tariff_withdrawn',
          'editor_required',
          'tariff_use_taken',
          'station_unknown',
          'group_unknown',
          'currency_unknown',
        ],
        params: One,
        body: Body,
        response: { 200: TariffView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const before = await findTariff(db, params.id)
      authorise(actor, 'write', before, 'tariff_unknown')
      const uses = await usesFor(host, actor, before!.owner, body)
      const changed = await db.transaction(async tx => {
        const tariff = (await lockTariff(tx, params.id))!
        requireMatch(request, tariff.version)
        if (tariff.withdrawnAt) throw new Problem('conflict', 'tariff_withdrawn')
        const { name, terms } = body
        const after = { ...tariff, name, terms, uses, version: tariff.version + 1 }
        await updateTariff(tx, after)
        const at = now()
        await insertTerms(tx, after, at)
        await unlessTaken(setUses(tx, after, at))
        await tx.publish(TariffPublished, {
          tariffId: after.id,
          owner: after.owner,
          name,
          version: after.version,
          terms,
        })
        return after
      })
      return reply.header('etag', `"${changed.version}"`).send(viewTariff(changed))
    },
  )

  http.delete(
    '/tariffs/:id',
    {
      config,
      schema: {
        summary: 'Offer a tariff no longer',
        description: 'Sessions and quotes that cite it keep it.',
        honours: ['If-Match'],
        refuses: ['tariff_unknown', 'editor_required'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.transaction(async tx => {
        const tariff = await lockTariff(tx, params.id)
        authorise(actor, 'write', tariff, 'tariff_unknown')
        requireMatch(request, tariff!.version)
        if (tariff!.withdrawnAt) return
        const at = now()
        await setUses(tx, { ...tariff!, uses: [] }, at)
        await updateTariff(tx, { ...tariff!, withdrawnAt: at })
        await tx.publish(TariffWithdrawn, { tariffId: tariff!.id, owner: tariff!.owner })
      })
      return reply.code(204).send(null)
    },
  )
}

/**
 * Fails with `currency_unknown`, and with `request_invalid` where the least price is more than the greatest, or a price of
 * reservations is of what there is only in sessions.
 */
export function requireTerms({ currency, elements, minPrice, maxPrice }: TariffTerms): void {
  if (!isCurrency(currency))
    throw new Problem('unprocessable', 'currency_unknown', {
      errors: [{ pointer: '/terms/currency', detail: 'is none' }],
    })
  if (minPrice !== undefined && maxPrice !== undefined && exact(minPrice).compare(exact(maxPrice)) > 0)
    throw new Problem('invalid', 'request_invalid', {
      errors: [{ pointer: '/terms/minPrice', detail: 'is more than maxPrice' }],
    })
  const errors = elements.flatMap((element, index) =>
    faultsOfReserved(element).map(({ at, detail }) => ({ pointer: `/terms/elements/${index}/${at}`, detail })),
  )
  if (errors.length > 0) throw new Problem('invalid', 'request_invalid', { errors })
}

const ofCharging = ['minEnergyWh', 'maxEnergyWh', 'minPowerW', 'maxPowerW'] as const

/** Nothing flows while something is reserved (OCPI 2.2.1 TariffRestrictions). */
function faultsOfReserved({ priceComponents, restrictions }: TariffTerms['elements'][number]) {
  if (restrictions?.reservation === undefined) return []
  return [
    ...priceComponents.flatMap(({ type }, index) =>
      type === 'TIME' || type === 'FLAT'
        ? []
        : { at: `priceComponents/${index}/type`, detail: 'must be TIME or FLAT, as the element is of reservations' },
    ),
    ...ofCharging
      .filter(name => restrictions[name] !== undefined)
      .map(name => ({ at: `restrictions/${name}`, detail: 'cannot stand beside reservation: nothing flows then' })),
  ]
}

/** Where a tariff is to be in force, if its owner may say so; and whether its terms can be. */
async function usesFor(
  { db, ask }: BillingHost,
  actor: Actor,
  owner: Owner,
  { terms, uses = [] }: Static<typeof Body>,
): Promise<Tariff['uses']> {
  requireTerms(terms)
  for (const [index, { stationId, evse, connector }] of uses.entries()) {
    const missing =
      evse !== undefined && stationId === undefined
        ? 'stationId'
        : connector !== undefined && evse === undefined
          ? 'evse'
          : undefined
    if (missing)
      throw new Problem('invalid', 'request_invalid', {
        errors: [{ pointer: `/uses/${index}/${missing}`, detail: 'is required beside what it contains' }],
      })
  }
  for (const stationId of new Set(uses.flatMap(use => use.stationId ?? []))) {
    const station = await ask(getStation, { stationId })
    if (station.deleted || station.owner?.id !== owner.id || !sellsAt(actor, station.owner))
      throw new Problem('not_found', 'station_unknown')
  }
  const groups = [...new Set(uses.flatMap(use => use.groupId ?? []))]
  const known = await db`select from driver_groups where id = any(${groups}::uuid[]) and owner_id = ${owner.id}`
  if (known.length < groups.length) throw new Problem('not_found', 'group_unknown')
  return uses.map(({ stationId = null, evse = null, connector = null, groupId = null }) => ({
    stationId,
    evse,
    connector,
    groupId,
  }))
}

async function unlessTaken(setting: Promise<void>): Promise<void> {
  try {
    await setting
  } catch (error) {
    if (violates(error, 'tariff_uses_one')) throw new Problem('conflict', 'tariff_use_taken')
    throw error
  }
}
