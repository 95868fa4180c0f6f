import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { TestContext } from 'node:test'
import { Secret, TOTP } from 'otpauth'
import type { TestOptions } from '../../../kernel/testing.ts'
import { bearer, startIdentity, type Person } from '../testing.ts'

/** Identity, with people who have an authenticator app. */
export async function startFactors(t: TestContext, environment: TestOptions['environment'] = {}) {
  const p = await startIdentity(t, { environment })

  /** What the app shows, `steps` of thirty seconds from now. */
  const codeOf = (secret: string, steps = 0): string =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: p.clock.at + steps * 30_000 })

  /** Sets up an authenticator app; the next code is good half a minute later. */
  async function withApp(who: Person) {
    const offered = (await p.post('/mfa/totp', undefined, who.headers)).json()
    const answer = await p.post('/mfa/totp/verify', { otp: codeOf(offered.secret) }, who.headers)
    const { accessToken, recoveryCodes } = answer.json()
    p.clock.pass(30_000)
    return {
      ...who,
      secret: offered.secret as string,
      recoveryCodes: recoveryCodes as string[],
      accessToken: accessToken as string,
      headers: bearer(accessToken),
    }
  }

  const signIn = ({ email, password }: Pick<Person, 'email' | 'password'>) => p.post('/login', { email, password })

  /** Gives the password; answers what the second factor is to be sent along with. */
  const password = async (who: Pick<Person, 'email' | 'password'>) => (await signIn(who)).json().pendingToken as string

  return { ...p, codeOf, withApp, signIn, password }
}

const b64 = (bytes: Buffer | string) => Buffer.from(bytes).toString('base64url')
const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest()
const bytes = (value: Buffer): Buffer => Buffer.concat([Buffer.from([0x58, value.length]), value])

interface Asked {
  challenge: string
  user?: { id: string }
}

/** An authenticator of WebAuthn made of software, with one passkey (ES256); it does what no honest one would. */
export function softAuthenticator({ origin = 'http://localhost', rpId = 'localhost' } = {}) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const credentialId = randomBytes(32)
  const state = { counter: 0, userHandle: '', verified: true }
  // A map of COSE (RFC 9053): EC2, ES256, P-256, x, y.
  const cose = Buffer.concat([
    Buffer.from('a5010203262001215820', 'hex'),
    Buffer.from(x!, 'base64url'),
    Buffer.from('225820', 'hex'),
    Buffer.from(y!, 'base64url'),
  ])

  const authenticatorData = (flags: number, more: Buffer = Buffer.alloc(0), counter = state.counter): Buffer => {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count, more])
  }
  const clientData = (type: string, challenge: string, from: string) =>
    JSON.stringify({ type, challenge, origin: from, crossOrigin: false })
  const presence = () => (state.verified ? 0x05 : 0x01)

  return {
    state,
    id: b64(credentialId),

    create({ challenge, user }: Asked, from = origin) {
      state.userHandle = user!.id
      const size = Buffer.alloc(2)
      size.writeUInt16BE(credentialId.length)
      const attested = Buffer.concat([Buffer.alloc(16), size, credentialId, cose])
      const data = authenticatorData(presence() | 0x40, attested)
      // {"fmt": "none", "attStmt": {}, "authData": …}
      const attestation = Buffer.concat([
        Buffer.from('a363666d74646e6f6e656761747453746d74a0686175746844617461', 'hex'),
        bytes(data),
      ])
      return {
        id: b64(credentialId),
        rawId: b64(credentialId),
        type: 'public-key' as const,
        response: {
          clientDataJSON: b64(clientData('webauthn.create', challenge, from)),
          attestationObject: b64(attestation),
          transports: ['internal'],
        },
      }
    },

    /** Counts, unless it is told where it stands. */
    get({ challenge }: Asked, { from = origin, counter = ++state.counter } = {}) {
      const data = authenticatorData(presence(), undefined, counter)
      const client = clientData('webauthn.get', challenge, from)
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey)
      return {
        id: b64(credentialId),
        rawId: b64(credentialId),
        type: 'public-key' as const,
        response: {
          clientDataJSON: b64(client),
          authenticatorData: b64(data),
          signature: b64(signature),
          userHandle: state.userHandle,
        },
      }
    },
  }
}
