import Type, { type Static } from 'typebox'
import { type CustomRole, Id, Instant, Line, Scope } from '#contracts/shared'
import { digestOfKey, newKey, Problem, startOfKeys } from '#kernel'
import { customRole } from '../organisations/organisations.ts'

const day = 86_400_000

/** A program's key as it is kept. */
export interface ApiKey {
  id: string
  /** Whom it acts as: a person, or a service account. */
  userId: string | null
  serviceAccountId: string | null
  organisationId: string | null
  /** The provider by which its person had signed in. */
  issuer: string | null
  name: string
  /** How the key begins, to know it again by. */
  start: string
  hash: Buffer
  previousHash: Buffer | null
  previousUntil: Date | null
  scopes: string[]
  createdAt: Date
  expiresAt: Date
  usedAt: Date | null
}

/** A program that acts for an organisation by itself. */
export interface ServiceAccount {
  id: string
  organisationId: string
  name: string
  role: 'editor' | 'viewer'
  /** The role of the organisation that it has, where it is one; `role` is then what that comes to. */
  custom: CustomRole | null
  createdAt: Date
}

const shown = {
  id: Id,
  name: Type.String({ examples: ['Warehouse'] }),
  start: Type.String({ description: 'How the key begins', examples: ['ohm_live_Zt4q'] }),
  scopes: Type.Array(Scope),
  serviceAccountId: Type.Union([Id, Type.Null()]),
  organisationId: Type.Union([Id, Type.Null()], { description: 'The organisation it acts for' }),
  createdAt: Instant,
  expiresAt: Instant,
  lastUsedAt: Type.Union([Instant, Type.Null()], {
    description: 'When it last got an access token, which it does every few minutes while it is used',
  }),
  formerUntil: Type.Union([Instant, Type.Null()], {
    description: 'How long the secret before the last rotation is good',
  }),
}

export const ApiKeyView = Type.Object(shown, { title: 'ApiKey' })

/** With the secret, which is told this once. */
export const NewApiKeyView = Type.Object(
  {
    ...shown,
    key: Type.String({
      description: 'Goes into "Authorization: Bearer …". It is told this once.',
      examples: ['ohm_live_Zt4qB0c2mP9vX1rLk7yE3sHd6uWnJf5aTgQiRoCzVxM3f9a1b2c'],
    }),
  },
  { title: 'NewApiKey' },
)

export const ServiceAccountView = Type.Object(
  {
    id: Id,
    name: Type.String({ examples: ['Production line 3'] }),
    role: Type.Enum(['editor', 'viewer'], { examples: ['editor'] }),
    customRole,
    createdAt: Instant,
  },
  { title: 'ServiceAccount' },
)

/** Programs own nothing and look after nobody: they are never owners or admins. */
export const RoleOfMachine = Type.Union([Type.Enum(['editor', 'viewer']), Id], {
  description: '`editor`, `viewer`, or the id of a role that the organisation has defined',
  examples: ['editor'],
})

/** What who makes a key says of it; whose it is follows from who asks. */
export const KeyBody = Type.Object({
  name: Line(100, { examples: ['Warehouse'] }),
  scopes: Type.Array(Scope, { minItems: 1, maxItems: 40, uniqueItems: true, examples: [['passports:read']] }),
  expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 730, default: 365, examples: [365] })),
  password: Type.Optional(
    Type.String({
      maxLength: 1000,
      description: 'Where the session is older than fifteen minutes',
      examples: ['a-long-summer-of-trains'],
    }),
  ),
})

export const apiKeyView = (key: ApiKey): Static<typeof ApiKeyView> => ({
  id: key.id,
  name: key.name,
  start: key.start,
  scopes: key.scopes,
  serviceAccountId: key.serviceAccountId,
  organisationId: key.organisationId,
  createdAt: key.createdAt.toISOString(),
  expiresAt: key.expiresAt.toISOString(),
  lastUsedAt: key.usedAt?.toISOString() ?? null,
  formerUntil: key.previousUntil?.toISOString() ?? null,
})

export const serviceAccountView = ({
  id,
  name,
  role,
  custom,
  createdAt,
}: ServiceAccount): Static<typeof ServiceAccountView> => ({
  id,
  name,
  role,
  ...(custom && { customRole: custom }),
  createdAt: createdAt.toISOString(),
})

/** A new secret: what its holder is told, and what is kept. */
export function secretOfKey(): { key: string; start: string; hash: Buffer } {
  const key = newKey()
  return { key, start: key.slice(0, startOfKeys.length + 4), hash: Buffer.from(digestOfKey(key), 'hex') }
}

/** A key made now that is good for so many days. */
export const keyOf = (
  made: Pick<
    ApiKey,
    'id' | 'userId' | 'serviceAccountId' | 'organisationId' | 'issuer' | 'name' | 'scopes' | 'start' | 'hash'
  >,
  days: number,
  now: Date,
): ApiKey => ({
  ...made,
  previousHash: null,
  previousUntil: null,
  createdAt: now,
  expiresAt: new Date(now.getTime() + days * day),
  usedAt: null,
})

/** Until when this secret of the key is good; undefined where it is not. */
export function goodUntil(key: ApiKey, hash: Buffer, now: Date): Date | undefined {
  const until = key.hash.equals(hash)
    ? key.expiresAt
    : key.previousHash?.equals(hash) && key.previousUntil! < key.expiresAt
      ? key.previousUntil!
      : key.previousHash?.equals(hash)
        ? key.expiresAt
        : undefined
  return until && until > now ? until : undefined
}

export const unknownKey = (): Problem => new Problem('not_found', 'key_unknown')
