import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DocumentDeleted } from '#contracts/documents'
import { UserDeleted } from '#contracts/identity'
import { newId } from '#kernel'
import { open, person } from './testing.ts'

test('what stands alone goes with the account of whose it is, what belongs to a passport or an organisation stays', async t => {
  const ada = person()
  const passportId = newId()
  const { p, as, keys } = await open(t, { passports: new Map([[passportId, { owner: ada.owner }]]) })
  const own = as({ userId: ada.userId })
  const organisation = { id: newId(), role: 'editor' as const }
  const alone = (await own.upload('mine')).json.docId
  const beside = (await own.upload('paper', { fields: { passportId } })).json.docId
  const shared = (await as({ userId: ada.userId, organisation }).upload('ours')).json.docId
  const another = (await as().upload('theirs')).json.docId
  await p.publish(UserDeleted, { userId: ada.userId, email: 'ada@example.com', locale: 'en', version: 2 })
  await p.settle()
  const rows = await p.db('documents')<{ id: string }[]>`select id from documents`
  assert.deepEqual(rows.map(({ id }) => id).toSorted(), [beside, shared, another].toSorted())
  assert.equal((await own.get(`/${alone}`)).status, 404)
  assert.equal((await keys()).length, 3, 'the file goes too')
  assert.deepEqual(
    (await p.published(DocumentDeleted)).map(({ docId }) => docId),
    [alone],
  )
})
