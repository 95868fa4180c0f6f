import Type, { type Static } from 'typebox'
import { Problem, type Tx } from '#kernel'
import type { User } from '../accounts/store.ts'
import { nameOf } from '../accounts/accounts.ts'
import type { IdentityHost } from '../host.ts'
import { digest } from '../secrets.ts'
import { uuid } from '../sessions/sessions.ts'
import {
  countPasskey,
  findPasskey,
  insertChallenge,
  listPasskeys,
  type Passkey,
  type Purpose,
  takeChallenge,
} from './store.ts'

/** How long a passkey may take to answer. */
const lifeOfChallenge = 5 * 60_000
export const mostPasskeys = 20

const Bytes = (maxLength: number) =>
  Type.String({ maxLength, pattern: `^[A-Za-z0-9_-]{1,${maxLength}}$`, examples: ['bm90aGluZw'] })

const credential = {
  id: Bytes(1400),
  rawId: Bytes(1400),
  type: Type.Literal('public-key'),
  authenticatorAttachment: Type.Optional(Type.Union([Type.String({ maxLength: 40 }), Type.Null()])),
  clientExtensionResults: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
}

/** What `navigator.credentials.get` gives (`AuthenticationResponseJSON` of WebAuthn). */
export const PasskeyAnswer = Type.Object(
  {
    ...credential,
    response: Type.Object({
      clientDataJSON: Bytes(4000),
      authenticatorData: Bytes(4000),
      signature: Bytes(6000),
      userHandle: Type.Optional(Type.Union([Bytes(100), Type.Null()])),
    }),
  },
  { title: 'PasskeyAnswer' },
)

/** What `navigator.credentials.create` gives (`RegistrationResponseJSON` of WebAuthn). */
export const NewPasskey = Type.Object(
  {
    ...credential,
    response: Type.Object({
      clientDataJSON: Bytes(4000),
      attestationObject: Bytes(20_000),
      authenticatorData: Type.Optional(Bytes(8000)),
      transports: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 10 })),
      publicKey: Type.Optional(Bytes(8000)),
      publicKeyAlgorithm: Type.Optional(Type.Integer()),
    }),
  },
  { title: 'NewPasskey' },
)

/** For `PublicKeyCredential.parse…OptionsFromJSON` of browsers. */
export const PasskeyOptions = Type.Record(Type.String(), Type.Unknown(), {
  title: 'PasskeyOptions',
  description: 'What WebAuthn takes, as JSON',
  examples: [{ challenge: 'q3Jx0b8mUuRzv2c5wYt7hA', rpId: 'ohmnibus.example.com', userVerification: 'required' }],
})

const refused = (detail: string) =>
  new Problem('unauthenticated', 'passkey_invalid', {
    detail,
    errors: [{ pointer: '/passkey', detail: 'is not one that lets in here and now' }],
  })

/** What the passkey says that it was asked. */
function challengeIn(clientData: string): string {
  try {
    return String(JSON.parse(Buffer.from(clientData, 'base64url').toString()).challenge)
  } catch {
    throw refused('The passkey did not answer what it was asked.')
  }
}

/** EdDSA, ES256 and RS256 (COSE), which all authenticators have one of. */
const algorithms = [-8, -7, -257]

/** What a passkey proves: who, and how (RFC 8176). */
interface Proven {
  userId: string
  methods: string[]
}

/** Where passkeys are good, and what they are asked. */
function openChallenges({ db, now, settings, platform }: IdentityHost) {
  const site = new URL(platform.publicUrl)
  return {
    rpID: settings.PASSKEY_RP_ID ?? site.hostname,
    expectedOrigin: settings.PASSKEY_ORIGINS.length > 0 ? settings.PASSKEY_ORIGINS : [site.origin],
    keep: (challenge: string, purpose: Purpose, userId: string | null) =>
      db.transaction(tx =>
        insertChallenge(tx, {
          hash: digest(challenge),
          purpose,
          userId,
          expiresAt: new Date(now().getTime() + lifeOfChallenge),
        }),
      ),
    take: (clientData: string, purpose: Purpose, userId: string | null) =>
      db.transaction(tx => takeChallenge(tx, { hash: digest(challengeIn(clientData)), purpose, userId }, now())),
  }
}

/** The library is loaded with the first passkey. */
const library = () => import('@simplewebauthn/server')

/** Makes passkeys, and lets people prove with them who they are. */
export const openPasskeys = (host: IdentityHost) => ({ ...registering(host), ...proving(host) })

function registering(host: IdentityHost) {
  const { db, log } = host
  const { rpID, expectedOrigin, keep, take } = openChallenges(host)
  return {
    async toRegister(user: User): Promise<Record<string, unknown>> {
      const { generateRegistrationOptions } = await library()
      const known = await listPasskeys(db, user.id)
      const options = await generateRegistrationOptions({
        rpName: 'Ohmnibus',
        rpID,
        userName: user.email,
        userDisplayName: nameOf(user),
        userID: new Uint8Array(Buffer.from(user.id.replaceAll('-', ''), 'hex')),
        excludeCredentials: known.map(({ credentialId, transports }) => ({ id: credentialId, transports })),
        supportedAlgorithmIDs: algorithms,
        authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
      })
      await keep(options.challenge, 'registration', user.id)
      return options as unknown as Record<string, unknown>
    },

    /** What is to be kept of a new passkey, and how it proved to be there. Fails with `passkey_invalid`. */
    async registered(user: User, answer: Static<typeof NewPasskey>) {
      const { clientDataJSON, transports = [] } = answer.response
      if (!(await take(clientDataJSON, 'registration', user.id)))
        throw refused('The passkey answered too late. Begin again.')
      const { verifyRegistrationResponse } = await library()
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        response: { clientExtensionResults: {}, ...answer } as never,
        expectedChallenge: challengeIn(clientDataJSON),
        expectedOrigin,
        expectedRPID: rpID,
        supportedAlgorithmIDs: algorithms,
        requireUserVerification: false,
      }).catch(error => {
        log.info({ userId: user.id, reason: (error as Error).message }, 'a passkey was not registered')
        throw refused('The passkey is not one for this site.')
      })
      if (!verified) throw refused('The passkey is not one for this site.')
      const { credential, credentialDeviceType, userVerified } = registrationInfo
      const synced = credentialDeviceType === 'multiDevice'
      return {
        credentialId: credential.id,
        publicKey: Buffer.from(credential.publicKey),
        counter: credential.counter,
        transports,
        synced,
        methods: methodsOf(synced, userVerified),
      }
    },
  }
}

function proving(host: IdentityHost) {
  const { db, now, log, metrics } = host
  const { rpID, expectedOrigin, keep, take } = openChallenges(host)
  const cloned = metrics.counter('ohmnibus_identity_passkeys_cloned_total', 'Passkeys whose counter did not rise')

  async function rise(tx: Tx, passkey: Passkey, counter: number): Promise<void> {
    if (await countPasskey(tx, passkey.id, counter, now())) return
    cloned.inc()
    log.warn(
      { userId: passkey.userId, passkeyId: passkey.id, counter, known: passkey.counter },
      'the counter of a passkey did not rise: there may be a copy of it',
    )
    throw new Problem('unauthenticated', 'passkey_cloned', {
      detail: 'There seems to be a copy of this passkey. Sign in by another way and remove it.',
    })
  }

  return {
    /** Of somebody: as second factor, or to prove again that it is them; of anybody, as the only one. */
    async toProve(user: User | undefined): Promise<Record<string, unknown>> {
      const { generateAuthenticationOptions } = await library()
      const known = user ? await listPasskeys(db, user.id) : []
      const options = await generateAuthenticationOptions({
        rpID,
        userVerification: user ? 'preferred' : 'required',
        allowCredentials: known.map(({ credentialId, transports }) => ({ id: credentialId, transports })),
      })
      await keep(options.challenge, user ? 'proof' : 'sign-in', user?.id ?? null)
      return options as unknown as Record<string, unknown>
    },

    /** Whose passkey answered. Fails with `passkey_invalid`, and with `passkey_cloned` where its counter did not rise. */
    async proven(user: User | undefined, answer: Static<typeof PasskeyAnswer>): Promise<Proven> {
      const { clientDataJSON, userHandle } = answer.response
      if (!(await take(clientDataJSON, user ? 'proof' : 'sign-in', user?.id ?? null)))
        throw refused('The passkey answered too late, or what somebody else was asked. Begin again.')
      const known = await findPasskey(db, answer.id)
      if (!known || (user && known.userId !== user.id)) throw refused('The passkey is not known here.')
      if (userHandle && ownerIn(userHandle) !== known.userId) throw refused('The passkey is not known here.')
      const { verifyAuthenticationResponse } = await library()
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: { clientExtensionResults: {}, ...answer } as never,
        expectedChallenge: challengeIn(clientDataJSON),
        expectedOrigin,
        expectedRPID: rpID,
        // Its counter is compared where it is written, so that of two at once one is refused.
        credential: { id: known.credentialId, publicKey: new Uint8Array(known.publicKey), counter: 0 },
        requireUserVerification: !user,
      }).catch(error => {
        log.info({ userId: known.userId, reason: (error as Error).message }, 'a passkey was refused')
        throw refused('The passkey is not one for this site.')
      })
      if (!verified) throw refused('The passkey is not one for this site.')
      await db.transaction(tx => rise(tx, known, authenticationInfo.newCounter))
      return { userId: known.userId, methods: methodsOf(known.synced, authenticationInfo.userVerified) }
    },
  }
}

export type Passkeys = ReturnType<typeof openPasskeys>

/** A key that stays in one device or is in several; `user` where that made sure who holds it, which is a second factor. */
const methodsOf = (synced: boolean, verified: boolean): string[] => [
  synced ? 'swk' : 'hwk',
  ...(verified ? ['user'] : []),
]

/** The person that a passkey was made for. */
function ownerIn(userHandle: string): string | undefined {
  const hex = Buffer.from(userHandle, 'base64url').toString('hex')
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
  return uuid.test(id) ? id : undefined
}
