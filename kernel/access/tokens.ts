import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JWK, type JWTPayload } from 'jose'
import type { Static } from 'typebox'
import type { CallContract, EventContract } from '../../contracts/define.ts'
import { exchangeKey, listRevocations, listSigningKeys, SessionsRevoked } from '../../contracts/identity.ts'
import type { Role } from '../../contracts/shared.ts'
import { Problem } from '../problem.ts'
import { inTime } from '../waiting.ts'
import { accessAudience, type Access, type Actor, type Visitor } from './access.ts'
import { digestOfKey, isKey, startOfKeys } from './machines.ts'

export interface AccessOptions {
  now: () => Date
  /** Keys that verify tokens, beside those identity has. */
  keys?: readonly JWK[]
  /** Puts questions to identity, where it answers any. */
  identity?: {
    answers(call: CallContract): boolean
    ask<C extends CallContract>(call: C, input: Static<C['input']>): Promise<Static<C['output']>>
  }
}

/** Access with the ways on which it hears what has been revoked. */
export interface Tokens extends Access {
  /** Takes from events what this process itself has published: before the one who revoked gets their answer. */
  committed(events: readonly { event: EventContract; data: Record<string, unknown> }[]): void
  /** Hears of what other processes publish, from now on; before the first token is verified. */
  // Of all events, each with types of its own.
  follow(events: { watch(event: EventContract, handler: (event: any) => void): void }): void
}

const algorithms = ['EdDSA', 'ES256']
const lifeOfRevocations = 24 * 3_600_000
/** Between two looks for revocations that no token outlives. */
const sweepEveryMs = 60_000
const pageOfRevocations = 1_000
/** How far the clocks of our machines may be apart. */
const clocksApartMs = 90_000

const patienceMs = 5_000

const unknown = () =>
  new Problem('unavailable', 'revocations_unknown', {
    detail: 'Whether the access token was revoked is not known yet. Try again, or refresh it.',
    retryAfter: 1,
  })

const invalid = () =>
  new Problem('unauthenticated', 'token_invalid', {
    detail: 'The access token is not valid (any more). Refresh it or sign in.',
  })

/**
 * Signatures are checked once a token, life and revocation at each use. Keys and revocations are asked of identity;
 * those we have serve on while it is away.
 */
export function openAccess({ now, keys: own = [], identity }: AccessOptions): Tokens {
  const signing = openKeys(own, identity, now)
  const revoked = openRevocations(identity, now)
  const verified = new Map<string, Visitor>()
  const machines = openMachines(identity)

  async function check(token: string): Promise<Visitor> {
    // The library reads a signature in several spellings; only the one that was made is good.
    const signature = token.slice(token.lastIndexOf('.') + 1)
    if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) throw invalid()
    let kid: string | undefined
    try {
      kid = decodeProtectedHeader(token).kid
    } catch {
      throw invalid()
    }
    const key = await signing.for(kid)
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms,
        audience: accessAudience,
        typ: 'at+jwt',
        currentDate: now(),
        requiredClaims: ['exp', 'iat', 'sub', 'sid'],
      })
      return visitorOf(payload)
    } catch {
      throw invalid()
    }
  }

  const current = (token: string, visitor: Visitor): Visitor => {
    if (visitor.expiresAt > now().getTime() && !revoked.has(visitor)) return visitor
    verified.delete(token)
    throw invalid()
  }

  async function admit(token: string): Promise<Visitor> {
    const visitor = await check(token)
    await revoked.knownFor(visitor)
    keep(verified, token, visitor)
    return current(token, visitor)
  }

  /** By the token that a key was given; by another one where that is over, or was revoked. */
  function verifyKey(key: string): Visitor | Promise<Visitor> {
    const known = verified.get(machines.known(key) ?? '')
    if (known && known.expiresAt > now().getTime() && !revoked.has(known)) return known
    return machines.exchange(key).then(admit)
  }

  return {
    now,
    verify(token) {
      if (token.startsWith(startOfKeys)) return verifyKey(token)
      const known = verified.get(token)
      return known ? current(token, known) : admit(token)
    },
    revoke: revoked.add,
    onRevoked: revoked.listen,
    committed(events) {
      for (const { event, data } of events)
        if (event.topic === SessionsRevoked.topic)
          revoked.add(data.sessionIds as string[], new Date(data.before as string))
    },
    follow: events =>
      events.watch(SessionsRevoked, ({ sessionIds, before }) => revoked.add(sessionIds, new Date(before))),
  }
}

/** Of what is read again and again, the latest twenty thousand. */
function keep<V>(entries: Map<string, V>, key: string, value: V): void {
  entries.set(key, value)
  if (entries.size > 20_000) entries.delete(entries.keys().next().value!)
}

/** Keys of machines are exchanged for access tokens, of which all else follows: their life, and what ends them. */
function openMachines(identity: AccessOptions['identity']) {
  const tokens = new Map<string, string>()
  const asking = new Map<string, Promise<string>>()

  async function ask(digest: string): Promise<string> {
    if (!identity?.answers(exchangeKey)) throw invalid()
    const { accessToken } = await identity.ask(exchangeKey, { digest })
    keep(tokens, digest, accessToken)
    return accessToken
  }

  return {
    known: (key: string): string | undefined => tokens.get(digestOfKey(key)),
    async exchange(key: string): Promise<string> {
      if (!isKey(key)) throw invalid()
      const digest = digestOfKey(key)
      const under = asking.get(digest) ?? ask(digest).finally(() => asking.delete(digest))
      asking.set(digest, under)
      return await under
    },
  }
}

function visitorOf(claims: JWTPayload): Visitor {
  const organisation = claims.org as Actor['organisation']
  const actedBy = (claims.act as { sub?: unknown } | undefined)?.sub
  // One spelling for all that they are compared with, also of tokens that were made when there were two.
  const inOne = (id: unknown): string => String(id).toLowerCase()
  return {
    userId: inOne(claims.sub),
    role: claims.role as Role,
    sessionId: inOne(claims.sid),
    issuedAt: claims.iat! * 1000,
    expiresAt: claims.exp! * 1000,
    ...(typeof claims.scope === 'string' && { scopes: claims.scope.split(' ') }),
    authenticatedAt: ((claims.auth_time as number | undefined) ?? claims.iat!) * 1000,
    ...(claims.factor !== undefined && { factor: claims.factor as Visitor['factor'] }),
    ...(claims.terms === 'open' && { terms: claims.terms }),
    ...(typeof actedBy === 'string' && { actedBy: inOne(actedBy) }),
    ...(organisation && { organisation: { ...organisation, id: inOne(organisation.id) } }),
  }
}

/** The keys that verify tokens; those we have serve on while we ask, and when nobody answers. */
function openKeys(own: readonly JWK[], identity: AccessOptions['identity'], now: () => Date) {
  let known: { ids: ReadonlySet<string | undefined>; find: ReturnType<typeof createLocalJWKSet> } | undefined
  let loading: Promise<NonNullable<typeof known>> | undefined
  let loadedAt = 0

  async function load(): Promise<NonNullable<typeof known>> {
    const asked = identity?.answers(listSigningKeys) ? (await identity.ask(listSigningKeys, {})).keys : []
    const keys = [...own, ...(asked as JWK[])]
    loadedAt = now().getTime()
    known = { ids: new Set(keys.map(({ kid }) => kid)), find: createLocalJWKSet({ keys }) }
    return known
  }

  return {
    async for(kid: string | undefined) {
      // A key we do not know may be a new one; strangers cannot make us ask more than once in five seconds.
      if (known && (known.ids.has(kid) || Math.abs(now().getTime() - loadedAt) <= 5_000)) return known.find
      loading ??= load().finally(() => (loading = undefined))
      return (await loading).find
    },
  }
}

/** Of which sessions which tokens are refused: asked for once, page by page, and from then on heard of. */
function openRevocations(identity: AccessOptions['identity'], now: () => Date) {
  const entries = new Map<string, { before: number; forget: number }>()
  const listeners: Parameters<Access['onRevoked']>[0][] = []
  let sweptAt = 0
  let loading: Promise<void> | undefined
  /** Behind which session to go on asking; null when all is known. */
  let next: string | null | undefined
  let firstAsked: number | undefined

  function add(sessionIds: readonly string[], before: Date): void {
    const at = now().getTime()
    for (const id of sessionIds) {
      const known = entries.get(id)?.before ?? 0
      entries.set(id, { before: Math.max(before.getTime(), known), forget: at + lifeOfRevocations })
    }
    if (Math.abs(at - sweptAt) > sweepEveryMs) {
      sweptAt = at
      for (const [id, { forget }] of entries) if (forget <= at) entries.delete(id)
    }
    for (const listener of listeners) listener(sessionIds, before)
  }

  async function load(): Promise<void> {
    while (next !== null && identity?.answers(listRevocations)) {
      const page = await identity.ask(listRevocations, { limit: pageOfRevocations, ...(next && { after: next }) })
      for (const { sessionId, before } of page.revocations) add([sessionId], new Date(before))
      // One who answers without it is of a version that answers all at once.
      next = page.next ?? null
    }
  }

  return {
    add,
    listen: (listener: (typeof listeners)[number]) => void listeners.push(listener),
    has({ sessionId, issuedAt }: Visitor): boolean {
      const entry = entries.get(sessionId)
      return entry !== undefined && issuedAt < entry.before
    },
    /**
     * Resolves once it is known whether this token was revoked. One that was made after we began to hear needs no list,
     * so that while identity is away nobody waits who signed in or refreshed meanwhile.
     */
    async knownFor({ issuedAt }: Visitor): Promise<void> {
      firstAsked ??= now().getTime()
      if (next === null || issuedAt > firstAsked + clocksApartMs) return
      loading ??= load().finally(() => (loading = undefined))
      const asking = loading
      await inTime(patienceMs, () => asking, unknown)
    },
  }
}
