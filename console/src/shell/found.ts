import type { Catalogue } from '../texts/en.ts'

type Item = Record<string, unknown>

/** What the palette asks the platform for, and where a hit leads. */
export interface Found {
  readonly path: string
  readonly word: string
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
    name: texts => texts.passports.title,
    label: ({ identifier, id }) => text(identifier) || text(id),
    about: ({ model, serial }) => [text(model), text(serial)].filter(Boolean).join(' · '),
    to: ({ id }) => `/passports/${text(id)}`,
  },
  {
    path: '/api/stations',
    word: 'q',
    name: texts => texts.charging.stations,
    label: ({ name }) => text(name),
    to: ({ id }) => `/stations/${text(id)}`,
  },
  {
    path: '/api/ocpp/chargers',
    word: 'q',
    name: texts => texts.charging.chargers,
    label: ({ id }) => text(id),
    about: ({ vendor, model }) => [text(vendor), text(model)].filter(Boolean).join(' '),
    to: ({ id }) => `/chargers/${encodeURIComponent(text(id))}`,
  },
]
