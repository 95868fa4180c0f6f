import Type from 'typebox'
import { Id } from '#contracts/shared'
import {
  anyone,
  forForms,
  form,
  html,
  languageOf,
  Problem,
  sendPage,
  type Html,
  type Language,
  type PageContent,
  type Reply,
  type Request,
  type Texts,
} from '#kernel'
import { shown } from '../amount.ts'
import type { Desk } from './desk.ts'
import type { AnyHost, Payment } from './payment.ts'
import type { PlayMoney } from './play.ts'
import type { Providers } from './providers.ts'
import { findPayment } from './store.ts'

const en = {
  title: (amount: string) => `Pay ${amount}`,
  play: 'This is play money: no card is charged. Choose what your bank would do.',
  approve: 'Pay',
  challenge: 'Pay, and let the bank ask back (3-D Secure)',
  refuse: 'Let the card be declined',
  once: 'Pay, and let the card be declined the next time',
  challenged: 'Your bank asks whether it is really you who pays.',
  confirm: 'Yes, it is me',
  deny: 'No',
  declined: 'The card was declined. You can try again.',
  pay: 'Pay',
  unset: 'One cannot pay on this page: STRIPE_PUBLISHABLE_KEY is not set.',
  needsScript: 'Paying by card needs JavaScript, which this browser does not run.',
  states: {
    authorised: 'The amount is reserved. What is used is charged at the end.',
    succeeded: 'It is paid. Thank you!',
    cancelled: 'This payment was cancelled. Nothing was charged.',
  },
  back: 'Go on',
  leave: 'Back without paying',
  unknown: { title: 'There is no such payment', text: 'Its address was changed, or it is not of this site.' },
  home: 'Go to the start page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    title: amount => `${amount} bezahlen`,
    play: 'Das ist Spielgeld: Keine Karte wird belastet. Wählen Sie, was Ihre Bank tun würde.',
    approve: 'Bezahlen',
    challenge: 'Bezahlen, und die Bank fragt zurück (3-D Secure)',
    refuse: 'Die Karte ablehnen lassen',
    once: 'Bezahlen, und die Karte beim nächsten Mal ablehnen lassen',
    challenged: 'Ihre Bank fragt, ob wirklich Sie es sind, der bezahlt.',
    confirm: 'Ja, ich bin es',
    deny: 'Nein',
    declined: 'Die Karte wurde abgelehnt. Sie können es noch einmal versuchen.',
    pay: 'Bezahlen',
    unset: 'Auf dieser Seite kann man nicht bezahlen: STRIPE_PUBLISHABLE_KEY ist nicht gesetzt.',
    needsScript: 'Mit Karte zu bezahlen braucht JavaScript, und dieser Browser führt keines aus.',
    states: {
      authorised: 'Der Betrag ist vorgemerkt. Abgerechnet wird am Ende, was verbraucht wurde.',
      succeeded: 'Es ist bezahlt. Vielen Dank!',
      cancelled: 'Diese Zahlung wurde abgebrochen. Nichts wurde abgebucht.',
    },
    back: 'Weiter',
    leave: 'Zurück, ohne zu bezahlen',
    unknown: {
      title: 'Diese Zahlung gibt es nicht',
      text: 'Ihre Adresse wurde verändert, oder sie gehört nicht hierher.',
    },
    home: 'Zur Startseite',
  },
}

/** Mounts the card form of Stripe, with what stands at its place on the page. */
const stripeScript = `
const place = document.getElementById('card')
const { key, secret, back } = place.dataset
const stripe = Stripe(key)
const elements = stripe.elements({ clientSecret: secret })
elements.create('payment').mount('#card')
const button = document.querySelector('button')
document.querySelector('form').addEventListener('submit', async event => {
  event.preventDefault()
  button.disabled = true
  const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url: back } })
  button.disabled = false
  const told = document.querySelector('[role=alert]')
  told.hidden = !error
  told.textContent = error ? error.message : ''
})
`
const stripePolicy = [
  "script-src 'self' https://js.stripe.com",
  'frame-src https://js.stripe.com https://hooks.stripe.com https://*.js.stripe.com',
  'connect-src https://api.stripe.com',
].join('; ')

/** What a page may do beside what all may, by who takes the payment. */
const policies: Record<string, (policy: string) => string> = {
  // Its elements set styles on themselves.
  stripe: policy => `${policy.replace(/style-src [^;]+/, "style-src 'unsafe-inline'")}; ${stripePolicy}`,
  razorpay: policy => policy.replace("form-action 'self'", "form-action 'self' https://api.razorpay.com"),
}

const One = Type.Object({ id: Id })
const Proof = Type.Object({}, { additionalProperties: true })

/** How pages look at which one pays, and what stands above them: that of who sells, in the reader's language. */
export type Dress = (language: Language) => Pick<PageContent, 'look' | 'top'>

interface Surroundings {
  readonly host: AnyHost
  readonly desk: Desk
  readonly providers: Providers
  readonly play: PlayMoney | undefined
  readonly dress: Dress | undefined
}

/** Where a browser pays, and where the provider sends it afterwards. */
export function paymentPages(surroundings: Surroundings): void {
  const { host, desk, play } = surroundings
  const { db, http, log } = host
  const address = addressesOf(host)

  /** Whoever comes back is sent on: what became of the payment is said there, and heard of by webhook too. */
  async function takeBack(reply: Reply, id: string, proof: unknown): Promise<Reply> {
    const payment = await findPayment(db, id)
    if (!payment) throw new Problem('not_found', 'payment_unknown')
    // Whom a link sends here proves something, and chooses nothing.
    const given = Object.entries(proof as object).filter(
      ([name, value]) => typeof value === 'string' && name !== 'payment_method',
    )
    await desk.confirm(payment, Object.fromEntries(given)).catch(error => {
      if (!(error instanceof Problem)) throw error
      log.warn({ payment: id, problem: error.code }, 'a payment could not be looked at as its browser came back')
    })
    const { returnTo } = payment
    return reply.redirect(`${returnTo}${returnTo.includes('?') ? '&' : '?'}payment=${id}`, 303)
  }

  forForms(http, forms =>
    forms.scope((app, scoped) => {
      app.addHook('onSend', async (_request, reply, payload) => {
        const policy = policies[String(reply.getHeader('x-payment-provider'))]
        reply.removeHeader('x-payment-provider')
        if (policy) reply.header('content-security-policy', policy(String(reply.getHeader('content-security-policy'))))
        return payload
      })
      const page = { params: One, produces: ['text/html'], hide: true }
      const config = { access: anyone }
      scoped.get(
        '/payments/:id/page',
        { config, schema: { ...page, summary: 'Where a browser pays' } },
        (request, reply) => show(surroundings, request as Request, reply, request.params.id),
      )
      scoped.post(
        '/payments/:id/page',
        {
          config,
          schema: {
            ...page,
            summary: 'What the bank of a payer of play money does',
            refuses: 'any',
            consumes: ['application/x-www-form-urlencoded'],
            body: Type.Object({ gesture: Type.Enum(['approve', 'refuse', 'challenge', 'approve-once']) }),
          },
        },
        async (request, reply) => {
          const { id } = request.params
          const payment = await findPayment(db, id)
          if (!payment || payment.provider !== 'play' || !play) throw new Problem('not_found', 'payment_unknown')
          const isOver = await play.act(payment, request.body.gesture)
          if (isOver) return await takeBack(reply, id, {})
          return reply.redirect(address.path(id), 303)
        },
      )
      scoped.get(
        '/payments/card-form.js',
        { config, schema: { summary: 'The card form of Stripe on a page', produces: ['text/javascript'], hide: true } },
        (_request, reply) => reply.type('text/javascript; charset=utf-8').send(stripeScript),
      )
      const back = { params: One, hide: true, refuses: ['payment_unknown'] }
      scoped.get(
        '/payments/:id/return',
        { config, schema: { ...back, produces: ['text/html'], summary: 'Where a provider sends a browser back to' } },
        (request, reply) => takeBack(reply, request.params.id, request.query),
      )
      scoped.post(
        '/payments/:id/return',
        {
          config,
          schema: {
            ...back,
            summary: 'Where Razorpay sends a browser back to',
            consumes: ['application/x-www-form-urlencoded'],
            form: Proof,
          },
        },
        (request, reply) => takeBack(reply, request.params.id, request.body ?? {}),
      )
    }),
  )
}

/** The page as the payment stands. */
async function show(
  { host, providers, play, dress }: Surroundings,
  request: Request,
  reply: Reply,
  id: string,
): Promise<Reply> {
  const address = addressesOf(host)
  const language = languageOf(request)
  const payment = await findPayment(host.db, id)
  const looks = dress?.(language) ?? {}
  if (!payment) return unknown(reply, language, looks)
  const paying = (body: Html, onward?: string) => sendPayment(reply, language, { payment, looks }, body, onward)
  const { states, challenged, unset, play: about } = texts[language]
  const { state, provider } = payment
  if (state === 'authorised' || state === 'succeeded' || state === 'cancelled')
    return paying(html`<p role="status">${states[state]}</p>`, texts[language].back)
  if (provider === 'play') {
    const isAsked = (await play?.isChallenged(payment)) ?? false
    const failed = state === 'failed' && texts[language].declined
    const body = html`<p>${isAsked ? challenged : about}</p>
      ${failed && html`<p role="alert">${failed}</p>`} ${gesturesOf(language, isAsked, payment.keeps)}`
    return paying(body)
  }
  const { publicKey } = providers.named(provider)
  if (publicKey === null) return paying(html`<p role="alert">${unset}</p>`)
  reply.header('x-payment-provider', provider)
  const body =
    provider === 'stripe'
      ? stripeForm(language, payment, publicKey, address.back(id))
      : razorpayForm(language, payment, publicKey, address.back(id))
  return paying(body)
}

/** Of the pages of a payment. */
export function addressesOf({ name, platform }: Pick<AnyHost, 'name' | 'platform'>) {
  const path = (id: string) => `/api/${name}/payments/${id}/page`
  return {
    path,
    page: (id: string) => platform.publicUrl + path(id),
    back: (id: string) => `${platform.publicUrl}/api/${name}/payments/${id}/return`,
  }
}

function sendPayment(
  reply: Reply,
  language: Language,
  { payment, looks }: { payment: Payment; looks: ReturnType<Dress> },
  body: Html,
  onward?: string,
): Reply {
  const { title, leave } = texts[language]
  const { amountMinor: minor, currency, description, returnTo } = payment
  return sendPage(reply, 200, {
    language,
    title: title(shown({ minor, currency }, language)),
    body: html`<p><bdi>${description}</bdi></p>
      ${body}`,
    onward: [{ to: returnTo, text: onward ?? leave }],
    secret: true,
    ...looks,
  })
}

function unknown(reply: Reply, language: Language, looks: ReturnType<Dress>): Reply {
  const { unknown: told, home } = texts[language]
  return sendPage(reply, 404, {
    language,
    title: told.title,
    body: html`<p>${told.text}</p>`,
    onward: [{ to: '/', text: home }],
    ...looks,
  })
}

const gesture = (button: string, value: string): Html =>
  form(button, html`<input type="hidden" name="gesture" value="${value}" />`)

function gesturesOf(language: Language, isAsked: boolean, keeps: boolean): Html {
  const { approve, challenge, refuse, once, confirm, deny } = texts[language]
  return isAsked
    ? html`${gesture(confirm, 'approve')}${gesture(deny, 'refuse')}`
    : html`${gesture(approve, 'approve')}${gesture(challenge, 'challenge')}${gesture(refuse, 'refuse')}${keeps && gesture(once, 'approve-once')}`
}

function stripeForm(language: Language, { clientSecret }: Payment, key: string, back: string): Html {
  const { pay, needsScript } = texts[language]
  return html`<noscript><p role="alert">${needsScript}</p></noscript>
    <p role="alert" hidden></p>
    <form>
      <div id="card" data-key="${key}" data-secret="${clientSecret}" data-back="${back}"></div>
      <p><button>${pay}</button></p>
    </form>
    <script src="https://js.stripe.com/v3/"></script>
    <script src="../card-form.js"></script>`
}

/** Checkout at Razorpay itself, which needs no script here. */
function razorpayForm(language: Language, payment: Payment, key: string, back: string): Html {
  const { amountMinor, currency, description, providerId } = payment
  const fields = {
    key_id: key,
    order_id: providerId,
    amount: amountMinor,
    currency,
    name: description,
    description,
    callback_url: back,
    cancel_url: back,
  }
  return form(
    texts[language].pay,
    html`${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}`,
    'https://api.razorpay.com/v1/checkout/embedded',
  )
}
