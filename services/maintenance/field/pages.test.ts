import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DocumentUploaded } from '#contracts/documents'
import { PhotoTaken } from '#contracts/maintenance'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { open } from '../testing.ts'
import { groupOf } from './views.ts'

/** A technician with a ticket of theirs. */
async function inField(t: Parameters<typeof open>[0]) {
  const it = await open(t)
  const owner: Owner = { kind: 'person', id: newId() }
  const [me, grace] = [it.operator({ userId: owner.id }), it.as({ role: 'technician' })]
  const stationId = await it.station({ stationId: newId(), owner, name: 'Market <square>' })
  const technician = (await me.post('/technicians', { userId: grace.userId, name: 'Grace' })).body
  const part = (await me.post('/parts', { number: 'LOCK', name: 'Lock', stock: 1 })).body
  const opened = { stationId, evse: 2, title: 'Cable <b>', description: 'Bring\nthe ladder' }
  const ticket = (await me.post('/tickets', opened)).body
  await me.post(`/tickets/${ticket.id}/assign`, { technicianId: technician.id })
  return { ...it, me, grace, ticket, part, at: `/maintenance/tickets/${ticket.id}` }
}

test('a technician sees what they have to do, and each ticket with its place, its steps and its buttons', async t => {
  const { p, grace, as, at, ticket } = await inField(t)
  const list = await grace.page('/maintenance/tickets')
  assert.equal(list.status, 200)
  for (const part of [at, 'Cable &#60;b&#62;', 'Market &#60;square&#62;', 'Marktplatz 1, 10178 Berlin', 'Later'])
    assert.ok(list.text.includes(part), `${part} in ${list.text}`)
  const page = await grace.page(at)
  for (const part of [
    `${ticket.number}: Cable`,
    'charging point 2',
    'openstreetmap.org',
    'the ladder',
    'Begin',
    'assigned to',
  ])
    assert.ok(page.text.includes(part), `${part} in ${page.text}`)
  assert.match((await grace.page(at, undefined, { 'accept-language': 'de' })).text, /Ladepunkt 2[^]*Anfangen/)
  const stranger = await p.http.inject({ url: at })
  assert.equal(stranger.headers.location, `/api/auth/sign-in?return=${encodeURIComponent(at)}`)
  assert.equal((await as({ role: 'technician' }).page(at)).status, 404)
  assert.equal((await as().page('/maintenance/tickets')).status, 403)
})

test('buttons do what they say, and a page that is no longer so undoes nothing', async t => {
  const { me, grace, at, ticket, part } = await inField(t)
  const now = async () => (await me.get(`/tickets/${ticket.id}`)).body
  const press = async (act: string, more: Record<string, string> = {}) =>
    await grace.submit(at, { act, version: String((await now()).version), ...more })
  const begun = await press('start')
  assert.deepEqual([begun.status, begun.headers.location], [303, at])
  assert.equal((await now()).state, 'in-progress')
  assert.equal((await press('comment', { text: 'Worn\r\nout' })).status, 303)
  assert.equal((await press('comment', { text: ' ' })).status, 409)
  assert.equal((await press('part', { partId: part.id, quantity: '1' })).status, 303)
  const none = await press('part', { partId: part.id, quantity: '1' })
  assert.match(none.text, /role="alert">So many of the part are not in stock/)
  const stale = await grace.submit(at, { act: 'resolve', version: '2', text: 'Done' })
  assert.equal(stale.status, 409)
  assert.match(stale.text, /Somebody else did something/)
  assert.equal((await press('close')).status, 409, 'that is for operators')
  assert.equal((await press('resolve', { text: 'New lock' })).status, 303)
  const { state, notes, parts } = await now()
  assert.equal(state, 'resolved')
  assert.deepEqual(notes.map(({ act, text }: any) => [act, text]).slice(2), [
    ['start', null],
    ['comment', 'Worn\nout'],
    ['part', '1 × LOCK Lock'],
    ['resolve', 'New lock'],
  ])
  assert.equal(parts[0].quantity, 1)
  assert.match((await grace.page('/maintenance/tickets')).text, /nothing to do/)
  assert.equal((await grace.submit(`/maintenance/tickets/${newId()}`, { act: 'start', version: '1' })).status, 404)
})

test('a photo is kept with its ticket, for documents to take in; what is none is refused, and nothing of it stays', async t => {
  const { p, me, grace, as, at, ticket } = await inField(t)
  const page = (await grace.page(at)).text
  assert.match(page, /enctype="multipart\/form-data"[^]*type="file" name="photo" accept="image\/\*"/)
  const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(100_000, 7)])
  const files = async () => (await p.db('maintenance')`select id, file_key as "fileKey" from photos`) as any[]
  const taken = await grace.upload(`${at}/photos`, 'photo', jpeg)
  assert.deepEqual([taken.status, taken.headers.location], [303, at], taken.text)
  const [told] = await p.published(PhotoTaken)
  const [kept] = await files()
  assert.deepEqual(
    [told!.ticketId, told!.sizeBytes, told!.fileKey, told!.owner.id, told!.place],
    [ticket.id, jpeg.length, kept.fileKey, me.userId, 'Market <square>'],
  )
  assert.match(told!.fileName, /^ticket-\d+-[\dT-]+\.jpg$/)
  const { notes } = (await me.get(`/tickets/${ticket.id}`)).body
  assert.deepEqual([notes.at(-1).act, notes.at(-1).photos], ['comment', [told!.fileId]])
  assert.match((await grace.page(at)).text, /\(1 photo\)/)

  const svg = await grace.upload(`${at}/photos`, 'photo', Buffer.from('<svg onload="alert(1)"/>'))
  assert.equal(svg.status, 409)
  assert.match(svg.text, /role="alert">That is no photo/)
  assert.equal((await grace.upload(`${at}/photos`, 'other', jpeg)).status, 409)
  assert.equal((await grace.upload(`${at}/photos`, 'photo', Buffer.alloc(0))).status, 409)
  const large = Buffer.concat([jpeg.subarray(0, 4), Buffer.alloc(20_000_001)])
  assert.match((await grace.upload(`${at}/photos`, 'photo', large)).text, /larger than 20 MB/)
  assert.equal((await as({ role: 'technician' }).upload(`${at}/photos`, 'photo', jpeg)).status, 404)
  assert.equal((await files()).length, 1)

  const file = { title: 'Photo', kind: 'ticket-photo', contentType: 'image/jpeg', passportId: null, version: 1 }
  const { fileName, owner, sizeBytes, sha256, fileId: docId } = told!
  await p.publish(DocumentUploaded, { ...file, docId, fileName, owner, sizeBytes, sha256 })
  await p.settle()
  assert.equal((await files())[0].fileKey, null, 'documents have it')
})

test('a photo that a program sends again with its key is there once, with the time when it was taken', async t => {
  const { p, me, grace, as, ticket, pass, now } = await inField(t)
  const path = `/tickets/${ticket.id}/photos`
  const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(1_000, 7)])
  const taken = now().toISOString()
  pass(60_000)
  const send = (who: typeof grace, content: Buffer, key?: string) =>
    who.upload(`/api/maintenance${path}?at=${taken}`, 'photo', content, key ? { 'idempotency-key': key } : {})
  const [first, again] = [await send(grace, jpeg, 'one'), await send(grace, jpeg, 'one')]
  assert.deepEqual([first.status, again.body.photoId], [201, first.body.photoId], first.text)
  const { notes } = (await me.get(`/tickets/${ticket.id}`)).body
  const photos = notes.filter((note: any) => note.photos.length > 0)
  assert.deepEqual(
    photos.map((note: any) => [note.photos, note.notedAt, note.toldAt]),
    [[[first.body.photoId], taken, now().toISOString()]],
  )
  assert.equal((await send(grace, Buffer.concat([jpeg, jpeg]), 'one')).body.code, 'idempotency_key_reused')
  const files = await p.db('maintenance')`select from photos`
  assert.equal(files.length, 1)
  assert.deepEqual(
    [(await send(grace, Buffer.from('<svg/>'))).body.code, (await send(as({ role: 'technician' }), jpeg)).body.code],
    ['photo_invalid', 'ticket_unknown'],
  )
  assert.equal((await send(as(), jpeg)).status, 403)
})

test('what is due by midnight at the station is of today, what was due is over time', () => {
  const ticket = { timeZone: 'Europe/Berlin', state: 'assigned' as const }
  const now = new Date('2027-02-18T08:00:00Z')
  const due = (text: string) => groupOf({ ...ticket, dueAt: new Date(text) }, now)
  assert.deepEqual(['2027-02-18T07:00:00Z', '2027-02-18T22:30:00Z', '2027-02-18T23:30:00Z'].map(due), [
    'overdue',
    'today',
    'later',
  ])
  assert.equal(groupOf({ ...ticket, state: 'waiting-for-part', dueAt: null }, now), 'waiting')
})
