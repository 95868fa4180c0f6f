import { getPerson } from '#contracts/identity'
import { EmailCheckAsked } from '#contracts/notifications'
import { Id, Instant } from '#contracts/shared'
import {
  addressOf,
  anyone,
  cursorOf,
  fail,
  isInstant,
  isText,
  listQuery,
  Page,
  page,
  Problem,
  signedIn,
  withRole,
} from '#kernel'
import Type from 'typebox'
import type { NotificationsHost } from '../host.ts'
import { unlessUnknown } from '../kinds/kind.ts'
import { take, type MailEvent } from './closing.ts'
import {
  isOfSendgrid,
  isStandardlySigned,
  mailEvents,
  sendgridEvents,
  sendgridKey,
  sendgridProof,
} from './providers.ts'
import { closings, findClosed, listClosed, reopen, type ClosedAddress } from './store.ts'

const Because = Type.Enum([...closings], {
  description:
    '`bounced`: the server has nobody by that name; `complained`: called unwanted; `unsubscribed` at the mail provider',
  examples: ['bounced'],
})

const OwnAddressView = Type.Object(
  {
    address: Type.String({ examples: ['ada@example.com'] }),
    open: Type.Boolean({ description: 'Whether news is mailed there' }),
    closed: Type.Union([Type.Object({ because: Because, at: Instant }), Type.Null()], { examples: [null] }),
  },
  { title: 'OwnMailAddress' },
)

const ClosedAddressView = Type.Object(
  {
    address: Type.String({ examples: ['ada@example.com'] }),
    userId: Type.Union([Id, Type.Null()]),
    because: Because,
    detail: Type.String({ examples: ['550 5.1.1 No such mailbox'] }),
    closedAt: Instant,
  },
  { title: 'ClosedMailAddress' },
)

const closedView = ({ closedAt, ...closed }: ClosedAddress) => ({ ...closed, closedAt: closedAt.toISOString() })

/** Whether mail reaches people, and what mail systems tell of that. */
export function mailRoutes(host: NotificationsHost): void {
  const { acted, ask, cache, db, http, now } = host
  const checks = cache.limit('checks of addresses', { points: 5, seconds: 3600 })

  /** Of who is signed in; they may have been forgotten a moment ago. */
  const ownAddress = async (userId: string): Promise<string> => {
    const person = await unlessUnknown('user_unknown', ask(getPerson, { userId }))
    return person?.email ?? fail('unauthenticated', 'token_invalid', { detail: 'The account is gone.' })
  }

  http.get(
    '/email',
    {
      config: { access: signedIn },
      schema: { summary: 'Whether mail reaches one', response: { 200: OwnAddressView } },
    },
    async ({ actor: { userId } }) => {
      const email = await ownAddress(userId)
      const closed = await findClosed(db, email)
      return {
        address: email,
        open: !closed,
        closed: closed ? { because: closed.because, at: closed.closedAt.toISOString() } : null,
      }
    },
  )

  http.post(
    '/email/check',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Ask for a mail whose link opens one’s address again',
        refuses: ['address_open', 'too_many_requests'],
        response: { 202: OwnAddressView },
      },
    },
    async ({ actor: { userId } }, reply) => {
      await checks.take(userId)
      const email = await ownAddress(userId)
      const closed = await findClosed(db, email)
      if (!closed) throw new Problem('conflict', 'address_open')
      await db.transaction(tx => tx.publish(EmailCheckAsked, { userId }))
      const { because, closedAt } = closed
      return reply.code(202).send({ address: email, open: false, closed: { because, at: closedAt.toISOString() } })
    },
  )

  http.get(
    '/closed-addresses',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Addresses that are mailed no more, the last first',
        querystring: listQuery({}),
        response: { 200: Page(ClosedAddressView) },
      },
    },
    async ({ query: { limit, after } }) => {
      const before = cursorOf(after, isInstant, isText)
      const rows = await listClosed(db, { before, limit: limit + 1 })
      return page(rows, limit, ({ closedAt, address }) => [closedAt.toISOString(), address], closedView)
    },
  )

  http.post(
    '/closed-addresses/reopen',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Have mail go to an address again, whose owner says that it works',
        refuses: ['address_open'],
        body: Type.Object({ address: Type.String({ maxLength: 254, examples: ['ada@example.com'] }) }),
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, body }, reply) => {
      const address = addressOf(body.address)
      if (!address) throw new Problem('conflict', 'address_open')
      await db.transaction(async tx => {
        if (!(await reopen(tx, address, now()))) throw new Problem('conflict', 'address_open')
        // Whose it is cannot be taken out of there any more, and so is not written down.
        await acted(tx, actor, 'address.reopened', address.slice(address.lastIndexOf('@')))
      })
      return reply.code(204).send(null)
    },
  )

  told(host)
}

/** What mail systems tell, each in its way; what is not proven to be theirs is refused. */
function told(host: NotificationsHost): void {
  const { http, now, settings, metrics } = host
  const key = settings.SENDGRID_WEBHOOK_KEY ? sendgridKey(settings.SENDGRID_WEBHOOK_KEY) : undefined
  const secret = settings.MAIL_EVENTS_SECRET
  const unproven = (): never => {
    throw new Problem('unauthenticated', 'mail_events_unproven')
  }
  const count = (events: readonly MailEvent[]) => {
    for (const { type } of events)
      metrics.counter('ohmnibus_mail_events_total', 'What mail systems told of mails', ['type']).inc({ type })
  }
  const about = { response: { 204: Type.Null() }, consumes: ['application/json'], hide: true }

  http.scope((app, scoped) => {
    // Signatures are over the bytes as they came.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body)
    const options = { config: { access: anyone }, bodyLimit: 4_000_000 }

    scoped.post(
      '/mail-events/sendgrid',
      {
        ...options,
        schema: { ...about, summary: 'What SendGrid tells of mails', refuses: ['mail_events_unproven'] },
      },
      async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        if (!key || !isOfSendgrid(key, sendgridProof(request.headers), body, now())) return unproven()
        const events = sendgridEvents(body)
        count(events)
        await take(host, events)
        return reply.code(204).send(null)
      },
    )

    scoped.post(
      '/mail-events',
      {
        ...options,
        schema: {
          ...about,
          summary: 'What another mail system tells of mails',
          refuses: ['mail_events_unproven', 'mail_events_malformed'],
        },
      },
      async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        if (!secret || !isStandardlySigned(secret, request.headers, body, now())) return unproven()
        const events = mailEvents(body, now()) ?? fail('invalid', 'mail_events_malformed')
        count(events)
        await take(host, events)
        return reply.code(204).send(null)
      },
    )
  })
}
