import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { newTraceId, within } from '../../kernel/telemetry/context.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { smtpServer } from '../engines/smtp.ts'
import { everythingHappens } from '../journeys/everything.ts'

function captured(level: string) {
  let text = ''
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk
      done()
    },
  })
  return { log: openLog({ level, stream }), lines: () => text.split('\n').filter(Boolean) }
}

/** Fields of requests and answers whose values are nobody's business. */
const isPrivate =
  /^(email|to|name|firstName|lastName|password|currentPassword|newPassword|otp|code|token|accessToken|refreshToken|otpauth)$/

/** Every private value that clients send and receive from now on. */
function listenIn(t: TestContext): Set<string> {
  const heard = new Set<string>()
  const hear = (at: unknown): void => {
    for (const [key, value] of Object.entries(at ?? {}))
      if (typeof value === 'object') hear(value)
      // A code is secret where it is one to be typed, others name a kind; a station is called like its charger.
      else if (typeof value === 'string' && isPrivate.test(key))
        if (key === 'code' ? /^\d+$/.test(value) : key !== 'name' || !('chargerId' in (at as object))) heard.add(value)
  }
  const { fetch } = globalThis
  globalThis.fetch = async (url, options) => {
    if (typeof options?.body === 'string' && /^[{[]/.test(options.body)) hear(JSON.parse(options.body))
    const answer = await fetch(url, options)
    if (/\bjson\b/.test(answer.headers.get('content-type') ?? '')) hear(await answer.clone().json())
    return answer
  }
  t.after(() => void (globalThis.fetch = fetch))
  return heard
}

test('whatever happens, no line of the log tells of a person or a secret, not even at level debug', async t => {
  const { log, lines } = captured('debug')
  const heard = listenIn(t)
  // What mail servers answer likes to quote the address.
  const { port } = await smtpServer(t, undefined, {
    onRcptTo: ({ address }, _, done) =>
      done(
        address.startsWith('mallory')
          ? Object.assign(new Error(`5.1.1 <${address}>: no such user`), { responseCode: 550 })
          : null,
      ),
  })
  const p = await everythingHappens(await choose(), {
    log,
    environment: { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port) },
  })
  await p.close()

  const written = lines()
  assert.ok(written.length > 100, 'much was logged')
  assert.ok(written.some(line => line.includes('a mail cannot be delivered')))
  // The first admin is called by what they are, and routes by whom they are for.
  const values = [...heard].filter(value => value.length > 2 && value !== 'Admin')
  assert.ok(
    values.includes('ada@example.com') &&
      values.some(value => value.startsWith('eyJ')) &&
      values.some(value => /^\d{6}$/.test(value)),
  )
  for (const line of written) {
    const entry = JSON.parse(line)
    assert.match(entry.traceId, /^[0-9a-f]{32}$/)
    assert.equal(new Date(entry.time).toISOString(), entry.time)
    assert.equal(typeof entry.msg, 'string')
    assert.ok(['debug', 'info', 'warn', 'error'].includes(entry.level))
    const said = line.replace(entry.traceId, '').replace(entry.time, '')
    for (const value of values)
      if (new RegExp(`(?<![\\w-])${RegExp.escape(value)}(?![\\w-])`, 'i').test(said))
        assert.fail(`${value} stands in ${line}`)
    assert.doesNotMatch(said, /127\.0\.0\.1|::1|eyJ[\w-]+\./)
  }
})

test('a line carries the trace of what it tells of', () => {
  const { log, lines } = captured('info')
  const traceId = newTraceId()
  within({ traceId, spanId: 'b7ad6b7169203331', sampled: true }, () =>
    log.child({ service: 'passports' }).info({ version: 3 }, 'published'),
  )
  const [{ time: _, ...entry }] = lines().map(line => JSON.parse(line))
  assert.deepEqual(entry, { level: 'info', service: 'passports', traceId, version: 3, msg: 'published' })
})

test('fields that hold secrets are hidden, however deep, and errors tell their cause without what PostgreSQL quotes', () => {
  const { log, lines } = captured('info')
  const cause = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (email)=(ada@example.com) already exists.',
  })
  log.info(
    {
      password: 'p1',
      body: { email: 'ada@example.com', inner: { refreshToken: 'r1' } },
      headers: { authorization: 'Bearer t1' },
    },
    'x',
  )
  log.error({ err: Object.assign(new Error('it failed', { cause }), { query: "values ('ada@example.com')" }) }, 'y')
  const text = lines().join('\n')
  assert.doesNotMatch(text, /p1|ada@|r1"|t1/)
  assert.match(text, /"code":"23505"/)
  assert.match(text, /duplicate key/)
})

test('requests are lines of the log for who asks for them', async t => {
  for (const [ACCESS_LOG, expected] of [
    ['true', [['GET', '/health/live', 200]]],
    ['false', []],
  ] as const) {
    const { log, lines } = captured('info')
    const p = await start(t, [], { log, environment: { ACCESS_LOG } })
    await p.http.inject('/health/live?token=secret')
    const answered = lines().map(line => JSON.parse(line))
    assert.deepEqual(
      answered.filter(({ msg }) => msg === 'answered').map(({ method, route, status }) => [method, route, status]),
      expected,
    )
  }
})
