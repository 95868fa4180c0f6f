import assert from 'node:assert/strict'
import { test } from 'node:test'
import Type from 'typebox'
import { readConfig } from '../../kernel/config/config.ts'
import { readSettings, refuseFaults, Setting } from '../../kernel/config/settings.ts'
import { settingsShown } from '../../kernel/config/shown.ts'
import { defineService, StartError } from '../../kernel/index.ts'

const strong = 'fZ8vR2q1Lx0sWbT7mK4yNc6pHd3gJa9u'
const production = {
  DATABASE_URL: 'postgres://ada:s3cret@db.example:5432/ohmnibus',
  OHMNIBUS_SECRET: strong,
  PUBLIC_URL: 'https://ohmnibus.example',
}
/** Names of the settings that are at fault. */
const faulty = (environment: Record<string, string | undefined>) =>
  readConfig(environment).faults.map(fault => fault.split(':')[0])

test('with nothing set it is evaluation mode with sensible defaults', () => {
  const { mode, faults, notices, PORT, HOST, OHMNIBUS_DATA, CORS_ORIGINS, RATE_LIMIT_FACTOR, OHMNIBUS_SERVICES } =
    readConfig({})
  assert.deepEqual(
    { mode, faults, notices, PORT, HOST, OHMNIBUS_DATA, CORS_ORIGINS, RATE_LIMIT_FACTOR, OHMNIBUS_SERVICES },
    {
      mode: 'evaluation',
      faults: [],
      notices: [],
      PORT: 8080,
      HOST: undefined,
      OHMNIBUS_DATA: '.data',
      CORS_ORIGINS: [],
      RATE_LIMIT_FACTOR: 1,
      OHMNIBUS_SERVICES: undefined,
    },
  )
  assert.equal(readConfig({ PORT: '', HOST: ' ', LOG_LEVEL: '' }).PORT, 8080, 'what is empty counts as not set')
})

test('all faults are told at once: the name, what was given and what is expected, but no secrets', () => {
  const secret = 'hunter2hunter2hunter2hunter2hunter2'
  const config = readConfig({
    PORT: '70000',
    RATE_LIMIT_FACTOR: 'fast',
    LOG_LEVEL: 'loud',
    EVENT_RETENTION: 'a while',
    PUBLIC_URL: 'ohmnibus.example',
    OHMNIBUS_SECRET: secret,
    DATABASE_URL: 'mysql://root:topsecret@db/x',
    CORS_ORIGINS: 'https://ok.example, https://bad.example/, *',
    TRUSTED_PROXIES: '10.0.0.0/8, 10.0.0.0/64, proxy',
  })
  assert.throws(
    () => refuseFaults(config.faults),
    (error: Error) => {
      assert.ok(error instanceof StartError)
      for (const part of [
        'PORT: "70000"',
        '0 to 65535',
        'RATE_LIMIT_FACTOR: "fast"',
        'LOG_LEVEL: "loud" is not fatal, error, warn, info or debug',
        'EVENT_RETENTION: "a while"',
        '10m, 12h or 7d',
        'PUBLIC_URL: "ohmnibus.example" is not an address like https://ohmnibus.example.com',
        'OHMNIBUS_SECRET: what was given is too weak',
        'openssl rand',
        'DATABASE_URL: what was given',
        'CORS_ORIGINS: "https://bad.example/"',
        'CORS_ORIGINS: "*"',
        'TRUSTED_PROXIES: "10.0.0.0/64"',
        'TRUSTED_PROXIES: "proxy"',
      ])
        assert.ok(error.message.includes(part), `${part} is missing in ${error.message}`)
      assert.ok(!error.message.includes(secret) && !error.message.includes('topsecret'))
      assert.ok(!error.message.includes('"https://ok.example"'))
      return true
    },
  )
  refuseFaults([])
})

test('production mode wants its secret, a strong one, and the address people use', () => {
  assert.deepEqual([readConfig(production).mode, readConfig(production).faults], ['production', []])
  assert.deepEqual(faulty({ DATABASE_URL: production.DATABASE_URL }), ['OHMNIBUS_SECRET', 'PUBLIC_URL'])
  for (const weak of ['short', 'x'.repeat(64), 'abcabcabcabcabcabcabcabcabcabcabcabc', 'changeme'])
    assert.deepEqual(faulty({ ...production, OHMNIBUS_SECRET: weak }), ['OHMNIBUS_SECRET'], weak)
  assert.deepEqual(
    faulty({ OHMNIBUS_SECRET: 'weak' }),
    ['OHMNIBUS_SECRET'],
    'a weak one is refused in evaluation mode as well',
  )
  for (const url of ['db.example', 'postgres://', 'postgres:///x', 'http://db.example/x', 'postgres://db:port/x'])
    assert.deepEqual(faulty({ ...production, DATABASE_URL: url }), ['DATABASE_URL'], url)
  assert.deepEqual(faulty({ ...production, DATABASE_URL: 'postgresql://db.example' }), [])
})

test('variables of systems it replaces are named with what takes their place', () => {
  const { notices, faults } = readConfig({ JWT_SECRET: 'x', MONGODB_URI: 'mongodb://root:topsecret@db' })
  assert.deepEqual(faults, [])
  assert.equal(notices.length, 2)
  assert.match(notices.join('\n'), /JWT_SECRET .*OHMNIBUS_SECRET/)
  assert.match(notices.join('\n'), /MONGODB_URI .*DATABASE_URL/)
  assert.ok(!notices.join().includes('topsecret'))
})

test('an address counts for a service there is; what others keep under names like it stops nothing', () => {
  const environment = {
    IDENTITY_SERVICE_URL: 'http://10.0.0.7:8080/',
    PAYMENT_SERVICE_URL: 'grpc://payments.example:443',
    LEGACY_DATABASE_URL: 'mysql://db/x',
  }
  const { addresses, databases, faults } = readConfig(environment, {}, ['gateway', 'identity'])
  assert.deepEqual([...addresses], [['identity', ['http://10.0.0.7:8080']]])
  assert.deepEqual([[...databases], faults], [[], []])
  assert.deepEqual(readConfig({ IDENTITY_SERVICE_URL: 'grpc://x' }, {}, ['identity']).faults, [
    'IDENTITY_SERVICE_URL: "grpc://x" is not an address like http://10.0.0.7:8080',
  ])
})

test('what a process runs with is shown with where it comes from, and no secret of it', () => {
  const config = readConfig(
    {
      DATABASE_URL: 'postgres://u:topsecret@db/ohmnibus',
      CORS_ORIGINS: 'https://one:topsecret@a.example, https://b.example?key=topsecret',
      LOG_LEVEL: 'warn',
      PASSPORTS_DATABASE_URL: 'postgres://u:topsecret@db/passports',
      IDENTITY_SERVICE_URL: 'http://10.0.0.7:8080',
    },
    { SMTP_HOST: 'mail.example.com', LOG_LEVEL: 'debug', PAY_KEY: 'topsecret' },
    ['identity', 'passports'],
  )
  const pays = (name: string) =>
    defineService({
      name,
      folder: 'nowhere',
      settings: Type.Object({ PAY_KEY: Type.Optional(Setting.secret('Key.')) }),
      start() {},
    })
  const shown = new Map(settingsShown(config, [pays('billing'), pays('orders')]).map(one => [one.name, one]))
  const told = (name: string) => [shown.get(name)!.from, shown.get(name)!.value]
  assert.deepEqual(told('LOG_LEVEL'), ['environment', 'warn'], 'the environment goes before the file')
  assert.deepEqual(told('SMTP_HOST'), ['file', 'mail.example.com'])
  assert.deepEqual(told('SMTP_PORT'), ['default', '587'])
  assert.deepEqual(told('S3_ENDPOINT'), ['nowhere', null])
  assert.deepEqual(told('DATABASE_URL'), ['environment', null])
  assert.deepEqual(told('CORS_ORIGINS'), ['environment', 'https://…@a.example, https://b.example?…'])
  assert.deepEqual(told('IDENTITY_SERVICE_URL'), ['environment', 'http://10.0.0.7:8080'])
  assert.deepEqual(told('PASSPORTS_DATABASE_URL'), ['environment', null])
  assert.deepEqual(
    [told('PAY_KEY'), shown.get('PAY_KEY')!.of],
    [
      ['file', null],
      ['billing', 'orders'],
    ],
  )
  assert.ok(!JSON.stringify([...shown]).includes('topsecret'))
})

test('the environment goes before the file beneath it', () => {
  const { PORT, LOG_LEVEL } = readConfig({ PORT: '1', LOG_LEVEL: undefined }, { PORT: '2', LOG_LEVEL: 'debug' })
  assert.deepEqual([PORT, LOG_LEVEL], [1, 'debug'])
})

const one = <T extends Parameters<typeof readSettings>[0]['properties'][string]>(
  setting: T,
  given: string | undefined,
) => {
  const faults: string[] = []
  // The type of IT hangs on the setting, which may be any here.
  const { IT } = readSettings(Type.Object({ IT: setting }), { IT: given }, faults) as unknown as { IT: unknown }
  return faults.length > 0 ? faults.join() : IT
}

test('durations, sizes, numbers, flags and lists are read as they are written', () => {
  const duration = Setting.duration('How long.')
  for (const [text, ms] of Object.entries({
    '500ms': 500,
    '30s': 30_000,
    '10m': 600_000,
    '12h': 43_200_000,
    '7d': 604_800_000,
    '1.5h': 5_400_000,
    '2 d': 172_800_000,
    ' 1s ': 1_000,
  }))
    assert.equal(one(duration, text), ms, text)
  for (const text of ['10', 'm', '-1m', '1 week', '1m30s', '1M', '١m', '1e3s'])
    assert.match(String(one(duration, text)), /^IT: .* is not a duration like/, text)

  const bytes = Setting.bytes('How many.', { default: '100 MB' })
  for (const [text, size] of Object.entries({ '100 MB': 100e6, '64KB': 64e3, '1.5 gb': 1.5e9, '123': 123, '5 B': 5 }))
    assert.equal(one(bytes, text), size, text)
  assert.equal(one(bytes, undefined), 100e6)
  for (const text of ['MB', '1 TB', '-5', '1,5 MB']) assert.match(String(one(bytes, text)), /is not a size like/, text)

  const integer = Setting.integer('How many.', { default: 3, minimum: 1, maximum: 9 })
  assert.deepEqual([one(integer, undefined), one(integer, '9')], [3, 9])
  for (const text of ['0', '10', '1.5', 'x', 'Infinity', 'NaN'])
    assert.match(String(one(integer, text)), /is not a whole number from 1 to 9\. How many\./, text)

  const flag = Setting.flag('Whether.', { default: true })
  assert.deepEqual(
    ['true', 'YES', '1', 'false', 'no', '0', undefined].map(text => one(flag, text)),
    [true, true, true, false, false, false, true],
  )
  assert.match(String(one(flag, 'maybe')), /is not true or false/)

  assert.deepEqual(one(Setting.list('Which.'), ' a, b ,,c '), ['a', 'b', 'c'])
  assert.deepEqual(one(Setting.list('Which.'), undefined), [])
})

test('what a service cannot do without is a fault when it is missing', () => {
  assert.equal(one(Setting.text('Where it is.'), undefined), 'IT: is missing. Where it is.')
  assert.equal(one(Setting.secret('What it is.'), '  '), 'IT: is missing. What it is.')
  assert.equal(one(Type.Optional(Setting.text('Where it is.')), undefined), undefined)
})
