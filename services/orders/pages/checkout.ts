import Type, { type Static } from 'typebox'
import { getAddresses } from '#contracts/users'
import { html, Problem, type Html, type Language } from '#kernel'
import { isTaxedByState, regionOf } from '#money/tax'
import { countryOptions, isCountry, regionList } from '#shop/places'
import type { OrdersHost } from '../host.ts'
import type { Address } from '../orders/store.ts'
import type { Priced } from '../pricing/price.ts'
import { texts, type Words } from './texts.ts'
import { alert, moneyIn, sums } from './views.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))

/** As a browser sends it: what nobody fills in is empty. `to…` is another address that things are sent to. */
export const CheckoutFields = Type.Object({
  act: text(20),
  totalMinor: text(16),
  email: text(254),
  taxId: text(20),
  name: text(200),
  company: text(200),
  address: text(500),
  zip: text(20),
  city: text(120),
  region: text(80),
  country: text(2),
  toName: text(200),
  toCompany: text(200),
  toAddress: text(500),
  toZip: text(20),
  toCity: text(120),
  toRegion: text(80),
  toCountry: text(2),
})
export type Sent = Static<typeof CheckoutFields>

type Field = 'name' | 'company' | 'address' | 'zip' | 'city' | 'region' | 'country'
type Written = Partial<Record<Field, string | undefined>>

const billed = {
  name: 'name',
  company: 'company',
  address: 'address',
  zip: 'zip',
  city: 'city',
  region: 'region',
  country: 'country',
} as const
const sentTo = {
  name: 'toName',
  company: 'toCompany',
  address: 'toAddress',
  zip: 'toZip',
  city: 'toCity',
  region: 'toRegion',
  country: 'toCountry',
} as const
type Names = Readonly<Record<Field, keyof Sent>>

const trimmed = (written: string | undefined): string | undefined =>
  written?.replaceAll('\r\n', '\n').trim() || undefined

const writtenIn = (sent: Sent, names: Names): Written =>
  Object.fromEntries(Object.entries(names).map(([field, name]) => [field, trimmed(sent[name])]))

const isAnother = (sent: Sent): boolean => Object.values(writtenIn(sent, sentTo)).some(Boolean)

/** Where the things go; of another address that is not whole the bill's name and country count. */
const goingTo = (sent: Sent): Written => {
  const [bill, to] = [writtenIn(sent, billed), writtenIn(sent, sentTo)]
  return isAnother(sent) ? { ...to, name: to.name ?? bill.name, country: to.country ?? bill.country } : bill
}

/** Fails with `address` or `region` where there is too little to send it or to tell its tax. */
function addressOf({ name, company, address, zip, city, region, ...more }: Written): Address {
  const country = more.country?.toUpperCase()
  if (!name || !address || !isCountry(country)) throw new Problem('invalid', 'address')
  if (isTaxedByState(country) && regionOf(country, region) === undefined) throw new Problem('invalid', 'region')
  return { name, company, address, zip, city, region, country }
}

/** To whom it is billed and where it goes. Fails with `address`, `region`. */
export function addressesOf(sent: Sent): { billing: Address & { email: string }; shipping: Address } {
  const [email, taxId] = [trimmed(sent.email), trimmed(sent.taxId)]
  const billing = addressOf(writtenIn(sent, billed))
  if (!email || !/^\S+@\S+$/.test(email)) throw new Problem('invalid', 'address')
  const known = { ...billing, email, taxId }
  return { billing: known, shipping: isAnother(sent) ? addressOf(goingTo(sent)) : known }
}

/** What is known so far of where it goes and who buys, before all of it is written. */
export function soFar(sent: Sent, cart: { country: string | null; region?: string | null }) {
  const to = goingTo(sent)
  const country = to.country?.toUpperCase() ?? cart.country
  if (!isCountry(country ?? undefined)) return undefined
  const region = to.region ?? (country === cart.country ? cart.region : undefined) ?? undefined
  const home = trimmed(sent.country)?.toUpperCase()
  return { country: country!, region, taxId: trimmed(sent.taxId), home: isCountry(home) ? home : country! }
}

type Saved = Awaited<ReturnType<typeof savedOf>>

/** The addresses of who is signed in; none where nobody keeps them, or nobody answers now. */
export async function savedOf({ ask, isAnswered }: OrdersHost, userId: string | undefined) {
  if (userId === undefined || !isAnswered(getAddresses)) return []
  const told = await ask(getAddresses, { userId }).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error
    return { addresses: [] }
  })
  return told.addresses
}

/** Which of their addresses somebody chose; without a choice those that they have things billed and sent to. */
export interface Choice {
  readonly bill?: string | undefined
  readonly ship?: string | undefined
}

/** The form filled in with addresses that are kept. */
export function filledIn(saved: Saved, { bill, ship }: Choice): Sent {
  const billing = saved.find(({ id }) => id === bill) ?? saved.find(one => one.defaultBilling)
  const shipping = ship === undefined ? saved.find(one => one.defaultShipping) : saved.find(({ id }) => id === ship)
  return {
    ...(billing && namedBy(billed, billing)),
    ...(shipping && shipping.id !== billing?.id && namedBy(sentTo, shipping)),
  }
}

function namedBy(names: Names, { name, company, lines, postalCode, city, region, country }: Saved[number]): Sent {
  const values = { name, company, address: lines.join('\n').slice(0, 500), zip: postalCode, city, region, country }
  return Object.fromEntries(
    Object.entries(names).map(([field, at]) => [at, values[field as Field]?.slice(0, 500) ?? '']),
  )
}

export function checkoutView(
  language: Language,
  priced: Priced,
  sent: Sent,
  { saved, choice, trouble }: { saved: Saved; choice: Choice; trouble: string | undefined },
): Html {
  const words = texts[language]
  const money = moneyIn(language, priced.currency)
  return html`${alert(words, trouble)}
    <h2>${words.things}</h2>
    <ul>
      ${priced.lines.map(
        ({ quantity, offer, priceMinor }) =>
          html`<li>
            ${quantity} × <bdi>${offer?.listing.name}</bdi>
            ${priceMinor !== null && money(priceMinor * BigInt(quantity))}
          </li>`,
      )}
    </ul>
    ${sums(language, priced)}
    <h2>${words.where}</h2>
    ${saved.length > 1 && chooser(words, saved, choice)}
    <form method="post" action="/checkout">
      <input type="hidden" name="totalMinor" value="${priced.totalMinor}" />
      ${regionList()} ${addressFields(language, sent, billed, 'billing')}
      <label
        >${words.email}
        <input name="email" type="email" autocomplete="email" value="${sent.email}" required maxlength="254"
      /></label>
      <label>${words.taxId} <input name="taxId" autocomplete="off" value="${sent.taxId}" maxlength="20" /></label>
      <details ${isAnother(sent) && html`open`}>
        <summary>${words.elsewhere}</summary>
        <fieldset>
          <legend>${words.elsewhereTo}</legend>
          ${addressFields(language, sent, sentTo, 'shipping')}
        </fieldset>
      </details>
      <p>
        <button>${words.order}</button>
        <button name="act" value="look" formnovalidate class="plain">${words.workOut}</button>
      </p>
    </form>`
}

/** The fields of an address, as browsers know them; another one than the bill's may stay empty. */
function addressFields(language: Language, sent: Sent, names: Names, group: 'billing' | 'shipping'): Html {
  const words = texts[language]
  const isBill = group === 'billing'
  const needed = isBill && html`required`
  const field = (
    name: Exclude<Field, 'address' | 'country'>,
    autocomplete: string,
    maxLength: number,
    more: Html | false = false,
  ) =>
    html`<label
      >${words[name]}
      <input
        name="${names[name]}"
        autocomplete="${`${group} ${autocomplete}`}"
        value="${sent[names[name]]}"
        maxlength="${maxLength}"
        ${more}
    /></label>`
  return html`${field('name', 'name', 200, needed)} ${field('company', 'organization', 200)}
    <label
      >${words.address}
      <textarea name="${names.address}" rows="2" autocomplete="${`${group} street-address`}" maxlength="500" ${needed}>
${sent[names.address]}</textarea>
    </label>
    ${field('zip', 'postal-code', 20)} ${field('city', 'address-level2', 120)}
    ${field('region', 'address-level1', 80, html`list="regions"`)}
    <label
      >${words.country}
      <select name="${names.country}" autocomplete="${`${group} country`}" ${needed}>
        ${countryOptions(language, trimmed(sent[names.country])?.toUpperCase(), isBill ? words.choose : words.same)}
      </select></label
    >`
}

/** Which addresses the form is filled in with, of those that somebody has. */
function chooser(words: Words, saved: Saved, { bill, ship }: Choice): Html {
  const options = (chosen: string | undefined, isDefault: (one: Saved[number]) => boolean) =>
    saved.map(one => {
      const { id, name, lines, postalCode, city } = one
      const isChosen = chosen === undefined ? isDefault(one) : chosen === id
      const label = [name, lines[0], [postalCode, city].filter(Boolean).join(' ')].filter(Boolean).join(', ')
      return html`<option value="${id}" ${isChosen && html`selected`}>${label}</option>`
    })
  return html`<form action="/checkout">
    <label
      >${words.billTo}
      <select name="bill">
        ${options(bill, one => one.defaultBilling)}
      </select></label
    >
    <label
      >${words.shipTo}
      <select name="ship">
        ${options(ship, one => one.defaultShipping)}
      </select></label
    >
    <button>${words.fillIn}</button>
  </form>`
}
