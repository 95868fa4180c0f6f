import { mayAsk } from '../blocks/list/declaration.ts'
import type { Catalogue } from '../texts/en.ts'

type Item = Record<string, unknown>

/** What the palette asks the platform for, and where a hit leads. */
export interface Found {
  readonly path: string
  readonly word: string
  /** What alone could be the word, where that is told by its looks. */
  readonly like?: RegExp
  /** Asked beside it. */
  readonly also?: (role: string) => Readonly<Record<string, string>>
  /** The console's screen of all of them, which takes the same word. */
  readonly list: string
  readonly name: (texts: Catalogue) => string
  readonly label: (item: Item) => string
  readonly about?: (item: Item) => string
  readonly to: (item: Item) => string
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const found: readonly Found[] = [
  {
    path: '/api/passports',
    word: 'q',
    list: '/passports',
    name: texts => texts.passports.title,
    label: ({ identifier, id }) => text(identifier) || text(id),
    about: ({ model, serial }) => [text(model), text(serial)].filter(Boolean).join(' · '),
    to: ({ id }) => `/passports/${text(id)}`,
  },
  {
    path: '/api/stations',
    word: 'q',
    list: '/stations',
    name: texts => texts.charging.stations,
    label: ({ name }) => text(name),
    to: ({ id }) => `/stations/${text(id)}`,
  },
  {
    path: '/api/ocpp/chargers',
    word: 'q',
    list: '/chargers',
    name: texts => texts.charging.chargers,
    label: ({ id }) => text(id),
    about: ({ vendor, model }) => [text(vendor), text(model)].filter(Boolean).join(' '),
    to: ({ id }) => `/chargers/${encodeURIComponent(text(id))}`,
  },
  {
    path: '/api/auth/users',
    word: 'q',
    list: '/people',
    name: texts => texts.people.title,
    label: ({ name, email }) => text(name) || text(email),
    about: ({ email }) => text(email),
    to: ({ id }) => `/people/${text(id)}`,
  },
  {
    path: '/api/orders',
    word: 'number',
    like: /^[0-9A-Z]{5}-[0-9A-Z]{5}$/i,
    list: '/orders',
    name: texts => texts.market.orders,
    label: ({ orderId }) => text(orderId),
    to: ({ id }) => `/orders/${text(id)}`,
  },
  {
    path: '/api/billing/invoices',
    word: 'number',
    also: role => ({ as: ['operator', 'admin'].includes(role) ? 'seller' : 'buyer' }),
    like: /^\S{0,20}\d{4}-\d{4,12}$/,
    list: '/invoices',
    name: texts => texts.charging.invoices,
    label: ({ number }) => text(number),
    about: ({ buyerName }) => text(buyerName),
    to: ({ id }) => `/invoices/${text(id)}`,
  },
  {
    path: '/api/admin/events',
    word: 'traceId',
    like: /^[0-9a-f]{32}$/,
    list: '/operations/events',
    name: texts => texts.operations.events,
    label: ({ topic }) => text(topic),
    about: ({ service, publishedAt }) => `${text(service)} · ${text(publishedAt)}`,
    to: ({ position }) => `/operations/events/${String(position)}`,
  },
]

/** Of these kinds those that a role may ask for a text, with all that is asked then. */
export const kindsFor = (role: string, asked: string): readonly (Found & { query: Record<string, string> })[] =>
  found
    .filter(({ path, like }) => mayAsk(path, role) && (!like || like.test(asked)))
    .map(kind => ({ ...kind, query: { [kind.word]: asked, ...kind.also?.(role) } }))
