import { Id, Instant, Locale } from '#contracts/shared'
import {
  Count,
  counted,
  countQuery,
  createdIn,
  createdQuery,
  cursorOf,
  fail,
  isId,
  isInstant,
  listQuery,
  mostCounted,
  newId,
  notModified,
  Page,
  page,
  Problem,
  requireMatch,
  signedIn,
  fresh,
  withRole,
  type Actor,
  timeOf,
} from '#kernel'
import Type from 'typebox'
import { enqueueDelivery } from './addressing.ts'
import { isTimeZone } from './timing.ts'
import type { Jobs, NotificationsHost } from './host.ts'
import { contentOf } from './delivery.ts'
import { choosableOn, isDefault, kinds, wordsOf, type Channel, type Kind } from './messages.ts'
import {
  countNotifications,
  listNotifications,
  lockPreferences,
  markAllRead,
  markRead,
  preferencesOf,
  updatePreferences,
  type Notification,
  type Preferences,
} from './store.ts'
import {
  countDeliveries,
  deliveryChannels,
  deliveryStatuses,
  findContent,
  findDelivery,
  listDeliveries,
  revive,
  reviveMany,
  type Delivery,
} from './deliveries.ts'

const NotificationView = Type.Object(
  {
    id: Id,
    event: Type.Enum(kinds, { examples: ['passport.created'] }),
    title: Type.String({ examples: ['Passport BP-2024-011 was created'] }),
    text: Type.String({ examples: ['The battery passport BP-2024-011 was created, as a draft.'] }),
    link: Type.Union([Type.String({ format: 'uri' }), Type.Null()], {
      examples: ['http://localhost:8080/passports/0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'],
    }),
    createdAt: Instant,
    readAt: Type.Union([Instant, Type.Null()], { examples: [null] }),
  },
  { title: 'Notification' },
)

export const view = ({ id, event, title, text, path, createdAt, readAt }: Notification, publicUrl: string) => ({
  id,
  event,
  title,
  text,
  link: path && publicUrl + path,
  createdAt: createdAt.toISOString(),
  readAt: readAt?.toISOString() ?? null,
})

const choices = <V extends Type.TSchema>(channel: Channel, value: V) =>
  Type.Object(Object.fromEntries(choosableOn(channel).map(kind => [kind, value])) as Record<Kind, V>, {
    examples: [Object.fromEntries(choosableOn(channel).map(kind => [kind, isDefault(kind, channel)]))],
  })

const Clock = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', maxLength: 5, examples: ['22:00'] })
const QuietHours = Type.Union([Type.Object({ from: Clock, to: Clock }), Type.Null()], {
  description: 'When nothing but codes and what is about one’s account comes by mail, push or SMS; it comes afterwards',
  examples: [{ from: '22:00', to: '07:00' }],
})
const TimeZone = Type.Union([Type.String({ maxLength: 60 }), Type.Null()], {
  description: 'By IANA, in which hours are meant; null for UTC',
  examples: ['Europe/Zurich'],
})
const Digest = Type.Enum(['off', 'daily', 'weekly'], {
  description: 'Whether news by mail comes as one, every day or on Mondays',
  examples: ['daily'],
})

const PreferencesView = Type.Object(
  {
    email: choices('email', Type.Boolean()),
    inApp: choices('inApp', Type.Boolean()),
    push: choices('push', Type.Boolean()),
    sms: choices('sms', Type.Boolean()),
    timeZone: TimeZone,
    quietHours: QuietHours,
    digest: Digest,
    digestAt: { ...Clock, examples: ['08:00'] },
    locale: Type.Union([Locale, Type.Null()], { description: 'Language of messages; null for that of the account' }),
  },
  { title: 'NotificationPreferences' },
)

const PreferencesBody = Type.Object({
  email: Type.Optional(choices('email', Type.Optional(Type.Boolean()))),
  inApp: Type.Optional(choices('inApp', Type.Optional(Type.Boolean()))),
  push: Type.Optional(choices('push', Type.Optional(Type.Boolean()))),
  sms: Type.Optional(choices('sms', Type.Optional(Type.Boolean()))),
  timeZone: Type.Optional(TimeZone),
  quietHours: Type.Optional(QuietHours),
  digest: Type.Optional(Digest),
  digestAt: Type.Optional({ ...Clock, examples: ['08:00'] }),
  locale: Type.Optional(Type.Union([Locale, Type.Null()])),
})

/** What was chosen, and the defaults for the rest. */
const preferencesView = ({ timeZone, quiet, digest, digestAt, locale, ...chosen }: Preferences) => {
  const effective = (channel: Channel) =>
    Object.fromEntries(
      choosableOn(channel).map(kind => [kind, chosen[channel][kind] ?? isDefault(kind, channel)]),
    ) as Record<Kind, boolean>
  const channels = {
    email: effective('email'),
    inApp: effective('inApp'),
    push: effective('push'),
    sms: effective('sms'),
  }
  return { ...channels, timeZone, quietHours: quiet, digest, digestAt, locale }
}

const DeliveryView = Type.Object(
  {
    id: Id,
    event: Type.Enum(kinds, { examples: ['passport.created'] }),
    channel: Type.Enum([...deliveryChannels], { examples: ['email'] }),
    to: Type.String({
      description: 'An address, a number, or a device as `push:<id>`',
      examples: ['ada@example.com'],
    }),
    subject: Type.String({ examples: ['Passport BP-2024-011 was created'] }),
    status: Type.Enum([...deliveryStatuses], {
      examples: ['dead'],
      description:
        '`failed` will be tried again, `dead` not; `obsolete` mail had a code or an invitation that was used up',
    }),
    tries: Type.Integer({ examples: [1] }),
    error: Type.Union([Type.String(), Type.Null()], { examples: ['550 No such mailbox'] }),
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'Delivery' },
)

const DeliveryContent = Type.Object(
  {
    ...DeliveryView.properties,
    text: Type.String({ examples: ['Hello Ada,\n\nThe battery passport BP-2024-011 was created, as a draft.\n'] }),
    html: Type.String({ description: 'A mail as it looks; it needs nothing from anywhere' }),
    withheld: Type.Boolean({
      description:
        'A code, or a link that lets somebody in, is left out; where no mail leaves an evaluation it is there until it was used',
      examples: [false],
    }),
  },
  { title: 'DeliveryContent' },
)

/** What an earlier version noted may lack what its words are made of now. */
function subjectOf({ event, locale, facts }: Pick<Delivery, 'event' | 'locale' | 'facts'>): string {
  try {
    return wordsOf(event, locale, facts).title
  } catch {
    return event
  }
}

const deliveryView = ({ id, event, channel, address, status, tries, error, locale, facts, ...at }: Delivery) => ({
  id,
  event,
  channel,
  to: address,
  subject: subjectOf({ event, locale, facts }),
  status,
  tries,
  error,
  createdAt: at.createdAt.toISOString(),
  updatedAt: at.updatedAt.toISOString(),
})

const notificationFilters = {
  unread: Type.Boolean({ default: false, description: 'Only what was not read yet' }),
  ...createdQuery,
}

const deliveryFilters = {
  channel: Type.Optional(Type.Enum([...deliveryChannels])),
  status: Type.Optional(Type.Enum([...deliveryStatuses])),
  ...createdQuery,
}

const chosen = (query: { unread: boolean; createdFrom?: string; createdTo?: string }) => ({
  unread: query.unread,
  created: createdIn(query),
})

/** Of dead deliveries, in one transaction. */
const mostReplayed = 1000

export function routes(host: NotificationsHost, jobs: Jobs): void {
  const { acted, http, db, now, platform } = host
  http.get(
    '/',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Own notifications, the newest first',
        querystring: listQuery(notificationFilters),
        response: { 200: Page(NotificationView) },
      },
    },
    async ({ actor, query }) => {
      const { limit, after } = query
      const before = cursorOf(after, isPosition)?.[0] as number | undefined
      const rows = await listNotifications(db, actor.userId, chosen(query), { before, limit: limit + 1 })
      return page(
        rows,
        limit,
        ({ position }) => [position],
        row => view(row, platform.publicUrl),
      )
    },
  )

  http.get(
    '/count',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many own notifications there are',
        querystring: countQuery(notificationFilters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countNotifications(db, actor.userId, chosen(query), mostCounted + 1)),
  )

  http.post(
    '/:id/read',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Mark a notification as read',
        refuses: ['notification_unknown'],
        params: Type.Object({ id: Id }),
        response: { 200: NotificationView },
      },
    },
    async ({ actor, params }) => {
      const read = await db.transaction(tx => markRead(tx, params.id, actor.userId, now()))
      return view(read ?? fail('not_found', 'notification_unknown'), platform.publicUrl)
    },
  )

  http.post(
    '/read-all',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Mark all own notifications as read',
        response: {
          200: Type.Object(
            { read: Type.Integer({ description: 'How many were not read before', examples: [3] }) },
            { title: 'ReadNotifications' },
          ),
        },
      },
    },
    async ({ actor }) => ({ read: await db.transaction(tx => markAllRead(tx, actor.userId, now())) }),
  )

  http.get(
    '/preferences',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Which messages one gets, by channel and event',
        honours: ['If-None-Match'],
        response: { 200: PreferencesView },
      },
    },
    async (request, reply) => {
      const preferences = await preferencesOf(db, request.actor.userId)
      return notModified(request, reply, tagOf(preferences, request.actor)) ? undefined : preferencesView(preferences)
    },
  )

  http.put(
    '/preferences',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Choose which messages one gets',
        description:
          'Replaces what was chosen before for mail, the application and the language; what is not named follows the ' +
          'defaults. Push, SMS and all that is about time stay as they are where they are not named. Codes, invitations ' +
          'and messages about the safety of the account cannot be switched off by mail and in the application. ' +
          'Mail about an organisation’s things goes to its owners and admins.',
        honours: ['If-Match'],
        refuses: ['time_zone_unknown'],
        body: PreferencesBody,
        response: { 200: PreferencesView },
      },
    },
    async (request, reply) => {
      const { userId } = request.actor
      const { email = {}, inApp = {}, locale = null, quietHours, ...named } = request.body
      if (named.timeZone && !isTimeZone(named.timeZone)) throw new Problem('unprocessable', 'time_zone_unknown')
      const changed = await db.transaction(async tx => {
        const before = await lockPreferences(tx, userId)
        requireMatch(request, tagOf(before, request.actor))
        const quiet = quietHours === undefined ? before.quiet : quietHours
        const preferences = { ...before, ...named, quiet, email, inApp, locale, version: before.version + 1 }
        await updatePreferences(tx, userId, preferences)
        // What waits for a digest that comes no more goes out now.
        if (before.digest !== 'off' && preferences.digest === 'off')
          await tx.enqueue(jobs.normal.digest, { mailId: newId(), userId, until: null })
        return preferences
      })
      notModified(request, reply, tagOf(changed, request.actor))
      return preferencesView(changed)
    },
  )

  http.get(
    '/deliveries',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Mails and how they went, the newest first',
        querystring: listQuery(deliveryFilters),
        response: { 200: Page(DeliveryView) },
      },
    },
    async ({ query }) => {
      const { limit, after, status, channel } = query
      const before = cursorOf(after, isInstant, isId)
      const rows = await listDeliveries(
        db,
        { status, channel, created: createdIn(query) },
        { before, limit: limit + 1 },
      )
      return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], deliveryView)
    },
  )

  http.get(
    '/deliveries/count',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'How many mails there are',
        querystring: countQuery(deliveryFilters),
        response: { 200: Count },
      },
    },
    async ({ query }) =>
      counted(
        await countDeliveries(
          db,
          { status: query.status, channel: query.channel, created: createdIn(query) },
          mostCounted + 1,
        ),
      ),
  )

  http.get(
    '/deliveries/:id',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'A mail, a push or an SMS with what it says',
        refuses: ['delivery_unknown'],
        params: Type.Object({ id: Id }),
        response: { 200: DeliveryContent },
      },
    },
    async ({ params: { id } }) => {
      const found = (await findContent(db, id)) ?? fail('not_found', 'delivery_unknown')
      return { ...deliveryView(found), ...(await contentOf(host, found)) }
    },
  )

  http.post(
    '/deliveries/replay',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Send what was given up again, of all, of a channel or of a kind',
        description: `The oldest ${mostReplayed} at once: ask again until it is 0.`,
        body: Type.Object({
          channel: Type.Optional(Type.Enum([...deliveryChannels])),
          event: Type.Optional(Type.Enum(kinds, { examples: ['passport.created'] })),
          since: Type.Optional(Instant),
        }),
        response: {
          202: Type.Object({ replayed: Type.Integer({ examples: [3] }) }, { title: 'ReplayedDeliveries' }),
        },
      },
    },
    async ({ actor, body: { channel, event, since } }, reply) => {
      const chosen = { channel, event, from: since === undefined ? undefined : timeOf(since) }
      const replayed = await db.transaction(async tx => {
        const revived = await reviveMany(tx, chosen, mostReplayed, now())
        for (const id of revived) await enqueueDelivery(tx, jobs.bulk, id)
        const about = { channel, event, since, replayed: revived.length }
        await acted(tx, actor, 'deliveries.replayed', channel ?? 'all', about)
        return revived.length
      })
      return reply.code(202).send({ replayed })
    },
  )

  http.post(
    '/deliveries/:id/replay',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Send a dead mail again',
        refuses: ['delivery_unknown', 'delivery_not_dead'],
        params: Type.Object({ id: Id }),
        response: { 202: DeliveryView },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      const delivery = await db.transaction(async tx => {
        const revived = await revive(tx, id, now())
        const delivery = (await findDelivery(tx, id)) ?? fail('not_found', 'delivery_unknown')
        if (!revived)
          throw new Problem('conflict', 'delivery_not_dead', {
            detail: `It is ${delivery.status}; only dead mail is sent again by hand.`,
          })
        await enqueueDelivery(tx, jobs.normal, id)
        await acted(tx, actor, 'delivery.replayed', id)
        return delivery
      })
      return reply.code(202).send(deliveryView(delivery))
    },
  )
}

const tagOf = ({ version }: { version: number }, { userId }: Actor): string => `${version}-${userId}`

const isPosition = (key: unknown): boolean => Number.isInteger(key) && (key as number) >= 0 && (key as number) < 2 ** 31
