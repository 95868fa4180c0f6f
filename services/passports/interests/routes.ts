import Type, { type Static, type TSchema } from 'typebox'
import { PassportInterestChanged } from '#contracts/passports'
import { Id, Instant, Line, Owner } from '#contracts/shared'
import {
  changedIn,
  changedQuery,
  createdIn,
  fail,
  isId,
  listRoutes,
  mayWrite,
  newId,
  ownerFor,
  partiesOf,
  Problem,
  signedIn,
  timeOf,
  type Actor,
  type Tx,
} from '#kernel'
import { readable } from '../audiences/answer.ts'
import type { PassportsHost } from '../host.ts'
import { tellInterested } from '../interested.ts'
import { told, type Passport } from '../passports.ts'
import { deleteGiven, insertGiven } from '../readers.ts'
import { findPublished } from '../store.ts'
import { One } from '../view.ts'
import { ahead, dueAfter, endOf, moved, sideOf, states, type Interest, type Move } from './interests.ts'
import { Purpose, purposes } from './purposes.ts'
import { findInterest, insertInterest, listInterests, lockInterest, updateInterest } from './store.ts'

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

const InterestView = Type.Object(
  {
    id: Id,
    passportId: Id,
    side: Type.Enum(['owner', 'asker'], { examples: ['owner'], description: 'On which side who reads this is' }),
    identifier: Type.Unsafe<string | null>({ type: ['string', 'null'], examples: ['BP-2024-011'] }),
    owner: Owner,
    asker: Owner,
    askerName: Type.String({ examples: ['ReCell GmbH'], description: 'As they say' }),
    verifiedAs: Type.Array(Type.String(), {
      examples: [['recycler']],
      description: 'What their organisation was verified to be',
    }),
    purpose: Purpose,
    points: Type.Array(Type.Integer({ minimum: 1, maximum: 4 }), {
      examples: [[1, 2, 4]],
      description: 'Of Annex XIII, that the purpose reaches',
    }),
    reason: Type.String(),
    askedUntil: Nullable(Instant),
    state: Type.Enum([...states], { examples: ['open'] }),
    question: Nullable(Type.String({ description: 'Of the owner' })),
    answer: Nullable(Type.String({ description: 'To that' })),
    decision: Nullable(Type.String({ description: 'Why it was refused or taken back' })),
    givenUntil: Nullable(Instant),
    dueAt: { ...Instant, description: 'By when an answer is to be expected' },
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'PassportInterest' },
)

const viewOf = (
  side: 'owner' | 'asker',
  { askedBy: _, askedUntil, givenUntil, dueAt, createdAt, updatedAt, ...one }: Interest,
) =>
  ({
    ...one,
    side,
    points: [...(purposes.find(({ id }) => id === one.purpose)?.points ?? [])],
    askedUntil: askedUntil?.toISOString() ?? null,
    givenUntil: givenUntil?.toISOString() ?? null,
    dueAt: dueAt.toISOString(),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }) as Static<typeof InterestView>

/** An example that lies ahead. */
const tillThen = { examples: ['2099-12-31T00:00:00.000Z'] }
const Asking = Type.Object({
  name: Line(200, { description: 'Who one is, as the owner is to read it', examples: ['ReCell GmbH'] }),
  purpose: Purpose,
  reason: Line(500, { description: 'What for', examples: ['The pack stands in our workshop'] }),
  until: Type.Optional({ ...Instant, ...tillThen, description: 'For how long; a year where it is not said' }),
})
const OneRequest = Type.Object({ requestId: Id })
const refusals = ['interest_unknown', 'interest_settled', 'editor_required']

/** What somebody begins to ask, and nobody has answered. */
function askedBy(
  actor: Actor,
  passport: Passport,
  { name, purpose, reason, until }: Static<typeof Asking>,
  at: Date,
): Interest {
  return {
    id: newId(at.getTime()),
    passportId: passport.id,
    identifier: null,
    owner: passport.owner,
    asker: ownerFor(actor),
    askedBy: actor.userId,
    askerName: name,
    verifiedAs: [],
    purpose,
    reason,
    askedUntil: until ? ahead(timeOf(until), at) : null,
    state: 'open',
    question: null,
    answer: null,
    decision: null,
    givenUntil: null,
    dueAt: new Date(at.getTime() + dueAfter),
    createdAt: at,
    updatedAt: at,
  }
}

const listOfInterests = ({ http, db }: PassportsHost): void =>
  listRoutes(http, db, '/requests', {
    config: { access: signedIn },
    schema: {
      summary: 'List who asked to read passports by a legitimate interest, and what became of it, the latest first',
      description: 'Of passports of oneself or of the organisation one acts for; with `as=asker` what one asked for.',
      of: 'requests',
      filters: {
        as: Type.Enum(['owner', 'asker'], { default: 'owner' }),
        state: Type.Optional(Type.Enum([...states])),
        asker: Type.Optional({ ...Id, description: 'Only of this person or organisation' }),
        passportId: Type.Optional(Id),
        ...changedQuery,
      },
      item: InterestView,
    },
    wanted: ({ actor, query }) => ({
      actor,
      sought: { ...query, created: createdIn(query), changed: changedIn(query) },
    }),
    rows: ({ actor, sought }, limit, after) =>
      listInterests(db, actor, sought, limit, after?.[0] as string | undefined),
    order: [isId],
    keysOf: ({ id }) => [id],
    view: (one, { sought }) => viewOf(sought.as, one),
  })

/** Who has a legitimate interest asks for it; whose passport it is gives it for a time, asks back, refuses, or takes it back. */
export function interestRoutes(host: PassportsHost): void {
  const { http, db, now, cache } = host
  /** Each is told to somebody who does not know them. */
  const asked = cache.limit('ask for passports', { points: 200, seconds: 3_600 })

  http.post(
    '/:id/requests',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Ask to read a published passport by a legitimate interest',
        description:
          'For oneself, or for the organisation one acts for. Its owner hears of it, and decides: what is given opens the ' +
          'points of Annex XIII that the purpose reaches, until a time.',
        honours: ['Idempotency-Key'],
        refuses: ['passport_unknown', 'editor_required', 'interest_asked', 'interest_needless', 'too_many_requests'],
        params: One,
        body: Asking,
        response: { 201: InterestView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const { passport, reading } = await readable(host, request, params.id)
      if (reading.view !== 'public' && reading.view !== 'authority')
        throw new Problem('conflict', 'interest_needless', {
          detail: 'You read this passport by your interest already, or all of it.',
        })
      await asked.take(actor.userId)
      const interest = askedBy(actor, passport, body, now())
      const made = await db.once(request, async tx => {
        await insertInterest(tx, interest)
        await tell(tx, passport, interest)
        return viewOf('asker', (await lockInterest(tx, interest.id))!)
      })
      return reply.code(201).send(made)
    },
  )

  listOfInterests(host)

  http.get(
    '/requests/:requestId',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What somebody asked of a passport by a legitimate interest',
        description: 'For who asked, and for whose passport it is.',
        refuses: ['interest_unknown'],
        params: OneRequest,
        response: { 200: InterestView },
      },
    },
    async ({ actor, params }) => {
      const interest = await findInterest(db, params.requestId)
      const isOf = (side: 'owner' | 'asker'): boolean => partiesOf(actor).includes(interest![side].id)
      if (!interest || !(isOf('owner') || isOf('asker') || actor.role === 'admin'))
        throw new Problem('not_found', 'interest_unknown')
      return viewOf(isOf('asker') && !isOf('owner') ? 'asker' : 'owner', interest)
    },
  )

  const Said = (name: string, description: string) =>
    Type.Object({ [name]: Line(500, { description, examples: ['For this battery alone'] }) })
  const acts = [
    [
      'give',
      'Give it: from now on they read what the purpose opens, until a time',
      Type.Object({
        until: Type.Optional({
          ...Instant,
          ...tillThen,
          description: 'As they asked, or a year, where it is not said',
        }),
      }),
    ],
    ['refuse', 'Refuse it, and say why', Said('reason', 'Why not')],
    ['ask', 'Ask back before deciding', Said('question', 'What lacks')],
    ['answer', 'Answer what the owner asked', Said('answer', 'To the question')],
    ['withdraw', 'Ask for it no more, or give up what was given', Type.Object({})],
    ['revoke', 'Take back at once what was given, and say why', Said('reason', 'Why')],
  ] as const satisfies readonly (readonly [Move, string, TSchema])[]

  for (const [move, summary, body] of acts)
    http.post(
      `/requests/:requestId/${move}`,
      {
        config: { access: signedIn },
        schema: { summary, refuses: refusals, params: OneRequest, body, response: { 200: InterestView } },
      },
      async ({ actor, params, body }) => {
        const said = body as { until?: string; reason?: string; question?: string; answer?: string }
        return await db.transaction(async tx => {
          const interest = forSide(actor, move, await lockInterest(tx, params.requestId))
          const passport = (await findPublished(tx, interest.passportId)) ?? fail('not_found', 'interest_unknown')
          const at = now()
          const until = said.until ? timeOf(said.until) : undefined
          const next = moved(interest, move, at, {
            ...(move === 'give' && { givenUntil: endOf(interest.askedUntil, until, at) }),
            ...(said.question && { question: said.question }),
            ...(said.answer && { answer: said.answer }),
            ...(said.reason && { decision: said.reason }),
          })
          await updateInterest(tx, next)
          await openOrShut(tx, passport, interest, next)
          await tell(tx, passport, next)
          return viewOf(sideOf(move), next)
        })
      },
    )

  /** What was given lets them read; what is taken back, or given up, ends that, and no other share of theirs. */
  async function openOrShut(tx: Tx<'passports'>, passport: Passport, before: Interest, after: Interest): Promise<void> {
    const { id: requestId, asker, purpose, givenUntil } = after
    if (after.state === 'given') {
      const given = { requestId, purpose, until: givenUntil! }
      if (await insertGiven(tx, passport.id, asker, after.updatedAt, given))
        await tellInterested(tx, passport, asker, true)
    } else if (before.state === 'given' && (await deleteGiven(tx, passport.id, requestId)))
      await tellInterested(tx, passport, asker, false)
  }
}

/** The one that somebody moves, of their side; whoever is of neither finds none. */
function forSide(actor: Actor, move: Move, interest: Interest | undefined): Interest {
  if (!interest) throw new Problem('not_found', 'interest_unknown')
  const side = sideOf(move) === 'owner' ? interest.owner : interest.asker
  if (actor.role !== 'admin' && !partiesOf(actor).includes(side.id)) throw new Problem('not_found', 'interest_unknown')
  if (!mayWrite(actor, { owner: side }))
    throw new Problem('forbidden', 'editor_required', {
      detail: 'Viewers of an organisation read this and decide nothing.',
    })
  return interest
}

async function tell(tx: Tx<'passports'>, passport: Passport, { id, asker, state }: Interest): Promise<void> {
  await tx.publish(PassportInterestChanged, { ...told(passport), requestId: id, asker, state })
}
