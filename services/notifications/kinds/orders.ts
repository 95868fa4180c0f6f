import {
  getGuestLink,
  GoodsHandedOver,
  GuestOrdered,
  OrderCancelled,
  OrderCreated,
  OrderDelivered,
  OrderInvoiced,
  OrderRefunded,
  OrderShipped,
  PaymentFailed,
  PaymentSucceeded,
  ReturnDecided,
  ReturnReceived,
  ReturnRequested,
  WithdrawalDeclared,
} from '#contracts/orders'
import type { Owner } from '#contracts/shared'
import { shown } from '#money/amount'
import { both, inAppOnly, inBulk, mailOnly, rule, unlessUnknown, type Locale } from './kind.ts'
import { unlinked } from './wording.ts'

const languages: Record<Locale, string> = { en: 'en-GB', de: 'de-DE' }

const amountIn = (locale: Locale, minor: number, currency: string): string =>
  shown({ minor: BigInt(minor), currency }, languages[locale])

const momentIn = (locale: Locale, at: string): string =>
  `${new Intl.DateTimeFormat(languages[locale], { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(new Date(at))} UTC`

interface Told {
  orderId: string
  number: string
  userId: string
}

/** What is said of an order to who bought it. */
const buyer = <Facts extends object>({ orderId, number, userId }: Told, facts: Facts) => ({
  audience: { kind: 'person', id: userId } as Owner,
  facts: { order: number, ...facts },
  path: `/orders/${orderId}`,
})

/** And to who sells of it. */
const seller = <Facts extends object>(
  { orderId, number, vendor }: { orderId: string; number: string; vendor: Owner },
  facts: Facts,
) => ({ audience: vendor, facts: { order: number, ...facts }, path: `/orders/${orderId}` })

const see = { en: 'See your order', de: 'Bestellung ansehen' }

export const orders = {
  // Who buys has it in writing (Art. 8 (7) of Directive 2011/83/EU), though they ordered it themselves.
  'order.created': rule(
    OrderCreated,
    { ...both, ownToo: true },
    {
      drafts: event => [buyer(event, { totalMinor: event.totalMinor, currency: event.currency })],
      en: ({ order, totalMinor, currency }) => ({
        title: `Your order ${order}`,
        text: [
          `We have your order of ${amountIn('en', totalMinor, currency)}. Its things are held for you until it is paid.`,
        ],
        action: see.en,
      }),
      de: ({ order, totalMinor, currency }) => ({
        title: `Ihre Bestellung ${order}`,
        text: [
          `Ihre Bestellung über ${amountIn('de', totalMinor, currency)} ist da. Die Waren sind für Sie zurückgelegt, bis sie bezahlt ist.`,
        ],
        action: see.de,
      }),
    },
  ),

  'order.by-guest': rule(GuestOrdered, mailOnly, {
    drafts: ({ orderId, number, email, locale, totalMinor, currency }) => [
      {
        audience: { kind: 'address', address: email, locale },
        facts: { orderId, order: number, totalMinor, currency },
      },
    ],
    async secret({ ask }, { orderId }) {
      const found = await unlessUnknown('order_unknown', ask(getGuestLink, { orderId }))
      return found && { link: found.link }
    },
    en: ({ order, totalMinor, currency }) => ({
      title: `Your order ${order}`,
      text: [
        `We have your order of ${amountIn('en', totalMinor, currency)}. Its things are held for you until it is paid.`,
        'This link leads to it, now and later. Whoever has it may see to your order: keep it.',
      ],
      action: see.en,
    }),
    de: ({ order, totalMinor, currency }) => ({
      title: `Ihre Bestellung ${order}`,
      text: [
        `Ihre Bestellung über ${amountIn('de', totalMinor, currency)} ist da. Die Waren sind für Sie zurückgelegt, bis sie bezahlt ist.`,
        'Dieser Link führt zu ihr, jetzt und später. Wer ihn hat, kann sich um Ihre Bestellung kümmern: Heben Sie ihn auf.',
      ],
      action: see.de,
    }),
  }),

  'payment.success': rule(PaymentSucceeded, both, {
    drafts: event => [
      buyer(event, { totalMinor: event.totalMinor, currency: event.currency }),
      ...event.parts.map(({ vendor }) => ({
        audience: vendor,
        facts: { order: event.number, totalMinor: event.totalMinor, currency: event.currency },
        path: `/orders/${event.orderId}`,
      })),
    ],
    en: ({ order, totalMinor, currency }) => ({
      title: `Order ${order} is paid`,
      text: [`${amountIn('en', totalMinor, currency)} were paid for order ${order}.`],
      action: 'See the order',
    }),
    de: ({ order, totalMinor, currency }) => ({
      title: `Bestellung ${order} ist bezahlt`,
      text: [`Für Bestellung ${order} wurden ${amountIn('de', totalMinor, currency)} bezahlt.`],
      action: see.de,
    }),
  }),

  'payment.failed': rule(PaymentFailed, inAppOnly, {
    drafts: event => [buyer(event, {})],
    en: ({ order }) => ({
      title: `Order ${order} could not be paid`,
      text: ['The payment did not succeed. You can try again as long as its things are held for you.'],
      action: see.en,
    }),
    de: ({ order }) => ({
      title: `Bestellung ${order} konnte nicht bezahlt werden`,
      text: [
        'Die Zahlung ist nicht gelungen. Sie können es noch einmal versuchen, solange die Waren für Sie zurückgelegt sind.',
      ],
      action: see.de,
    }),
  }),

  'order.cancelled': rule(OrderCancelled, both, {
    drafts: event => [buyer(event, { whole: event.whole, late: event.reason === 'expired' })],
    en: ({ order, whole, late }) => ({
      title: `Order ${order} was cancelled`,
      text: [
        late
          ? 'It was not paid in time. Nothing was charged.'
          : whole
            ? 'Nothing of it will come. What was paid goes back.'
            : 'A part of it will not come. What was paid for that goes back.',
      ],
      action: see.en,
    }),
    de: ({ order, whole, late }) => ({
      title: `Bestellung ${order} wurde storniert`,
      text: [
        late
          ? 'Sie wurde nicht rechtzeitig bezahlt. Nichts wurde abgebucht.'
          : whole
            ? 'Nichts davon wird kommen. Was bezahlt wurde, geht zurück.'
            : 'Ein Teil davon wird nicht kommen. Was dafür bezahlt wurde, geht zurück.',
      ],
      action: see.de,
    }),
  }),

  'order.refunded': rule(OrderRefunded, both, {
    drafts: event => [buyer(event, { amountMinor: event.amountMinor, currency: event.currency })],
    en: ({ order, amountMinor, currency }) => ({
      title: `${amountIn('en', amountMinor, currency)} of order ${order} go back to you`,
      text: ['They go where they came from. Banks take a few days for it.'],
      action: see.en,
    }),
    de: ({ order, amountMinor, currency }) => ({
      title: `${amountIn('de', amountMinor, currency)} aus Bestellung ${order} gehen an Sie zurück`,
      text: ['Sie gehen dorthin, woher sie kamen. Banken brauchen dafür ein paar Tage.'],
      action: see.de,
    }),
  }),

  'order.shipped': rule(OrderShipped, both, {
    drafts: event => [buyer(event, { carrier: event.carrier, tracking: event.tracking })],
    en: ({ order, carrier, tracking }) => ({
      title: `Something of order ${order} is on its way`,
      text: [[carrier, tracking].filter(Boolean).join(': ') || 'The vendor has sent it.'],
      action: see.en,
    }),
    de: ({ order, carrier, tracking }) => ({
      title: `Etwas aus Bestellung ${order} ist unterwegs`,
      text: [[carrier, tracking].filter(Boolean).join(': ') || 'Der Händler hat es verschickt.'],
      action: see.de,
    }),
  }),

  'order.delivered': rule(OrderDelivered, inAppOnly, {
    drafts: event => [buyer(event, {})],
    en: ({ order }) => ({
      title: `Something of order ${order} has arrived`,
      text: ['If you do not have it, tell the vendor.'],
      action: see.en,
    }),
    de: ({ order }) => ({
      title: `Etwas aus Bestellung ${order} ist angekommen`,
      text: ['Wenn Sie es nicht haben, sagen Sie es dem Händler.'],
      action: see.de,
    }),
  }),

  'goods.handed-over': rule(GoodsHandedOver, both, {
    drafts: event => [buyer(event, { product: event.productName, download: event.kind === 'download' })],
    en: ({ product, download }) => ({
      title: download ? `${product} can be downloaded` : `Your licence key of ${product} is there`,
      text: ['You find it at your order. It stands in no mail, so that nobody else reads it.'],
      action: see.en,
    }),
    de: ({ product, download }) => ({
      title: download ? `${product} kann heruntergeladen werden` : `Ihr Lizenzschlüssel für ${product} ist da`,
      text: ['Sie finden ihn bei Ihrer Bestellung. In einer Mail steht er nicht, damit ihn niemand sonst liest.'],
      action: see.de,
    }),
  }),

  'order.invoiced': rule(OrderInvoiced, inBulk(both), {
    drafts: ({ orderId, orderNumber, userId, number, kind, totalMinor, currency }) => [
      buyer(
        { orderId, number: orderNumber, userId },
        { paper: number, credit: kind === 'credit-note', totalMinor, currency },
      ),
    ],
    many: {
      en: count => `${count} invoices of your orders are ready`,
      de: count => `${count} Rechnungen Ihrer Bestellungen liegen bereit`,
    },
    en: ({ order, paper, credit, totalMinor, currency }) => ({
      title: `${credit ? 'Credit note' : 'Invoice'} ${paper} of order ${order}`,
      text: [`It is of ${amountIn('en', totalMinor, currency)}, and stands at your order.`],
      action: see.en,
    }),
    de: ({ order, paper, credit, totalMinor, currency }) => ({
      title: `${credit ? 'Gutschrift' : 'Rechnung'} ${paper} zu Bestellung ${order}`,
      text: [`Sie lautet über ${amountIn('de', totalMinor, currency)} und liegt bei Ihrer Bestellung.`],
      action: see.de,
    }),
  }),

  'return.requested': rule(ReturnRequested, both, {
    drafts: event => [seller(event, {})],
    en: ({ order }) => ({
      title: `Something of order ${order} shall come back`,
      text: ['Its buyer wants to give it back and waits for your answer.'],
      action: 'See the order',
    }),
    de: ({ order }) => ({
      title: `Etwas aus Bestellung ${order} soll zurückkommen`,
      text: ['Der Käufer möchte es zurückgeben und wartet auf Ihre Antwort.'],
      action: see.de,
    }),
  }),

  // On a durable medium, with what it is about and when it came (Directive 2011/83/EU, Art. 11a (4)).
  'withdrawal.declared': rule(WithdrawalDeclared, mailOnly, {
    drafts: ({ number, email, locale, things, at }) => [
      {
        audience: { kind: 'address', address: email, locale },
        facts: { order: number, things: things.map(({ name, quantity }) => `${quantity} × ${unlinked(name)}`), at },
      },
    ],
    en: ({ order, things, at }) => ({
      title: `You have withdrawn from the contract of order ${order}`,
      text: [
        `Your withdrawal came on ${momentIn('en', at)}. It is about:`,
        ...things,
        'Send the things back within 14 days. Your money goes back once they have arrived at the vendor.',
      ],
    }),
    de: ({ order, things, at }) => ({
      title: `Sie haben den Vertrag der Bestellung ${order} widerrufen`,
      text: [
        `Ihr Widerruf ging am ${momentIn('de', at)} ein. Er betrifft:`,
        ...things,
        'Schicken Sie die Waren binnen 14 Tagen zurück. Ihr Geld geht zurück, sobald sie beim Händler sind.',
      ],
    }),
  }),

  'return.decided': rule(ReturnDecided, both, {
    drafts: event => {
      const facts = { decision: event.decision, answer: event.answer ?? '' }
      return [event.decision === 'withdrawn' ? seller(event, facts) : buyer(event, facts)]
    },
    en: ({ order, decision, answer }) => ({
      title:
        decision === 'withdrawn'
          ? `Nothing of order ${order} comes back after all`
          : decision === 'approved'
            ? `You may give back what you wanted of order ${order}`
            : `The vendor does not take back anything of order ${order}`,
      text: [
        decision === 'withdrawn'
          ? 'Its buyer keeps it.'
          : decision === 'approved'
            ? 'Send it to the vendor. Your money goes back once it has arrived there.'
            : 'If you do not agree, answer the vendor.',
        ...(answer ? [`The vendor says: ${answer}`] : []),
      ],
      action: see.en,
    }),
    de: ({ order, decision, answer }) => ({
      title:
        decision === 'withdrawn'
          ? `Aus Bestellung ${order} kommt doch nichts zurück`
          : decision === 'approved'
            ? `Sie können aus Bestellung ${order} zurückgeben, was Sie wollten`
            : `Der Händler nimmt nichts aus Bestellung ${order} zurück`,
      text: [
        decision === 'withdrawn'
          ? 'Der Käufer behält es.'
          : decision === 'approved'
            ? 'Schicken Sie es dem Händler. Ihr Geld geht zurück, sobald es dort ist.'
            : 'Wenn Sie nicht einverstanden sind, antworten Sie dem Händler.',
        ...(answer ? [`Der Händler sagt: ${answer}`] : []),
      ],
      action: see.de,
    }),
  }),

  'return.received': rule(ReturnReceived, both, {
    drafts: event => [buyer(event, { amountMinor: event.amountMinor, currency: event.currency })],
    en: ({ order, amountMinor, currency }) => ({
      title: `What you gave back of order ${order} has arrived`,
      text: [`${amountIn('en', amountMinor, currency)} go back to you for it.`],
      action: see.en,
    }),
    de: ({ order, amountMinor, currency }) => ({
      title: `Ihre Rückgabe aus Bestellung ${order} ist angekommen`,
      text: [`Dafür gehen ${amountIn('de', amountMinor, currency)} an Sie zurück.`],
      action: see.de,
    }),
  }),
}
