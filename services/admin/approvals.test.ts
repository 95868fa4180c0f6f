import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { AccountDeletionApproved } from '#contracts/admin'
import { AccountDeletionEnded } from '#contracts/identity'
import { newId } from '#kernel'
import { nobody, open, type It } from './testing.ts'

/** A deletion that Ada has asked for. */
async function asked(it: It, userId = newId()) {
  const { status, body } = await it.ada.delete(`users/${userId}`, { reason: 'Ticket 4711' })
  assert.equal(status, 202, JSON.stringify(body))
  return { userId, id: body.id as string, approval: body }
}

suite('what takes two admins', () => {
  test('is asked for by one, approved by another, and carried out by who owns it', async t => {
    const it = await open(t)
    const { userId, id, approval } = await asked(it)
    assert.deepEqual([approval.state, approval.askedBy, approval.mayApprove], ['asked', it.ada.userId, false])
    assert.deepEqual(await it.p.published(AccountDeletionApproved), [], 'nothing happens yet')
    assert.equal((await it.grace.get('approvals?state=asked')).body.items[0].mayApprove, true)

    const approved = await it.grace.post(`approvals/${id}/approve`, { note: 'Checked' })
    assert.deepEqual([approved.status, approved.body.state], [200, 'approved'])
    const [told] = await it.p.published(AccountDeletionApproved)
    assert.deepEqual(
      [told!.requestId, told!.userId, told!.askedBy, told!.approvedBy],
      [id, userId, it.ada.userId, it.grace.userId],
    )
    await it.p.publish(AccountDeletionEnded, { requestId: id, userId, refusal: null })
    await it.p.settle()
    assert.equal((await it.ada.get(`approvals/${id}`)).body.state, 'done')
    // What is told twice, or otherwise later, changes nothing.
    await it.p.publish(AccountDeletionEnded, { requestId: id, userId, refusal: 'last_admin' })
    await it.p.settle()
    assert.equal((await it.ada.get(`approvals/${id}`)).body.state, 'done')
    const acts = (await it.ada.get(`audit?object=${userId}`)).body.items
    assert.deepEqual(
      acts.map(({ act, actorId }: any) => [act, actorId]),
      [
        ['approval.approved', it.grace.userId],
        ['approval.asked', it.ada.userId],
      ],
    )
  })

  test('approval by the one who asked is refused, whatever way they come', async t => {
    const it = await open(t)
    const { id } = await asked(it)
    const own = await it.ada.post(`approvals/${id}/approve`, {})
    assert.deepEqual([own.status, own.body.code], [403, 'approval_own'])
    assert.equal((await it.ada.post(`approvals/${id}/refuse`, {})).body.code, 'approval_own')
    // In another session, and for an organisation, they are the same person.
    const elsewhere = it.as({ userId: it.ada.userId, role: 'admin', organisation: { id: newId(), role: 'owner' } })
    assert.equal((await elsewhere.post(`approvals/${id}/approve`, {})).body.code, 'approval_own')
    await assert.rejects(
      it.p.db('admin')`update approvals set state = 'approved', decided_by = asked_by where id = ${id}`,
      { constraint_name: 'approvals_by_another' },
      'the database refuses it too',
    )
    assert.deepEqual(await it.p.published(AccountDeletionApproved), [])
    assert.equal((await it.grace.post(`approvals/${id}/withdraw`, {})).body.code, 'approval_of_another')
    assert.equal((await it.ada.post(`approvals/${id}/withdraw`, {})).body.state, 'withdrawn')
    assert.equal((await it.grace.post(`approvals/${id}/approve`, {})).body.code, 'approval_decided')
  })

  test('is approved once, by one of two who do so at the same moment', async t => {
    const it = await open(t)
    const third = newId()
    it.admins.add(third)
    const { id } = await asked(it)
    const both = [it.grace, it.as({ userId: third, role: 'admin' })]
    const answers = await Promise.all(both.map(who => who.post(`approvals/${id}/approve`, {})))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
    assert.equal((await it.p.published(AccountDeletionApproved)).length, 1)
  })

  test('is not approved by, nor for, who is no admin any more', async t => {
    const it = await open(t)
    const { id } = await asked(it)
    it.admins.delete(it.grace.userId)
    assert.equal((await it.grace.post(`approvals/${id}/approve`, {})).body.code, 'admin_no_more')
    it.admins.add(it.grace.userId)
    it.admins.delete(it.ada.userId)
    assert.equal((await it.grace.post(`approvals/${id}/approve`, {})).body.code, 'asker_gone')
    assert.equal((await it.grace.post(`approvals/${id}/refuse`, {})).body.state, 'refused')
  })

  test('waits a week, and not twice for the same', async t => {
    const it = await open(t)
    it.setTime('2027-03-15T12:00:00Z')
    const { userId, id } = await asked(it)
    assert.equal((await it.grace.delete(`users/${userId}`, { reason: 'Too' })).body.code, 'approval_asked')
    it.setTime('2027-03-22T12:00:00Z')
    assert.equal((await it.grace.post(`approvals/${id}/approve`, {})).body.code, 'approval_lapsed')
    await it.periodically(/lapse/)
    assert.equal((await it.ada.get(`approvals/${id}`)).body.state, 'lapsed')
    assert.equal((await it.grace.delete(`users/${userId}`, { reason: 'Again' })).status, 202)
  })

  test('is not asked about oneself, about nobody, without a reason, or by who is no admin', async t => {
    const it = await open(t)
    assert.equal((await it.ada.delete(`users/${it.ada.userId}`, { reason: 'me' })).body.code, 'account_own')
    assert.equal((await it.ada.delete(`users/${nobody}`, { reason: 'who' })).body.code, 'user_unknown')
    for (const body of [{}, { reason: ' ' }, { reason: 'x', state: 'approved' }, { reason: 'x', askedBy: newId() }])
      assert.equal((await it.ada.delete(`users/${newId()}`, body)).status, 400, JSON.stringify(body))
    assert.equal((await it.as({ role: 'operator' }).delete(`users/${newId()}`, { reason: 'x' })).status, 403)
    const { id } = await asked(it)
    for (const body of [{ decidedBy: it.ada.userId }, { state: 'done' }, { note: 1 }])
      assert.equal((await it.grace.post(`approvals/${id}/approve`, body)).status, 400, 'mass assignment')
    assert.equal((await it.grace.post(`approvals/${newId()}/approve`, {})).body.code, 'approval_unknown')
  })
})
