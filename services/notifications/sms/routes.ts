import { timingSafeEqual } from 'node:crypto'
import { Instant } from '#contracts/shared'
import { anyone, isId, placeOf, Problem, signedIn } from '#kernel'
import Type from 'typebox'
import type { NotificationsHost } from '../host.ts'
import { codeOf, isOffered, statusAddress, type CodeJob } from './sending.ts'
import {
  countTry,
  deletePhone,
  findPhone,
  markUndelivered,
  markVerified,
  replacePhone,
  restartNumber,
  stopNumber,
  takeOne,
  type Phone,
} from './store.ts'
import type { Twilio } from './twilio.ts'

const codeGoodFor = 10 * 60_000
const mostTries = 5

const PhoneView = Type.Object(
  {
    offered: Type.Boolean({ description: 'Whether this platform sends SMS' }),
    number: Type.Union([Type.String(), Type.Null()], { examples: ['+41791234567'] }),
    verified: Type.Boolean(),
    stopped: Type.Union([Type.Object({ at: Instant, because: Type.String({ examples: ['STOP'] }) }), Type.Null()], {
      description: 'Nothing is sent there since then: a stop word came, or nothing arrives',
      examples: [null],
    }),
  },
  { title: 'Phone' },
)

/** The number of who asks, which a code proves before anything is sent there. */
export function smsRoutes(host: NotificationsHost, twilio: Twilio | undefined, codes: CodeJob): void {
  const { http, db, now, cache, settings } = host
  const day = 24 * 3600
  const byPerson = cache.limit('codes by SMS, by person', { points: 3, seconds: 3600 })
  const byBoth = cache.limit('codes by SMS, by person and number', { points: 5, seconds: day })
  // Strangers use up neither what a person has at a number, nor a number for who has proven it to be theirs.
  const byPlace = cache.limit('codes by SMS, by place', { points: 20, seconds: day })
  const byStrangers = cache.limit('codes by SMS, by number that another may have', { points: 20, seconds: day })
  const offered = isOffered(host, twilio)

  const view = (phone: Phone | undefined) => ({
    offered,
    number: phone?.number ?? null,
    verified: phone?.verifiedAt != null,
    stopped: phone?.stoppedAt ? { at: phone.stoppedAt.toISOString(), because: phone.stoppedBecause ?? '' } : null,
  })

  http.get(
    '/phone',
    {
      config: { access: signedIn },
      schema: { summary: 'The number that one is sent SMS at', response: { 200: PhoneView } },
    },
    async ({ actor: { userId } }) => view(await findPhone(db, userId)),
  )

  http.put(
    '/phone',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Give a number, and be sent a code there',
        description: 'Nothing else is sent there until the code was given back. It takes the place of a number before.',
        refuses: ['sms_not_offered', 'phone_refused', 'sms_used_up', 'too_many_requests'],
        body: Type.Object({
          number: Type.String({
            pattern: '^\\+[1-9][0-9]{6,14}$',
            maxLength: 16,
            description: 'E.164',
            examples: ['+41791234567'],
          }),
        }),
        response: { 202: PhoneView },
      },
    },
    async ({ actor: { userId }, body: { number }, ip }, reply) => {
      if (!offered) throw new Problem('conflict', 'sms_not_offered')
      const prefixes = settings.SMS_COUNTRIES
      if (prefixes.length > 0 && !prefixes.some(prefix => number.startsWith(`+${prefix.replace(/^\+/, '')}`)))
        throw new Problem('unprocessable', 'phone_refused')
      await byPerson.take(userId)
      await byBoth.take(`${userId} ${number}`)
      if ((await findPhone(db, userId))?.proven !== number) {
        await byPlace.take(placeOf(ip))
        await byStrangers.take(number)
      }
      const phone = await db.transaction(async tx => {
        const phone = await replacePhone(tx, userId, number, now())
        if (!(await takeOne(tx, userId, settings.SMS_DAILY_LIMIT, now()))) throw new Problem('conflict', 'sms_used_up')
        await tx.enqueue(codes, { userId, generation: phone.generation })
        return phone
      })
      return reply.code(202).send(view(phone))
    },
  )

  http.post(
    '/phone/verify',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Prove a number by the code that was sent there',
        refuses: ['phone_code_wrong'],
        body: Type.Object({ code: Type.String({ pattern: '^[0-9]{6}$', maxLength: 6, examples: ['123456'] }) }),
        response: { 200: PhoneView },
      },
    },
    async ({ actor: { userId }, body: { code } }) => {
      // The try counts whatever comes of it.
      const phone = await db.transaction(tx => countTry(tx, userId))
      const isGood =
        phone !== undefined &&
        phone.codeTries <= mostTries &&
        now().getTime() - phone.codeSentAt.getTime() < codeGoodFor &&
        timingSafeEqual(Buffer.from(codeOf(host, phone)), Buffer.from(code))
      if (!isGood)
        throw new Problem('unprocessable', 'phone_code_wrong', {
          detail: 'That is not the code, or it is too old. After five tries or ten minutes ask for another.',
        })
      return view(await db.transaction(tx => markVerified(tx, userId, now())))
    },
  )

  http.delete(
    '/phone',
    {
      config: { access: signedIn },
      schema: { summary: 'Have no SMS sent any more', response: { 204: Type.Null() } },
    },
    async ({ actor: { userId } }, reply) => {
      await db.transaction(tx => deletePhone(tx, userId))
      return reply.code(204).send(null)
    },
  )

  told(host, twilio)
}

/** As Twilio knows them, and in German; alone in an SMS. */
const stopWords = new Set('STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT STOPP ABMELDEN'.split(' '))
const startWords = new Set('START YES UNSTOP ANMELDEN'.split(' '))
/** Blocked, of nobody, or a landline: nothing will ever arrive there; and who sent a stop word to Twilio itself. */
const neverArrives = new Set(['21610', '21614', '30004', '30005', '30006'])

/** What Twilio tells: what became of an SMS, and what people answer. */
function told(host: NotificationsHost, twilio: Twilio | undefined): void {
  const { http, db, now, log, platform } = host
  const incoming = `${platform.publicUrl}/api/notifications/sms/incoming`
  const about = {
    refuses: ['sms_unproven'] as const,
    response: { 204: Type.Null() },
    consumes: ['application/x-www-form-urlencoded'],
    hide: true,
  }

  /** The form, where who sent it proves to be Twilio. */
  function proven(signature: unknown, url: string, body: unknown): URLSearchParams {
    const form = new URLSearchParams(Buffer.isBuffer(body) ? body.toString() : '')
    if (!twilio?.isSigned(String(signature ?? '').slice(0, 100), url, form))
      throw new Problem('unauthenticated', 'sms_unproven')
    return form
  }

  http.scope((app, scoped) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body)
    const options = { config: { access: anyone }, bodyLimit: 65_536 }

    scoped.post(
      '/sms/status/:id',
      {
        ...options,
        schema: {
          ...about,
          summary: 'What became of an SMS',
          params: Type.Object({ id: Type.String({ maxLength: 40 }) }),
        },
      },
      async ({ params: { id }, headers, body }, reply) => {
        const form = proven(headers['x-twilio-signature'], statusAddress(host, id) ?? '', body)
        const [status, code] = [form.get('MessageStatus'), form.get('ErrorCode') ?? '']
        if ((status === 'undelivered' || status === 'failed') && isId(id))
          await db.transaction(async tx => {
            const number = await markUndelivered(tx, id, `It was not delivered: ${code || status}`, now())
            if (number && neverArrives.has(code)) await stopNumber(tx, number, `Twilio ${code}`, now())
          })
        return reply.code(204).send(null)
      },
    )

    scoped.post(
      '/sms/incoming',
      { ...options, schema: { ...about, summary: 'What somebody answers to an SMS' } },
      async ({ headers, body }, reply) => {
        const form = proven(headers['x-twilio-signature'], incoming, body)
        const word = (form.get('Body') ?? '').trim().toUpperCase().slice(0, 20)
        const number = form.get('From') ?? ''
        if (stopWords.has(word)) {
          const stopped = await db.transaction(tx => stopNumber(tx, number, word, now()))
          log.info({ people: stopped.map(({ userId }) => userId) }, 'a stop word came: nothing is sent to that number')
        } else if (startWords.has(word)) await db.transaction(tx => restartNumber(tx, number))
        return reply.code(204).send(null)
      },
    )
  })
}
