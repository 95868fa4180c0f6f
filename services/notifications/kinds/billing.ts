import { DriverBlocked, DriverUnblocked, InvoiceIssued, SessionCharged } from '#contracts/billing'
import type { Owner } from '#contracts/shared'
import { shown } from '#money/amount'
import { both, inAppOnly, inBulk, rule, type Locale } from './kind.ts'

const languages: Record<Locale, string> = { en: 'en-GB', de: 'de-DE' }

const amountIn = (locale: Locale, minor: number, currency: string): string =>
  shown({ minor: BigInt(minor), currency }, languages[locale])

const person = (id: string): Owner => ({ kind: 'person', id })

export const billing = {
  'session.charged': rule(SessionCharged, inBulk(inAppOnly), {
    drafts: ({ driverId, chargerId, totalMinor, owedMinor, currency, revision }) =>
      driverId === null
        ? []
        : [
            {
              audience: person(driverId),
              facts: { charger: chargerId, totalMinor, owedMinor, currency, again: revision > 1 },
            },
          ],
    many: {
      en: count => `${count} charging sessions were booked`,
      de: count => `${count} Ladevorgänge wurden gebucht`,
    },
    en: ({ charger, totalMinor, owedMinor, currency, again }) => ({
      title: `${amountIn('en', totalMinor, currency)} for charging at ${charger}`,
      text: [
        again
          ? `More is known of your session at ${charger}: it costs ${amountIn('en', totalMinor, currency)} in all. The difference was booked.`
          : `Your session at ${charger} cost ${amountIn('en', totalMinor, currency)}.`,
        ...(owedMinor > 0 ? [`Your wallet lacked ${amountIn('en', owedMinor, currency)} of it, which you owe.`] : []),
      ],
    }),
    de: ({ charger, totalMinor, owedMinor, currency, again }) => ({
      title: `${amountIn('de', totalMinor, currency)} für das Laden an ${charger}`,
      text: [
        again
          ? `Zu Ihrem Ladevorgang an ${charger} ist mehr bekannt: Er kostet insgesamt ${amountIn('de', totalMinor, currency)}. Der Unterschied wurde gebucht.`
          : `Ihr Ladevorgang an ${charger} hat ${amountIn('de', totalMinor, currency)} gekostet.`,
        ...(owedMinor > 0
          ? [`Davon fehlten in Ihrem Guthaben ${amountIn('de', owedMinor, currency)}, die Sie schulden.`]
          : []),
      ],
    }),
  }),

  'invoice.issued': rule(InvoiceIssued, inBulk(both), {
    drafts: ({ buyerId, number, kind, totalMinor, currency }) => [
      { audience: person(buyerId), facts: { number, credit: kind === 'credit-note', totalMinor, currency } },
    ],
    many: {
      en: count => `${count} invoices are ready`,
      de: count => `${count} Rechnungen liegen bereit`,
    },
    en: ({ number, credit, totalMinor, currency }) => ({
      title: `${credit ? 'Credit note' : 'Invoice'} ${number}`,
      text: [
        `${credit ? 'Credit note' : 'Invoice'} ${number} of ${amountIn('en', totalMinor, currency)} is ready, as PDF and UBL.`,
      ],
    }),
    de: ({ number, credit, totalMinor, currency }) => ({
      title: `${credit ? 'Gutschrift' : 'Rechnung'} ${number}`,
      text: [
        `${credit ? 'Die Gutschrift' : 'Die Rechnung'} ${number} über ${amountIn('de', totalMinor, currency)} liegt bereit, als PDF und UBL.`,
      ],
    }),
  }),

  'driver.blocked': rule(DriverBlocked, both, {
    drafts: ({ driverId }) => [{ audience: person(driverId), facts: {} }],
    en: () => ({
      title: 'You cannot charge at the moment',
      text: [
        'You owe more than is allowed. Put money into your wallet: what you owe is paid of it first, and you can charge again.',
      ],
    }),
    de: () => ({
      title: 'Sie können zurzeit nicht laden',
      text: [
        'Sie schulden mehr als erlaubt. Laden Sie Ihr Guthaben auf: Davon wird zuerst bezahlt, was Sie schulden, und Sie können wieder laden.',
      ],
    }),
  }),

  'driver.unblocked': rule(DriverUnblocked, inAppOnly, {
    drafts: ({ driverId }) => [{ audience: person(driverId), facts: {} }],
    en: () => ({ title: 'You can charge again', text: ['What you owed is paid.'] }),
    de: () => ({ title: 'Sie können wieder laden', text: ['Was Sie geschuldet haben, ist bezahlt.'] }),
  }),
}
