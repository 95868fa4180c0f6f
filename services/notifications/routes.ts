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
  notModified,
  Page,
  page,
  Problem,
  requireMatch,
  signedIn,
  withRole,
  type Actor,
} from '#kernel'
import Type from 'typebox'
import { enqueueDelivery } from './addressing.ts'
import type { Jobs, NotificationsHost } from './host.ts'
import { kinds, optionalKinds, rules, type Channel, type Choices, type Kind } from './messages.ts'
import {
  countDeliveries,
  countNotifications,
  deliveryStatuses,
  findDelivery,
  listDeliveries,
  listNotifications,
  lockPreferences,
  markAllRead,
  markRead,
  preferencesOf,
  revive,
  updatePreferences,
  type Delivery,
  type Notification,
  type Preferences,
} from './store.ts'

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

const choices = <V extends Type.TSchema>(value: V) =>
  Type.Object(Object.fromEntries(optionalKinds.map(kind => [kind, value])) as Record<Kind, V>, {
    examples: [Object.fromEntries(optionalKinds.map(kind => [kind, rules[kind].email]))],
  })

const PreferencesView = Type.Object(
  {
    email: choices(Type.Boolean()),
    inApp: choices(Type.Boolean()),
    locale: Type.Union([Locale, Type.Null()], { description: 'Language of messages; null for that of the account' }),
  },
  { title: 'NotificationPreferences' },
)

const PreferencesBody = Type.Object({
  email: Type.Optional(choices(Type.Optional(Type.Boolean()))),
  inApp: Type.Optional(choices(Type.Optional(Type.Boolean()))),
  locale: Type.Optional(Type.Union([Locale, Type.Null()])),
})

/** What was chosen, and the defaults for the rest. */
const preferencesView = ({ email, inApp, locale }: Preferences) => {
  const effective = (channel: Channel, chosen: Choices[Channel]) =>
    Object.fromEntries(optionalKinds.map(kind => [kind, chosen[kind] ?? rules[kind][channel]])) as Record<Kind, boolean>
  return { email: effective('email', email), inApp: effective('inApp', inApp), locale }
}

const DeliveryView = Type.Object(
  {
    id: Id,
    event: Type.Enum(kinds, { examples: ['passport.created'] }),
    to: Type.String({ examples: ['ada@example.com'] }),
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

const deliveryView = ({ address, createdAt, updatedAt, ...delivery }: Delivery) => ({
  ...delivery,
  to: address,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})

const notificationFilters = {
  unread: Type.Boolean({ default: false, description: 'Only what was not read yet' }),
  ...createdQuery,
}

const deliveryFilters = { status: Type.Optional(Type.Enum([...deliveryStatuses])), ...createdQuery }

const chosen = (query: { unread: boolean; createdFrom?: string; createdTo?: string }) => ({
  unread: query.unread,
  created: createdIn(query),
})

export function routes({ http, db, now, platform }: NotificationsHost, jobs: Jobs): void {
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
          'Replaces what was chosen before; what is not named follows the defaults. Codes, invitations and messages ' +
          'about the safety of the account cannot be switched off. ' +
          'Mail about an organisation’s things goes to its owners and admins.',
        honours: ['If-Match'],
        body: PreferencesBody,
        response: { 200: PreferencesView },
      },
    },
    async (request, reply) => {
      const { userId } = request.actor
      const { email = {}, inApp = {}, locale = null } = request.body
      const changed = await db.transaction(async tx => {
        const { version } = await lockPreferences(tx, userId)
        requireMatch(request, tagOf({ version }, request.actor))
        const preferences = { email, inApp, locale, version: version + 1 }
        await updatePreferences(tx, userId, preferences)
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
      const { limit, after, status } = query
      const before = cursorOf(after, isInstant, isId)
      const rows = await listDeliveries(db, { status, created: createdIn(query) }, { before, limit: limit + 1 })
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
      counted(await countDeliveries(db, { status: query.status, created: createdIn(query) }, mostCounted + 1)),
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
    async ({ params: { id } }, reply) => {
      const delivery = await db.transaction(async tx => {
        const revived = await revive(tx, id, now())
        const delivery = (await findDelivery(tx, id)) ?? fail('not_found', 'delivery_unknown')
        if (!revived)
          throw new Problem('conflict', 'delivery_not_dead', {
            detail: `It is ${delivery.status}; only dead mail is sent again by hand.`,
          })
        await enqueueDelivery(tx, jobs.normal, id)
        return delivery
      })
      return reply.code(202).send(deliveryView(delivery))
    },
  )
}

const tagOf = ({ version }: { version: number }, { userId }: Actor): string => `${version}-${userId}`

const isPosition = (key: unknown): boolean => Number.isInteger(key) && (key as number) >= 0 && (key as number) < 2 ** 31
