import { createHash } from 'node:crypto'
import { ClientConsentGiven } from '#contracts/identity'
import { newId, shownAddress, type Tx } from '#kernel'
import { nameOf } from '../accounts/accounts.ts'
import { lockUser, type User } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { digest, newSecret, same } from '../secrets.ts'
import { openRefreshTokens, standing } from '../sessions/refresh-tokens.ts'
import { holdMembership, type Session } from '../sessions/store.ts'
import { as } from '../sessions/sessions.ts'
import { type Client, letInAnyway } from './clients.ts'
import { endGrants } from './ending.ts'
import {
  addConsent,
  endVisit,
  findGrant,
  type Grant,
  holdSession,
  insertGrant,
  lockClient,
  lockGrant,
  rotateGrant,
  stampGrant,
  type Visit,
} from './store.ts'

/** How long the client may take to spend a code. */
const lifeOfCode = 60_000

/** What a client is given for a code or a refresh token. */
export interface Granted {
  accessToken: string
  refreshToken: string
  idToken?: string
  scopes: readonly string[]
  /** Seconds. */
  expiresIn: number
}

/** Why a client is given nothing, in words of RFC 6749, 5.2. */
export type NotGranted = { readonly error: 'invalid_grant' | 'invalid_scope'; readonly why: string }

const over: NotGranted = { error: 'invalid_grant', why: 'It is not good (any more), or not for this client.' }

/** What a person is told to be, by the scopes a client has. `sub` is the id of the account. */
export const claimsOf = (user: User, scopes: readonly string[]) => ({
  sub: user.id,
  ...(scopes.includes('profile') && {
    name: nameOf(user),
    given_name: user.firstName,
    family_name: user.lastName,
    locale: user.locale,
  }),
  ...(scopes.includes('email') && { email: shownAddress(user.email), email_verified: true }),
})

/** Codes, for who was asked. */
function openGiving({ host }: Identity) {
  const { db, now } = host

  /** A code for the client, in this session; undefined when the visit was answered or the session ended meanwhile. */
  async function giveCode(visit: Visit, client: Client, user: User, session: Session): Promise<string | undefined> {
    const at = now()
    const code = newSecret()
    const endsAt = new Date(at.getTime() + host.settings.SESSION_MAX_AGE)
    const offline = visit.scopes.includes('offline_access')
    const given = await db.transaction(async tx => {
      const present = await lockUser(tx, user.id, 'stay')
      const known = await lockClient(tx, client.id, 'stay')
      if (!present || present.disabled || !known || !(await holdSession(tx, session.id, at))) return false
      if (!(await endVisit(tx, visit.id))) return false
      const who = { userId: user.id, clientId: client.id, organisationId: session.organisationId }
      const may = await addConsent(tx, { id: newId(), ...who, scopes: visit.scopes, createdAt: at })
      if (may) {
        const told = { userId: user.id, clientId: client.id, clientName: client.name, actsFor: who.organisationId }
        const asked = !letInAnyway(client, visit.redirectUri)
        await as(user, () => tx.publish(ClientConsentGiven, { ...told, scopes: may, asked }))
      }
      await insertGrant(tx, {
        id: newId(),
        ...who,
        issuer: session.issuer,
        sessionId: offline ? null : session.id,
        scopes: visit.scopes,
        nonce: visit.nonce,
        authenticatedAt: session.authenticatedAt,
        methods: session.methods,
        codeHash: digest(code),
        redirectUri: visit.redirectUri,
        challenge: visit.challenge,
        refreshHash: null,
        previousHash: null,
        rotatedAt: at,
        createdAt: at,
        usedAt: at,
        expiresAt: new Date(at.getTime() + lifeOfCode),
        endsAt: offline || session.endsAt > endsAt ? endsAt : session.endsAt,
      })
      return true
    })
    return given ? code : undefined
  }

  return giveCode
}

/** What stands behind a grant by now, and the tokens of it. */
function openHolding({ host, tokens, sessions }: Identity) {
  const { now } = host

  /**
   * Whom a grant acts as by now, with all that stays so until the transaction ends. Locks go from the person to the
   * client, the session, the grant and the membership.
   */
  async function holdGrant(tx: Tx, found: Grant, client: Client) {
    const user = await lockUser(tx, found.userId, 'stay')
    const known = await lockClient(tx, client.id, 'stay')
    if (!user || user.disabled || !known || found.clientId !== known.id) return undefined
    if (found.sessionId && !(await holdSession(tx, found.sessionId, now()))) return undefined
    const grant = await lockGrant(tx, found.id)
    if (!grant || grant.expiresAt <= now()) return undefined
    // Whoever has to set up a second factor first may do nothing else, nor may what they let in.
    if (sessions.factorOf(user) === 'missing') return undefined
    const organisation = grant.organisationId
      ? await holdMembership(tx, grant.organisationId, user.id, grant.id)
      : undefined
    if (grant.organisationId && !organisation) return undefined
    // What the client is registered for no more it gets no more.
    const scopes = grant.scopes.filter(scope => known.scopes.includes(scope))
    return { user, grant, organisation, scopes, issuedAt: (await stampGrant(tx, grant.id, now()))! }
  }
  type Held = NonNullable<Awaited<ReturnType<typeof holdGrant>>>

  async function answer({ user, grant, organisation, issuedAt }: Held, scopes: readonly string[], refresh: string) {
    const factor = sessions.factorOf(user)
    const proof = { authenticatedAt: grant.authenticatedAt, methods: grant.methods }
    const accessToken = await tokens.sign(
      {
        userId: user.id,
        sessionId: grant.id,
        clientId: grant.clientId,
        role: user.role,
        ...(organisation && { organisation }),
        scopes,
        proof,
        ...(factor && { factor }),
      },
      issuedAt,
    )
    const granted: Granted = {
      accessToken,
      refreshToken: refresh,
      scopes,
      expiresIn: Math.floor(tokens.lifeMs / 1000),
    }
    if (!scopes.includes('openid')) return granted
    const about = { audience: grant.clientId, sessionId: grant.id, nonce: grant.nonce, accessToken, proof }
    return { ...granted, idToken: await tokens.signIdToken(claimsOf(user, scopes), about, issuedAt) }
  }

  return { holdGrant, answer }
}

/** Gives grants to clients: codes, and tokens for them. */
export function openGranting(identity: Identity) {
  const { host } = identity
  const { db, now } = host
  const { holdGrant, answer } = openHolding(identity)
  const giveCode = openGiving(identity)
  const refreshTokens = openRefreshTokens(purpose => host.secret(`clients: ${purpose}`))
  const figures = host.metrics.counter('ohmnibus_identity_client_grants_total', 'What clients were given for people', [
    'grant',
    'outcome',
  ])

  /** The next refresh token of a grant, good as long as sessions are. */
  const keep = (tx: Tx, { id }: Grant, refreshHash: Buffer): Promise<void> =>
    rotateGrant(tx, id, {
      refreshHash,
      now: now(),
      expiresAt: new Date(now().getTime() + host.settings.JWT_REFRESH_EXPIRY),
    })

  /** Tokens for a code, once: whoever comes with it again ends what was given for it (RFC 6749, 4.1.2). */
  async function spendCode(
    client: Client,
    { code, redirectUri, verifier }: { code: string; redirectUri: string; verifier: string },
  ): Promise<Granted | NotGranted> {
    const found = await findGrant(db, { codeHash: digest(code) })
    if (!found || found.clientId !== client.id) return over
    const held = await db.transaction(async tx => {
      const held = await holdGrant(tx, found, client)
      if (held?.grant.refreshHash) return void (await endGrants(tx, { id: found.id }))
      if (!held || held.grant.redirectUri !== redirectUri || !provenBy(held.grant.challenge, verifier)) return undefined
      const refresh = refreshTokens.first(found.id)
      await keep(tx, held.grant, refresh.hash)
      return { ...held, refresh }
    })
    return held ? await answer(held, held.scopes, held.refresh.text) : over
  }

  /** Tokens for a refresh token; a spent one that comes again after its grace ends the grant, because two hold it. */
  async function refresh(
    client: Client,
    text: string,
    wanted: readonly string[] | undefined,
  ): Promise<Granted | NotGranted> {
    const token = refreshTokens.read(text)
    const found = token && (await findGrant(db, { id: token.sessionId }))
    if (!token || !found || found.clientId !== client.id) return over
    const outcome = await db.transaction(async tx => {
      const held = await holdGrant(tx, found, client)
      if (!held?.grant.refreshHash) return over
      const is = standing(token, { ...held.grant, refreshHash: held.grant.refreshHash }, now())
      if (is === 'replayed') await endGrants(tx, { id: found.id })
      if (is === 'replayed' || is === 'expired') return over
      const beyond = wanted?.some(scope => !held.scopes.includes(scope))
      if (beyond) return { error: 'invalid_scope', why: 'That is more than was granted.' } satisfies NotGranted
      const successor = refreshTokens.successor(token)
      if (is === 'current') await keep(tx, held.grant, successor.hash)
      return { ...held, successor }
    })
    return 'error' in outcome ? outcome : await answer(outcome, wanted ?? outcome.scopes, outcome.successor.text)
  }

  const counted =
    <In extends unknown[]>(grant: string, work: (...given: In) => Promise<Granted | NotGranted>) =>
    async (...given: In): Promise<Granted | NotGranted> => {
      const outcome = await work(...given)
      figures.inc({ grant, outcome: 'error' in outcome ? 'refused' : 'granted' })
      return outcome
    }

  return {
    giveCode,
    spendCode: counted('code', spendCode),
    refresh: counted('refresh', refresh),
    /** The grant of a refresh token that is good by now. */
    async grantOf(text: string): Promise<Grant | undefined> {
      const token = refreshTokens.read(text)
      const grant = token && (await findGrant(db, { id: token.sessionId }))
      if (!grant?.refreshHash) return undefined
      const is = standing(token!, { ...grant, refreshHash: grant.refreshHash }, now())
      return is === 'current' || is === 'just spent' ? grant : undefined
    },
  }
}

export type Granting = ReturnType<typeof openGranting>

/** Whether the client knows what the challenge was made of (RFC 7636, 4.6). */
const provenBy = (challenge: string, verifier: string): boolean =>
  /^[\w.~-]{43,128}$/.test(verifier) &&
  same(createHash('sha256').update(verifier).digest(), Buffer.from(challenge, 'base64url'))
