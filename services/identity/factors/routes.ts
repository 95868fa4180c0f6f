import Type, { type Static } from 'typebox'
import { Id, Instant, Line } from '#contracts/shared'
import { anyone, fresh, placeOf, signedInSomehow, withRole } from '#kernel'
import type { Identity } from '../identity.ts'
import { AccessView, SignedInView } from '../sessions/sessions.ts'
import { findSession, proveAnew } from '../sessions/store.ts'
import { confirm } from '../accounts/confirm.ts'
import { lockUser } from '../accounts/store.ts'
import { openManaging } from './managing.ts'
import { qrCode } from './qr-code.ts'
import { NewPasskey, PasskeyAnswer, PasskeyOptions } from './passkeys.ts'
import { openPasskeySignIn } from './passkey-sign-in.ts'
import { factorPages } from './pages.ts'
import { openPending, over } from './pending.ts'
import { openProving, proofRefusals, proofs, TotpCode } from './proving.ts'
import { passkeyScript } from './script.ts'
import { findTotp, listPasskeys, type Passkey } from './store.ts'

/** What lets in is changed only by who proved a moment ago to be it, also where that is a password alone. */
export const proven = fresh(signedInSomehow, '10 minutes', true)

/** Many clients send no body at all where there is nothing to say. */
const Nothing = Type.Union([Type.Object({}), Type.Null()])
const Name = Line(60, { examples: ['My telephone'] })
const When = Type.Union([Instant, Type.Null()])

const PasskeyView = Type.Object(
  {
    id: Id,
    name: Type.String({ examples: ['My telephone'] }),
    synced: Type.Boolean({ description: 'Whether it is on several devices of the person' }),
    createdAt: Instant,
    lastUsedAt: When,
  },
  { title: 'Passkey' },
)

const FactorsView = Type.Object(
  {
    totp: Type.Union([Type.Object({ createdAt: Instant, lastUsedAt: When }), Type.Null()], {
      description: 'The authenticator app',
    }),
    passkeys: Type.Array(PasskeyView),
    recoveryCodesLeft: Type.Integer({ examples: [10] }),
    required: Type.Boolean({ description: 'Whether the role needs a second factor' }),
  },
  { title: 'SecondFactors' },
)

const RecoveryCodes = Type.Array(Type.String({ examples: ['4k7w-x2m9-0qzr-hd3v'] }), {
  description: 'Shown this once; each works once, where the factors are lost',
})

const Added = Type.Object(
  { ...AccessView.properties, recoveryCodes: Type.Optional(RecoveryCodes) },
  { title: 'SecondFactorAdded' },
)

const PendingToken = Type.String({
  maxLength: 100,
  description: 'Of the answer `factor_required`',
  examples: ['q3Jx0b8mUuRzv2c5wYt7hA…'],
})

const passkeyView = ({ id, name, synced, createdAt, usedAt }: Passkey): Static<typeof PasskeyView> => ({
  id,
  name,
  synced,
  createdAt: createdAt.toISOString(),
  lastUsedAt: usedAt?.toISOString() ?? null,
})

/** Second factors: signing in with them, proving again to be it, and setting them up. */
export function factorRoutes(identity: Identity): void {
  signingIn(identity)
  steppingUp(identity)
  listing(identity)
  authenticatorApps(identity)
  passkeyRoutes(identity)
  administration(identity)
  factorPages(identity)
  passkeyScript(identity.host)
}

function signingIn(identity: Identity): void {
  const { host, sessions, passkeys, limits } = identity
  const { http } = host
  const pending = openPending(identity)
  const byPasskey = openPasskeySignIn(identity)

  http.post(
    '/factor',
    {
      config: { access: anyone },
      schema: {
        summary: 'Sign in: the second factor',
        description:
          'Behind a sign-in that answered `factor_required`. One of `otp`, `recoveryCode` and `passkey`; five tries, ten minutes.',
        refuses: ['pending_sign_in_invalid', 'origin_not_allowed', ...proofRefusals],
        body: Type.Object({ pendingToken: PendingToken, ...proofs }),
        response: { 200: SignedInView },
      },
    },
    async (request, reply) => {
      sessions.refuseForgery(request)
      const { pendingToken, ...proof } = request.body
      return await sessions.begun(reply, await pending.finish(request, pendingToken, proof))
    },
  )

  http.post(
    '/factor/passkey',
    {
      config: { access: anyone },
      schema: {
        summary: 'Sign in: what a passkey is to answer as second factor',
        description: 'A page of ours sends its cookie instead of the `pendingToken`.',
        refuses: ['pending_sign_in_invalid', 'origin_not_allowed', 'too_many_requests'],
        body: Type.Object({ pendingToken: Type.Optional(PendingToken) }),
        response: { 200: PasskeyOptions },
      },
    },
    async request => {
      sessions.refuseForgery(request)
      await limits.factor.place.take(placeOf(request.ip))
      const user = await pending.find(request.body.pendingToken ?? sessions.pending.of(request))
      if (!user) throw over()
      return await passkeys.toProve(user)
    },
  )

  http.post(
    '/passkeys/sign-in/options',
    {
      config: { access: anyone },
      schema: {
        summary: 'Sign in with a passkey alone: what it is to answer',
        refuses: ['too_many_requests'],
        body: Nothing,
        response: { 200: PasskeyOptions },
      },
    },
    async ({ ip }) => {
      await limits.factor.place.take(placeOf(ip))
      return await passkeys.toProve(undefined)
    },
  )

  http.post(
    '/passkeys/sign-in',
    {
      config: { access: anyone },
      schema: {
        summary: 'Sign in with a passkey alone',
        description: 'It makes sure who holds it (by finger, face or PIN), so that nothing else is needed.',
        refuses: [
          'passkey_invalid',
          'passkey_cloned',
          'credentials_invalid',
          'too_many_requests',
          'origin_not_allowed',
        ],
        body: Type.Object({ passkey: PasskeyAnswer }),
        response: { 200: SignedInView },
      },
    },
    async (request, reply) => await sessions.begun(reply, await byPasskey(request, request.body.passkey)),
  )
}

function steppingUp(identity: Identity): void {
  const { host, passkeys } = identity
  const { db, http, now } = host
  const prove = openProving(identity)
  const managing = openManaging(identity)

  http.post(
    '/step-up',
    {
      config: { access: signedInSomehow },
      schema: {
        summary: 'Prove again to be it, in the same session',
        description:
          'Where a route answers `fresh_sign_in_required` (RFC 9470). By a second factor where there is one, else by `password`.',
        refuses: ['password_wrong', 'sign_in_busy', ...proofRefusals],
        body: Type.Object({
          password: Type.Optional(Type.String({ maxLength: 1000, examples: ['a-long-summer-of-trains'] })),
          ...proofs,
        }),
        response: { 200: AccessView },
      },
    },
    async (request, reply) => {
      const visitor = request.visitor!
      const { password, ...proof } = request.body
      const user = await managing.owner(visitor)
      const methods =
        user.secondFactor || password === undefined
          ? await prove(user, proof)
          : (await confirm(identity, visitor, password, '/password'), [])
      await db.transaction(async tx => {
        const session = (await lockUser(tx, user.id, 'stay')) && (await findSession(tx, visitor.sessionId))
        if (session) await proveAnew(tx, session.id, [...new Set([...session.methods, ...methods])], now())
      })
      return await managing.renew(reply, visitor)
    },
  )

  http.post(
    '/step-up/passkey',
    {
      config: { access: signedInSomehow },
      schema: {
        summary: 'What a passkey is to answer to prove again',
        body: Nothing,
        response: { 200: PasskeyOptions },
      },
    },
    async ({ visitor }) => await passkeys.toProve(await managing.owner(visitor!)),
  )
}

function listing(identity: Identity): void {
  const { db, http, settings } = identity.host
  const managing = openManaging(identity)

  http.get(
    '/mfa',
    {
      config: { access: signedInSomehow },
      schema: { summary: 'The own second factors', response: { 200: FactorsView } },
    },
    async ({ visitor }) => {
      const { id, role } = await managing.owner(visitor!)
      const totp = await findTotp(db, id)
      return {
        totp: totp?.sealed
          ? { createdAt: totp.createdAt.toISOString(), lastUsedAt: totp.usedAt?.toISOString() ?? null }
          : null,
        passkeys: (await listPasskeys(db, id)).map(passkeyView),
        recoveryCodesLeft: await managing.recoveryCodesLeft(id),
        required: settings.REQUIRE_MFA.includes(role),
      }
    },
  )

  http.post(
    '/mfa/recovery-codes',
    {
      config: { access: proven },
      schema: {
        summary: 'Make ten new recovery codes; the former ones are good no more',
        refuses: ['factors_missing'],
        response: { 200: Type.Object({ recoveryCodes: RecoveryCodes }, { title: 'RecoveryCodes' }) },
      },
    },
    async ({ visitor }, reply) => {
      reply.header('cache-control', 'no-store')
      return { recoveryCodes: await managing.recoveryCodes(visitor!) }
    },
  )
}

function authenticatorApps(identity: Identity): void {
  const { http } = identity.host
  const managing = openManaging(identity)

  http.post(
    '/mfa/totp',
    {
      config: { access: proven },
      schema: {
        summary: 'Set up an authenticator app: its secret and a picture of it',
        description: 'It counts once `/mfa/totp/verify` has seen a code of it; one that is set up goes on until then.',
        response: {
          200: Type.Object(
            {
              secret: Type.String({ examples: ['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'] }),
              uri: Type.String({
                examples: ['otpauth://totp/Ohmnibus:ada%40example.com?issuer=Ohmnibus&secret=JBSW…'],
              }),
              qrCode: Type.String({ description: 'SVG', examples: ['<svg xmlns="http://www.w3.org/2000/svg" …'] }),
              expiresAt: Instant,
            },
            { title: 'AuthenticatorOffered' },
          ),
        },
      },
    },
    async ({ visitor }, reply) => {
      const { secret, uri, expiresAt } = await managing.offerTotp(visitor!)
      reply.header('cache-control', 'no-store')
      return { secret, uri, qrCode: await qrCode(uri), expiresAt: expiresAt.toISOString() }
    },
  )

  http.post(
    '/mfa/totp/verify',
    {
      config: { access: proven },
      schema: {
        summary: 'Set up an authenticator app: its first code',
        description:
          'With the first second factor all other sessions end, and there are recovery codes. Former access tokens are good no more.',
        refuses: ['totp_unknown', 'factor_invalid', 'too_many_requests'],
        body: Type.Object({ otp: TotpCode }),
        response: { 200: Added },
      },
    },
    async ({ visitor, body }, reply) => {
      const recoveryCodes = await managing.confirmTotp(visitor!, body.otp)
      reply.header('cache-control', 'no-store')
      return { ...(await managing.renew(reply, visitor!)), ...(recoveryCodes && { recoveryCodes }) }
    },
  )

  http.delete(
    '/mfa/totp',
    {
      config: { access: proven },
      schema: {
        summary: 'Remove the authenticator app',
        refuses: ['totp_unknown', 'factor_needed'],
        response: { 200: AccessView },
      },
    },
    async ({ visitor }, reply) => {
      await managing.removeTotp(visitor!)
      return await managing.renew(reply, visitor!)
    },
  )
}

function passkeyRoutes(identity: Identity): void {
  const { host, passkeys } = identity
  const { db, http } = host
  const managing = openManaging(identity)
  const ById = Type.Object({ id: Id })

  http.get(
    '/passkeys',
    {
      config: { access: signedInSomehow },
      schema: {
        summary: 'The own passkeys',
        response: { 200: Type.Object({ items: Type.Array(PasskeyView) }, { title: 'Passkeys' }) },
      },
    },
    async ({ visitor }) => ({ items: (await listPasskeys(db, visitor!.userId)).map(passkeyView) }),
  )

  http.post(
    '/passkeys/options',
    {
      config: { access: proven },
      schema: { summary: 'Add a passkey: what it is made from', body: Nothing, response: { 200: PasskeyOptions } },
    },
    async ({ visitor }) => await passkeys.toRegister(await managing.owner(visitor!)),
  )

  http.post(
    '/passkeys',
    {
      config: { access: proven },
      schema: {
        summary: 'Add a passkey: what it answered',
        refuses: ['passkey_invalid', 'passkeys_limit_reached', 'passkey_exists'],
        body: Type.Object({ name: Name, passkey: NewPasskey }),
        response: { 201: Type.Object({ ...Added.properties, passkey: PasskeyView }, { title: 'PasskeyAdded' }) },
      },
    },
    async ({ visitor, body }, reply) => {
      const { passkey, recoveryCodes } = await managing.addPasskey(visitor!, body.passkey, body.name)
      reply.code(201).header('cache-control', 'no-store')
      const granted = await managing.renew(reply, visitor!)
      return { ...granted, passkey: passkeyView(passkey), ...(recoveryCodes && { recoveryCodes }) }
    },
  )

  http.patch(
    '/passkeys/:id',
    {
      config: { access: signedInSomehow },
      schema: {
        summary: 'Give a passkey another name',
        refuses: ['passkey_unknown'],
        params: ById,
        body: Type.Object({ name: Name }),
        response: { 200: PasskeyView },
      },
    },
    async ({ visitor, params, body }) => passkeyView(await managing.namePasskey(visitor!, params.id, body.name)),
  )

  http.delete(
    '/passkeys/:id',
    {
      config: { access: proven },
      schema: {
        summary: 'Remove a passkey',
        refuses: ['passkey_unknown', 'factor_needed'],
        params: ById,
        response: { 200: AccessView },
      },
    },
    async ({ visitor, params }, reply) => {
      await managing.removePasskey(visitor!, params.id)
      return await managing.renew(reply, visitor!)
    },
  )
}

function administration(identity: Identity): void {
  const { http } = identity.host
  const managing = openManaging(identity)

  http.delete(
    '/users/:id/factors',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Remove all second factors of somebody who has lost them; their sessions end',
        refuses: ['user_unknown'],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ params }, reply) => {
      await managing.removeAll(params.id)
      return reply.code(204).send()
    },
  )
}
