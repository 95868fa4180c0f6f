import { createHash, randomBytes } from 'node:crypto'
import Type from 'typebox'
import { Id, Instant } from '#contracts/shared'
import { getStation } from '#contracts/stations'
import { anyone, cursorOf, isId, listQuery, newId, Page, page, Problem, signedIn } from '#kernel'
import { mayManage } from '../bookings/bookings.ts'
import { nullable, One } from '../bookings/view.ts'
import type { Books } from '../host.ts'
import { calendarOf } from './ics.ts'
import { deleteCalendar, findCalendar, listCalendars, listShown, putCalendar, type Calendar } from './store.ts'

const day = 86_400_000

const CalendarView = Type.Object({ id: Id, stationId: nullable(Id), createdAt: Instant }, { title: 'BookingCalendar' })
const WithLink = Type.Object(
  {
    ...CalendarView.properties,
    url: Type.String({
      description: 'For a calendar program; whoever has it reads along. Told this once.',
      examples: ['https://ohmnibus.example/api/bookings/feeds/3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.ics'],
    }),
  },
  { title: 'BookingCalendarLink' },
)

const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()
const view = ({ id, stationId, createdAt }: Calendar) => ({ id, stationId, createdAt: createdAt.toISOString() })

/** What is booked, for calendar programs, which know no signing in: by a link that is a secret. */
export function calendarRoutes({ http, db, now, ask, platform }: Books): void {
  const config = { access: signedIn }

  http.put(
    '/calendars',
    {
      config,
      schema: {
        summary: 'Make a calendar of bookings, or renew its link',
        description:
          'Of what one has booked, or, for operators, of what is booked at a station. A link before it ends.',
        refuses: ['station_unknown'],
        body: Type.Object({ stationId: Type.Optional(Id) }),
        response: { 200: WithLink },
      },
    },
    async ({ actor, body: { stationId } }) => {
      const owner = stationId === undefined ? null : (await ask(getStation, { stationId })).owner
      if (stationId !== undefined && !mayManage(actor, owner)) throw new Problem('not_found', 'station_unknown')
      const secret = randomBytes(32).toString('base64url')
      const made = { id: newId(), userId: actor.userId, ownerId: owner?.id ?? null, createdAt: now() }
      const calendar = await db.transaction(tx =>
        putCalendar(tx, { ...made, stationId: stationId ?? null }, digestOf(secret)),
      )
      return { ...view(calendar), url: `${platform.publicUrl}/api/bookings/feeds/${secret}.ics` }
    },
  )

  http.get(
    '/calendars',
    {
      config,
      schema: {
        summary: 'Calendars that one has links to, the newest first',
        querystring: listQuery({}),
        response: { 200: Page(CalendarView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isId)?.[0] as string | undefined
      return page(await listCalendars(db, actor.userId, limit + 1, before), limit, ({ id }) => [id], view)
    },
  )

  http.delete(
    '/calendars/:id',
    {
      config,
      schema: {
        summary: 'End the link to a calendar',
        refuses: ['calendar_unknown'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      const isGone = await db.transaction(tx => deleteCalendar(tx, params.id, actor.userId))
      if (!isGone) throw new Problem('not_found', 'calendar_unknown')
      return reply.code(204).send()
    },
  )

  http.get(
    '/feeds/:file',
    {
      config: { access: anyone },
      schema: {
        summary: 'A calendar of bookings (iCalendar, RFC 5545)',
        description: 'Of the last 30 days and the next two years, by the link that was told.',
        refuses: ['calendar_unknown'],
        produces: ['text/calendar'],
        params: Type.Object({
          file: Type.String({
            minLength: 1,
            maxLength: 60,
            examples: ['3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.ics'],
          }),
        }),
      },
    },
    async ({ params: { file } }, reply) => {
      const calendar = await findCalendar(db, digestOf(file.replace(/\.ics$/, '')))
      if (!calendar) throw new Problem('not_found', 'calendar_unknown')
      const at = now().getTime()
      const bookings = await listShown(db, calendar, new Date(at - 30 * day), new Date(at + 730 * day))
      const isOwn = calendar.stationId === null
      const place = bookings.at(-1)?.place
      const content = calendarOf(isOwn || !place ? 'Charging' : `Bookings: ${place}`, bookings, {
        host: new URL(platform.publicUrl).host,
        summary: ({ place, evse }) => (isOwn ? `Charging: ${place}, point ${evse}` : `Booked: point ${evse}`),
      })
      return reply
        .type('text/calendar; charset=utf-8')
        .header('cache-control', 'private, no-cache')
        .header('referrer-policy', 'no-referrer')
        .send(content)
    },
  )
}
