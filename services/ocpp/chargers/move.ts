import Type from 'typebox'
import { listMembers } from '#contracts/identity'
import { ChargerChanged, ChargerId } from '#contracts/ocpp'
import { Id, type Owner } from '#contracts/shared'
import { about, fail, organisationFor, Problem, requireMatch, withRole, type Actor } from '#kernel'
import { manageable } from '../access.ts'
import { cancelUpdatesFor } from '../firmware/store.ts'
import type { OcppHost } from '../host.ts'
import { noteNewOwner } from '../local-list/store.ts'
import { told } from './chargers.ts'
import { viewCharger } from './search.ts'
import { lockChargers, moveChargers, type Charger } from './store.ts'
import { ChargerView, One, view } from './view.ts'

const config = { access: withRole('operator') }
const refuses = ['charger_unknown', 'editor_required', 'organisation_admin_required', 'organisation_unknown']
const To = { organisationId: Type.Union([Id, Type.Null()], { description: 'Null for oneself' }) }

/** Chargers go from who looks after them to an organisation, or to a person; their stations go with them. */
export function moveRoutes(host: OcppHost): void {
  const { http, db, now } = host

  /** All of them or none; `judge` refuses what stays. */
  async function moveTo(
    actor: Actor,
    organisationId: string | null,
    ids: readonly string[],
    judge: (charger: Charger | undefined, index: number) => void,
  ): Promise<void> {
    const owner: Owner =
      organisationId === null
        ? { kind: 'person', id: actor.userId }
        : organisationFor(
            actor,
            organisationId,
            (await host.ask(listMembers, { organisationId })).members,
            'charging:write',
          )
    await db.transaction(async tx => {
      const found = new Map((await lockChargers(tx, ids)).map(charger => [charger.id, charger]))
      ids.forEach((id, index) => judge(found.get(id), index))
      const going = [...found.values()].filter(charger => charger.owner?.id !== owner.id)
      if (going.length === 0) return
      const moved = going.map(({ id }) => id)
      await moveChargers(tx, moved, owner)
      await cancelUpdatesFor(tx, moved, owner, now())
      await noteNewOwner(tx, owner.id)
      for (const charger of going)
        await tx.publish(ChargerChanged, told({ ...charger, owner, version: charger.version + 1 }, charger))
    })
  }

  http.post(
    '/chargers/:id/move',
    {
      config,
      schema: {
        summary: 'Move a charger to an organisation one edits for, or to oneself, with its station',
        description:
          'What an organisation has, its owners and admins give away. Sessions that have been stay with whom they were.',
        honours: ['If-Match'],
        refuses,
        params: One,
        body: Type.Object(To),
        response: { 200: ChargerView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      await moveTo(actor, body.organisationId, [params.id], charger => {
        requireGivable(actor, charger)
        requireMatch(request, charger.version)
      })
      const moved = view((await viewCharger(db, params.id)) ?? fail('not_found', 'charger_unknown'))
      return reply.header('etag', `"${moved.version}"`).send(moved)
    },
  )

  http.post(
    '/chargers/move',
    {
      config,
      schema: {
        summary: 'Move chargers to an organisation one edits for, or to oneself: all that are named, or none',
        refuses,
        body: Type.Object({ ...To, ids: Type.Array(ChargerId, { minItems: 1, maxItems: 500, uniqueItems: true }) }),
        response: { 200: Type.Object({ moved: Type.Integer({ examples: [2] }) }, { title: 'Moved' }) },
      },
    },
    async ({ actor, body: { organisationId, ids } }) => {
      await moveTo(actor, organisationId, ids, (charger, index) =>
        about(`/ids/${index}`, () => requireGivable(actor, charger)),
      )
      return { moved: ids.length }
    },
  )
}

/** Fails with `organisation_admin_required` for who only edits what an organisation has. */
function requireGivable(actor: Actor, charger: Charger | undefined): asserts charger {
  const { owner } = manageable(actor, 'write', charger, 'charger_unknown')
  if (owner?.kind !== 'organisation' || actor.role === 'admin') return
  const { role } = actor.organisation!
  if (role !== 'owner' && role !== 'admin') throw new Problem('forbidden', 'organisation_admin_required')
}
