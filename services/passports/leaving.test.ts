import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import { PassportDeleted } from '#contracts/passports'
import { newId } from '#kernel'
import { open, publishable, battery } from './testing.ts'

test('drafts of who leaves go with their versions, models after their items; what was published stays under a pseudonym', async t => {
  const { p, as } = await open(t)
  const [adaId, eveId] = [newId(), newId()]
  const [ada, eve] = [as({ userId: adaId }), as({ userId: eveId })]
  const published = (await ada.post('', { data: publishable('P-1') })).body.id
  await ada.post(`/${published}/publish`)
  await ada.post('', { data: battery('D-1', { note: 'mine' }) })
  const model = (await ada.post('', { data: {}, granularity: 'model' })).body.id
  await ada.post(`/${model}/items`, { range: { prefix: 'I-', from: 1, count: 3 } })
  const kept = (await eve.post('', { data: battery('E-1') })).body.id
  await p.settle()
  await p.db('passports')`
    insert into readers (passport_id, reader_id, kind, since) values (${kept}, ${adaId}, 'person', now())`
  await p.publish(UserDeleted, { userId: adaId, email: 'ada@example.com', locale: 'en', version: 2 })
  await p.settle()
  const rows = await p.db('passports')<{ id: string }[]>`select id from passports`
  assert.deepEqual(rows.map(({ id }) => id).toSorted(), [published, kept].toSorted())
  const [left] = await p.db('passports')<{ count: number }[]>`
    select (select count(*) from readers where reader_id = ${adaId}) + (select count(*) from serialisations)
      + (select count(*) from versions where passport_id not in (${published}, ${kept})) as count`
  assert.equal(Number(left!.count), 0)
  assert.equal((await p.published(PassportDeleted)).length, 5)
})

test('an organisation that is gone reads nothing of others any more, and what it told of itself goes with it', async t => {
  const { p, as } = await open(t)
  const [organisation, other] = [newId(), newId()].map(id => ({ id, role: 'owner' as const }))
  const passport = (await as().post('', { data: battery('E-1') })).body.id
  for (const { id } of [organisation!, other!]) {
    await p.db('passports')`
      insert into readers (passport_id, reader_id, kind, since) values (${passport}, ${id}, 'organisation', now())`
    const said = await as({ organisation: { id, role: 'owner' } }).patch('/settings', { publication: 'block' })
    assert.equal(said.status, 200, said.text)
  }
  const gone = { organisationId: organisation!.id, name: 'Voltaic', members: [], version: 9 }
  await p.publish(OrganisationDeleted, gone)
  await p.settle()
  const left = await p.db('passports')`
    select reader_id as id from readers where kind = 'organisation' union all
    select owner_id from settings where owner_kind = 'organisation'`
  assert.deepEqual(
    left.map(({ id }) => id),
    [other!.id, other!.id],
  )
})
