import type { Catalogue } from '../texts/en.ts'

type Item = Record<string, unknown>

/** What the palette asks the platform for, and where a hit leads. */
export interface Found {
  readonly path: string
  readonly word: string
  /** The console's screen of all of them, which takes the same word. */
  readonly list: string
  readonly name: (texts: Catalogue) => string
  readonly label: (item: Item) => string
  readonly about?: (item: Item) => string
  readonly to: (item: Item) => string
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

export const found: readonly Found[] = [
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
    word: 'email',
    list: '/people',
    name: texts => texts.people.title,
    label: ({ name, email }) => text(name) || text(email),
    about: ({ email }) => text(email),
    to: ({ id }) => `/people/${text(id)}`,
  },
]
