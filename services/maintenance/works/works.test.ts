import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AvailabilityRequested, WorkChanged } from '#contracts/maintenance'
import { CommandEnded } from '#contracts/ocpp'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { minute, open } from '../testing.ts'

const hour = 60 * minute

/** A station with a charger, and somebody who operates it. */
async function planned(t: Parameters<typeof open>[0]) {
  const it = await open(t)
  const owner: Owner = { kind: 'person', id: newId() }
  const me = it.operator({ userId: owner.id })
  await it.charger('CP-1', owner)
  const stationId = await it.station({ stationId: newId(), owner, chargerId: 'CP-1' })
  const after = (hours: number) => new Date(it.now().getTime() + hours * hour).toISOString()
  const plan = (from: number, to: number, more: object = {}) =>
    me.post('/works', { stationId, title: 'New cables', from: after(from), to: after(to), ...more })
  const asked = async () => (await it.p.published(AvailabilityRequested)).map(({ operative }) => operative)
  const answer = async (outcome: 'answered' | 'offline', status?: string) => {
    const { requestId, chargerId } = (await it.p.published(AvailabilityRequested)).at(-1)!
    const end = { commandId: newId(), chargerId, action: 'ChangeAvailability', requestId, outcome }
    await it.p.publish(CommandEnded, { ...end, ...(status && { answer: { status } }) })
    await it.p.settle()
  }
  const run = () => it.periodically(/planned works/)
  return { ...it, me, stationId, plan, asked, answer, run }
}

test('planned work takes a charger out of service when it begins and back when it ends; who is away is asked again', async t => {
  const it = await planned(t)
  const { me, plan, asked, answer, run, pass } = it
  const made = await plan(1, 3)
  assert.equal(made.status, 201, made.text)
  await run()
  assert.deepEqual(await asked(), [])
  pass(hour)
  for (let time = 0; time < 2; time++) await run()
  assert.deepEqual(await asked(), [false])
  await answer('offline')
  pass(6 * minute)
  await run()
  assert.deepEqual(await asked(), [false, false])
  await answer('answered', 'Scheduled')
  pass(6 * minute)
  await run()
  const { body } = await me.get(`/works/${made.body.id}`)
  assert.deepEqual([body.state, body.answered, body.answer], ['active', true, 'Scheduled'])
  pass(2 * hour)
  for (let time = 0; time < 2; time++) await run()
  assert.deepEqual(await asked(), [false, false, true])
  assert.equal((await me.get(`/works/${made.body.id}`)).body.state, 'done')
  assert.deepEqual(
    (await it.p.published(WorkChanged)).map(({ state, from, to, plannedBy, version }) => [
      state,
      (Date.parse(to) - Date.parse(from)) / hour,
      plannedBy,
      version,
    ]),
    [
      ['active', 2, me.userId, 2],
      ['done', 2, me.userId, 3],
    ],
  )
  assert.equal((await me.post(`/works/${made.body.id}/cancel`)).body.code, 'work_over')
})

test('work that is cancelled sets back what it took, and nothing that other work still needs', async t => {
  const { me, plan, asked, run, operator, stationId } = await planned(t)
  const [one, other, never] = [(await plan(0, 3)).body, (await plan(0, 4, { evse: 1 })).body, (await plan(9, 10)).body]
  await run()
  assert.deepEqual(await asked(), [false, false])
  assert.equal((await operator().post(`/works/${one.id}/cancel`)).body.code, 'work_unknown')
  assert.equal((await me.post(`/works/${one.id}/cancel`, undefined, { 'if-match': '"1"' })).body.code, 'version_stale')
  assert.equal((await me.post(`/works/${one.id}/cancel`)).body.state, 'cancelled')
  await me.post(`/works/${never.id}/cancel`)
  assert.deepEqual(await asked(), [false, false], 'the other goes on, and one never began')
  await me.post(`/works/${other.id}/cancel`)
  assert.deepEqual(await asked(), [false, false, true])
  assert.equal((await me.get(`/works/count?state=cancelled&stationId=${stationId}`)).body.count, 3)
})

test('work ends after it begins, not in the past, at a station of one’s own', async t => {
  const { plan, operator, stationId, now } = await planned(t)
  for (const [from, to] of [
    [2, 1],
    [1, 1],
    [-3, -2],
  ] as const)
    assert.equal((await plan(from, to)).body.code, 'work_times_invalid')
  const times = { from: now().toISOString(), to: new Date(now().getTime() + hour).toISOString() }
  const refused = await operator().post('/works', { stationId, title: 'Mine?', ...times })
  assert.equal(refused.body.code, 'editor_required')
})
