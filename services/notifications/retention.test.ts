import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { PassportCreated } from '#contracts/passports'
import { newId, StartError } from '#kernel'
import { openPool } from '../../kernel/database/pool.ts'
import { migrate } from '../../kernel/database/migrate.ts'
import type { TestCluster } from '../../kernel/testing.ts'
import { dropOld } from './retention.ts'
import { ada, mails, open, self } from './testing.ts'

const day = 24 * 3_600_000

const passportOf = (identifier: string) => ({
  passport: { id: newId(), data: {} },
  identifier,
  owner: self,
  version: 1,
})

test('what people were told goes when it is a year old, and nobody is told again when everything is handled anew', async t => {
  let later = 0
  const now = () => new Date(Date.now() + later)
  const p = await open(t, { now })
  const tell = async (identifier: string) => {
    await p.publish(PassportCreated, passportOf(identifier), undefined, newId(now().getTime()))
    await p.settle()
  }
  const told = async () => (await p.list(ada)).items.map(({ text }) => /BP-\w+/.exec(text)?.[0])
  const rows = async () => {
    const [counts] = await p.db('notifications')`select (select count(*)::int from messages) as messages,
      (select count(*)::int from deliveries) as deliveries, (select count(*)::int from notifications) as notifications`
    return counts
  }

  await tell('BP-old')
  assert.equal(await dropOld(p.host), 0)
  later = 40 * day
  assert.equal(await dropOld(p.host), 0)
  await tell('BP-young')
  assert.deepEqual(await told(), ['BP-young', 'BP-old'])

  later = 368 * day
  assert.equal(await dropOld(p.host), 3, 'one part of each table')
  assert.deepEqual(await told(), ['BP-young'])
  assert.deepEqual({ ...(await rows()) }, { messages: 1, deliveries: 1, notifications: 1 })

  const sent = (await mails(p)).length
  await p.platform.eventLogs[0]!.rewind('notifications: tell people (passport.created)')
  await p.settle()
  assert.deepEqual(await told(), ['BP-young'])
  assert.equal((await mails(p)).length, sent)
})

test('an event with an id of a time that no part is for is told of all the same, and goes to its part later', async t => {
  const p = await open(t)
  await p.publish(PassportCreated, passportOf('BP-ahead'), undefined, newId(Date.now() + 30 * day))
  await p.settle()
  const where = async () =>
    (await p.db('notifications')`select tableoid::regclass::text as part from messages`).map(({ part }) => part)
  assert.deepEqual(await where(), ['messages_net'])
  await dropOld(p.host)
  assert.match((await where())[0]!, /^messages_until_\d{10}$/)
  assert.equal((await p.list(ada)).items.length, 1)
})

test('a retention that could end before a mail is delivered is refused', async t => {
  await assert.rejects(
    open(t, { environment: { NOTIFICATION_RETENTION: '3d' } }),
    (error: Error) => error instanceof StartError && /NOTIFICATION_RETENTION/.test(error.message),
  )
})

test('rows of the version before are there afterwards', async t => {
  const cluster = JSON.parse(process.env.OHMNIBUS_TEST_CLUSTER!) as TestCluster
  const at = { host: cluster.host, port: cluster.port, database: `former_${randomUUID().replaceAll('-', '')}` }
  const root = openPool({ ...at, database: 'postgres' }, cluster.superuser, { max: 1, limits: false })
  await root.unsafe(`create database "${at.database}"`)
  const pool = openPool(at, cluster.superuser, { schema: 'notifications', max: 1 })
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-former-'))
  t.after(async () => {
    await pool.end({ timeout: 1 })
    await root.unsafe(`drop database "${at.database}" with (force)`)
    await root.end({ timeout: 1 })
    await rm(folder, { recursive: true, force: true })
  })
  const first = 'migrations/0001_notifications.sql'
  await mkdir(join(folder, 'migrations'))
  await copyFile(join(import.meta.dirname, first), join(folder, first))
  await migrate(at, cluster.superuser, [{ name: 'notifications', folder }])
  const [message, event, delivery] = [newId(), newId(), newId()]
  await pool`insert into messages (id, event_id, event, audience_kind, audience, facts, told, created_at)
    values (${message}, ${event}, 'passport.created', 'person', ${ada.userId}, '{"passport":"BP-1"}', '[]', now())`
  await pool`
    insert into notifications
    values (${newId()}, ${ada.userId}, 1, ${event}, 'passport.created', 'A title', 'A text', null, now(), null)`
  await pool`insert into deliveries (id, message_id, event_id, address, locale, created_at, updated_at)
    values (${delivery}, ${message}, ${event}, 'Ada@example.com', 'en', now(), now())`
  const all = () =>
    pool`
      select m.id as message, d.id as delivery, d.status, d.address, n.title, n.position
      from messages m join deliveries d on d.message_id = m.id
      join notifications n on n.event_id = m.event_id`
  const before = await all()
  assert.equal(before.length, 1)
  await migrate(at, cluster.superuser, [{ name: 'notifications', folder: import.meta.dirname }])
  assert.deepEqual([...(await all())], [...before])
})
