import { use } from 'react'
import { ask } from '../../api/client.ts'
import type { components } from '../../api/api.gen'
import type { Schema } from '../../blocks/schema.ts'
import type { business as en } from '../../texts/en-business.ts'
import { fill, load, useLanguage, type Language } from '../../texts/texts.tsx'

export type StationAnswer = components['schemas']['Station']

type Own = typeof en

const catalogues = {
  en: () => import('../../texts/en-business.ts'),
  de: () => import('../../texts/de-business.ts'),
}

/** In the reader's language alone; what fields and values are called here joins what all screens know. */
async function bring(language: Language): Promise<Own> {
  const [{ business }, all] = await Promise.all([catalogues[language](), load(language)])
  Object.assign(all.fields, business.fields)
  Object.assign(all.values, business.values)
  return business
}

const brought: Partial<Record<Language, Promise<Own>>> = {}
const own = (language: Language): Promise<Own> => (brought[language] ??= bring(language))
await own(document.documentElement.lang === 'de' ? 'de' : 'en')

/** What these screens say; it comes with them. */
export const useOwn = (): Own => use(own(useLanguage()))

/** A field that takes one of some things, by what they are called. */
export const oneOf = (
  title: string,
  rows: readonly { readonly id: string | number; readonly name: string }[],
): Schema => ({
  title,
  enum: rows.map(({ id }) => id),
  called: Object.fromEntries(rows.map(({ id, name }) => [id, name])),
})

/** A field that takes a charging point of a station. */
export const pointAt = (title: string, { evses }: StationAnswer): Schema =>
  oneOf(
    title,
    evses.map(each => ({ id: each.evse, name: pointOf(each) })),
  )

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

/** What answers a version that was seen, and no other. */
export const seen = (version: number) => ({ headers: { 'if-match': `"${version}"` } })

/** A time as the clock of who enters it has it. */
export const moment = (title: string, own: Own): Schema => ({
  type: 'string',
  format: 'date-time',
  title,
  description: fill(own.byClock, { zone }),
})

/** What has a begin and an end, and what else there is to say of it. */
export const spanned = (own: Own, more: Record<string, Schema> = {}, ...required: string[]): Schema => ({
  type: 'object',
  required: ['from', 'to', ...required],
  properties: { from: moment(own.from, own), to: moment(own.to, own), ...more },
})

/** Mon to Sun; the first of January 2024 was a Monday. */
export const weekdays = (language: Language): string[] => {
  const format = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' })
  return Array.from({ length: 7 }, (_, at) => format.format(Date.UTC(2024, 0, 1 + at)))
}

/** `Mon, 3/2`: a day as a column of a calendar has it. */
export const dayIn = (language: Language): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(language, { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'numeric' })

/** Whether something goes on at a day, by the clock of a place. */
export function isOn(timeZone: string, date: string, { from, to }: { from: string; to: string }): boolean {
  const there = new Intl.DateTimeFormat('sv', { timeZone })
  return there.format(Date.parse(from)) <= date && there.format(Date.parse(to) - 1) >= date
}

/** All of a list, as far as one asks at once. */
export async function allOf<Row>(path: string, query: Readonly<Record<string, string>>): Promise<Row[]> {
  const all: Row[] = []
  let after: string | null | undefined
  do {
    const { data } = await ask<{ items: Row[]; nextCursor: string | null }>('GET', path, {
      query: { ...query, limit: 100, after },
    })
    all.push(...data.items)
    after = data.nextCursor
  } while (after && all.length < 500)
  return all
}

export const stationsAt = (siteId: string) => allOf<StationAnswer>('/api/stations', { siteId, scope: 'managed' })

/** As charging points are told apart on the spot. */
export const pointOf = ({ evse, evseId, physicalReference }: StationAnswer['evses'][number]): string =>
  physicalReference ?? evseId ?? `${evse}`

export type Terms = components['schemas']['Tariff']['terms']
export type Component = Terms['elements'][number]['priceComponents'][number]

/** `€0.49 per kWh`; time is sold by the hour and told by the minute. */
export const priceIn = (own: Own, language: Language, currency: string, { type, price }: Component): string => {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency, maximumFractionDigits: 4 })
  const perHour = type === 'TIME' || type === 'PARKING_TIME'
  return fill(own.per[type], { price: format.format(Number(price) / (perHour ? 60 : 1)) })
}

/** Whether it is a price of sessions, and not of what is reserved. */
export const isOfSessions = ({ restrictions }: Terms['elements'][number]): boolean => !restrictions?.reservation

export const pricesIn = (own: Own, language: Language, { currency, elements }: Terms): string =>
  elements
    .filter(isOfSessions)
    .flatMap(({ priceComponents }) => priceComponents.map(each => priceIn(own, language, currency, each)))
    .join(', ')
