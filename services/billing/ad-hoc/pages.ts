import Type, { type Static } from 'typebox'
import { Id } from '#contracts/shared'
import {
  addressOf,
  anyone,
  forForms,
  form,
  html,
  type Html,
  type Language,
  languageOf,
  newId,
  placeOf,
  Problem,
  type Reply,
  type Request,
  sendPage,
} from '#kernel'
import { shown } from '#money/amount'
import { asPdf, findInvoice } from '#money/invoices'
import type { Payments } from '#money/payments'
import { ofSessions } from '#money/tariff-price'
import { wordsOf } from '#money/tariff-words'
import { findCharge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import type { AdHoc } from './desk.ts'
import { liveRoutes } from './live.ts'
import {
  addressOfPlug,
  addressOfVisit,
  amountFor,
  isPayable,
  offerAt,
  sizes,
  type Offer,
  type Payable,
  type Size,
} from './offers.ts'
import { countPaying, findVisit, insertVisit } from './store.ts'
import { showVisit } from './visit-page.ts'
import { newKey, newToken } from './visits.ts'
import { texts } from './words.ts'

const Number16 = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const Plug = Type.Object({ stationId: Id, evse: Number16, connector: Number16 })
const Key = Type.Object({ key: Type.String({ pattern: '^[\\w-]{20,64}$', maxLength: 64 }) })
const Fields = Type.Object({
  size: Type.Enum(sizes.map(String)),
  /** As it was shown. */
  terms: Type.String({ maxLength: 60 }),
  email: Type.Optional(Type.String({ maxLength: 254 })),
})

/** So many may be about to pay at one plug, whoever they are. */
const mostPaying = 20

/** What went wrong with what somebody sent. */
type Trouble = 'changed' | 'wrongEmail' | 'tooMany' | 'noProvider'

/** Where a stranger pays at a connector, and sees what becomes of it. No script is needed. */
export function adHocPages(host: BillingHost, payments: Payments<'billing'>, adHoc: AdHoc): void {
  const { site, db, cache } = host
  const looks = cache.limit('look at connectors by place', { points: 120, seconds: 60 })
  const begins = cache.limit('pay at connectors by place', { points: 10, seconds: 600 })
  const page = { produces: ['text/html'], hide: true, refuses: 'any' as const }
  const posts = { ...page, consumes: ['application/x-www-form-urlencoded'] }
  const config = { access: anyone }

  liveRoutes(host, adHoc)
  site.get(
    '/charge/:stationId/:evse/:connector',
    { config, schema: { ...page, summary: 'Where a stranger pays at a connector', params: Plug } },
    async (request, reply) => {
      await looks.take(placeOf(request.ip))
      return await showOffer(host, request as never, reply, request.params)
    },
  )
  forForms(site, forms => {
    forms.post(
      '/charge/:stationId/:evse/:connector',
      { config, schema: { ...posts, summary: 'A stranger wants to pay at a connector', params: Plug, body: Fields } },
      async (request, reply) => {
        const { params, body, ip } = request
        const again = (trouble: Trouble) => showOffer(host, request as never, reply, params, { trouble, sent: body })
        try {
          await begins.take(placeOf(ip))
        } catch (error) {
          if (error instanceof Problem && error.kind === 'limited') return await again('tooMany')
          throw error
        }
        const found = await look(host, params)
        if (!found || !isPayable(found)) return await showOffer(host, request as never, reply, params)
        if (termsOf(found) !== body.terms) return await again('changed')
        const email = body.email?.trim() ? addressOf(body.email.trim()) : null
        if (email === undefined) return await again('wrongEmail')
        if ((await countPaying(db, params)) >= mostPaying) return await again('tooMany')
        const path = await beginVisit(host, payments, found, Number(body.size) as Size, {
          email,
          language: languageOf(request),
        })
        return path ? reply.header('cache-control', 'no-store').redirect(path, 303) : await again('noProvider')
      },
    )
    forms.post(
      '/charge/visits/:key/stop',
      { config, schema: { ...posts, summary: 'A stranger ends charging', params: Key, body: Type.Object({}) } },
      async (request, reply) => {
        const visit = await findVisit(db, request.params)
        if (!visit) return nothingThere(request as never, reply)
        await adHoc.stop(visit)
        return reply.header('cache-control', 'no-store').redirect(addressOfVisit(visit), 303)
      },
    )
  })
  site.get(
    '/charge/visits/:key/receipt.pdf',
    {
      config,
      schema: {
        summary: 'The receipt of a stranger',
        params: Key,
        produces: ['application/pdf'],
        refuses: ['visit_unknown', 'invoice_unknown'],
        hide: true,
      },
    },
    async (request, reply) => {
      await looks.take(placeOf(request.ip))
      const visit = await findVisit(db, request.params)
      if (!visit) throw new Problem('not_found', 'visit_unknown')
      const invoiceId = visit.sessionId && (await findCharge(db, visit.sessionId))?.invoiceId
      const invoice = invoiceId ? await findInvoice(db, invoiceId) : undefined
      if (!invoice) throw new Problem('not_found', 'invoice_unknown')
      return reply
        .type('application/pdf')
        .headers({
          'content-disposition': `inline; filename="${invoice.number}.pdf"`,
          'cache-control': 'private, no-store',
          'x-robots-tag': 'noindex',
        })
        .send(await asPdf(invoice))
    },
  )
  site.scope((app, scoped) => {
    // A page that tells live how it stands has a script of ours, and asks us.
    app.addHook('onSend', async (_request, reply, payload) => {
      if (!reply.hasHeader('x-live')) return payload
      reply.removeHeader('x-live')
      const policy = String(reply.getHeader('content-security-policy'))
      reply.header('content-security-policy', `${policy}; script-src 'self'; connect-src 'self'`)
      return payload
    })
    scoped.get(
      '/charge/visits/:key',
      {
        config,
        schema: {
          ...page,
          summary: 'How charging of a stranger stands',
          params: Key,
          querystring: Type.Object({
            still: Type.Optional(Type.Enum(['1'], { description: 'It is not loaded anew by itself' })),
          }),
        },
      },
      async (request, reply) => {
        const visit = await findVisit(db, request.params)
        if (!visit) return nothingThere(request as never, reply)
        return await showVisit(host, payments, adHoc, visit, reply, request.query.still === undefined)
      },
    )
  })
}

/** Undefined for what is not there, or not for strangers. */
const look = (host: BillingHost, plug: Static<typeof Plug>): Promise<Offer | undefined> =>
  offerAt(host, plug).catch((error: unknown) => {
    if (error instanceof Problem && error.kind === 'not_found') return undefined
    throw error
  })

const termsOf = ({ tariff }: Offer): string => `${tariff?.id} ${tariff?.version}`

/** Writes that somebody wants to pay; gives where they do. Undefined where nobody takes their money. */
async function beginVisit(
  { db, now, platform }: BillingHost,
  payments: Payments<'billing'>,
  offer: Payable,
  size: Size,
  { email, language }: { email: string | null; language: Language },
): Promise<string | undefined> {
  const { stationId, stationName, chargerId, evse, connector, seller, tariff, place } = offer
  const amountMinor = await amountFor({ db, now }, offer, size)
  const { currency } = tariff.terms
  const at = now()
  const [id, key] = [newId(at.getTime()), newKey()]
  try {
    const payment = await db.transaction(async tx => {
      const prepared = await payments.prepare(tx, {
        purpose: 'ad-hoc',
        reference: id,
        payer: null,
        money: { minor: amountMinor, currency },
        capture: 'manual',
        description: texts[language].pay(stationName),
        returnTo: addressOfVisit({ key }),
      })
      await insertVisit(tx, {
        id,
        key,
        terminalId: null,
        reference: null,
        paymentId: prepared.id,
        stationId,
        stationName,
        chargerId,
        evse,
        connector,
        seller,
        tariffId: tariff.id,
        version: tariff.version,
        place,
        currency,
        amountMinor,
        email,
        language,
        token: newToken(),
        state: 'paying',
        createdAt: at,
      })
      return prepared
    })
    const { page } = await payments.open(payment.id)
    return page.slice(platform.publicUrl.length)
  } catch (error) {
    if (error instanceof Problem && error.code.startsWith('payment')) return undefined
    throw error
  }
}

async function showOffer(
  host: BillingHost,
  request: Request,
  reply: Reply,
  plug: Static<typeof Plug>,
  about: { trouble?: Trouble; sent?: Static<typeof Fields> } = {},
): Promise<Reply> {
  const offer = await look(host, plug)
  if (!offer) return nothingThere(request, reply)
  const language = languageOf(request)
  const words = texts[language]
  const { stationId, stationName, evse, connector, tariff } = offer
  reply.header('cache-control', 'no-store')
  return sendPage(reply, about.trouble === 'tooMany' ? 429 : about.trouble ? 409 : 200, {
    language,
    title: words.pay(stationName),
    body: html`<p>${words.plug(evse, connector)}</p>
      ${about.trouble && html`<p role="alert">${words[about.trouble]}</p>`}
      ${
        tariff &&
        html`<h2>${words.prices}</h2>
          <ul>
            ${wordsOf(language, ofSessions(tariff.terms)).map(price => html`<li>${price}</li>`)}
          </ul>`
      }
      ${await payOrWhyNot(host, language, offer, about.sent)}`,
    onward: [
      { to: `/stations/${stationId}`, text: words.station },
      { to: '/', text: words.home },
    ],
  })
}

async function payOrWhyNot(
  host: BillingHost,
  language: Language,
  offer: Offer,
  sent?: Static<typeof Fields>,
): Promise<Html> {
  const words = texts[language]
  if (!offer.tariff) return html`<p role="status">${offer.seller ? words.free : words.closed}</p>`
  if (!offer.seller) return html`<p role="status">${words.closed}</p>`
  if (!offer.online || offer.chargerId === null) return html`<p role="status">${words.offline}</p>`
  if (!offer.startable) return html`<p role="status">${words.busy}</p>`
  const { currency } = offer.tariff.terms
  const amounts = await Promise.all(sizes.map(async size => [size, await amountFor(host, offer, size)] as const))
  const chosen = sent?.size ?? String(sizes[1])
  const options = amounts.map(([size, minor]) => {
    const text = words.option(shown({ minor, currency }, language), kWhIn(language, size))
    return String(size) === chosen
      ? html`<option value="${size}" selected>${text}</option>`
      : html`<option value="${size}">${text}</option>`
  })
  return form(
    words.go,
    html`<input type="hidden" name="terms" value="${termsOf(offer)}" />
      <label
        >${words.most}<select name="size">
          ${options}
        </select></label
      >
      <p>${isChargedAtOnce(host, currency) ? words.charged : words.reserved}</p>
      <label
        >${words.email}<input
          type="email"
          name="email"
          autocomplete="email"
          maxlength="254"
          value="${sent?.email ?? ''}"
      /></label>
      <p>${words.noAccount}</p>`,
    addressOfPlug(offer),
  )
}

const kWhIn = (language: Language, kWh: number): string => `${new Intl.NumberFormat(language).format(kWh)} kWh`

/** Razorpay captures all that was authorised, and gives back the rest. */
const isChargedAtOnce = ({ settings }: BillingHost, currency: string): boolean =>
  settings.RAZORPAY_KEY_ID !== undefined && (currency === 'INR' || settings.STRIPE_SECRET_KEY === undefined)

function nothingThere(request: Request, reply: Reply): Reply {
  const language = languageOf(request)
  const { unknown, home } = texts[language]
  return sendPage(reply.header('cache-control', 'no-store'), 404, {
    language,
    title: unknown.title,
    body: html`<p>${unknown.text}</p>`,
    onward: [{ to: '/', text: home }],
  })
}
