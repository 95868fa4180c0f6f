import assert from 'node:assert/strict'
import { pbkdf2Sync, scryptSync } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { hashSync } from '@node-rs/argon2'
import bcrypt from 'bcryptjs'
import { UserRegistered } from '#contracts/identity'
import { startIdentity } from '../testing.ts'

const password = 'quiet trains at dawn'
const salt = Buffer.from('sixteen bytes of')
const bare = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
const pbkdf2 = (digest: string) => pbkdf2Sync(password, salt, 1000, 32, digest)
const scrypt = scryptSync(password, salt, 32, { N: 2 ** 12, r: 8, p: 1 })

/** The same password as systems elsewhere keep it. */
const hashes = {
  bcrypt: bcrypt.hashSync(password, 4),
  'bcrypt of PHP': bcrypt.hashSync(password, 4).replace('$2b$', '$2y$'),
  argon2id: hashSync(password, { memoryCost: 1024, timeCost: 1, parallelism: 1 }),
  argon2i: hashSync(password, { memoryCost: 1024, timeCost: 2, parallelism: 1, algorithm: 1 as number }),
  PBKDF2: `$pbkdf2-sha512$i=1000,l=32$${bare(salt)}$${bare(pbkdf2('sha512'))}`,
  'PBKDF2 of Django': `pbkdf2_sha256$1000$${salt.toString()}$${pbkdf2('sha256').toString('base64')}`,
  'PBKDF2 of passlib': `$pbkdf2-sha256$1000$${bare(salt)}$${bare(pbkdf2('sha256'))}`.replaceAll('+', '.'),
  scrypt: `$scrypt$ln=12,r=8,p=1$${bare(salt)}$${bare(scrypt)}`,
}

// From the documents of Firebase: its project, a person, and the password `user1password`.
const firebase = {
  signerKey: 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
  saltSeparator: 'Bw==',
  rounds: 8,
  memCost: 14,
}
const ofFirebase = {
  localId: 'u1',
  email: 'firebase@example.com',
  emailVerified: true,
  passwordHash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
  salt: '42xEC+ixf3L2lw==',
  displayName: 'Fire Base',
  providerUserInfo: [{ providerId: 'password' }],
}

async function startImporting(t: TestContext) {
  const p = await startIdentity(t, { environment: { FIREBASE_SCRYPT: JSON.stringify(firebase) } })
  const root = await p.admin()
  const send = (payload: string, { dryRun = false, type = 'text/csv', headers = root.headers } = {}) =>
    p.http.inject({
      method: 'POST',
      url: `/api/auth/users/imports?dryRun=${dryRun}`,
      headers: { ...headers, 'content-type': type },
      payload,
    })
  /** What became of a file. */
  const imported = async (payload: string, options: Parameters<typeof send>[1] = {}) => {
    const sent = await send(payload, options)
    assert.equal(sent.statusCode, 202, sent.body)
    await p.settle()
    const url = String(sent.headers.location)
    return (await p.http.inject({ url, headers: root.headers })).json()
  }
  const signIn = async (email: string, typed = password) =>
    (await p.post('/login', { email, password: typed })).statusCode
  const hashOf = async (email: string) =>
    (await p.db('identity')<{ hash: string }[]>`select password_hash as hash from users where email = ${email}`)[0]
      ?.hash
  return { ...p, root, send, imported, signIn, hashOf }
}

const head = 'email,emailVerified,name,role,passwordHash'
const cell = (text: string) => `"${text}"`

test('people come along with the passwords they have, whoever hashed them; the next sign-in hashes as we do', async t => {
  const p = await startImporting(t)
  const lines = Object.entries(hashes).map(
    ([, hash], at) => `p${at}@example.com,yes,Person ${at},${at === 0 ? 'operator' : ''},${cell(hash)}`,
  )
  const file = [head, ...lines, 'nobody,yes,No One,,', 'x@example.com,yes,X,,md5:1234'].join('\n')
  const tried = await p.imported(file, { dryRun: true })
  assert.partialDeepStrictEqual(tried, { state: 'done', created: lines.length, failed: 2 })
  assert.equal(await p.hashOf('p0@example.com'), undefined, 'a dry run writes nothing')

  const done = await p.imported(file)
  assert.partialDeepStrictEqual(done, { state: 'done', progress: 1, created: lines.length, failed: 2 })
  assert.deepEqual(
    done.faults.map(({ line, column }: { line: number; column: string }) => [line, column]),
    [
      [lines.length + 2, 'email'],
      [lines.length + 3, 'passwordHash'],
    ],
  )
  assert.partialDeepStrictEqual(await p.imported(file), { created: 0, unchanged: lines.length, failed: 2 })
  for (const [at, form] of Object.keys(hashes).entries()) {
    const email = `p${at}@example.com`
    assert.equal(await p.signIn(email, 'another one'), 401, form)
    assert.equal(await p.signIn(email), 200, form)
    assert.match((await p.hashOf(email))!, /^\$argon2id\$v=19\$m=19456,t=2/, form)
    assert.equal(await p.signIn(email), 200, form)
  }
  const told = (await p.published(UserRegistered)).filter(({ email }) => email === 'p0@example.com')
  assert.partialDeepStrictEqual(told, [{ name: 'Person 0', imported: true }])
  const { items } = (await p.get('/users?email=p0', p.root.headers)).json()
  assert.equal(items[0].role, 'operator')
})

test('JSON lines as Firebase exports them, with the hash of its project', async t => {
  const p = await startImporting(t)
  const lines = [ofFirebase, { email: 'b@example.com', emailVerified: true, salt: 'AA==', passwordHash: '!' }]
  const done = await p.imported(lines.map(line => JSON.stringify(line)).join('\n'), { type: 'application/jsonl' })
  assert.partialDeepStrictEqual(done, { created: 1, failed: 1 })
  assert.partialDeepStrictEqual(done.faults, [{ line: 2, column: 'passwordHash' }])
  assert.equal(await p.signIn(ofFirebase.email, 'user1password'), 200)
  assert.match((await p.hashOf(ofFirebase.email))!, /^\$argon2id/)
  const broken = await p.send('{"email":"a@example.com","emailVerified":true}\n{"email"', { type: 'application/jsonl' })
  assert.deepEqual([broken.statusCode, broken.json().code], [400, 'import_invalid'])
  assert.match(broken.json().detail, /Line 2/)
})

test('hashes that would cost too much to check are refused by their line, at once', async t => {
  const p = await startImporting(t)
  const hostile = [
    hashes.bcrypt.replace('$04$', '$31$'),
    hashes.bcrypt.replace('$04$', '$14$'),
    hashes.scrypt.replace('ln=12', 'ln=30'),
    hashes.scrypt.replace('r=8', 'r=999'),
    hashes.scrypt.replace('p=1', 'p=999'),
    hashes.PBKDF2.replace('i=1000', 'i=99999999'),
    hashes.argon2id.replace('m=1024', 'm=9999999'),
    hashes.argon2id.replace('t=1', 't=9999'),
    hashes.argon2id.replace('p=1', 'p=128').replace('m=1024', 'm=2048'),
    `$pbkdf2-sha256$i=1000$${bare(salt)}$${'A'.repeat(400)}`,
  ]
  const file = [head, ...hostile.map((hash, at) => `h${at}@example.com,yes,H,,${cell(hash)}`)].join('\n')
  const started = performance.now()
  const done = await p.imported(file)
  assert.ok(performance.now() - started < 30_000)
  assert.partialDeepStrictEqual(done, { created: 0, failed: hostile.length })
  for (const { column, detail } of done.faults)
    assert.deepEqual([column, detail], ['passwordHash', 'would cost too much to check'])
})

test('an import takes over nobody, makes nobody an admin, and trusts no password of an address that was not proven', async t => {
  const p = await startImporting(t)
  const ada = await p.person('Ada')
  const theirs = cell(bcrypt.hashSync('the password of mallory', 4))
  const file = [
    head,
    `ADA@example.com,yes,Mallory,operator,${theirs}`,
    `admin2@example.com,yes,Mallory,admin,${theirs}`,
    `victim@example.com,no,Victim,,${theirs}`,
  ].join('\n')
  assert.partialDeepStrictEqual(await p.imported(file), { created: 1, unchanged: 1, failed: 1 })
  assert.equal(await p.signIn(ada.email, 'the password of mallory'), 401)
  assert.equal(await p.signIn(ada.email, ada.password), 200)
  assert.equal((await p.get('/profile', ada.headers)).json().name, 'Ada')
  assert.equal(await p.signIn('victim@example.com', 'the password of mallory'), 401)
  assert.equal(await p.hashOf('admin2@example.com'), undefined)
  assert.equal((await p.send(file, { headers: ada.headers })).statusCode, 403)
})
