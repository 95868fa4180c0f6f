import Type, { type Static } from 'typebox'
import { SessionCorrected, SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import { Id, Instant } from '#contracts/shared'
import {
  Count,
  counted,
  countQuery,
  cursorOf,
  fail,
  isId,
  isInstant,
  isText,
  listQuery,
  mostCounted,
  notModified,
  Page,
  page,
  signedIn,
  timeOf,
  type Actor,
} from '#kernel'
import type { SessionsHost } from './host.ts'
import { listReadings, listSeries, listSigned, type Shown, type SignedValue } from './readings.ts'
import { countSessions, searchSessions, type Wanted } from './search.ts'
import { mayRead, type Session } from './sessions.ts'
import { findSession } from './store.ts'
import { ChargerId, One, ReadingView, SessionSummary, SessionView, SignedView, summary } from './view.ts'

const place = {
  charger: Type.Optional({ ...ChargerId, description: 'Only at this charger' }),
  station: Type.Optional({ ...Id, description: 'Only at this station' }),
}
const filters = {
  ...place,
  driver: Type.Optional({ ...Id, description: 'Only of this person' }),
  token: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[^\\u0000]+$',
      description: 'Only by this token, whatever its case',
      examples: ['04A2B9C1D2E380'],
    }),
  ),
  status: Type.Optional(Type.Enum(['active', 'ended'], { examples: ['ended'] })),
  from: Type.Optional({ ...Instant, description: 'Only what began then or later' }),
  to: Type.Optional({ ...Instant, description: 'Only what began before' }),
}

type Query = Static<ReturnType<typeof countQuery<typeof filters>>>
const wanted = ({ from, to, ...query }: Query): Wanted => ({
  ...query,
  started: { from: from === undefined ? undefined : timeOf(from), to: to === undefined ? undefined : timeOf(to) },
})

export function routes(host: SessionsHost): void {
  const { http, db } = host

  const listed = async (actor: Actor, wanted: Wanted, { limit, after }: { limit: number; after?: string }) => {
    const before = cursorOf(after, isInstant, isId) as readonly [string, string] | undefined
    const rows = await searchSessions(db, actor, wanted, { limit: limit + 1, before })
    return page(rows, limit, ({ startedAt, id }) => [startedAt.toISOString(), id], summary)
  }
  const readable = async (actor: Actor, id: string): Promise<Session> => {
    const session = await findSession(db, id)
    return session && mayRead(actor, session) ? session : fail('not_found', 'session_unknown')
  }

  http.get(
    '/',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Charging sessions, the newest first',
        description:
          "Drivers see their own, operators also those of their chargers and of chargers that are nobody's yet, admins all.",
        querystring: listQuery(filters),
        response: { 200: Page(SessionSummary) },
      },
    },
    ({ actor, query: { limit, after, ...query } }) =>
      listed(actor, wanted(query), { limit, ...(after !== undefined && { after }) }),
  )

  http.get(
    '/count',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many charging sessions there are',
        querystring: countQuery(filters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countSessions(db, actor, wanted(query), mostCounted + 1)),
  )

  http.get(
    '/active',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Charging sessions that go on, the newest first',
        querystring: listQuery(place),
        response: { 200: Page(SessionSummary) },
      },
    },
    ({ actor, query: { limit, after, ...query } }) =>
      listed(actor, wanted({ ...query, status: 'active' }), { limit, ...(after !== undefined && { after }) }),
  )

  http.get(
    '/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'A charging session, and what its meters showed',
        description: 'Of each series some hundred values at the most; all of them are at `/readings`.',
        honours: ['If-None-Match'],
        refuses: ['session_unknown'],
        params: One,
        response: { 200: SessionView },
      },
    },
    async (request, reply) => {
      const session = await readable(request.actor, request.params.id)
      if (notModified(request, reply, String(session.updatedAt.getTime()))) return reply.send()
      const shown = await listSeries(db, session.id, session.startedAt, session.endedAt ?? session.updatedAt)
      return reply.send({ ...summary(session), series: seriesOf(shown) })
    },
  )

  http.get(
    '/:id/readings',
    {
      config: { access: signedIn },
      schema: {
        summary: 'All that the meters of a session showed, the oldest first',
        description: 'Of sessions that ended long ago one value a quarter of an hour.',
        refuses: ['session_unknown'],
        params: One,
        querystring: listQuery({
          measurand: Type.Optional(
            Type.String({ minLength: 1, maxLength: 100, examples: ['Energy.Active.Import.Register'] }),
          ),
        }),
        response: { 200: Page(ReadingView) },
      },
    },
    async ({ actor, params: { id }, query: { limit, after: cursor, measurand } }) => {
      await readable(actor, id)
      const after = cursorOf(cursor, isInstant, isText, isText, isText, isText) as readonly string[] | undefined
      const rows = await listReadings(db, id, { measurand, after, limit: limit + 1 })
      const keysOf = ({ at, measurand, phase, location, context }: Shown) => [
        at.toISOString(),
        measurand,
        phase,
        location,
        context,
      ]
      return page(rows, limit, keysOf, ({ at, context, value, ...row }) => ({
        at: at.toISOString(),
        ...placed(row),
        context: context || null,
        value,
      }))
    },
  )

  http.get(
    '/:id/signed-values',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What meters signed in a session, as they gave it',
        description: 'For software that checks it (OCMF, EDL and others); kept for as long as the session is.',
        refuses: ['session_unknown'],
        params: One,
        querystring: listQuery({}),
        response: { 200: Page(SignedView) },
      },
    },
    async ({ actor, params: { id }, query: { limit, after: cursor } }) => {
      await readable(actor, id)
      const after = cursorOf(cursor, isInstant, isText, isText, isText) as readonly string[] | undefined
      const rows = await listSigned(db, id, after, limit + 1)
      const keysOf = ({ at, context, measurand, digest }: SignedValue) => [at.toISOString(), context, measurand, digest]
      return page(rows, limit, keysOf, ({ at, context, digest: _, ...row }) => ({
        ...row,
        at: at.toISOString(),
        context: context || null,
      }))
    },
  )

  stream(host, readable)
}

/** What nothing is said of is null. */
const placed = ({ measurand, phase, location, unit }: Pick<Shown, 'measurand' | 'phase' | 'location' | 'unit'>) => ({
  measurand,
  phase: phase || null,
  location: location || null,
  unit,
})

function seriesOf(shown: readonly Shown[]) {
  const series = Map.groupBy(shown, ({ measurand, phase, location }) => [measurand, phase, location].join('\n'))
  return [...series.values()].map(values => ({
    ...placed(values[0]!),
    points: values.map(({ at, value }) => ({ at: at.toISOString(), value })),
  }))
}

/** What a session is at, whenever that changes; of changes that come at once the last. */
function stream({ http, watch }: SessionsHost, readable: (actor: Actor, id: string) => Promise<Session>): void {
  const live = http.stream(
    '/:id/stream',
    {
      config: { access: signedIn },
      schema: {
        summary: 'A charging session, live',
        description:
          'Server-sent events, each with the session as data, whenever something of it changes; what lies between two ' +
          'is in its readings. Goes on after `Last-Event-ID`.',
        refuses: ['session_unknown'],
        params: One,
      },
    },
    async ({ actor, params: { id } }) => {
      const { updatedAt } = await readable(actor, id)
      return {
        about: id,
        newest: async () => updatedAt.getTime(),
        async after(seen) {
          const session = await readable(actor, id)
          const at = session.updatedAt.getTime()
          return at > Number(seen) ? [{ id: at, event: 'session', data: summary(session) }] : []
        },
      }
    },
  )
  for (const event of [SessionStarted, SessionUpdated, SessionEnded, SessionCorrected])
    watch(event, ({ sessionId }) => live.wake(sessionId))
}
