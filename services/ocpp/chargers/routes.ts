import Type from 'typebox'
import { ChargerChanged, ChargerId, ChargerRegistered, ChargerRemoved } from '#contracts/ocpp'
import {
  Count,
  counted,
  countQuery,
  ownerFor,
  Page,
  Problem,
  requireMatch,
  withRole,
  type Reply,
  type Request,
  type Tx,
} from '#kernel'
import { manageable } from '../access.ts'
import { putOnWay } from '../commands/send.ts'
import { cancelUpdatesOf } from '../firmware/store.ts'
import type { OcppHost } from '../host.ts'
import { decide, requireSense, revise, told } from './chargers.ts'
import { openPasswords, passwordCall, sealed } from './passwords.ts'
import { pathOf } from './paths.ts'
import { chargerFilters, chargerQuery, countChargers, searchChargers, viewCharger } from './search.ts'
import { deleteCharger, insertCharger, lockCharger, setFreeVend, updateCharger, type Charger } from './store.ts'
import { ChargerView, One, Said, view } from './view.ts'

const operators = { access: withRole('operator') }

const Password = Type.Union([Type.String({ examples: ['8d0a3f0b5c1e4d7f9a2b6c8e0f1a3b5c7d9e0f12'] }), Type.Null()])

const NewCharger = Type.Object(
  {
    ...ChargerView.properties,
    passwordOnce: {
      ...Password,
      description: 'What it proves itself with, told here and never again; null where it has none',
    },
  },
  { title: 'NewCharger' },
)

/** Chargers as operators look after them. */
export function chargerRoutes(host: OcppHost): void {
  const { http, db, now } = host
  const passwords = openPasswords(host)

  const answer = (reply: Reply, charger: ChargerView & { passwordOnce?: string | null }) =>
    reply.header('etag', `"${charger.version}"`).send(charger)

  /** Changes a charger that the actor looks after; resolves with how it is then. */
  const change = (
    request: Request,
    id: string,
    work: (charger: Charger, tx: Tx<'ocpp'>) => Charger | Promise<Charger>,
  ) =>
    db.once(request, async tx => {
      const charger = manageable(request.visitor!, 'write', await lockCharger(tx, id), 'charger_unknown')
      requireMatch(request, charger.version)
      const changed = await work(charger, tx)
      if (changed !== charger) {
        await updateCharger(tx, changed)
        await tx.publish(ChargerChanged, told(changed, charger))
      }
      return view((await viewCharger(tx, id))!)
    })

  http.post(
    '/chargers',
    {
      config: operators,
      schema: {
        summary: 'Make a charger known before it connects, accepted',
        description:
          'Of the organisation one acts for, else of oneself. Its password is made here and told once, unless ' +
          '`password` is null (security profile 0) or it brings a certificate (profile 3).',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['editor_required', 'charger_taken'],
        body: Type.Object({
          id: ChargerId,
          ...Said,
          password: Type.Optional(Type.Null({ description: 'Null lets it connect without any' })),
        }),
        response: { 201: NewCharger },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      requireSense(body)
      const { id, certificateSerial = null, name = null, timeZone = null, freeVend = [] } = body
      const owner = ownerFor(actor)
      const hasPassword = body.password === undefined && certificateSerial === null
      const salt = hasPassword ? passwords.salt() : null
      const made = await db.once(request, async tx => {
        const passwordDigest = salt === null ? null : passwords.digest(id, Buffer.from(passwords.grown(id, salt)))
        const charger = { id, owner, name, status: 'accepted', passwordDigest, certificateSerial } as const
        if (!(await insertCharger(tx, { ...charger, timeZone, freeVend, createdAt: now() })))
          throw new Problem('conflict', 'charger_taken', { detail: 'There is a charger of this identity already.' })
        await tx.publish(ChargerRegistered, { chargerId: id, owner, status: 'accepted', version: 1 })
        // What is kept of the answer is not the password.
        return { charger: view((await viewCharger(tx, id))!), salt }
      })
      reply.code(201).header('location', pathOf(id))
      const passwordOnce = made.salt === null ? null : passwords.grown(id, made.salt)
      return answer(reply, { ...made.charger, passwordOnce })
    },
  )

  http.get(
    '/chargers',
    {
      config: operators,
      schema: {
        summary: 'Search the chargers one looks after, the latest first',
        description:
          "One's own, those of the organisation one acts for and those that are nobody's yet; all for admins.",
        querystring: chargerQuery,
        response: { 200: Page(ChargerView) },
      },
    },
    ({ actor, query }) => searchChargers(db, actor, query),
  )

  http.get(
    '/chargers/count',
    {
      config: operators,
      schema: {
        summary: 'How many chargers a search finds',
        querystring: countQuery(chargerFilters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countChargers(db, actor, query)),
  )

  http.get(
    '/chargers/:id',
    {
      config: operators,
      schema: {
        summary: 'Read a charger, as it is now',
        gives: ['ETag'],
        refuses: ['charger_unknown'],
        params: One,
        response: { 200: ChargerView },
      },
    },
    async ({ actor, params }, reply) =>
      answer(reply, view(manageable(actor, 'read', await viewCharger(db, params.id), 'charger_unknown'))),
  )

  http.put(
    '/chargers/:id',
    {
      config: operators,
      schema: {
        summary: 'Change what is said of a charger; what is left out stays',
        honours: ['If-Match', 'Idempotency-Key'],
        refuses: ['charger_unknown', 'editor_required'],
        params: One,
        body: Type.Object(Said),
        response: { 200: ChargerView },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      requireSense(body)
      const changed = await change(request, params.id, async (charger, tx) => {
        const revised = revise(charger, body)
        if (body.freeVend && revised !== charger) await setFreeVend(tx, charger.id, body.freeVend)
        return revised
      })
      return answer(reply, changed)
    },
  )

  for (const [word, status, summary] of [
    ['approve', 'accepted', "Let a charger work; one that is nobody's becomes one's own"],
    ['reject', 'rejected', 'Let a charger connect and do nothing'],
  ] as const)
    http.post(
      `/chargers/:id/${word}`,
      {
        config: operators,
        schema: {
          summary,
          honours: ['If-Match', 'Idempotency-Key'],
          refuses: ['charger_unknown', 'editor_required'],
          params: One,
          response: { 200: ChargerView },
        },
      },
      async (request, reply) =>
        answer(reply, await change(request, request.params.id, charger => decide(request.actor, charger, status))),
    )

  http.post(
    '/chargers/:id/password',
    {
      config: operators,
      schema: {
        summary: 'Give a charger a new password, told once',
        description:
          'A charger that is connected is sent it (AuthorizationKey, BasicAuthPassword). The former one ends when the new ' +
          'one is used for the first time.',
        honours: ['If-Match', 'Idempotency-Key'],
        refuses: ['charger_unknown', 'editor_required'],
        params: One,
        response: { 200: NewCharger },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      const { charger, salt } = await db.once(request, async tx => {
        const charger = manageable(actor, 'write', await lockCharger(tx, params.id), 'charger_unknown')
        requireMatch(request, charger.version)
        const salt = passwords.salt()
        const nextPasswordDigest = passwords.digest(charger.id, Buffer.from(passwords.grown(charger.id, salt)))
        await updateCharger(tx, { ...charger, nextPasswordDigest, version: charger.version + 1 })
        const { connectionId, ocppVersion, status } = charger
        if (connectionId && ocppVersion && status !== 'rejected') {
          const askedBy = { userId: actor.userId, role: actor.role }
          const call = passwordCall(ocppVersion, sealed(salt))
          await putOnWay(
            host,
            tx,
            { action: call.action, connectionId },
            { ...call, chargerId: charger.id, requestId: null, askedBy },
          )
        }
        return { charger: view((await viewCharger(tx, charger.id))!), salt }
      })
      return answer(reply, { ...charger, passwordOnce: passwords.grown(charger.id, salt) })
    },
  )

  http.delete(
    '/chargers/:id',
    {
      config: operators,
      schema: {
        summary: 'Forget a charger, whose connection ends',
        description:
          'Its messages and transactions stay for as long as they are kept. It may come again as a stranger.',
        honours: ['If-Match'],
        refuses: ['charger_unknown', 'editor_required'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      await db.transaction(async tx => {
        const charger = manageable(actor, 'write', await lockCharger(tx, params.id), 'charger_unknown')
        requireMatch(request, charger.version)
        await cancelUpdatesOf(tx, charger.id, now())
        await deleteCharger(tx, charger.id)
        const { owner, version } = charger
        await tx.publish(ChargerRemoved, { chargerId: charger.id, owner, version: version + 1 })
      })
      return reply.code(204).send()
    },
  )
}
