import {
  AdHocPaid,
  BudgetReached,
  ChargeUnpaid,
  CompanyCardChanged,
  DriverBlocked,
  DriverUnblocked,
  getReceipt,
  InvoiceIssued,
  ReimbursementStated,
  SessionCharged,
  SessionCredited,
  TopUpFailed,
  WalletLow,
} from '#contracts/billing'
import type { Owner } from '#contracts/shared'
import { both, inAppOnly, inBulk, mailOnly, rule, unlessUnknown, type Audience, type Locale } from './kind.ts'
import { amountIn, unlinked } from './wording.ts'

const energyIn = (locale: Locale, wh: number): string =>
  `${new Intl.NumberFormat(locale === 'de' ? 'de-DE' : 'en-GB', { maximumFractionDigits: 2 }).format(wh / 1000)} kWh`

const person = (id: string): Owner => ({ kind: 'person', id })

/** A person, or who looks after the money of a company. */
const whose = (id: string, owner: Owner | undefined): Audience =>
  owner?.kind === 'organisation' ? { kind: 'managers', id } : person(id)

export const billing = {
  'session.charged': rule(SessionCharged, inBulk(inAppOnly), {
    drafts: ({ driverId, companyId, chargerId, totalMinor, owedMinor, currency, revision }) =>
      driverId === null
        ? []
        : [
            {
              audience: person(driverId),
              facts: {
                charger: chargerId,
                totalMinor,
                owedMinor: companyId ? 0 : owedMinor,
                currency,
                again: revision > 1,
                company: Boolean(companyId),
              },
            },
          ],
    many: {
      en: count => `${count} charging sessions were booked`,
      de: count => `${count} Ladevorgänge wurden gebucht`,
    },
    en: ({ charger, totalMinor, owedMinor, currency, again, company }) => ({
      title: `${amountIn('en', totalMinor, currency)} for charging at ${charger}`,
      text: [
        again
          ? `More is known of your session at ${charger}: it costs ${amountIn('en', totalMinor, currency)} in all. The difference was booked.`
          : `Your session at ${charger} cost ${amountIn('en', totalMinor, currency)}.`,
        ...(company ? ['Your company pays for it.'] : []),
        ...(owedMinor > 0 ? [`Your wallet lacked ${amountIn('en', owedMinor, currency)} of it, which you owe.`] : []),
      ],
    }),
    de: ({ charger, totalMinor, owedMinor, currency, again, company }) => ({
      title: `${amountIn('de', totalMinor, currency)} für das Laden an ${charger}`,
      text: [
        again
          ? `Zu Ihrem Ladevorgang an ${charger} ist mehr bekannt: Er kostet insgesamt ${amountIn('de', totalMinor, currency)}. Der Unterschied wurde gebucht.`
          : `Ihr Ladevorgang an ${charger} hat ${amountIn('de', totalMinor, currency)} gekostet.`,
        ...(company ? ['Ihr Unternehmen zahlt dafür.'] : []),
        ...(owedMinor > 0
          ? [`Davon fehlten in Ihrem Guthaben ${amountIn('de', owedMinor, currency)}, die Sie schulden.`]
          : []),
      ],
    }),
  }),

  'session.credited': rule(SessionCredited, both, {
    drafts: ({ driverId, companyId, chargerId, totalMinor, currency, reason }) => {
      const facts = { charger: chargerId, totalMinor, currency, reason }
      const audience: Audience | null = companyId
        ? { kind: 'managers', id: companyId }
        : driverId
          ? person(driverId)
          : null
      return audience ? [{ audience, facts }] : []
    },
    en: ({ charger, totalMinor, currency, reason }) => ({
      title: `${amountIn('en', totalMinor, currency)} back for charging at ${charger}`,
      text: [
        `Of what your session at ${charger} cost, ${amountIn('en', totalMinor, currency)} was given back: ${reason}`,
      ],
    }),
    de: ({ charger, totalMinor, currency, reason }) => ({
      title: `${amountIn('de', totalMinor, currency)} zurück für das Laden an ${charger}`,
      text: [
        `Von dem, was Ihr Ladevorgang an ${charger} gekostet hat, wurden ${amountIn('de', totalMinor, currency)} gutgeschrieben: ${reason}`,
      ],
    }),
  }),

  'invoice.issued': rule(InvoiceIssued, inBulk(both), {
    drafts: ({ buyerId, buyer, number, kind, totalMinor, currency }) => [
      { audience: whose(buyerId, buyer), facts: { number, credit: kind === 'credit-note', totalMinor, currency } },
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

  'charge.unpaid': rule(ChargeUnpaid, inBulk(both), {
    drafts: ({ driverId, chargerId, totalMinor, owedMinor, currency }) => [
      { audience: person(driverId), facts: { charger: chargerId, totalMinor, owedMinor, currency } },
    ],
    many: {
      en: count => `${count} charging sessions are not paid`,
      de: count => `${count} Ladevorgänge sind nicht bezahlt`,
    },
    en: ({ charger, totalMinor, owedMinor, currency }) => ({
      title: `${amountIn('en', owedMinor, currency)} for charging at ${charger} are not paid`,
      text: [
        `Your session at ${charger} cost ${amountIn('en', totalMinor, currency)}, and your wallet lacked ${amountIn('en', owedMinor, currency)} of it, which you owe. What you put into your wallet pays it first.`,
      ],
    }),
    de: ({ charger, totalMinor, owedMinor, currency }) => ({
      title: `${amountIn('de', owedMinor, currency)} für das Laden an ${charger} sind nicht bezahlt`,
      text: [
        `Ihr Ladevorgang an ${charger} hat ${amountIn('de', totalMinor, currency)} gekostet. In Ihrem Guthaben fehlten ${amountIn('de', owedMinor, currency)}, die Sie schulden. Was Sie aufladen, bezahlt zuerst diese Schuld.`,
      ],
    }),
  }),

  'wallet.low': rule(WalletLow, both, {
    drafts: ({ driverId, balanceMinor, currency }) => [
      { audience: person(driverId), facts: { balanceMinor, currency } },
    ],
    en: ({ balanceMinor, currency }) => ({
      title: `Your wallet holds ${amountIn('en', balanceMinor, currency)}`,
      text: ['Little is left in your wallet. Put money into it in time, so that your next session is paid.'],
    }),
    de: ({ balanceMinor, currency }) => ({
      title: `Ihr Guthaben beträgt ${amountIn('de', balanceMinor, currency)}`,
      text: ['Ihr Guthaben geht zur Neige. Laden Sie es rechtzeitig auf, damit der nächste Ladevorgang bezahlt ist.'],
    }),
  }),

  'top-up.failed': rule(TopUpFailed, both, {
    drafts: ({ driverId, amountMinor, currency }) => [{ audience: person(driverId), facts: { amountMinor, currency } }],
    en: ({ amountMinor, currency }) => ({
      title: `The payment of ${amountIn('en', amountMinor, currency)} failed`,
      text: [
        `${amountIn('en', amountMinor, currency)} were to go into your wallet, and the payment did not succeed. Nothing was taken; you can try again.`,
      ],
    }),
    de: ({ amountMinor, currency }) => ({
      title: `Die Zahlung von ${amountIn('de', amountMinor, currency)} ist gescheitert`,
      text: [
        `Ihr Guthaben sollte um ${amountIn('de', amountMinor, currency)} aufgeladen werden, und die Zahlung kam nicht zustande. Es wurde nichts abgebucht; Sie können es erneut versuchen.`,
      ],
    }),
  }),

  'ad-hoc.paid': rule(AdHocPaid, mailOnly, {
    drafts: ({ visitId, email, language, stationName, energyWh, totalMinor, currency }) =>
      email === null
        ? []
        : [
            {
              audience: { kind: 'address', address: email, locale: language },
              facts: { visitId, station: unlinked(stationName), energyWh, totalMinor, currency },
            },
          ],
    async secret({ ask }, { visitId }) {
      const found = await unlessUnknown('visit_unknown', ask(getReceipt, { visitId }))
      return found && { link: found.link }
    },
    en: ({ station, energyWh, totalMinor, currency }) => ({
      title: `Receipt: ${amountIn('en', totalMinor, currency)} for charging`,
      text: [
        `You charged ${energyIn('en', energyWh)} at ${station}. ${amountIn('en', totalMinor, currency)} was taken from your card; what was reserved beyond that is released.`,
      ],
      action: 'See the receipt',
      note: 'Somebody gave this address when they paid. If it was not you, ignore this message.',
    }),
    de: ({ station, energyWh, totalMinor, currency }) => ({
      title: `Beleg: ${amountIn('de', totalMinor, currency)} für das Laden`,
      text: [
        `Sie haben ${energyIn('de', energyWh)} an ${station} geladen. ${amountIn('de', totalMinor, currency)} wurden von Ihrer Karte abgebucht; was darüber hinaus vorgemerkt war, ist freigegeben.`,
      ],
      action: 'Den Beleg ansehen',
      note: 'Jemand hat diese Adresse beim Bezahlen angegeben. Waren Sie es nicht, beachten Sie diese Nachricht nicht.',
    }),
  }),

  'driver.blocked': rule(DriverBlocked, both, {
    // Who has too little is told where they want to start; most who have nothing in their wallet charge nowhere.
    drafts: ({ driverId, payer, leastMinor }) =>
      leastMinor === undefined
        ? [{ audience: whose(driverId, payer), facts: { company: payer?.kind === 'organisation' } }]
        : [],
    en: ({ company }) => ({
      title: company ? 'The cards of your company cannot charge at the moment' : 'You cannot charge at the moment',
      text: [
        company
          ? 'Your company owes more than is allowed. Pay what is owed, and its cards can charge again.'
          : 'You owe more than is allowed. Put money into your wallet: what you owe is paid of it first, and you can charge again.',
      ],
    }),
    de: ({ company }) => ({
      title: company ? 'Die Karten Ihres Unternehmens können zurzeit nicht laden' : 'Sie können zurzeit nicht laden',
      text: [
        company
          ? 'Ihr Unternehmen schuldet mehr als erlaubt. Bezahlen Sie, was offen ist, und seine Karten können wieder laden.'
          : 'Sie schulden mehr als erlaubt. Laden Sie Ihr Guthaben auf: Davon wird zuerst bezahlt, was Sie schulden, und Sie können wieder laden.',
      ],
    }),
  }),

  'driver.unblocked': rule(DriverUnblocked, inAppOnly, {
    drafts: ({ driverId, payer, hadTooLittle }) =>
      hadTooLittle ? [] : [{ audience: whose(driverId, payer), facts: { company: payer?.kind === 'organisation' } }],
    en: ({ company }) => ({
      title: company ? 'The cards of your company can charge again' : 'You can charge again',
      text: [company ? 'What your company owed is paid.' : 'What you owed is paid.'],
    }),
    de: ({ company }) => ({
      title: company ? 'Die Karten Ihres Unternehmens können wieder laden' : 'Sie können wieder laden',
      text: [company ? 'Was Ihr Unternehmen geschuldet hat, ist bezahlt.' : 'Was Sie geschuldet haben, ist bezahlt.'],
    }),
  }),

  'reimbursement.stated': rule(ReimbursementStated, both, {
    drafts: ({ userId, month, sessions, energyWh, currency, amountMinor, paidBy }) => [
      {
        audience: person(userId),
        facts: { month, sessions, energyWh, currency, amountMinor, wallet: paidBy === 'wallet' },
      },
    ],
    en: ({ month, sessions, energyWh, currency, amountMinor, wallet }) => ({
      title: `You get ${amountIn('en', amountMinor, currency)} for charging at home`,
      text: [
        `In ${month} you charged ${energyIn('en', energyWh)} at home in ${sessions === 1 ? 'one session' : `${sessions} sessions`}.`,
        wallet ? 'Your company has paid it into your wallet.' : 'Your company pays it with your salary.',
      ],
    }),
    de: ({ month, sessions, energyWh, currency, amountMinor, wallet }) => ({
      title: `Sie erhalten ${amountIn('de', amountMinor, currency)} für das Laden zu Hause`,
      text: [
        `Im Monat ${month} haben Sie zu Hause ${energyIn('de', energyWh)} geladen, in ${sessions === 1 ? 'einem Ladevorgang' : `${sessions} Ladevorgängen`}.`,
        wallet ? 'Ihr Unternehmen hat es auf Ihr Guthaben gezahlt.' : 'Ihr Unternehmen zahlt es mit dem Gehalt aus.',
      ],
    }),
  }),

  'company-card.changed': rule(CompanyCardChanged, both, {
    drafts: ({ holderId, companyName, endedFor, version }) =>
      version === 1 || endedFor
        ? [
            {
              audience: person(holderId),
              facts: { company: companyName, left: endedFor === 'left', ended: endedFor !== null },
            },
          ]
        : [],
    en: ({ company, left, ended }) => ({
      title: ended ? `Your card no longer charges for ${company}` : `Your card charges for ${company}`,
      text: [
        !ended
          ? `${company} pays for what you charge with your card from now on, and sees these sessions. You can end that at any time.`
          : left
            ? `You have left ${company}, and chargers refuse its card.`
            : `What you charge with your card is yours to pay again.`,
      ],
    }),
    de: ({ company, left, ended }) => ({
      title: ended ? `Ihre Karte lädt nicht mehr für ${company}` : `Ihre Karte lädt für ${company}`,
      text: [
        !ended
          ? `${company} bezahlt von nun an, was Sie mit Ihrer Karte laden, und sieht diese Ladevorgänge. Sie können das jederzeit beenden.`
          : left
            ? `Sie haben ${company} verlassen, und Ladestationen weisen die Karte ab.`
            : `Was Sie mit Ihrer Karte laden, bezahlen Sie wieder selbst.`,
      ],
    }),
  }),

  'budget.reached': rule(BudgetReached, both, {
    drafts: ({ companyId, code, name, month, percent, spentMinor, budgetMinor, currency }) => [
      {
        audience: { kind: 'managers', id: companyId },
        facts: { centre: `${code} ${name}`, month, percent, spentMinor, budgetMinor, currency },
      },
    ],
    en: ({ centre, month, percent, spentMinor, budgetMinor, currency }) => ({
      title: `${percent} % of the budget of ${centre} are spent`,
      text: [
        `In ${month} the cost centre ${centre} has spent ${amountIn('en', spentMinor, currency)} of ${amountIn('en', budgetMinor, currency)}.`,
      ],
    }),
    de: ({ centre, month, percent, spentMinor, budgetMinor, currency }) => ({
      title: `${percent} % des Budgets von ${centre} sind ausgegeben`,
      text: [
        `Im Monat ${month} hat die Kostenstelle ${centre} ${amountIn('de', spentMinor, currency)} von ${amountIn('de', budgetMinor, currency)} ausgegeben.`,
      ],
    }),
  }),
}
