import Type, { type Static } from 'typebox'

/** UUID, version 7 where Ohmnibus makes it. */
export const Id = Type.String({ format: 'uuid', examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'] })

/** A point in time, RFC 3339 in UTC with milliseconds. */
export const Instant = Type.String({ format: 'date-time', examples: ['2027-02-18T08:30:00.000Z'] })

/** An e-mail address; compared without regard to case. */
export const Email = Type.String({ format: 'email', maxLength: 254, examples: ['ada@example.com'] })

/** A path of this platform, and nothing that browsers take for another host. */
export const OwnPath = Type.String({
  pattern: '^/([\\x21-\\x2e\\x30-\\x5b\\x5d-\\x7e][\\x21-\\x5b\\x5d-\\x7e]*)?$',
  maxLength: 500,
  description: 'Path of ours where the browser goes afterwards',
  examples: ['/'],
})

// What may stand in a text and shows nothing: spaces, joiners, fillers, marks of direction, selectors, tags.
const unseen =
  ' \\u00a0\\u00ad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f\\u2000-\\u200f\\u202f\\u205f-\\u2065\\u206a-\\u206f' +
  '\\u2800\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufff8\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}'
// What ends a line, moves the cursor, or turns around what stands behind it.
const unfit = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069'

/** Texts of one line with something to see in it; each character is looked at once, and every tool reads the pattern. */
export const linePattern = `^[${unseen}]*[^${unfit}${unseen}][^${unfit}]*$`

/** A name, title or label: one line of at most `maxLength` characters, not blank. */
export const Line = (maxLength: number, options: { examples?: string[]; description?: string } = {}) =>
  Type.String({ minLength: 1, maxLength, pattern: linePattern, ...options })

/** A language as BCP 47 names it; templates exist in English and German. */
export const Locale = Type.Enum(['en', 'de'], { examples: ['en'] })

/** What a person may do on the platform as a whole. Nobody gives it to themselves. */
export const Role = Type.Enum(['user', 'vendor', 'operator', 'technician', 'admin', 'authority', 'interest'], {
  examples: ['user'],
})
export type Role = Static<typeof Role>

/** What a member may do inside an organisation, strongest first. */
export const OrganisationRole = Type.Enum(['owner', 'admin', 'editor', 'viewer'], { examples: ['editor'] })
export type OrganisationRole = Static<typeof OrganisationRole>

/** What an organisation is, once an admin has looked at the evidence. */
export const OrganisationKind = Type.Enum(
  ['manufacturer', 'importer', 'operator', 'workshop', 'recycler', 'authority', 'vendor'],
  { examples: ['manufacturer'] },
)
export type OrganisationKind = Static<typeof OrganisationKind>

/** A number that an organisation is registered by. Its check digits are right; whose it is, an admin looks at. */
export const OrganisationIdentifier = Type.Object({
  scheme: Type.Enum(['VAT', 'EORI', 'LEI', 'GLN'], { examples: ['VAT'] }),
  value: Type.String({ maxLength: 40, examples: ['DE136695976'] }),
})
export type OrganisationIdentifier = Static<typeof OrganisationIdentifier>

/** To whom a thing belongs: a person or an organisation. Their ids never collide. */
export const Owner = Type.Object({
  kind: Type.Enum(['person', 'organisation'], { examples: ['organisation'] }),
  id: Id,
})
export type Owner = Static<typeof Owner>

/** A currency by its code (ISO 4217). */
export const Currency = Type.String({ pattern: '^[A-Z]{3}$', maxLength: 3, examples: ['EUR'] })

/** Money in the minor unit of its currency: 1234 of EUR are 12.34 euros, of JPY 1234 yen. */
export const Minor = Type.Integer({
  minimum: -Number.MAX_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
  examples: [1234],
})

/** Who did it, as every event carries it; the platform itself has no `userId`. */
export const EventActor = Type.Object({
  userId: Type.Union([Id, Type.Null()]),
  role: Type.Union([Role, Type.Literal('system')]),
  /** The admin who acted in their place. */
  by: Type.Optional(Id),
})
export type EventActor = Static<typeof EventActor>

/** The identity a charger connects with, the last part of its address (OCPP-J 1.6 §3.1.1, 2.0.1 Part 4 §3.1.1). */
export const ChargerId = Type.String({
  minLength: 1,
  maxLength: 48,
  pattern: '^[^:\\u0000-\\u001f]+$',
  examples: ['CP-1'],
})

/** The states of a connector of all versions: those of 1.6, and `occupied` where 2.x says no more. */
export const ConnectorStatus = Type.Enum(
  [
    'available',
    'occupied',
    'preparing',
    'charging',
    'suspended-ev',
    'suspended-evse',
    'finishing',
    'reserved',
    'unavailable',
    'faulted',
  ],
  { examples: ['available'] },
)
export type ConnectorStatus = Static<typeof ConnectorStatus>

/** What is in a cart, as the cart keeps it and orders price it. */
export const CartContent = Type.Object({
  currency: Currency,
  /** Where it would go to; null where nobody has said. */
  country: Type.Union([Type.String({ maxLength: 2, examples: ['DE'] }), Type.Null()]),
  /** A state or a province, as somebody wrote it. */
  region: Type.Optional(Type.Union([Type.String({ maxLength: 80, examples: ['CA'] }), Type.Null()])),
  lines: Type.Array(
    Type.Object({
      lineId: Id,
      productId: Id,
      variantId: Id,
      quantity: Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] }),
      /** What the buyer was told that one costs. */
      priceMinor: { ...Minor, minimum: 0 },
    }),
    { maxItems: 200 },
  ),
  coupons: Type.Array(Line(40), { maxItems: 5 }),
  giftCards: Type.Array(Line(40), { maxItems: 5 }),
  shipping: Type.Array(Type.Object({ vendorId: Id, optionId: Id }), { maxItems: 200 }),
})
export type CartContent = Static<typeof CartContent>

/** A name in an address: small letters, digits and single hyphens. */
export const Slug = Type.String({
  minLength: 1,
  maxLength: 120,
  pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
  examples: ['wallbox-11-kw'],
})

/**
 * What programs are let do, in parts of the platform and by the services that belong to each: `<part>:read` for what
 * changes nothing, `<part>:write` for the rest. A service that stands in none is closed to them.
 */
export const scopeParts = {
  account: ['identity'],
  documents: ['documents'],
  notifications: ['notifications'],
  passports: ['passports'],
  charging: ['ocpp', 'stations', 'sessions', 'booking', 'maintenance'],
  billing: ['billing'],
  analytics: ['analytics'],
  shop: ['marketplace', 'cart', 'orders', 'users', 'content'],
  vendors: ['vendors'],
  operations: ['operations', 'gateway', 'admin'],
} as const

const readable = Object.keys(scopeParts) as (keyof typeof scopeParts)[]

/** All of them. What is done to accounts, sessions and keys is done by people: there is no `account:write`. */
export const scopes = readable.flatMap(part =>
  part === 'account' ? [`${part}:read`] : [`${part}:read`, `${part}:write`],
)

export const Scope = Type.Enum(scopes, { examples: ['passports:read'] })

/** What a program needs to use a route of a service by a method; undefined where no program may. */
export function scopeFor(service: string, method: string): string | undefined {
  const part = readable.find(name => (scopeParts[name] as readonly string[]).includes(service))
  const scope = `${part}:${method === 'GET' || method === 'HEAD' ? 'read' : 'write'}`
  return scopes.includes(scope) ? scope : undefined
}

/** Parts in which things belong to organisations. */
const ofOrganisations = ['documents', 'passports', 'charging', 'billing', 'analytics', 'shop', 'vendors']

/**
 * What a role that an organisation has defined lets its members do while they act for it: scopes, and `people:write` to
 * look after its members. What a person has for themselves, as their account and their messages, needs none.
 */
export const permissions = [...scopes.filter(scope => ofOrganisations.includes(scope.split(':')[0]!)), 'people:write']

export const Permission = Type.Enum(permissions, { examples: ['passports:read'] })

/** What a member whose role is of these permissions needs to use a route; undefined where that is none. */
export function permissionFor(service: string, method: string): string | undefined {
  const scope = scopeFor(service, method)
  return scope && permissions.includes(scope) ? scope : undefined
}

/** A role that an organisation has defined, as it is given to somebody. */
export const CustomRole = Type.Object({
  id: Id,
  name: Type.String({ examples: ['Accountant'] }),
  permissions: Type.Array(Permission),
})
export type CustomRole = Static<typeof CustomRole>
