import assert from 'node:assert/strict'
import { test } from 'node:test'
import { misspelt } from '../../kernel/config/spelling.ts'
import { all, choose } from '../../services/all.ts'

const services = await choose()
const meant = (...given: string[]) =>
  misspelt(Object.fromEntries(given.map(name => [name, 'x'])), services, Object.keys(all)).map(notice =>
    /^(\S+) .*; (\S+) may/.exec(notice)!.slice(1),
  )

test('a name that is written much like a setting is told, with the setting that may be meant', () => {
  for (const [given, setting] of [
    ['OHMNIBUS_DTA', 'OHMNIBUS_DATA'],
    ['KAFKA_BROKRES', 'KAFKA_BROKERS'],
    ['REDIS_URI', 'REDIS_URL'],
    ['PASPORTS_SERVICE_URL', 'PASSPORTS_SERVICE_URL'],
    ['NOTIFICATION_DATABASE_URL', 'NOTIFICATIONS_DATABASE_URL'],
    ['SMPT_HOST', 'SMTP_HOST'],
    ['DOCUMENTS_MAX_BYTES', 'DOCUMENT_MAX_BYTES'],
  ] as const)
    assert.deepEqual(meant(given), [[given, setting]])
  assert.deepEqual(meant('OHMNIBUS_DTA', 'LOGLEVEL').length, 2)
})

test('settings, and what other programs have in the environment, are not told', () => {
  assert.deepEqual(
    meant('DATABASE_URL', 'SMTP_HOST', 'SMTP_PORT', 'KAFKA_BROKER', 'DOCUMENT_MAX_BYTES', 'PASSPORTS_SERVICE_URL'),
    [],
  )
  assert.deepEqual(
    meant(
      'HOME',
      'PATH',
      'POST',
      'HOSTNAME',
      'NODE_ENV',
      'SSL_CERT_FILE',
      'AWS_DEFAULT_REGION',
      'REDIS_PASSWORD',
      'IDENTITY_SERVICE_HOST',
    ),
    [],
  )
  assert.deepEqual(
    misspelt({ OHMNIBUS_DTA: '', KAFKA_BROKRES: undefined }, services, Object.keys(all)),
    [],
    'nor what is empty',
  )
})
