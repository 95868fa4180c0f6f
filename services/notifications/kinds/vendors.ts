import type { Owner } from '#contracts/shared'
import { VendorApproved, VendorReinstated, VendorRejected, VendorSubmitted, VendorSuspended } from '#contracts/vendors'
import { both, rule } from './kind.ts'

/** What was decided about a vendor, to its people. */
const decided = ({ owner, name, reason }: { owner: Owner; name: string; reason: string | null }) => ({
  audience: owner,
  facts: { vendor: name, reason: reason ?? '' },
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
}
