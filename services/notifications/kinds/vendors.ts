import type { Owner } from '#contracts/shared'
import {
  PayoutFailed,
  PayoutPaid,
  PayoutRequested,
  PayoutReversed,
  VendorAccountChanged,
  VendorApproved,
  VendorReinstated,
  VendorRejected,
  VendorRequirementsDue,
  VendorSubmitted,
  VendorSuspended,
  type Payout,
} from '#contracts/vendors'
import { both, rule, security } from './kind.ts'
import { amountIn, timeIn } from './wording.ts'

/** What was decided about a vendor, to its people. */
const decided = ({ owner, name, reason }: { owner: Owner; name: string; reason: string | null }) => ({
  audience: owner,
  facts: { vendor: name, reason: reason ?? '' },
})
/** Those who see to the money of who sells. */
const managersOf = (owner: Owner) =>
  owner.kind === 'organisation' ? ({ kind: 'managers', id: owner.id } as const) : owner
const paidOut = ({ amountMinor, currency, account, reason }: Payout) => ({
  amountMinor,
  currency,
  account,
  reason: reason ?? '',
})
const page = ({ slug }: { slug: string }) => `/shop/v/${slug}`

export const vendors = {
  'vendor.submitted': rule(VendorSubmitted, both, {
    drafts: ({ name }) => [{ audience: { kind: 'role', id: 'admin' }, facts: { vendor: name } }],
    many: {
      en: count => `${count} vendors wait to be let in`,
      de: count => `${count} Anbieter warten auf eine Entscheidung`,
    },
    en: ({ vendor }) => ({
      title: `“${vendor}” wants to sell here`,
      text: [`“${vendor}” has said all that is asked for and waits for a decision.`],
    }),
    de: ({ vendor }) => ({
      title: `„${vendor}“ möchte hier verkaufen`,
      text: [`„${vendor}“ hat alles Nötige angegeben und wartet auf eine Entscheidung.`],
    }),
  }),

  'vendor.approved': rule(VendorApproved, both, {
    drafts: event => [{ ...decided(event), path: page(event) }],
    en: ({ vendor }) => ({
      title: `“${vendor}” may sell`,
      text: [`“${vendor}” was let in. Sign in anew, and put your products into the shop.`],
      action: 'See what buyers see',
    }),
    de: ({ vendor }) => ({
      title: `„${vendor}“ darf verkaufen`,
      text: [`„${vendor}“ wurde zugelassen. Melden Sie sich neu an, und stellen Sie Ihre Produkte in den Shop.`],
      action: 'Ansehen, was Käufer sehen',
    }),
  }),

  'vendor.rejected': rule(VendorRejected, both, {
    drafts: event => [decided(event)],
    en: ({ vendor, reason }) => ({
      title: `“${vendor}” was not let in yet`,
      text: [`The reason: ${reason}`, 'Mend it in the profile of the vendor and hand it in again.'],
    }),
    de: ({ vendor, reason }) => ({
      title: `„${vendor}“ wurde noch nicht zugelassen`,
      text: [`Der Grund: ${reason}`, 'Ändern Sie es im Profil des Anbieters, und reichen Sie es noch einmal ein.'],
    }),
  }),

  'vendor.suspended': rule(VendorSuspended, both, {
    drafts: event => [decided(event)],
    en: ({ vendor, reason }) => ({
      title: `“${vendor}” is suspended`,
      text: [`The reason: ${reason}`, 'Nothing of it is for sale for now. Orders that were placed go on.'],
    }),
    de: ({ vendor, reason }) => ({
      title: `„${vendor}“ ist gesperrt`,
      text: [`Der Grund: ${reason}`, 'Vorerst ist nichts davon im Angebot. Aufgegebene Bestellungen laufen weiter.'],
    }),
  }),

  'vendor.reinstated': rule(VendorReinstated, both, {
    drafts: event => [{ ...decided(event), path: page(event) }],
    en: ({ vendor }) => ({
      title: `“${vendor}” sells again`,
      text: [`All that “${vendor}” sells is in the shop again.`],
      action: 'See what buyers see',
    }),
    de: ({ vendor }) => ({
      title: `„${vendor}“ verkauft wieder`,
      text: [`Alles, was „${vendor}“ verkauft, ist wieder im Shop.`],
      action: 'Ansehen, was Käufer sehen',
    }),
  }),

  'vendor.account-changed': rule(VendorAccountChanged, security, {
    drafts: ({ owner, name, account, at }) => [
      { audience: managersOf(owner), facts: { vendor: name, account: account ?? '', at } },
    ],
    en: ({ vendor, account, at }) => ({
      title: `The account of “${vendor}” has changed`,
      text: [
        account
          ? `What “${vendor}” earns goes to the account ${account} since ${timeIn('en', at)}.`
          : `Since ${timeIn('en', at)} there is no account to which what “${vendor}” earns could go.`,
        'If that was none of you, change it back at once and tell the platform: for a week no payout leaves without a second person.',
      ],
    }),
    de: ({ vendor, account, at }) => ({
      title: `Das Konto von „${vendor}“ wurde geändert`,
      text: [
        account
          ? `Seit ${timeIn('de', at)} gehen die Einnahmen von „${vendor}“ auf das Konto ${account}.`
          : `Seit ${timeIn('de', at)} ist kein Konto angegeben, auf das die Einnahmen von „${vendor}“ gehen könnten.`,
        'Wenn das niemand von Ihnen war, ändern Sie es sofort zurück und melden Sie es der Plattform: Eine Woche lang geht keine Auszahlung ohne eine zweite Person hinaus.',
      ],
    }),
  }),

  // Of those that need a second person.
  'payout.requested': rule(PayoutRequested, both, {
    drafts: event =>
      event.status === 'requested' ? [{ audience: { kind: 'role', id: 'admin' }, facts: paidOut(event) }] : [],
    many: {
      en: count => `${count} payouts wait for a second person`,
      de: count => `${count} Auszahlungen warten auf eine zweite Person`,
    },
    en: facts => ({
      title: `A payout of ${amountIn('en', facts.amountMinor, facts.currency)} waits for a second person`,
      text: [`It goes to the account ${facts.account}. Look at it and approve it, or take it back.`],
    }),
    de: facts => ({
      title: `Eine Auszahlung von ${amountIn('de', facts.amountMinor, facts.currency)} wartet auf eine zweite Person`,
      text: [
        `Sie geht auf das Konto ${facts.account}. Prüfen Sie sie und geben Sie sie frei, oder nehmen Sie sie zurück.`,
      ],
    }),
  }),

  'payout.paid': rule(PayoutPaid, both, {
    drafts: event => [{ audience: managersOf(event.owner), facts: paidOut(event) }],
    en: facts => ({
      title: `${amountIn('en', facts.amountMinor, facts.currency)} were paid out`,
      text: [`They are on their way to the account ${facts.account}.`],
    }),
    de: facts => ({
      title: `${amountIn('de', facts.amountMinor, facts.currency)} wurden ausgezahlt`,
      text: [`Sie sind auf dem Weg zum Konto ${facts.account}.`],
    }),
  }),

  'payout.reversed': rule(PayoutReversed, both, {
    drafts: event => [
      { audience: managersOf(event.owner), facts: { ...paidOut(event), amountMinor: event.takenMinor } },
    ],
    en: facts => ({
      title: `${amountIn('en', facts.amountMinor, facts.currency)} of a payout were taken back`,
      text: [
        `They come from the account ${facts.account}: as much went back to buyers after it was paid out. Your earnings show what.`,
      ],
    }),
    de: facts => ({
      title: `${amountIn('de', facts.amountMinor, facts.currency)} einer Auszahlung wurden zurückgeholt`,
      text: [
        `Sie kommen vom Konto ${facts.account}: So viel ging nach der Auszahlung an Käufer zurück. Ihre Einnahmen zeigen, wofür.`,
      ],
    }),
  }),

  'vendor.requirements-due': rule(VendorRequirementsDue, both, {
    drafts: ({ owner, name, due, disabled }) => [
      { audience: managersOf(owner), facts: { vendor: name, due: due.length, stopped: disabled !== null } },
    ],
    en: ({ vendor, due, stopped }) => ({
      title: `Stripe wants to know more of “${vendor}”`,
      text: [
        due === 1 ? 'One thing is missing.' : `${due} things are missing.`,
        stopped
          ? 'Until it is said no payout goes to the account at Stripe. Ask for a link to it where you see your payouts.'
          : 'Say it soon, or payouts to the account at Stripe stop. Ask for a link to it where you see your payouts.',
      ],
    }),
    de: ({ vendor, due, stopped }) => ({
      title: `Stripe braucht weitere Angaben zu „${vendor}“`,
      text: [
        due === 1 ? 'Eine Angabe fehlt.' : `${due} Angaben fehlen.`,
        stopped
          ? 'Bis sie gemacht sind, geht keine Auszahlung auf das Konto bei Stripe. Fordern Sie dort, wo Ihre Auszahlungen stehen, einen Link dazu an.'
          : 'Machen Sie sie bald, sonst enden Auszahlungen auf das Konto bei Stripe. Fordern Sie dort, wo Ihre Auszahlungen stehen, einen Link dazu an.',
      ],
    }),
  }),

  'payout.failed': rule(PayoutFailed, both, {
    drafts: event => [{ audience: managersOf(event.owner), facts: paidOut(event) }],
    en: facts => ({
      title: `A payout of ${amountIn('en', facts.amountMinor, facts.currency)} failed`,
      text: [
        `The reason: ${facts.reason}`,
        `It was to go to the account ${facts.account}. It is available again: look at the account, and ask for it once more.`,
      ],
    }),
    de: facts => ({
      title: `Eine Auszahlung von ${amountIn('de', facts.amountMinor, facts.currency)} ist fehlgeschlagen`,
      text: [
        `Der Grund: ${facts.reason}`,
        `Sie sollte auf das Konto ${facts.account} gehen. Der Betrag ist wieder verfügbar: Prüfen Sie das Konto, und fordern Sie ihn noch einmal an.`,
      ],
    }),
  }),
}
