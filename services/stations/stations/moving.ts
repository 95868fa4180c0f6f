import Type from 'typebox'
import { listMembers } from '#contracts/identity'
import { Id, type Owner } from '#contracts/shared'
import { StationUpdated } from '#contracts/stations'
import { about, organisationFor, Problem, requireMatch, withRole, type Actor, type Tx } from '#kernel'
import type { StationsHost } from '../host.ts'
import { described, manageableBy, StationView, view, type WholeStation } from './stations.ts'
import { findChargerOwner, findStation, lockStation, moveStation } from './store.ts'

const config = { access: withRole('operator') }
const refuses = [
  'station_unknown',
  'station_of_charger',
  'editor_required',
  'organisation_admin_required',
  'organisation_unknown',
]
const To = { organisationId: Type.Union([Id, Type.Null()], { description: 'Null for oneself' }) }

/** Stations go to an organisation, or to a person; those of chargers go with these. */
export function moveRoutes(host: StationsHost): void {
  const { http, db, now } = host

  /** All of them or none; `judge` refuses what stays. */
  async function moveTo(
    actor: Actor,
    organisationId: string | null,
    ids: readonly string[],
    judge: (tx: Tx<'stations'>, station: WholeStation | undefined, index: number) => Promise<WholeStation>,
  ): Promise<WholeStation[]> {
    const owner: Owner =
      organisationId === null
        ? { kind: 'person', id: actor.userId }
        : organisationFor(
            actor,
            organisationId,
            (await host.ask(listMembers, { organisationId })).members,
            'charging:write',
          )
    return await db.transaction(async tx => {
      const moved: WholeStation[] = []
      const order = ids.map((id, index) => ({ id, index })).sort((a, b) => (a.id < b.id ? -1 : 1))
      for (const { id, index } of order) {
        const before = await judge(tx, await lockStation(tx, id), index)
        if (before.owner?.id !== owner.id) await moveStation(tx, id, owner, now())
        const station = (await findStation(tx, id))!
        if (station.version !== before.version) await tx.publish(StationUpdated, described(station))
        moved.push(station)
      }
      return moved
    })
  }

  http.post(
    '/:id/move',
    {
      config,
      schema: {
        summary: 'Move a station without a charger to an organisation one edits for, or to oneself',
        description:
          'With a charger it goes where that goes. What an organisation has, its owners and admins give away.',
        honours: ['If-Match'],
        refuses,
        params: Type.Object({ id: Id }),
        body: Type.Object(To),
        response: { 200: StationView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const [station] = await moveTo(actor, body.organisationId, [params.id], async (tx, found) => {
        const own = await givable(tx, actor, found)
        requireMatch(request, own.version)
        return own
      })
      return reply.header('etag', `"${station!.version}"`).send(view(station!))
    },
  )

  http.post(
    '/move',
    {
      config,
      schema: {
        summary: 'Move stations without chargers to an organisation one edits for, or to oneself: all or none',
        refuses,
        body: Type.Object({ ...To, ids: Type.Array(Id, { minItems: 1, maxItems: 500, uniqueItems: true }) }),
        response: { 200: Type.Object({ moved: Type.Integer({ examples: [2] }) }, { title: 'Moved' }) },
      },
    },
    async ({ actor, body: { organisationId, ids } }) => {
      await moveTo(actor, organisationId, ids, async (tx, found, index) => {
        const charger = found?.chargerId ? await findChargerOwner(tx, found.chargerId) : undefined
        return about(`/ids/${index}`, () => requireGivable(actor, found, charger))
      })
      return { moved: ids.length }
    },
  )
}

const givable = async (tx: Tx, actor: Actor, station: WholeStation | undefined): Promise<WholeStation> =>
  requireGivable(actor, station, station?.chargerId ? await findChargerOwner(tx, station.chargerId) : undefined)

/** Fails with `station_of_charger` for one that goes with its charger, else as `manageableBy` does. */
function requireGivable(
  actor: Actor,
  station: WholeStation | undefined,
  charger: { owner: Owner | null } | undefined,
): WholeStation {
  const own = manageableBy(actor, station)
  if (charger?.owner && charger.owner.id === own.owner?.id)
    throw new Problem('conflict', 'station_of_charger', {
      detail: 'The station goes where its charger goes: move that, or take it from the station.',
      chargerId: own.chargerId,
    })
  if (own.owner?.kind !== 'organisation' || actor.role === 'admin') return own
  const { role } = actor.organisation!
  if (role !== 'owner' && role !== 'admin') throw new Problem('forbidden', 'organisation_admin_required')
  return own
}
