import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import type { JWK } from 'jose'
import {
  accessAudience,
  fresh,
  authorise,
  mayRead,
  mayWrite,
  newId,
  ownerFor,
  partiesOf,
  signedIn,
  signedInSomehow,
  withRole,
  type Actor,
  type Owned,
  type Visitor,
} from '../../kernel/index.ts'
import { listSigningKeys } from '../../contracts/identity.ts'
import { openAccess } from '../../kernel/access/tokens.ts'

const start = Date.parse('2027-01-01T00:00:00Z')

/** A key pair as identity has them. */
function keyPair(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA' } as JWK, publicKey }
}

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const signed = (head: object, claims: object, by: (text: string) => Buffer) => {
  const text = `${part(head)}.${part(claims)}`
  return `${text}.${by(Buffer.from(text) as never).toString('base64url')}`
}
const eddsa = (key: KeyObject) => (text: string) => sign(null, Buffer.from(text), key)

/** Access with one key and a clock of its own. */
function setUp() {
  const current = keyPair('one')
  const served = [current.jwk]
  const state = { now: start, asked: 0, failing: false, listFailing: false, pages: 0 }
  /** What was revoked before this process began to hear of it. */
  const listed: { sessionId: string; before: string }[] = []
  const access = openAccess({
    now: () => new Date(state.now),
    identity: {
      answers: () => true,
      async ask(call, input) {
        if (call.name === listSigningKeys.name) {
          state.asked++
          if (state.failing) throw new Error('identity is away')
          return { keys: [...served] } as never
        }
        const { after = '', limit } = input as { after?: string; limit: number }
        state.pages++
        if (state.listFailing) throw new Error('the list is too long')
        const page = listed.filter(({ sessionId }) => sessionId > after).slice(0, limit)
        return { revocations: page, next: page.length === limit ? page.at(-1)!.sessionId : null } as never
      },
    },
  })
  const head = { alg: 'EdDSA', typ: 'at+jwt', kid: 'one' }
  const claims = {
    sub: newId(),
    sid: newId(),
    role: 'user',
    aud: accessAudience,
    iat: start / 1000,
    exp: start / 1000 + 600,
  }
  const token = (change: { head?: object; claims?: object; key?: KeyObject } = {}) =>
    signed({ ...head, ...change.head }, { ...claims, ...change.claims }, eddsa(change.key ?? current.privateKey))
  /** Who the token is taken for, or the code of the refusal. */
  const verdict = async (text: string) => {
    try {
      return (await access.verify(text)).userId
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  return { access, state, served, listed, current, head, claims, token, verdict }
}

test('a token tells who acts, in which session, role and organisation', async () => {
  const { access, claims, token } = setUp()
  assert.deepEqual(await access.verify(token()), {
    userId: claims.sub,
    role: 'user',
    sessionId: claims.sid,
    issuedAt: claims.iat * 1000,
    expiresAt: claims.exp * 1000,
    authenticatedAt: claims.iat * 1000,
  })
  const org = { id: newId(), role: 'editor' }
  assert.deepEqual(await access.verify(token({ claims: { org, role: 'operator' } })), {
    userId: claims.sub,
    role: 'operator',
    sessionId: claims.sid,
    issuedAt: claims.iat * 1000,
    expiresAt: claims.exp * 1000,
    authenticatedAt: claims.iat * 1000,
    organisation: org,
  })
})

test('a token that is not exactly what identity signs is refused, whatever is wrong with it', async () => {
  const { claims, current, head, token, verdict } = setUp()
  const stranger = keyPair('one')
  const good = token()
  const [h, c, s] = good.split('.') as [string, string, string]
  const spki = current.publicKey.export({ format: 'pem', type: 'spki' })
  const hmac = (secret: string | Buffer) => (text: string) => createHmac('sha256', secret).update(text).digest()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name))
  const bad: Record<string, string> = {
    'no signature': `${part({ ...head, alg: 'none' })}.${part(claims)}.`,
    'no signature, other spelling': `${part({ ...head, alg: 'None' })}.${part(claims)}.`,
    'the signature cut off': `${h}.${c}.`,
    'HS256 with the public key as secret': signed({ ...head, alg: 'HS256' }, claims, hmac(spki)),
    'HS256 with the key as JWK': signed({ ...head, alg: 'HS256' }, claims, hmac(current.jwk.x!)),
    'HS256 with an empty secret': signed({ ...head, alg: 'HS256' }, claims, hmac('')),
    "a stranger's key under our id": token({ key: stranger.privateKey }),
    "a stranger's key it brings along": token({ key: stranger.privateKey, head: { jwk: stranger.jwk } }),
    'an id of no key': token({ head: { kid: 'two' } }),
    RS256: signed({ ...head, alg: 'RS256' }, claims, text => sign('sha256', Buffer.from(text), rsa.privateKey)),
    'ES256 by a stranger': signed({ ...head, alg: 'ES256' }, claims, text =>
      sign('sha256', Buffer.from(text), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }),
    ),
    'another audience': token({ claims: { aud: 'elsewhere' } }),
    'no audience': token({ claims: { aud: undefined } }),
    'another type': token({ head: { typ: 'JWT' } }),
    'no type': token({ head: { typ: undefined } }),
    'a critical extension': token({ head: { crit: ['exp2'], exp2: 1 } }),
    expired: token({ claims: { exp: start / 1000 - 1 } }),
    'expiring this moment': token({ claims: { exp: start / 1000 } }),
    'not yet valid': token({ claims: { nbf: start / 1000 + 60 } }),
    'an expiry that is no number': token({ claims: { exp: 'never' } }),
    'a role put in afterwards': `${h}.${part({ ...claims, role: 'admin' })}.${s}`,
    'a head put in afterwards': `${part({ ...head, extra: 1 })}.${c}.${s}`,
    'another signature': `${h}.${c}.${part('x'.repeat(64))}`,
    'a part more': `${good}.${s}`,
    'a space': ` ${good}`,
    nothing: '',
    garbage: 'a.b.c',
    ...Object.fromEntries(
      ['exp', 'iat', 'sub', 'sid'].map(claim => [
        `no ${claim}`,
        signed(head, without(claim), eddsa(current.privateKey)),
      ]),
    ),
  }
  for (const [what, text] of Object.entries(bad)) assert.equal(await verdict(text), 'token_invalid', what)
  assert.equal(await verdict(good), claims.sub)
})

test('a token lives until its end, also one that was seen before', async () => {
  const { claims, state, token, verdict } = setUp()
  const text = token()
  state.now = start + 599_000
  assert.equal(await verdict(text), claims.sub)
  state.now = start + 600_000
  assert.equal(await verdict(text), 'token_invalid')
  state.now = start
  assert.equal(await verdict(text), claims.sub, 'it was the time, nothing else')
})

test('tokens of an ended session are refused from then on, seen before or not; later ones and other sessions are not', async () => {
  const { access, claims, state, token, verdict } = setUp()
  const seen = token()
  const unseen = token({ claims: { exp: start / 1000 + 601 } })
  const other = token({ claims: { sid: newId() } })
  assert.equal(await verdict(seen), claims.sub)
  state.now = start + 5_000
  access.revoke([claims.sid], new Date(start + 5_000))
  for (const text of [seen, unseen, seen]) assert.equal(await verdict(text), 'token_invalid')
  assert.equal(await verdict(other), claims.sub)
  const later = token({ claims: { iat: start / 1000 + 5 } })
  assert.equal(await verdict(later), claims.sub)
  access.revoke([claims.sid], new Date(start + 1_000))
  assert.equal(await verdict(seen), 'token_invalid', 'an older revocation takes nothing back')
  assert.equal(await verdict(later), claims.sub)
})

test('a revocation is remembered while any token of the session may live', async () => {
  const { access, claims, state, token, verdict } = setUp()
  const long = token({ claims: { exp: start / 1000 + 86_400 } })
  access.revoke([claims.sid], new Date(start + 1))
  for (let hour = 1; hour < 24; hour++) {
    state.now = start + hour * 3_600_000
    access.revoke([newId()], new Date(state.now))
    assert.equal(await verdict(long), 'token_invalid')
  }
})

test('a revocation is forgotten after a day, also behind one that was repeated meanwhile', async () => {
  const { access, claims, state, token, verdict } = setUp()
  const long = token({ claims: { exp: start / 1000 + 3 * 86_400 } })
  const repeated = newId()
  access.revoke([repeated], new Date(start))
  access.revoke([claims.sid], new Date(start + 1))
  state.now = start + 23 * 3_600_000
  access.revoke([repeated], new Date(state.now))
  assert.equal(await verdict(long), 'token_invalid')
  state.now = start + 25 * 3_600_000
  access.revoke([newId()], new Date(state.now))
  assert.equal(await verdict(long), claims.sub, 'no token lives that long')
})

test('what was revoked before the start is known before the first token is believed, in pages, and asked for once', async () => {
  const { claims, listed, served, state, token, verdict } = setUp()
  const before = new Date(start + 1).toISOString()
  listed.push(...Array.from({ length: 2_500 }, () => ({ sessionId: newId(), before })))
  listed.push({ sessionId: claims.sid, before })
  listed.sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1))
  const good = token({ claims: { sid: newId() } })
  assert.deepEqual(await Promise.all([token(), token(), good].map(verdict)), [
    'token_invalid',
    'token_invalid',
    claims.sub,
  ])
  assert.equal(state.pages, 3)
  served.push(keyPair('two').jwk)
  state.now += 5_001
  await verdict(token({ head: { kid: 'two' } }))
  assert.deepEqual([state.asked, state.pages], [2, 3], 'keys are asked for again, revocations are heard of')
})

test('while revocations cannot be had nobody is turned away who was let in, nor who signed in since', async () => {
  const { access, claims, state, token, verdict } = setUp()
  const [seen, unseen] = [token(), token({ claims: { exp: start / 1000 + 599 } })]
  assert.equal(await verdict(seen), claims.sub)
  state.listFailing = true
  for (const text of [seen, unseen]) assert.equal(await verdict(text), claims.sub, 'they were known once')
  assert.equal(state.pages, 1)
  access.revoke([claims.sid], new Date(start + 1))
  assert.equal(await verdict(seen), 'token_invalid')
})

test('a process that has heard of no revocations yet believes tokens made since its start, and asks others to come again', async () => {
  const { access, claims, listed, state, token, verdict } = setUp()
  state.listFailing = true
  listed.push({ sessionId: claims.sid, before: new Date(start).toISOString() })
  await assert.rejects(async () => access.verify(token()), /the list is too long/)
  const fresh = { iat: start / 1000 + 91, exp: start / 1000 + 691 }
  state.now = start + 95_000
  assert.equal(await verdict(token({ claims: fresh })), claims.sub)
  const within = token({ claims: { ...fresh, iat: start / 1000 + 60 } })
  assert.equal(await verdict(within), undefined, 'clocks may be that far apart')
  state.listFailing = false
  for (const text of [within, token()]) assert.equal(await verdict(text), claims.sub)
})

test('a new key is asked for when it is met, an unknown one no more than once in five seconds', async () => {
  const { claims, served, state, token, verdict } = setUp()
  await verdict(token())
  assert.equal(state.asked, 1)
  const next = keyPair('two')
  const rotated = token({ head: { kid: 'two' }, key: next.privateKey })
  served.push(next.jwk)
  for (let i = 0; i < 50; i++) await verdict(token({ head: { kid: `made up ${i}` } }))
  assert.equal(state.asked, 1, 'strangers cannot make us ask')
  state.now += 5_001
  assert.deepEqual(await Promise.all([rotated, rotated, token({ claims: { sid: newId() } })].map(verdict)), [
    claims.sub,
    claims.sub,
    claims.sub,
  ])
  assert.equal(state.asked, 2)
  served.shift()
  state.now += 5_001
  await verdict(token({ head: { kid: 'three' } }))
  assert.equal(
    await verdict(token({ claims: { sid: newId() } })),
    'token_invalid',
    'a key that was taken back no longer counts',
  )
})

test('where the keys cannot be had that is what is said, and the next request asks again', async () => {
  const { claims, state, token, access, verdict } = setUp()
  state.failing = true
  await assert.rejects(async () => access.verify(token()), /identity is away/)
  await assert.rejects(async () => access.verify(token()), /identity is away/)
  state.failing = false
  assert.equal(await verdict(token()), claims.sub)
})

test('while identity is away a stranger with an unknown key takes away nothing from others, and is not told that the key is wrong', async () => {
  const { claims, state, token, access, verdict } = setUp()
  await verdict(token())
  state.failing = true
  state.now += 5_001
  const stranger = assert.rejects(async () => access.verify(token({ head: { kid: 'two' } })), /identity is away/)
  assert.equal(await verdict(token({ claims: { sid: newId() } })), claims.sub)
  await stranger
  assert.equal(await verdict(token({ claims: { sid: newId() } })), claims.sub)
})

test('keys of the second algorithm, ES256, are taken as well', async () => {
  const { claims, served, head, verdict } = setUp()
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  served.push({ ...publicKey.export({ format: 'jwk' }), kid: 'ec', alg: 'ES256' } as JWK)
  const key = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const text = signed({ ...head, alg: 'ES256', kid: 'ec' }, claims, bytes =>
    sign('sha256', Buffer.from(bytes), { key, dsaEncoding: 'ieee-p1363' }),
  )
  assert.equal(await verdict(text), claims.sub)
})

test('who may read and write follows from whose it is, whom it was shared with, and the role in the organisation', () => {
  const ada = newId()
  const acme = newId()
  const as = (
    role: Actor['role'],
    organisation?: [string, 'owner' | 'admin' | 'editor' | 'viewer'],
    userId = ada,
  ): Actor => ({
    userId,
    role,
    sessionId: newId(),
    ...(organisation && { organisation: { id: organisation[0], role: organisation[1] } }),
  })
  const person = { kind: 'person', id: ada } as const
  const organisation = { kind: 'organisation', id: acme } as const
  const elsewhere = { kind: 'person', id: newId() } as const
  const mine: Owned = { owner: person }
  const ours: Owned = { owner: organisation }
  const theirs: Owned = { owner: elsewhere }
  const sharedWithMe: Owned = { owner: elsewhere, readers: [person] }
  const sharedWithUs: Owned = { owner: elsewhere, readers: [{ kind: 'organisation', id: newId() }, organisation] }
  const other = newId()
  const table: [what: string, actor: Actor, thing: Owned, rights: '' | 'read' | 'write'][] = [
    ['my own', as('user'), mine, 'write'],
    ['my own while acting for an organisation, as viewer even', as('user', [acme, 'viewer']), mine, 'write'],
    ["another person's", as('user'), theirs, ''],
    ["another person's, as owner of an organisation", as('user', [acme, 'owner']), theirs, ''],
    ["another person's, as operator", as('operator'), theirs, ''],
    ["another person's, as authority", as('authority'), theirs, ''],
    ["another person's, as admin", as('admin'), theirs, 'write'],
    ["our organisation's as owner", as('user', [acme, 'owner']), ours, 'write'],
    ["our organisation's as admin of it", as('user', [acme, 'admin']), ours, 'write'],
    ["our organisation's as editor", as('user', [acme, 'editor']), ours, 'write'],
    ["our organisation's as viewer", as('user', [acme, 'viewer']), ours, 'read'],
    ["our organisation's while acting for myself", as('user'), ours, ''],
    ["our organisation's while acting for another", as('user', [other, 'owner']), ours, ''],
    ['shared with me', as('user'), sharedWithMe, 'read'],
    ['shared with somebody else', as('user', undefined, other), sharedWithMe, ''],
    ['shared with us, as owner', as('user', [acme, 'owner']), sharedWithUs, 'read'],
    ['shared with us, as viewer', as('user', [acme, 'viewer']), sharedWithUs, 'read'],
    ['shared with us, while acting for myself', as('user'), sharedWithUs, ''],
    ['shared, as admin', as('admin'), sharedWithUs, 'write'],
  ]
  const outcome = (work: () => void) => {
    try {
      work()
      return 'done'
    } catch (error) {
      const { status, code } = error as { status: number; code: string }
      return `${status} ${code}`
    }
  }
  for (const [what, actor, thing, rights] of table) {
    assert.equal(mayRead(actor, thing), rights !== '', what)
    assert.equal(mayWrite(actor, thing), rights === 'write', what)
    assert.equal(
      outcome(() => authorise(actor, 'read', thing, 'thing_unknown')),
      rights === '' ? '404 thing_unknown' : 'done',
      what,
    )
    assert.equal(
      outcome(() => authorise(actor, 'write', thing, 'thing_unknown')),
      { '': '404 thing_unknown', read: '403 editor_required', write: 'done' }[rights],
      what,
    )
    assert.equal(
      outcome(() => authorise(actor, 'read', undefined, 'thing_unknown')),
      '404 thing_unknown',
      "an unknown thing looks like somebody else's",
    )
  }

  assert.deepEqual(ownerFor(as('user')), person)
  assert.deepEqual(ownerFor(as('user', [acme, 'editor'])), organisation)
  assert.equal(
    outcome(() => ownerFor(as('user', [acme, 'viewer']))),
    '403 editor_required',
  )
  assert.deepEqual(partiesOf(as('user')), [ada])
  assert.deepEqual(partiesOf(as('user', [acme, 'viewer'])), [ada, acme])
})

const times = { issuedAt: start, expiresAt: start + 600_000, authenticatedAt: start }

test('a rule by role lets the role and admins in, tells others apart and says what it wants', () => {
  const rule = withRole('operator', 'technician')
  const now = new Date(start)
  const as = (role: Actor['role']): Visitor => ({ userId: newId(), role, sessionId: newId(), ...times })
  assert.equal(rule.name, 'operator or technician or admin')
  for (const role of ['operator', 'technician', 'admin'] as const) assert.equal(rule.refuse(as(role), now), undefined)
  for (const role of ['user', 'vendor', 'authority', 'interest'] as const)
    assert.equal(rule.refuse(as(role), now)!.code, 'role_insufficient')
  assert.equal(rule.refuse(undefined, now)!.kind, 'unauthenticated')
  assert.equal(withRole('admin').name, 'admin')
})

test('a fresh rule asks whoever has a second factor to have given it a moment ago, and says how long', () => {
  const rule = fresh(withRole('admin'), '5 minutes')
  const now = new Date(start + 301_000)
  const admin: Visitor = { userId: newId(), role: 'admin', sessionId: newId(), ...times }
  assert.equal(rule.refuse(admin, now), undefined, 'without a factor the password is all there is')
  const refusal = rule.refuse({ ...admin, factor: 'set' }, now)!
  assert.deepEqual([refusal.code, refusal.status, refusal.details.maxAge], ['fresh_sign_in_required', 401, 300])
  assert.equal(rule.refuse({ ...admin, factor: 'set' }, new Date(start + 300_000)), undefined)
  assert.equal(rule.refuse({ ...admin, role: 'user', factor: 'set' }, now)!.code, 'role_insufficient')
  assert.equal(fresh(signedIn, '5 minutes', true).refuse(admin, now)!.code, 'fresh_sign_in_required')
})

test('whoever lacks the second factor that their role needs is let in nowhere but where it is set up', () => {
  const now = new Date(start)
  const lacking: Visitor = { userId: newId(), role: 'admin', sessionId: newId(), ...times, factor: 'missing' }
  for (const rule of [signedIn, withRole('admin'), fresh(signedIn, '5 minutes')])
    assert.equal(rule.refuse(lacking, now)!.code, 'second_factor_missing')
  assert.equal(signedInSomehow.refuse(lacking, now), undefined)
})
