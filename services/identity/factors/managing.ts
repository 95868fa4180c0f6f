import type { Static } from 'typebox'
import { UserFactorsChanged } from '#contracts/identity'
import { fail, newId, Problem, type Reply, type Tx, type Visitor } from '#kernel'
import { findUser, lockUser, type User } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { seal, unseal } from '../secrets.ts'
import { forever, revoke, revokeTokens } from '../sessions/sessions.ts'
import { deleteSessions, findSession, proveAnew, stampToken, holdMembership } from '../sessions/store.ts'
import { mostPasskeys, type NewPasskey } from './passkeys.ts'
import { wrongFactor } from './proving.ts'
import { newRecoveryCodes, recoveryHash } from './recovery-codes.ts'
import {
  confirmTotp,
  countRecoveryCodes,
  deleteFactors,
  deletePasskey,
  deleteTotp,
  insertPasskey,
  listPasskeys,
  lockTotp,
  namePasskey,
  offerTotp,
  type Passkey,
  replaceRecoveryCodes,
  settleFactors,
} from './store.ts'
import { newTotpSecret, totpStep, totpUri } from './totp.ts'

/** How long whoever sets up an authenticator app may take to type its first code. */
const lifeOfOffer = 15 * 60_000

const gone = () => fail('unauthenticated', 'token_invalid', { detail: 'The account is gone.' })

/** Somebody in a session. */
type Own = Pick<Visitor, 'userId' | 'sessionId' | 'organisation'>

/** What the person is told. */
interface Told {
  change: 'added' | 'removed' | 'made' | 'all-removed'
  factor: 'totp' | 'passkey' | 'recovery-codes'
  name?: string
  left?: number
}

/** What every change of factors goes through. */
function openChanges({ host, sessions }: Identity) {
  const { db, now } = host
  const recoveryKey = host.secret('recovery codes')

  const owner = async ({ userId }: Pick<Own, 'userId'>): Promise<User> => (await findUser(db, userId)) ?? gone()
  const tell = (tx: Tx<'identity'>, userId: string, { name, left, ...about }: Told) =>
    tx.publish(UserFactorsChanged, { userId, name: name ?? null, left: left ?? null, ...about })

  async function makeCodes(tx: Tx<'identity'>, userId: string): Promise<string[]> {
    const codes = newRecoveryCodes()
    await replaceRecoveryCodes(
      tx,
      userId,
      codes.map(code => recoveryHash(recoveryKey, userId, code)),
    )
    return codes
  }

  /**
   * The session proved a factor by setting it up. With the first one all others end, as they knew nothing but the
   * password, and there are recovery codes; with more, what the others may do is read anew.
   */
  async function added(tx: Tx<'identity'>, former: User, { sessionId }: Own, methods: string[], about: Told) {
    await tell(tx, former.id, about)
    await settleFactors(tx, former.id)
    const session = (await findSession(tx, sessionId)) ?? gone()
    await proveAnew(tx, sessionId, [...new Set([...session.methods, ...methods, 'mfa'])], now())
    const first = !former.secondFactor
    if (first) await revoke(tx, former.id, await deleteSessions(tx, former.id, { except: sessionId }), forever)
    await revokeTokens(tx, former.id, now())
    return first ? await makeCodes(tx, former.id) : undefined
  }

  /** Fails with `factor_needed` where it was the last one of somebody whose role needs one. */
  async function removed(tx: Tx<'identity'>, user: User, about: Told): Promise<void> {
    const secondFactor = await settleFactors(tx, user.id)
    if (sessions.factorOf({ ...user, secondFactor }) === 'missing')
      throw new Problem('conflict', 'factor_needed', {
        detail: 'Your role needs a second factor, and this is the last one. Set up another first.',
      })
    await tell(tx, user.id, about)
    await revokeTokens(tx, user.id, now())
  }

  const changing = <T>({ userId }: Pick<Own, 'userId'>, work: (tx: Tx<'identity'>, user: User) => Promise<T>) =>
    db.transaction(async tx => work(tx, (await lockUser(tx, userId, 'change')) ?? gone()))

  return { owner, tell, makeCodes, added, removed, changing }
}

type Changes = ReturnType<typeof openChanges>

/** Setting up, naming and taking away what people prove with that it is them. */
export function openManaging(identity: Identity) {
  const changes = openChanges(identity)
  const { db, now } = identity.host
  const { sessions } = identity
  return {
    owner: changes.owner,
    ...authenticatorApps(identity, changes),
    ...ownPasskeys(identity, changes),
    ...recoveryCodes(identity, changes),

    /** A new access token for who asks: what the former ones said has changed. */
    async renew(reply: Reply, { userId, sessionId, organisation }: Own) {
      const { user, acts, session, issuedAt } = await db.transaction(async tx => {
        const user = (await lockUser(tx, userId, 'stay')) ?? gone()
        // Who has no factor any more may act for it no longer.
        const acts = organisation && (await holdMembership(tx, organisation.id, userId, sessionId))
        const issuedAt = (await stampToken(tx, sessionId, now())) ?? gone()
        return { user, acts, session: (await findSession(tx, sessionId)) ?? gone(), issuedAt }
      })
      return await sessions.access(reply, user, session, acts, issuedAt)
    },
  }
}

function authenticatorApps({ host, limits }: Identity, { owner, added, removed, changing }: Changes) {
  const { db, now } = host
  const totpKey = host.secret('authenticator secrets at rest')
  return {
    /** Its secret, until the first code proves that the app has it. */
    async offerTotp(visitor: Own): Promise<{ secret: string; uri: string; expiresAt: Date }> {
      const user = await owner(visitor)
      const [secret, at] = [newTotpSecret(), now()]
      const expiresAt = new Date(at.getTime() + lifeOfOffer)
      await db.transaction(tx => offerTotp(tx, user.id, seal(totpKey, user.id, secret), expiresAt, at))
      return { secret, uri: totpUri(secret, user.email), expiresAt }
    },

    /** The secret that waits for its first code. */
    async offered({ userId }: Pick<Own, 'userId'>): Promise<{ secret: string; uri: string } | undefined> {
      const user = await owner({ userId })
      const totp = await db.transaction(tx => lockTotp(tx, userId))
      if (!totp?.pending || totp.pendingUntil! <= now()) return undefined
      const secret = unseal(totpKey, userId, totp.pending)
      return { secret, uri: totpUri(secret, user.email) }
    },

    /** Answers recovery codes with the first factor. Fails with `totp_unknown` and `factor_invalid`. */
    async confirmTotp(visitor: Own, code: string): Promise<string[] | undefined> {
      await limits.factor.person.take(visitor.userId)
      return await changing(visitor, async (tx, user) => {
        const at = now()
        const totp = await lockTotp(tx, user.id)
        if (!totp?.pending || totp.pendingUntil! <= at)
          throw new Problem('not_found', 'totp_unknown', {
            detail: 'Begin anew: no authenticator app is being set up.',
          })
        const secret = unseal(totpKey, user.id, totp.pending)
        const step = totpStep(secret, code, 0, at)
        if (!step) throw wrongFactor('otp')
        await confirmTotp(tx, user.id, seal(totpKey, user.id, secret), step, at)
        return await added(tx, user, visitor, ['otp'], { change: 'added', factor: 'totp' })
      })
    },

    removeTotp: (visitor: Own): Promise<void> =>
      changing(visitor, async (tx, user) => {
        if (!(await deleteTotp(tx, user.id))) throw new Problem('not_found', 'totp_unknown')
        await removed(tx, user, { change: 'removed', factor: 'totp' })
      }),
  }
}

function ownPasskeys({ host, passkeys }: Identity, { owner, added, removed, changing }: Changes) {
  const { db, now } = host
  return {
    /** Answers the passkey, and recovery codes with the first factor. Fails with `passkey_invalid`. */
    async addPasskey(visitor: Own, answer: Static<typeof NewPasskey>, name: string) {
      const registered = await passkeys.registered(await owner(visitor), answer)
      return await changing(visitor, async (tx, user) => {
        if ((await listPasskeys(tx, user.id)).length >= mostPasskeys)
          throw new Problem('conflict', 'passkeys_limit_reached')
        const { methods, ...credential } = registered
        const at = now()
        const passkey: Passkey = { ...credential, id: newId(), userId: user.id, name, createdAt: at, usedAt: null }
        if (!(await insertPasskey(tx, passkey))) throw new Problem('conflict', 'passkey_exists')
        const recoveryCodes = await added(tx, user, visitor, methods, { change: 'added', factor: 'passkey', name })
        return { passkey, recoveryCodes }
      })
    },

    namePasskey: (visitor: Own, id: string, name: string): Promise<Passkey> =>
      db.transaction(
        async tx => (await namePasskey(tx, visitor.userId, id, name)) ?? fail('not_found', 'passkey_unknown'),
      ),

    removePasskey: (visitor: Own, id: string): Promise<void> =>
      changing(visitor, async (tx, user) => {
        const name = await deletePasskey(tx, user.id, id)
        if (name === undefined) throw new Problem('not_found', 'passkey_unknown')
        await removed(tx, user, { change: 'removed', factor: 'passkey', name })
      }),
  }
}

function recoveryCodes({ host }: Identity, { tell, makeCodes, changing }: Changes) {
  const { db } = host
  return {
    /** The former ones are good no more. Fails with `factors_missing`. */
    recoveryCodes: (visitor: Own): Promise<string[]> =>
      changing(visitor, async (tx, user) => {
        if (!user.secondFactor) throw new Problem('conflict', 'factors_missing')
        const codes = await makeCodes(tx, user.id)
        await tell(tx, user.id, { change: 'made', factor: 'recovery-codes', left: codes.length })
        return codes
      }),

    recoveryCodesLeft: (userId: string): Promise<number> => countRecoveryCodes(db, userId),

    /** By an admin, for somebody who has lost them all; their sessions end. Fails with `user_unknown`. */
    removeAll: (userId: string): Promise<void> =>
      db.transaction(async tx => {
        const user = await lockUser(tx, userId, 'change')
        if (!user) throw new Problem('not_found', 'user_unknown')
        if ((await deleteFactors(tx, userId, null)) === 0) return
        await tell(tx, userId, { change: 'all-removed', factor: 'recovery-codes' })
        await revoke(tx, userId, await deleteSessions(tx, userId, {}), forever)
      }),
  }
}
