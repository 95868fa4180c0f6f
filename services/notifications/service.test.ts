import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EventContract } from '#contracts/define'
import * as documents from '#contracts/documents'
import * as identity from '#contracts/identity'
import * as passports from '#contracts/passports'
import { NotificationCreated } from '#contracts/notifications'
import { newId } from '#kernel'
import { cases, passport, publishAll, withSecrets } from './cases/testing.ts'
import { ada, dora, everything, grace, mails, open, people, type Person } from './testing.ts'

test('every event of the four services is in the table', () => {
  const all = [identity, passports, documents]
    .flatMap(contract => Object.values(contract))
    .filter(entry => (entry as { kind?: unknown }).kind === 'event')
  assert.deepEqual(
    [...new Set(Object.values(cases).map(({ event }) => event.topic))].sort(),
    all.map(event => (event as EventContract).topic).sort(),
  )
})

test('each of them is told to whom it concerns, in their language, once', async t => {
  const p = await withSecrets(t)
  for (const [name, { event, data, mails: wanted = {}, inApp = new Map(), link }] of Object.entries(cases))
    await t.test(
      `${name} (${event.topic}): ${[...Object.keys(wanted), ...[...inApp.keys()].map(person => person.firstName)].join(', ') || 'nobody'}`,
      async () => {
        await p.db('notifications')`truncate messages, notifications, inboxes, deliveries`
        await rm(join(p.dataFolder, 'notifications'), { recursive: true, force: true })
        const before = (await p.published(NotificationCreated)).length
        await p.publish(event, data as never)
        await p.settle()
        assert.deepEqual(Object.fromEntries((await mails(p)).map(({ to, subject }) => [to, subject])), wanted)
        assert.equal((await mails(p)).length, Object.keys(wanted).length, 'one mail an address')
        for (const person of people) {
          const { items } = await p.list(person)
          assert.deepEqual(
            items.map(({ title }) => title),
            inApp.has(person) ? [inApp.get(person)] : [],
            person.firstName,
          )
          if (items[0]) assert.deepEqual([items[0].event, items[0].readAt], [event.topic, null])
          if (items[0]) assert.equal(items[0].link, link)
        }
        assert.equal((await p.published(NotificationCreated)).length - before, inApp.size)
      },
    )
})

test('events delivered again, late and in any order tell everybody the same, once', async t => {
  const eventIds = new Map(Object.keys(cases).map(name => [name, newId()]))
  const [straight, shuffled] = [await withSecrets(t), await withSecrets(t)]
  const names = Object.keys(cases)
  await publishAll(straight, names, eventIds)
  await publishAll(
    shuffled,
    [...names].sort(() => Math.random() - 0.5),
    eventIds,
  )
  await publishAll(
    shuffled,
    [...names].sort(() => Math.random() - 0.5),
    eventIds,
  )
  assert.deepEqual(await everything(shuffled), await everything(straight))
  assert.equal(
    (await everything(straight)).mails.length,
    Object.values(cases).flatMap(({ mails = {} }) => Object.keys(mails)).length,
  )
})

test('a job that runs again, and twice at once, does nothing more', async t => {
  const p = await open(t)
  await publishAll(p, ['a passport of an organisation'], new Map())
  const before = await everything(p)
  const again = async () => {
    const [message] = await p.db('notifications')`select id from messages`
    const deliveries = await p.db('notifications')`select id from deliveries`
    await p.host.db.transaction(async tx => {
      for (let time = 0; time < 5; time++) {
        await tx.enqueue({ task: 'notifications.address', tries: 1 }, { messageId: message!.id })
        for (const { id } of deliveries)
          await tx.enqueue({ task: 'notifications.deliver', tries: 1 }, { deliveryId: id })
      }
    })
    await p.settle()
  }
  await again()
  assert.deepEqual(await everything(p), before)

  // As if the process had been killed right before the message was marked as addressed and while its mails were under
  // way.
  await p.db('notifications')`update messages set addressed_at = null`
  await p.db('notifications')`update deliveries set status = 'sending'`
  await again()
  assert.deepEqual(await everything(p), before)
  assert.deepEqual(
    [...new Set((await p.db('notifications')`select status from deliveries`).map(({ status }) => status))],
    ['sent'],
  )
})

test('a mail is a readable file, its code alone on a line and its link alone on a line', async t => {
  const p = await withSecrets(t)
  await publishAll(p, ['a code for a registration'], new Map())
  const [file] = await mails(p)
  assert.match(file!.name, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z-email-[0-9a-f-]{36}\.txt$/)
  assert.deepEqual(file!.lines.slice(0, 4), [
    'To: new@example.com',
    'Subject: Ihr Code für Ohmnibus',
    'Event: send-otp',
    '',
  ])
  assert.ok(file!.lines.includes('123456'))
  assert.ok(file!.lines.includes('https://ohmnibus.example.com/api/auth/verify/abc'))
  assert.ok(
    !file!.lines.some(line => line.includes('New')),
    'whoever asks for a code does not choose words for strangers',
  )
})

test('codes and invitations are in no table, only in the mail', async t => {
  const p = await withSecrets(t)
  await publishAll(p, ['a code for a registration', 'an invitation'], new Map())
  assert.equal((await mails(p)).length, 2)
  const stored = await p.db('notifications')`
    select (select json_agg(m) from messages m)::text || (select json_agg(d) from deliveries d)::text
      || (select json_agg(j.payload) from graphile_worker._private_jobs j)::text as text`
  assert.doesNotMatch(String(stored[0]!.text), /123456|secret/)
})

test('a code that was used before its mail went out is not sent', async t => {
  const p = await open(t)
  await publishAll(p, ['a code for a registration', 'an invitation'], new Map())
  assert.deepEqual(await mails(p), [])
  const rows = await p.db('notifications')`select status, error from deliveries`
  assert.deepEqual(
    rows.map(row => ({ ...row })),
    [
      { status: 'obsolete', error: null },
      { status: 'obsolete', error: null },
    ],
  )
})

test('a person nobody knows, and one who is disabled, get nothing', async t => {
  const p = await open(t)
  for (const stranger of [newId(), dora.userId])
    await p.publish(identity.UserPasswordChanged, { userId: stranger, version: 2 })
  await p.publish(passports.PassportDeleted, { ...passport, owner: { kind: 'organisation', id: newId() } })
  await p.settle()
  assert.deepEqual(await everything(p), { mails: [], inApp: [] })
})

test('while identity is away nothing is lost; it arrives afterwards', async t => {
  const p = await withSecrets(t)
  p.outage.identity = true
  await publishAll(p, ['a passport of a person', 'a code for a registration'], new Map())
  assert.deepEqual(await everything(p), { mails: [], inApp: [] })
  p.outage.identity = false
  await p.hurry()
  assert.deepEqual((await everything(p)).mails, [
    'ada@example.com: Passport BP-2024-011 was created (passport.created)',
    'new@example.com: Ihr Code für Ohmnibus (send-otp)',
  ])
})

test('whoever deletes their account takes their list and their choices along, and what was on its way to them', async t => {
  const p = await open(t)
  await publishAll(p, ['a passport of an organisation', 'a new person'], new Map())
  const choose = { method: 'PUT', url: '/api/notifications/preferences', payload: { email: {}, inApp: {} } } as const
  assert.equal((await p.http.inject({ ...choose, headers: p.as(ada) })).statusCode, 200)
  const rows = async ({ userId }: Person) =>
    (
      await p.db('notifications')`
        select (select count(*)::int from notifications where user_id = ${userId}) as notifications,
          (select count(*)::int from inboxes where user_id = ${userId}) as inboxes,
          (select count(*)::int from preferences where user_id = ${userId}) as preferences`
    )[0]!
  const gone = { notifications: 0, inboxes: 0, preferences: 0 }
  const others = { ...(await rows(grace)) }
  await p.publish(identity.UserDeleted, { userId: ada.userId, email: ada.email, locale: ada.locale, version: 2 })
  await p.settle()
  assert.deepEqual({ ...(await rows(ada)) }, gone)
  assert.deepEqual({ ...(await rows(grace)) }, others)

  // Identity was asked before, the message is told after.
  await publishAll(p, ['a passport of a person'], new Map())
  assert.equal((await rows(ada)).notifications, 1)
  await p.hurry()
  assert.deepEqual({ ...(await rows(ada)) }, gone)
})
