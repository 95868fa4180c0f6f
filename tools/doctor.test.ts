import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readConfig } from '../kernel/config/config.ts'
import type { Settings } from '../kernel/config/settings.ts'
import { openPool } from '../kernel/database/pool.ts'
import { openLog } from '../kernel/telemetry/log.ts'
import { run } from '../kernel/run/run.ts'
import { choose } from '../services/all.ts'
import { engine } from '../test/engines/engine.ts'
import { smtpServer } from '../test/engines/smtp.ts'
import { collector } from '../test/kernel/collector.ts'
import { examine } from './doctor.ts'
import type { Finding } from './findings.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'ohmnibus-doctor-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.after(() => void server.close())
  return (server.address() as AddressInfo).port
}

const look = (t: TestContext, environment: Settings) => examine({ OHMNIBUS_DATA: folder(t), PORT: '0', ...environment })
const said = (findings: readonly Finding[], pattern: RegExp): Finding =>
  findings.find(({ what }) => pattern.test(what)) ??
  assert.fail(`nothing about ${pattern} in\n${findings.map(({ what }) => what).join('\n')}`)

test('on a machine with nothing set up all is well, and every line says so', async t => {
  const findings = await look(t, {})
  for (const { state, what } of findings) assert.notEqual(state, 'fail', what)
  said(findings, /settings are valid, for evaluation mode/)
  said(findings, /^Node 26/)
  said(findings, /GB \(\d+ %\) are free/)
  said(findings, /may open \d+ files/)
})

test('how chargers prove themselves is told, and what may be heard on the way', async t => {
  const production = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', OHMNIBUS_SECRET: 'x'.repeat(40) }
  const open = await look(t, { ...production, OCPP_UNKNOWN_CHARGERS: 'accept' })
  assert.equal(said(open, /nobody knows are registered and accepted/).state, 'warn')
  assert.equal(said(open, /without TLS, and their passwords can be read/).state, 'warn')
  assert.equal(said(await look(t, production), /bring a password and wait to be approved/).state, 'ok')
  const files = folder(t)
  const [cert, key] = [join(files, 'cert.pem'), join(files, 'key.pem')]
  const about = `req -x509 -newkey rsa:2048 -nodes -days 5 -subj /CN=localhost -keyout ${key} -out ${cert}`
  execFileSync('openssl', about.split(' '), { stdio: 'ignore' })
  const secret = await look(t, {
    ...production,
    OCPP_TLS_PORT: '8443',
    OCPP_TLS_CERT_FILES: cert,
    OCPP_TLS_KEY_FILES: key,
  })
  assert.equal(said(secret, /can connect over TLS/).state, 'ok')
  assert.equal(said(secret, /certificates of rsa keys/).state, 'warn')
  assert.equal(said(secret, /It is valid for [45] more days/).state, 'warn')
})

test('every fault of the settings is told, also those of services and unknown names of services', async t => {
  const findings = await look(t, {
    PORT: 'x',
    SMTP_PORT: '0',
    DOCUMENT_MAX_BYTES: 'much',
    OHMNIBUS_SERVICES: 'passports,nonsense',
    JWT_SECRET: 'y',
    PASPORTS_SERVICE_URL: 'http://localhost:8082',
  })
  for (const fault of [/^PORT: "x"/, /^SMTP_PORT: "0"/, /^DOCUMENT_MAX_BYTES: "much"/, /nonsense/])
    assert.equal(said(findings, fault).state, 'fail', String(fault))
  assert.equal(said(findings, /^JWT_SECRET is not used/).state, 'warn')
  assert.equal(said(findings, /^PASPORTS_SERVICE_URL is no setting/).state, 'warn')
})

test('engines that are away or hang are named with advice, all of them together within seven seconds', async t => {
  const waiting: Socket[] = []
  const hanging = await listen(
    t,
    createServer(socket => waiting.push(socket.on('error', () => {}))),
  )
  // Some go on waiting though nobody listens to them any more, and would keep this file from ending.
  t.after(() => waiting.forEach(socket => socket.destroy()))
  const at = `127.0.0.1:${hanging}`
  const begun = Date.now()
  const findings = await look(t, {
    DATABASE_URL: `postgres://somebody:secret-word@${at}/x`,
    OHMNIBUS_SECRET: 'a secret for tests: 0123456789abcdef',
    PUBLIC_URL: 'http://localhost',
    KAFKA_BROKERS: at,
    REDIS_URL: `redis://:secret-word@${at}`,
    S3_BUCKET_NAME: 'bucket',
    S3_ENDPOINT: `http://${at}`,
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'secret-word',
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: String(hanging),
    CLAMAV_HOST: '127.0.0.1',
    CLAMAV_PORT: String(hanging),
    TWILIO_ACCOUNT_SID: 'AC0',
    TWILIO_AUTH_TOKEN: 'secret-word',
    TWILIO_BASE_URL: `http://${at}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${at}`,
    PASSPORTS_SERVICE_URL: `http://${at},http://127.0.0.1:65534`,
    PORT: String(hanging),
  })
  assert.ok(Date.now() - begun < 7_000)
  for (const engine of [
    /^PostgreSQL: /,
    /^Kafka: /,
    /^Redis: /,
    /^The bucket bucket: /,
    /^The mail server /,
    /^The virus scanner/,
    /^SMS: /,
    /^The collector /,
  ]) {
    const { state, advice } = said(findings, engine)
    assert.equal(state, 'fail', String(engine))
    assert.match(advice!, /Check/)
  }
  assert.equal(findings.filter(({ what, state }) => what.startsWith('passports at') && state === 'fail').length, 2)
  said(findings, /^Port \d+ is taken by another program/)
  assert.doesNotMatch(JSON.stringify(findings), /secret-word/)
})

/** For the address people use, made by nobody whom anybody trusts. */
function certificate(at: string, name: string, days: number): { cert: string; key: string } {
  const files = { cert: join(at, `${name}.crt`), key: join(at, `${name}.key`) }
  const subject = '-subj /CN=x -addext subjectAltName=DNS:ohmnibus.example.com'
  const about = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days ${days} ${subject} -keyout ${files.key} -out ${files.cert}`
  execFileSync('openssl', about.split(' '), { stdio: 'ignore' })
  return files
}

test('a certificate is looked at: how long it is valid, whose it is, whether the key is its own', async t => {
  const at = folder(t)
  const [good, soon] = [certificate(at, 'good', 90), certificate(at, 'soon', 10)]
  const about = async (cert: string, key: string, PUBLIC_URL = 'https://ohmnibus.example.com') =>
    (await look(t, { TLS_CERT_FILE: cert, TLS_KEY_FILE: key, PUBLIC_URL })).filter(({ what }) =>
      /certificate|key|It is for/.test(what),
    )
  assert.deepEqual(
    (await about(good.cert, good.key)).map(({ state, what }) => `${state} ${what}`),
    ['ok The certificate is valid for 89 more days', 'ok Its key belongs to it', 'ok It is for ohmnibus.example.com'],
  )
  assert.deepEqual(
    (await about(soon.cert, good.key, 'https://elsewhere.example.com')).map(({ state }) => state),
    ['warn', 'fail', 'fail'],
  )
  writeFileSync(join(at, 'broken.crt'), readFileSync(good.key))
  assert.deepEqual(
    (await about(join(at, 'broken.crt'), good.key)).map(({ state }) => state),
    ['fail'],
  )
})

test('a platform that listens with HTTPS is known, whatever name its certificate is for', async t => {
  const { cert, key } = certificate(folder(t), 'own', 90)
  const environment = {
    ...(await engine(t, 'server')),
    OHMNIBUS_SECRET: 'a secret for tests: 0123456789abcdef',
    PUBLIC_URL: 'https://ohmnibus.example.com',
    HOST: '127.0.0.1',
    TLS_CERT_FILE: cert,
    TLS_KEY_FILE: key,
  }
  const options = { log: openLog({ level: 'silent' }), periodic: false }
  const platform = await run(await choose(['gateway']), readConfig({ ...environment, PORT: '0' }), options)
  t.after(() => platform.close())
  const { port } = new URL(await platform.listen())
  const listening = said(await look(t, { ...environment, PORT: port }), /port \d+/i)
  assert.deepEqual([listening.state, listening.what], ['ok', `Ohmnibus listens on port ${port}: ready`])
})

test('in the database it finds what is pending, dead, failed and behind', async t => {
  const { DATABASE_URL } = await engine(t, 'server')
  const environment = {
    DATABASE_URL,
    OHMNIBUS_SECRET: 'a secret for tests: 0123456789abcdef',
    PUBLIC_URL: 'http://localhost:8080',
    HOST: '127.0.0.1',
    PORT: '0',
    OHMNIBUS_DATA: folder(t),
  }
  const empty = await look(t, environment)
  assert.equal(said(empty, /^PostgreSQL \d+.* answers in/).state, 'ok')
  assert.equal(said(empty, /clock differs by/).state, 'ok')
  assert.match(said(empty, /^[1-9]\d* migrations are pending/).advice!, /ohmnibus migrate/)

  const platform = await run(await choose(), readConfig(environment), {
    log: openLog({ level: 'silent' }),
    periodic: false,
  })
  await platform.close()
  const well = await look(t, environment)
  for (const { state, what } of well) assert.notEqual(state, 'fail', what)
  for (const nothing of [/^0 migrations/, /^0 dead letters/, /^0 jobs failed/, /^The slowest subscription is 0 events/])
    assert.equal(said(well, nothing).state, 'ok')

  const { at, admin } = platform.database
  const pool = openPool(at, admin, { schema: 'kernel', max: 1 })
  t.after(() => pool.end({ timeout: 1 }))
  await pool`insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data, published_at)
    values (gen_random_uuid(), 'passport.created', 'passports', 'x', ${'1'.repeat(32)}, '{}', '{}',
      now() - interval '1 hour')`
  await pool`insert into kernel.dead_letters (subscription, position, service, key, state, topic, event_id, trace_id, actor, data, published_at)
    select name, 1, service, 'x', 'dead', topic, gen_random_uuid(), 'x', '{}', '{}', now()
      from kernel.subscriptions limit 1`
  await pool`select graphile_worker.add_job('notifications.deliver', '{}', max_attempts => 1)`
  await pool`update graphile_worker._private_jobs set attempts = 1`
  await pool`select graphile_worker.add_job('notifications.deliver', '{}', run_at => now() - interval '1 hour')`
  const ill = await look(t, environment)
  for (const [finding, advice] of [
    [/^1 dead letters/, /replay/],
    [/^1 jobs failed for good/, /log/],
    [/^The oldest job that is due has waited 60 min/, /process/],
    [/^The slowest subscription is 1 events and 60 min behind: .*passport.created/, /process/],
  ] as const) {
    const { state, advice: given } = said(ill, finding)
    assert.equal(state, 'warn')
    assert.match(given!, advice)
  }
  // As the guide tells to.
  await pool`select graphile_worker.reschedule_jobs(array(select id from graphile_worker._private_jobs where attempts >= max_attempts),
    run_at => now(), attempts => 0)`
  assert.equal(said(await look(t, environment), /^0 jobs failed for good/).state, 'ok')
})

test('over Kafka it finds what was not sent, and who is behind', async t => {
  const environment = {
    ...(await engine(t, 'kafka')),
    ...(await engine(t, 'server')),
    OHMNIBUS_SECRET: 'a secret for tests: 0123456789abcdef',
    PUBLIC_URL: 'http://localhost:8080',
    HOST: '127.0.0.1',
    PORT: '0',
    OHMNIBUS_DATA: folder(t),
  }
  const platform = await run(await choose(), readConfig(environment), {
    log: openLog({ level: 'silent' }),
    periodic: false,
  })
  await platform.settle()
  await platform.close()
  const well = await look(t, environment)
  assert.equal(said(well, /^The oldest event that Kafka has not got is 0 s old/).state, 'ok')
  assert.equal(said(well, /^The slowest subscription is 0 events behind in Kafka/).state, 'ok')
  const { at, admin } = platform.database
  const pool = openPool(at, admin, { schema: 'kernel', max: 1 })
  t.after(() => pool.end({ timeout: 1 }))
  await pool`insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data, published_at)
    values (gen_random_uuid(), 'passport.created', 'passports', 'x', ${'1'.repeat(32)}, '{}', '{}',
      now() - interval '1 hour')`
  await pool`update kernel.cursors set at_offset = at_offset - 3 where subscription = (select min(subscription) from kernel.cursors where partition >= 0)`
  const ill = await look(t, environment)
  assert.equal(said(ill, /^The oldest event that Kafka has not got is 60 min old/).state, 'fail')
  said(ill, /^The slowest subscription is [1-9]\d* events behind in Kafka: .+/)
})

test('Redis that forgets at will is told of', async t => {
  const { REDIS_URL } = await engine(t, 'redis')
  const findings = await look(t, { REDIS_URL })
  assert.equal(said(findings, /^Redis \d+.* answers in/).state, 'ok')
  assert.equal(said(findings, /^When its memory is full it does noeviction/).state, 'ok')
})

test('Kafka, a mail server and a collector that work are said to', async t => {
  const { port } = await smtpServer(t)
  const traces = await collector(t)
  const findings = await look(t, {
    ...(await engine(t, 'kafka')),
    ...traces.environment,
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: String(port),
  })
  for (const well of [/^Kafka answers in/, /^The mail server .* lets us in/, /^The collector .* answers 200/])
    assert.equal(said(findings, well).state, 'ok')
})

test('a bucket that is there takes files, one that is not is told of', async t => {
  const settings = await engine(t, 's3')
  assert.equal(said(await look(t, settings), /takes files/).state, 'ok')
  assert.equal(
    said(await look(t, { ...settings, S3_BUCKET_NAME: 'nobody-made-this' }), /^The bucket nobody-made-this: /).state,
    'fail',
  )
})

test('for programs it speaks JSON and ends with a code', t => {
  const { status, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, 'cli.ts'), 'doctor', '--json'], {
    cwd: folder(t),
    env: { PATH: process.env.PATH, PORT: 'x' },
    encoding: 'utf8',
  })
  const { well, findings } = JSON.parse(stdout)
  assert.deepEqual([status, well], [1, false])
  assert.equal(said(findings, /^PORT: "x"/).state, 'fail')
})
