import Type from 'typebox'
import { listMembers } from '#contracts/identity'
import { PassportMoved } from '#contracts/passports'
import { Id, type Owner } from '#contracts/shared'
import { about, authorise, fail, organisationFor, Problem, requireMatch, signedIn, type Actor } from '#kernel'
import type { PassportsHost } from './host.ts'
import { move, told, view, type Held } from './passports.ts'
import { findPassport, lockHeld, movePassports } from './store.ts'
import { isFamilyApart } from './units/store.ts'
import { One, PassportView } from './view.ts'

const refuses = [
  'passport_unknown',
  'editor_required',
  'organisation_unknown',
  'passport_of_organisation',
  'battery_identifier_taken',
  'family_apart',
]

/** Passports that a person made go to the organisation they work for. */
export function moveRoutes(host: PassportsHost): void {
  const { http, db, now } = host

  /** All of them or none; `judge` refuses what stays. */
  async function moveTo(
    actor: Actor,
    organisationId: string,
    ids: readonly string[],
    judge: (held: Held | undefined, owner: Owner, index: number) => Held,
  ): Promise<void> {
    const { members } = await host.ask(listMembers, { organisationId })
    const owner = organisationFor(actor, organisationId, members, 'passports:write')
    await db.transaction(async tx => {
      const found = new Map((await lockHeld(tx, ids, actor)).map(held => [held.id, held]))
      const moved = ids.map((id, index) => {
        const held = judge(found.get(id), owner, index)
        return { former: found.get(id)!.owner, held }
      })
      await movePassports(tx, ids, owner, actor, now())
      if (await isFamilyApart(tx, ids))
        throw new Problem('conflict', 'family_apart', {
          detail: 'One of these begins with a passport that would stay behind, or the other way round. Move both.',
        })
      for (const { held, former } of moved) await tx.publish(PassportMoved, { ...told(held), formerOwner: former })
    })
  }

  http.post(
    '/:id/move',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Move a passport of yours to an organisation you edit for, with its documents',
        description: 'A version with the same data tells of it.',
        honours: ['If-Match'],
        refuses,
        params: One,
        body: Type.Object({ organisationId: Id }),
        response: { 200: PassportView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      authorise(actor, 'write', await findPassport(db, params.id, actor), 'passport_unknown')
      await moveTo(actor, body.organisationId, [params.id], (held, owner) => {
        authorise(actor, 'write', held, 'passport_unknown')
        requireMatch(request, held!.version)
        return move(held!, owner)
      })
      // Whoever may edit for the new owner may see it, also where they act for themselves at the moment.
      const admin: Actor = { ...actor, role: 'admin' }
      const moved = (await findPassport(db, params.id, admin)) ?? fail('not_found', 'passport_unknown')
      return reply.header('etag', `"${moved.version}"`).send(view(moved))
    },
  )

  http.post(
    '/move',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Move passports of yours to an organisation you edit for: all that are named, or none',
        refuses,
        body: Type.Object({
          organisationId: Id,
          ids: Type.Array(Id, { minItems: 1, maxItems: 500, uniqueItems: true }),
        }),
        response: { 200: Type.Object({ moved: Type.Integer({ examples: [2] }) }, { title: 'Moved' }) },
      },
    },
    async ({ actor, body: { organisationId, ids } }) => {
      await moveTo(actor, organisationId, ids, (held, owner, index) =>
        about(`/ids/${index}`, () => {
          authorise(actor, 'write', held, 'passport_unknown')
          return move(held!, owner)
        }),
      )
      return { moved: ids.length }
    },
  )
}
