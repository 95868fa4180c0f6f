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
import {
  ada,
  company,
  dora,
  edith,
  everything,
  grace,
  mails,
  open,
  people,
  self,
  victor,
  type Person,
  type Platform,
} from './testing.ts'

const id = newId()
const at = '2027-02-18T08:30:00.000Z'
const passport = { passport: { id }, identifier: 'BP-2024-011', version: 1 }
const data = { generalInformation: { batteryIdentifier: 'BP-2024-011' } }
const document = { docId: id, passportId: null, fileName: 'proof.pdf', owner: self, version: 1 }
const { userId, email, name, firstName, locale } = ada
const passportLink = `https://ohmnibus.example.com/passports/${id}`
const documentLink = `https://ohmnibus.example.com/documents/${id}`

interface Case {
  event: EventContract
  data: Record<string, unknown>
  /** Subjects of the mails, by address. */
  mails?: Record<string, string>
  /** Titles in the list, by person. */
  inApp?: Map<Person, string>
  link?: string | null
}
const told = (...entries: [Person, string][]) => new Map(entries)

/** Every event of the four services, and who hears what of it. */
const cases: Record<string, Case> = {
  'a code for a registration': {
    event: identity.SendOtp,
    data: { codeId: id, email: 'new@example.com', purpose: 'registration', name: 'New', locale: 'de', expiresAt: at },
    mails: { 'new@example.com': 'Ihr Code für Ohmnibus' },
  },
  'a registration repeated': {
    event: identity.RegistrationRepeated,
    data: { userId, email, name, locale },
    mails: { [email]: 'You already have an account' },
    inApp: told([ada, 'You already have an account']),
    link: 'https://ohmnibus.example.com/api/auth/sign-in',
  },
  'a new password asked for by nobody we know': {
    event: identity.PasswordResetRefused,
    data: { requestId: id, email: 'new@example.com', locale: 'de', reason: 'no-account' },
    mails: { 'new@example.com': 'Kein neues Passwort' },
  },
  'a new password asked for by somebody disabled': {
    event: identity.PasswordResetRefused,
    data: { requestId: id, email: 'dora@example.com', locale: 'en', reason: 'disabled' },
    mails: { 'dora@example.com': 'No new password' },
  },
  'a code for a new password': {
    event: identity.SendOtp,
    data: { codeId: id, email, purpose: 'password-reset', name, locale: 'en', expiresAt: at },
    mails: { [email]: 'A new password for Ohmnibus' },
  },
  'a password set anew': {
    event: identity.UserPasswordReset,
    data: { userId, version: 2 },
    mails: { [email]: 'Your password was reset' },
    inApp: told([ada, 'Your password was reset']),
    link: 'https://ohmnibus.example.com/api/auth/forgotten-password',
  },
  'a new person': {
    event: identity.UserRegistered,
    data: { userId, email, firstName, name, locale, version: 1 },
    mails: { [email]: 'Welcome to Ohmnibus' },
    inApp: told([ada, 'Welcome to Ohmnibus']),
    link: 'https://ohmnibus.example.com/docs',
  },
  'a sign-in': {
    event: identity.UserLoggedIn,
    data: { userId, sessionId: id, device: 'Firefox', addressPrefix: '192.0.2.0/24' },
    inApp: told([ada, 'New sign-in to your account']),
    link: 'https://ohmnibus.example.com/api/auth/devices',
  },
  'a sign-in from a new device': {
    event: identity.DeviceSeen,
    data: { userId, sessionId: id, device: 'Firefox', addressPrefix: '192.0.2.0/24' },
    mails: { [email]: 'Your account was used from a new device' },
    link: 'https://ohmnibus.example.com/api/auth/devices',
  },
  'a sign-out': { event: identity.UserLoggedOut, data: { userId, sessionIds: [id], reason: 'signed-out' } },
  'a changed profile': { event: identity.UserUpdated, data: { userId, email, firstName, name, locale, version: 2 } },
  'a changed password': {
    event: identity.UserPasswordChanged,
    data: { userId, version: 2 },
    mails: { [email]: 'Your password was changed' },
    inApp: told([ada, 'Your password was changed']),
    link: 'https://ohmnibus.example.com/api/auth/forgotten-password',
  },
  'a changed address': {
    event: identity.UserEmailChanged,
    data: { userId, email, formerEmail: 'former@example.com', name, locale, version: 2 },
    mails: { 'former@example.com': 'Your e-mail address was changed', [email]: 'Your e-mail address was changed' },
    inApp: told([ada, 'Your e-mail address was changed']),
    link: null,
  },
  'a changed address that may be taken back': {
    event: identity.UserEmailChanged,
    data: { userId, email, formerEmail: 'former@example.com', name, locale, version: 2, undoId: id },
    mails: { 'former@example.com': 'Your e-mail address was changed', [email]: 'Your e-mail address was changed' },
    inApp: told([ada, 'Your e-mail address was changed']),
    link: null,
  },
  'a new second factor': {
    event: identity.UserFactorsChanged,
    data: { userId, change: 'added', factor: 'passkey', name: 'My telephone', left: null },
    mails: { [email]: 'A second factor was added to your account' },
    inApp: told([ada, 'A second factor was added to your account']),
    link: 'https://ohmnibus.example.com/api/auth/security',
  },
  'a new key of a program': {
    event: identity.ApiKeyCreated,
    data: {
      keyId: id,
      ownerId: userId,
      ownerKind: 'person',
      organisationId: null,
      name: 'Warehouse',
      scopes: ['passports:read'],
      expiresAt: '2028-02-18T08:40:00.000Z',
    },
  },
  'a key that is good no more': {
    event: identity.ApiKeyRevoked,
    data: { keyId: id, ownerId: userId, reason: 'revoked' },
  },
  'a deletion that an admin asked for': {
    event: identity.AccountDeletionEnded,
    data: { requestId: id, userId, refusal: null },
  },
  'another role': {
    event: identity.UserRoleChanged,
    data: { userId, role: 'vendor', formerRole: 'user', version: 2 },
    mails: { [email]: 'Your role was changed' },
    inApp: told([ada, 'Your role was changed']),
    link: null,
  },
  'a disabled person': {
    event: identity.UserDisabled,
    data: { userId: dora.userId, disabled: true, version: 2 },
    mails: { 'dora@example.com': 'Your account was disabled' },
    inApp: told([dora, 'Your account was disabled']),
    link: null,
  },
  'sessions revoked': { event: identity.SessionsRevoked, data: { userId, sessionIds: [id], before: at } },
  'a new organisation': {
    event: identity.OrganisationCreated,
    data: { organisationId: company.id, name: 'Cells & Co', ownerId: userId },
    inApp: told([ada, 'Organisation “Cells & Co” was created']),
    link: 'https://ohmnibus.example.com/api/auth/memberships',
  },
  'an invitation': {
    event: identity.MemberInvited,
    data: {
      organisationId: company.id,
      invitationId: id,
      email: 'guest@example.com',
      organisationName: 'Cells & Co',
      invitedBy: 'Ada',
      role: 'editor',
      locale: 'en',
      expiresAt: at,
    },
    mails: { 'guest@example.com': 'Invitation to “Cells & Co”' },
  },
  'a changed membership': {
    event: identity.MemberChanged,
    data: { organisationId: company.id, userId: grace.userId, role: 'admin', version: 2 },
    mails: { 'grace@example.com': 'Ihre Mitgliedschaft wurde geändert' },
    inApp: told([grace, 'Ihre Mitgliedschaft wurde geändert']),
    link: 'https://ohmnibus.example.com/api/auth/memberships',
  },
  'a deleted organisation': {
    event: identity.OrganisationDeleted,
    data: { organisationId: newId(), name: 'Cells & Co', members: [ada.userId, victor.userId, newId()], version: 4 },
    mails: {
      [email]: 'Organisation “Cells & Co” was deleted',
      'victor@example.com': 'Organisation “Cells & Co” was deleted',
    },
    inApp: told([ada, 'Organisation “Cells & Co” was deleted'], [victor, 'Organisation “Cells & Co” was deleted']),
    link: 'https://ohmnibus.example.com/api/auth/memberships',
  },
  'a deleted account': {
    event: identity.UserDeleted,
    data: { userId: newId(), email: 'gone@example.com', locale: 'de', version: 3 },
    mails: { 'gone@example.com': 'Ihr Konto wurde gelöscht' },
  },
  'a passport of a person': {
    event: passports.PassportCreated,
    data: { ...passport, passport: { id, data }, owner: self },
    mails: { [email]: 'Passport BP-2024-011 was created' },
    inApp: told([ada, 'Passport BP-2024-011 was created']),
    link: passportLink,
  },
  'a passport of an organisation': {
    event: passports.PassportCreated,
    data: { ...passport, passport: { id, data }, owner: company },
    mails: { [email]: 'Passport BP-2024-011 was created', 'grace@example.com': 'Pass BP-2024-011 wurde angelegt' },
    inApp: told(
      [ada, 'Passport BP-2024-011 was created'],
      [grace, 'Pass BP-2024-011 wurde angelegt'],
      [edith, 'Passport BP-2024-011 was created'],
      [victor, 'Passport BP-2024-011 was created'],
    ),
    link: passportLink,
  },
  'a changed passport': {
    event: passports.PassportUpdated,
    data: { ...passport, passport: { id, data }, owner: self, updatedFields: ['/a'] },
    inApp: told([ada, 'Passport BP-2024-011 was changed']),
    link: passportLink,
  },
  'a deleted passport': {
    event: passports.PassportDeleted,
    data: { ...passport, owner: self },
    mails: { [email]: 'Passport BP-2024-011 was deleted' },
    inApp: told([ada, 'Passport BP-2024-011 was deleted']),
    link: null,
  },
  'a published passport': {
    event: passports.PassportPublished,
    data: { ...passport, owner: self },
    mails: { [email]: 'Passport BP-2024-011 was published' },
    inApp: told([ada, 'Passport BP-2024-011 was published']),
    link: passportLink,
  },
  'a status that says what the publishing said': {
    event: passports.PassportStatusChanged,
    data: { ...passport, owner: self, status: 'published', formerStatus: 'draft' },
  },
  'an archived passport': {
    event: passports.PassportStatusChanged,
    data: { ...passport, owner: self, status: 'archived', formerStatus: 'published' },
    mails: { [email]: 'Passport BP-2024-011 was archived' },
    inApp: told([ada, 'Passport BP-2024-011 was archived']),
    link: passportLink,
  },
  'a shared passport': {
    event: passports.PassportShared,
    data: { ...passport, owner: self, reader: { kind: 'person', id: victor.userId }, shared: true },
    mails: {
      [email]: 'Passport BP-2024-011 was shared',
      'victor@example.com': 'Passport BP-2024-011 was shared with you',
    },
    inApp: told([ada, 'Passport BP-2024-011 was shared'], [victor, 'Passport BP-2024-011 was shared with you']),
    link: passportLink,
  },
  'a passport shared with an address of somebody': {
    event: passports.PassportShared,
    data: {
      ...passport,
      owner: self,
      reader: { kind: 'person', id: victor.userId },
      shared: true,
      byAddress: true,
    },
    mails: { 'victor@example.com': 'Passport BP-2024-011 was shared with you' },
    inApp: told([victor, 'Passport BP-2024-011 was shared with you']),
    link: passportLink,
  },
  'a passport shared with an address of nobody': {
    event: passports.PassportReaderInvited,
    data: {
      passport: { id },
      owner: self,
      version: 1,
      invitationId: newId(),
      email: 'guest@example.com',
      locale: 'de',
    },
    mails: { 'guest@example.com': 'Ein Batteriepass wurde mit Ihnen geteilt' },
  },
  'a passport that moved': {
    event: passports.PassportMoved,
    data: { ...passport, owner: { kind: 'person', id: victor.userId }, formerOwner: self },
    mails: {
      [email]: 'Passport BP-2024-011 was moved',
      'victor@example.com': 'Passport BP-2024-011 was moved',
    },
    inApp: told([ada, 'Passport BP-2024-011 was moved'], [victor, 'Passport BP-2024-011 was moved']),
    link: passportLink,
  },
  'a new document': {
    event: documents.DocumentUploaded,
    data: {
      ...document,
      title: 'Proof',
      kind: 'other',
      contentType: 'application/pdf',
      sizeBytes: 1,
      sha256: '0'.repeat(64),
    },
    inApp: told([ada, 'Document “proof.pdf” was added']),
    link: documentLink,
  },
  'a changed document': {
    event: documents.DocumentUpdated,
    data: document,
    inApp: told([ada, 'Document “proof.pdf” was changed']),
    link: documentLink,
  },
  'a document that is infected': {
    event: documents.DocumentRefused,
    data: { ...document, found: 'Win.Test.EICAR_HDB-1', foundAt: at },
    mails: { [email]: 'Document “proof.pdf” was refused' },
    inApp: told([ada, 'Document “proof.pdf” was refused']),
    link: documentLink,
  },
  'a deleted document': {
    event: documents.DocumentDeleted,
    data: document,
    inApp: told([ada, 'Document “proof.pdf” was deleted']),
    link: null,
  },
}

async function publishAll(p: Platform, names: string[], eventIds: Map<string, string>) {
  for (const name of names) {
    const { event, data } = cases[name]!
    await p.publish(event, data as never, undefined, eventIds.get(name))
  }
  await p.settle()
}

async function withSecrets(t: Parameters<typeof open>[0], options?: Parameters<typeof open>[1]) {
  // Each message has a mail of its own here.
  const environment = { NOTIFICATION_DIGEST: '0s', ...options?.environment }
  const p = await open(t, { ...options, environment })
  p.codes.set(id, '123456')
  p.links.set(id, 'https://ohmnibus.example.com/invitations/secret')
  return p
}

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
  await p.publish(identity.UserDeleted, { userId: ada.userId, email, locale, version: 2 })
  await p.settle()
  assert.deepEqual({ ...(await rows(ada)) }, gone)
  assert.deepEqual({ ...(await rows(grace)) }, others)

  // Identity was asked before, the message is told after.
  await publishAll(p, ['a passport of a person'], new Map())
  assert.equal((await rows(ada)).notifications, 1)
  await p.hurry()
  assert.deepEqual({ ...(await rows(ada)) }, gone)
})
