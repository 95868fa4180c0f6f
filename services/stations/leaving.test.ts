import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserDeleted } from '#contracts/identity'
import { StationDeleted } from '#contracts/stations'
import { newId } from '#kernel'
import { client, open } from './testing.ts'

test('places of a person go with their account: nothing says any more where they lived', async t => {
  const { p } = await open(t)
  const ada = newId()
  const own = client(p, p.signedIn({ userId: ada, role: 'operator' }))
  const site = (await own.post('/sites', { name: 'At home' })).body.id
  const made = await own.post('', { name: 'Home of Ada', directions: 'Behind the house', siteId: site })
  assert.equal(made.status, 201, made.text)
  await p.publish(UserDeleted, { userId: ada, email: 'ada@example.com', locale: 'en', version: 2 })
  await p.settle()
  const rows = await p.db('stations')`select name, directions, site_id, deleted_at is null as there from stations`
  assert.deepEqual([...rows], [{ name: '–', directions: null, site_id: null, there: false }])
  assert.equal((await p.db('stations')`select from sites`).length, 0)
  assert.deepEqual(
    (await p.published(StationDeleted)).map(({ stationId }) => stationId),
    [made.body.id],
  )
})
