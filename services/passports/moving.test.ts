import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PassportMoved } from '#contracts/passports'
import { newId } from '#kernel'
import { battery, codeOf, data, open, publishable } from './testing.ts'

suite('moving a passport to an organisation', () => {
  test('makes it the organisation’s, with an event, an entry in its history, and in its searches', async t => {
    const { p, as, known } = await open(t)
    const [userId, acme] = [newId(), newId()]
    known.members.set(acme, [[userId, 'editor']])
    const ada = as({ userId })
    const { id, owner } = await ada.make(data)
    const { status, body, headers } = await ada.post(`/${id}/move`, { organisationId: acme }, { 'if-match': '"1"' })
    const organisation = { kind: 'organisation', id: acme }
    assert.deepEqual([status, body.owner, body.version, headers.etag], [200, organisation, 2, '"2"'])
    assert.deepEqual(body.data, data)

    const colleague = as({ organisation: { id: acme, role: 'viewer' } })
    assert.deepEqual((await colleague.get(`/${id}`)).body.data, data)
    assert.deepEqual(await colleague.found(`owner=${acme}&model=LM3-BAT-2024`), ['BP-2024-011'])
    assert.deepEqual(await codeOf(ada.get(`/${id}`)), [404, 'passport_unknown'], 'acting for themselves')
    assert.deepEqual(await ada.found(), [])
    const editor = as({ userId, organisation: { id: acme, role: 'editor' } })
    assert.equal((await editor.put(`/${id}`, { data: battery('BP-2') })).status, 200)

    const [, moved, made] = (await editor.get(`/${id}/versions`)).body.items
    assert.deepEqual(
      [moved.version, moved.owner, moved.actor.userId, moved.updatedFields],
      [2, organisation, userId, []],
    )
    assert.equal(made.owner, undefined)
    const [event, ...more] = await p.published(PassportMoved)
    assert.deepEqual(
      [event!.passport, event!.identifier, event!.owner, event!.formerOwner, event!.version, more],
      [{ id }, 'BP-2024-011', organisation, owner, 2, []],
    )
  })

  test('takes many at once, all or none, and says which one cannot go', async t => {
    const { p, as, known } = await open(t)
    const [userId, acme] = [newId(), newId()]
    known.members.set(acme, [[userId, 'owner']])
    const ada = as({ userId })
    const made = []
    for (let number = 0; number < 5; number++) made.push((await ada.make(publishable(`BP-${number}`))).id)
    await ada.post(`/${made[0]}/publish`)
    const strangers = (await as().make(data)).id
    const refused = await ada.post('/move', { organisationId: acme, ids: [...made, strangers] })
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.errors[0].pointer],
      [404, 'passport_unknown', '/ids/5'],
    )
    assert.equal((await ada.found()).length, 5)
    const twice = await ada.post('/move', { organisationId: acme, ids: [made[0], made[0].toUpperCase()] })
    assert.deepEqual([twice.status, twice.body.errors[0].pointer], [400, '/ids'], 'one id in two spellings')
    const { status, body } = await ada.post('/move', { organisationId: acme, ids: made })
    assert.deepEqual([status, body], [200, { moved: 5 }])
    const editor = as({ userId, organisation: { id: acme, role: 'owner' } })
    assert.equal((await editor.found(`owner=${acme}`)).length, 5)
    assert.equal((await editor.get(`/${made[0]}`)).body.status, 'published')
    assert.equal((await p.published(PassportMoved)).length, 5)
  })

  test('is refused to who does not edit for the organisation, and for what is not theirs to give', async t => {
    const { p, as, known } = await open(t)
    const [userId, acme, other] = [newId(), newId(), newId()]
    known.members.set(acme, [[userId, 'viewer']])
    known.members.set(other, [[userId, 'editor']])
    const ada = as({ userId })
    const { id } = await ada.make(data)
    const to = (organisationId: string, who = ada, which = id) => codeOf(who.post(`/${which}/move`, { organisationId }))
    assert.deepEqual(await to(acme), [403, 'editor_required'])
    const unknown = newId()
    known.strangers.add(unknown)
    for (const organisation of [newId(), unknown])
      assert.deepEqual(await to(organisation), [404, 'organisation_unknown'])
    assert.deepEqual(await to(other, as()), [404, 'passport_unknown'])
    await ada.put(`/${id}/readers/${newId()}`, { kind: 'person' })

    const theirs = as({ userId, organisation: { id: other, role: 'editor' } })
    const taken = await theirs.make(data)
    assert.deepEqual(await to(other), [409, 'battery_identifier_taken'])
    assert.deepEqual(await to(other, theirs, taken.id), [409, 'passport_of_organisation'])
    assert.deepEqual(await codeOf(ada.post(`/${id}/move`, { organisationId: other }, { 'if-match': '"7"' })), [
      412,
      'version_stale',
    ])
    assert.equal((await ada.get(`/${id}`)).body.version, 1)
    assert.deepEqual(await p.published(PassportMoved), [])
  })
})
