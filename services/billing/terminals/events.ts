import type { IncomingHttpHeaders } from 'node:http'
import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { anyone, newId, parseJson, placeOf, Problem, type Tx } from '#kernel'
import type { AdHoc } from '../ad-hoc/desk.ts'
import { addressOfVisit, isPayable, offerAt } from '../ad-hoc/offers.ts'
import { findOfTerminal, insertVisit, listOfTerminal, lockVisit, setClosed, setLapsed } from '../ad-hoc/store.ts'
import { newKey, newToken, type Visit } from '../ad-hoc/visits.ts'
import type { BillingHost } from '../host.ts'
import { findTerminal, type Terminal } from './store.ts'
import { isProven } from './signature.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Count = Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] })
const Reference = Type.String({
  pattern: '^[\\x21-\\x7e]{1,64}$',
  maxLength: 64,
  description: 'What the terminal calls the authorisation of the card',
  examples: ['AUTH-4711'],
})
const One = Type.Object({ id: Id })
const Named = Type.Object({ reference: Reference })

const AuthorisationView = Type.Object(
  {
    reference: Type.String({ examples: ['AUTH-4711'] }),
    state: Type.Enum(['starting', 'charging', 'done', 'failed'], {
      description: '`starting`: the charger is asked to begin; `failed`: nothing began, for the reason given',
      examples: ['starting'],
    }),
    reason: nullable(
      Type.Enum(['offline', 'refused', 'unstarted', 'lapsed'], {
        description: 'The charger could not be reached, refused, or nothing began in time; the card is good no more',
      }),
    ),
    amountMinor: { ...Minor, description: 'What the card is good for' },
    currency: Currency,
    sessionId: nullable(Id),
    toDo: Type.Union(
      [
        Type.Object({
          captureMinor: { ...Minor, description: 'To be taken from the card, and the rest released; 0 releases all' },
        }),
        Type.Null(),
      ],
      { description: 'Null while nothing is to be done, or once it is done' },
    ),
    page: Type.String({
      description: 'Where who pays sees it live and can end it, for a display or a printed QR code',
      examples: ['https://example.com/charge/visits/…'],
    }),
    createdAt: Instant,
  },
  { title: 'TerminalAuthorisation' },
)
const ToDoView = Type.Object({ items: Type.Array(AuthorisationView) }, { title: 'TerminalToDo' })

const refuses = ['terminal_unproven', 'too_many_requests', 'authorisation_unknown', 'authorisation_over'] as const

/** A request as it comes to who reads its body: what its route says of it is not looked at yet. */
interface Bare {
  readonly params: unknown
  readonly headers: IncomingHttpHeaders
  readonly ip: string
}

/** What terminals say and are told; all of it is signed as Standard Webhooks are. */
export function eventRoutes(host: BillingHost, adHoc: AdHoc, secretsFor: (terminal: Terminal) => string[]): void {
  const { db, now, cache } = host
  const attempts = cache.limit('terminals by place', { points: 600, seconds: 60 })

  /** Fails with `terminal_unproven`, whether there is no such terminal or it has another secret. */
  async function prove(id: string, headers: IncomingHttpHeaders, ip: string, body: Buffer | string): Promise<void> {
    await attempts.take(placeOf(ip))
    const one = (name: string): string => String(headers[name] ?? '').slice(0, 1000)
    const proof = { id: one('webhook-id'), timestamp: one('webhook-timestamp'), signature: one('webhook-signature') }
    const terminal = /^[0-9a-f-]{36}$/i.test(id) ? await findTerminal(db, id) : undefined
    if (!terminal || !secretsFor(terminal).some(secret => isProven(secret, proof, body, now())))
      throw new Problem('unauthenticated', 'terminal_unproven')
    await db.transaction(
      tx => tx`
        update terminals set heard_at = ${now()}
        where id = ${id} and (heard_at is null or heard_at < ${new Date(now().getTime() - 60_000)})`,
    )
  }

  const view = (visit: Visit) => viewOf(host, visit)

  async function found(terminalId: string, reference: string): Promise<Visit> {
    const visit = await findOfTerminal(db, terminalId, reference)
    if (!visit) throw new Problem('not_found', 'authorisation_unknown')
    return visit
  }

  /** Changes one in a transaction; answers with how it is then. */
  async function change(
    terminalId: string,
    reference: string,
    work: (tx: Tx<'billing'>, visit: Visit) => Promise<void>,
  ): Promise<Static<typeof AuthorisationView>> {
    const { id } = await found(terminalId, reference)
    await db.transaction(async tx => await work(tx, (await lockVisit(tx, { id }))!))
    return view(await found(terminalId, reference))
  }

  const begin = openBeginning(host, adHoc)
  host.http.scope((app, scoped) => {
    // Signatures are over the bytes as they came.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: Bare, body: Buffer) => {
      await prove((request.params as { id: string }).id, request.headers, request.ip, body)
      return parseJson(body)
    })
    const config = { access: anyone }
    scoped.post(
      '/terminals/:id/authorised',
      {
        config,
        schema: {
          summary: 'A terminal says that a card is good for so much',
          description: 'The charger is asked to begin. Said again it is the same; `state` says how it went.',
          refuses: [
            ...refuses,
            'station_unknown',
            'connector_unknown',
            'ad_hoc_unavailable',
            'charger_unready',
            'authorisation_differs',
          ],
          params: One,
          body: Type.Object({
            reference: Reference,
            stationId: Id,
            evse: Count,
            connector: Count,
            amountMinor: { ...Minor, minimum: 1, maximum: 100_000_000, examples: [5000] },
            currency: Currency,
            language: Type.Optional(Type.Enum(['en', 'de'], { examples: ['en'] })),
          }),
          response: { 202: AuthorisationView },
        },
      },
      async ({ params: { id }, body }, reply) => {
        await begin((await findTerminal(db, id))!, body)
        return reply.code(202).send(view(await found(id, body.reference)))
      },
    )
    const told = (
      path: string,
      about: { summary: string; description?: string },
      work: (tx: Tx<'billing'>, visit: Visit) => Promise<void>,
    ) =>
      scoped.post(
        `/terminals/:id/${path}`,
        { config, schema: { ...about, refuses, params: One, body: Named, response: { 200: AuthorisationView } } },
        ({ params: { id }, body: { reference } }) => change(id, reference, work),
      )
    told(
      'cancelled',
      { summary: 'A terminal says that a card is good no more', description: 'A session that goes on is ended.' },
      (tx, visit) => cancelled(adHoc, tx, visit, now()),
    )
    told(
      'uncaptured',
      { summary: 'A terminal says that it released a card, or could not take what was due' },
      async (tx, visit) => {
        if (visit.captureMinor === null) throw new Problem('conflict', 'authorisation_over')
        if (visit.closedAt) return
        if (visit.captureMinor > 0n) await setLapsed(tx, visit.id)
        await setClosed(tx, visit.id, now())
      },
    )
    scoped.post(
      '/terminals/:id/stop',
      {
        config,
        schema: {
          summary: 'A terminal says that somebody wants to end charging',
          refuses,
          params: One,
          body: Named,
          response: { 202: AuthorisationView },
        },
      },
      async ({ params: { id }, body: { reference } }, reply) => {
        await adHoc.stop(await found(id, reference))
        return reply.code(202).send(view(await found(id, reference)))
      },
    )
    scoped.post(
      '/terminals/:id/captured',
      {
        config,
        schema: {
          summary: 'A terminal says that it took what was due from a card',
          refuses,
          params: One,
          body: Type.Object({ reference: Reference, amountMinor: { ...Minor, minimum: 1, maximum: 100_000_000 } }),
          response: { 200: AuthorisationView },
        },
      },
      ({ params: { id }, body: { reference, amountMinor } }) =>
        change(id, reference, async (tx, visit) => {
          if (visit.closedAt && visit.capturedMinor === BigInt(amountMinor)) return
          if (visit.closedAt || !visit.captureMinor || BigInt(amountMinor) > visit.captureMinor)
            throw new Problem('conflict', 'authorisation_over')
          await setClosed(tx, visit.id, now())
          await adHoc.taken(tx, visit, BigInt(amountMinor))
        }),
    )
    scoped.get(
      '/terminals/:id/authorisations/:reference',
      {
        config,
        schema: {
          summary: 'How a card that a terminal told of stands',
          refuses,
          params: Type.Object({ id: Id, reference: Reference }),
          response: { 200: AuthorisationView },
        },
      },
      async ({ params: { id, reference }, headers, ip }) => {
        await prove(id, headers, ip, '')
        return view(await found(id, reference))
      },
    )
    scoped.get(
      '/terminals/:id/to-do',
      {
        config,
        schema: {
          summary: 'What a terminal has to take or to release, the oldest first',
          refuses: ['terminal_unproven', 'too_many_requests'],
          params: One,
          response: { 200: ToDoView },
        },
      },
      async ({ params: { id }, headers, ip }) => {
        await prove(id, headers, ip, '')
        return { items: (await listOfTerminal(db, id, 100)).map(view) }
      },
    )
  })
}

/** As a terminal is told of it. */
export const viewOf = ({ platform }: BillingHost, visit: Visit): Static<typeof AuthorisationView> => ({
  reference: visit.reference!,
  state: visit.state as 'starting',
  reason: visit.reason as 'offline' | null,
  amountMinor: Number(visit.amountMinor),
  currency: visit.currency,
  sessionId: visit.sessionId,
  toDo: visit.captureMinor === null || visit.closedAt ? null : { captureMinor: Number(visit.captureMinor) },
  page: platform.publicUrl + addressOfVisit(visit),
  createdAt: visit.createdAt.toISOString(),
})

/** A card that is good no more: of a session that is over nothing is taken, one that goes on is ended. */
async function cancelled(adHoc: AdHoc, tx: Tx<'billing'>, visit: Visit, at: Date): Promise<void> {
  if (visit.captureMinor === null) return await adHoc.lapse(tx, visit, at)
  if (visit.captureMinor > 0n && !visit.closedAt) await setLapsed(tx, visit.id)
  await setClosed(tx, visit.id, at)
}

interface Said {
  readonly reference: string
  readonly stationId: string
  readonly evse: number
  readonly connector: number
  readonly amountMinor: number
  readonly currency: string
  readonly language?: 'en' | 'de'
}

/** The first word of a terminal about a card has the charger begin; the same word again does nothing. */
function openBeginning(host: BillingHost, adHoc: AdHoc) {
  const { db, now } = host
  return async (terminal: Terminal, said: Said): Promise<void> => {
    const { reference, stationId, evse, connector, amountMinor, currency, language = 'en' } = said
    const there = await findOfTerminal(db, terminal.id, reference)
    if (there) return requireSame(there, said)
    const offer = await offerAt(host, { stationId, evse, connector })
    const { seller, tariff, stationName, place } = offer
    if (!tariff || !seller || tariff.terms.currency !== currency) throw new Problem('conflict', 'ad_hoc_unavailable')
    if (seller.id !== terminal.owner.id) throw new Problem('not_found', 'station_unknown')
    if (!isPayable(offer)) throw new Problem('conflict', 'charger_unready')
    const at = now()
    const id = newId(at.getTime())
    await db.transaction(async tx => {
      const isNew = await insertVisit(tx, {
        id,
        key: newKey(),
        terminalId: terminal.id,
        reference,
        paymentId: null,
        stationId,
        stationName,
        chargerId: offer.chargerId,
        evse,
        connector,
        seller,
        tariffId: tariff.id,
        version: tariff.version,
        place,
        currency,
        amountMinor: BigInt(amountMinor),
        email: null,
        language,
        token: newToken(),
        state: 'paying',
        createdAt: at,
      })
      if (isNew) await adHoc.begin(tx, (await lockVisit(tx, { id }))!)
    })
  }
}

function requireSame(visit: Visit, { stationId, evse, connector, amountMinor, currency }: Said): void {
  const isSame =
    visit.stationId === stationId &&
    visit.evse === evse &&
    visit.connector === connector &&
    visit.amountMinor === BigInt(amountMinor) &&
    visit.currency === currency
  if (!isSame) throw new Problem('conflict', 'authorisation_differs')
}
