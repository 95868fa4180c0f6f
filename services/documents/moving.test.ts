import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DocumentUpdated } from '#contracts/documents'
import { PassportMoved } from '#contracts/passports'
import { newId } from '#kernel'
import { open, person } from './testing.ts'

test('documents of a person move to an organisation they edit for, one or many, all or none', async t => {
  const { p, as, members } = await open(t)
  const { userId } = person()
  const [acme, looked] = [newId(), newId()]
  members.set(acme, [[userId, 'editor']]).set(looked, [[userId, 'viewer']])
  const ada = as({ userId })
  const colleague = as({ organisation: { id: acme, role: 'viewer' } })
  const ids: string[] = []
  for (const name of ['one', 'two', 'three']) ids.push((await ada.upload(name)).json.docId)
  const [one, ...others] = ids

  const refusals: [object, number, string][] = [
    [{ organisationId: looked }, 403, 'editor_required'],
    [{ organisationId: newId() }, 404, 'organisation_unknown'],
  ]
  for (const [body, status, code] of refusals) {
    const { status: answered, json } = await ada.post(`/${one}/move`, body)
    assert.deepEqual([answered, json.code], [status, code])
  }
  const foreign = (await as().upload('theirs')).json.docId
  const none = await ada.post('/move', { organisationId: acme, ids: [...ids, foreign] })
  assert.deepEqual([none.status, none.json.code, none.json.errors[0].pointer], [404, 'document_unknown', '/ids/3'])
  assert.equal((await colleague.get('')).json.items.length, 0)

  const moved = await ada.post(`/${one}/move`, { organisationId: acme })
  assert.deepEqual([moved.status, moved.json.docId, moved.headers.get('etag')], [200, one, '"2"'])
  assert.deepEqual((await ada.post('/move', { organisationId: acme, ids: others })).json, { moved: 2 })
  assert.equal((await colleague.get(`?owner=${acme}`)).json.items.length, 3)
  assert.equal((await colleague.get(`/${one}?download=1`)).bytes.toString(), 'one')
  assert.equal((await ada.get(`/${one}`)).status, 404)
  const events = await p.published(DocumentUpdated)
  assert.deepEqual(
    events.map(({ owner, version }) => [owner.id, version]),
    ids.map(() => [acme, 2]),
  )
  const again = await as({ userId, organisation: { id: acme, role: 'editor' } }).post(`/${one}/move`, {
    organisationId: acme,
  })
  assert.deepEqual([again.status, again.json.code], [409, 'document_of_organisation'])
})

test('of documents that move together none is moved twice, however it is spelt, and one alone is moved as it was read', async t => {
  const { p, as, members } = await open(t)
  const { userId } = person()
  const acme = newId()
  members.set(acme, [[userId, 'editor']])
  const ada = as({ userId })
  const { docId } = (await ada.upload('one')).json
  const twice = await ada.post('/move', { organisationId: acme, ids: [docId, docId.toUpperCase()] })
  assert.deepEqual([twice.status, twice.json.errors[0].pointer], [400, '/ids'])
  const stale = await ada.post(`/${docId}/move`, { organisationId: acme }, { 'if-match': '"7"' })
  assert.deepEqual([stale.status, stale.json.code], [412, 'version_stale'])
  const alone = await ada.post(`/${newId()}/move`, { organisationId: acme })
  assert.deepEqual([alone.status, alone.json.errors], [404, undefined], 'no field is at fault where there is none')
  const moved = await ada.post(`/${docId}/move`, { organisationId: acme }, { 'if-match': '"1"' })
  assert.deepEqual([moved.status, moved.headers.get('etag')], [200, '"2"'])
  assert.equal((await p.published(DocumentUpdated)).length, 1)
})

test('five hundred documents move together', async t => {
  const { p, as, members } = await open(t)
  const { userId } = person()
  const acme = newId()
  members.set(acme, [[userId, 'editor']])
  const ada = as({ userId })
  const { docId } = (await ada.upload('one')).json
  const ids = (
    await p.db('documents')`
      insert into documents
      select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'file_key', d.file_key || n))).*
      from documents d, generate_series(1, 499) n where d.id = ${docId} returning id`
  ).map(({ id }) => id as string)
  const { status, json } = await ada.post('/move', { organisationId: acme, ids: [docId, ...ids] })
  assert.deepEqual([status, json], [200, { moved: 500 }])
  assert.equal((await p.published(DocumentUpdated)).length, 500)
})

test('documents of a passport move with it, those too whose upload had not heard of it', async t => {
  const { userId, owner } = person()
  const [id, acme] = [newId(), newId()]
  const { p, as, members, passports } = await open(t, { passports: new Map([[id, { owner }]]) })
  members.set(acme, [[userId, 'editor']])
  const ada = as({ userId })
  const { docId } = (await ada.upload('before', { fields: { passportId: id } })).json
  const alone = await ada.post(`/${docId}/move`, { organisationId: acme })
  assert.deepEqual([alone.status, alone.json.code], [409, 'document_of_passport'])

  const organisation = { kind: 'organisation' as const, id: acme }
  const moved = { passport: { id }, identifier: null, owner: organisation, version: 2, formerOwner: owner }
  await p.publish(PassportMoved, moved)
  await p.publish(PassportMoved, moved)
  await p.settle()
  // The passport is answered as it was: whoever asked a moment ago has not heard of it either.
  await ada.upload('after', { fields: { passportId: id } })
  passports.set(id, { owner: organisation })
  const colleague = as({ organisation: { id: acme, role: 'viewer' } })
  assert.equal((await colleague.get(`?owner=${acme}`)).json.items.length, 2)
  assert.equal((await ada.get(`/${docId}?download=1`)).status, 404)
  assert.equal((await p.published(DocumentUpdated)).length, 1)
})
