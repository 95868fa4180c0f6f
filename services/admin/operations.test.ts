import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { CommissionRuleChanged } from '#contracts/vendors'
import { deadPaymentEventsOf } from '#contracts/payments'
import { defineService, newId, Problem } from '#kernel'
import { answering } from '../../kernel/testing.ts'
import { likeness } from './operations/dead-letters.ts'
import { open } from './testing.ts'

const rule = (ruleId = newId()) => ({
  ruleId,
  vendorId: null,
  categoryId: null,
  basisPoints: 1_200,
  fixed: null,
  from: '2027-03-15T12:00:00.000Z',
  until: null,
  version: 1,
})

/** A reader beside the service, which cannot stand what it reads until it is mended. */
async function withReader(t: TestContext) {
  const state = { isBroken: true, seen: [] as string[] }
  const reader = defineService({
    name: 'readers',
    folder: 'nowhere',
    start: host =>
      host.on(
        CommissionRuleChanged,
        { id: 'read', purpose: 'read', from: 'beginning', afterFailure: 'pass' },
        async ({ ruleId }) => {
          if (state.isBroken) throw new Error(`cannot stand ${ruleId} of ${state.seen.length}`)
          state.seen.push(ruleId)
        },
      ),
  })
  return { ...(await open(t, {}, [reader])), state }
}
const subscription = 'readers: read (commission-rule.changed)'

suite('the event log', () => {
  test('is looked through by topic, key, service, time and trace, page by page', async t => {
    const it = await open(t)
    const [wanted, other] = [rule(), rule()]
    for (let version = 1; version <= 3; version++) {
      await it.p.publish(CommissionRuleChanged, { ...wanted, version })
      await it.p.publish(CommissionRuleChanged, { ...other, version })
    }
    await it.ada.post('settings', { key: 'a.b', kind: 'boolean', value: true, description: 'For its event' })
    const found = async (query: string) => {
      const { status, body, text } = await it.ada.get(`events?${query}`)
      assert.equal(status, 200, text)
      // What the API answers, as JSON of any shape.
      return body.items as any[]
    }
    assert.equal((await found('topic=commission-rule.changed')).length, 6)
    const ofKey = await found(`key=${wanted.ruleId}`)
    assert.deepEqual(
      ofKey.map(({ data }) => data.version),
      [3, 2, 1],
    )
    assert.ok(
      ofKey.every(
        ({ key, service, topic }) =>
          `${key} ${service} ${topic}` === `${wanted.ruleId} vendors commission-rule.changed`,
      ),
    )
    const [setting, ...more] = await found('service=admin')
    assert.deepEqual([setting.topic, setting.actor.userId, more.length], ['setting.changed', it.ada.userId, 0])
    assert.deepEqual(
      (await found(`traceId=${setting.traceId}`)).map(({ topic }) => topic),
      ['setting.changed'],
    )
    const page = (await it.ada.get('events?topic=commission-rule.changed&limit=4')).body
    const rest = (await it.ada.get(`events?topic=commission-rule.changed&limit=4&after=${page.nextCursor}`)).body
    assert.deepEqual([page.items.length, rest.items.length, rest.nextCursor], [4, 2, null])

    await it.p.db('kernel')`
      update kernel.log set published_at = published_at - interval '1 day' where position <= ${ofKey[1].position}`
    const [from, to] = [new Date(Date.now() - 3_600_000).toISOString(), new Date(Date.now() + 3_600_000).toISOString()]
    assert.deepEqual(
      (await found(`key=${wanted.ruleId}&from=${from}&to=${to}`)).map(({ data }) => data.version),
      [3],
    )
    assert.deepEqual(
      (await found(`key=${wanted.ruleId}&to=${from}`)).map(({ data }) => data.version),
      [2, 1],
    )
    for (const query of ['traceId=x', 'from=yesterday', 'after=x', 'nothing=1'])
      assert.equal((await it.ada.get(`events?${query}`)).status, 400, query)
    assert.equal((await it.as({ role: 'operator' }).get('events')).status, 403)
  })

  test('tells of an event what became of it with each who reacts', async t => {
    const it = await withReader(t)
    await it.p.publish(CommissionRuleChanged, rule())
    await it.p.settle()
    const [event] = (await it.ada.get('events?topic=commission-rule.changed')).body.items
    const { reactions } = (await it.ada.get(`events/${event.position}`)).body
    assert.deepEqual(
      reactions.map(({ service, state, attempts }: any) => [service, state, attempts]),
      [
        ['admin', 'handled', 0],
        ['readers', 'dead', 5],
      ],
    )
    assert.match(reactions[1].error, /cannot stand/)
    assert.equal((await it.ada.get(`events/${event.position + 1_000}`)).body.code, 'event_unknown')
  })
})

suite('dead letters', () => {
  test('of one cause are one group, and tried again together when a second admin agrees', async t => {
    const it = await withReader(t)
    const rules = Array.from({ length: 5 }, () => rule())
    for (const one of rules) await it.p.publish(CommissionRuleChanged, one)
    await it.p.settle()
    const [group, ...more] = (await it.ada.get('dead-letters')).body.items
    assert.deepEqual(
      [group.subscription, group.error, group.count, more.length],
      [subscription, 'Error: cannot stand … of …', 5, 0],
    )

    const wanted = { subscription, error: group.error, reason: 'It is mended' }
    assert.equal(
      (await it.ada.post('dead-letters/replay', { ...wanted, error: 'another' })).body.code,
      'dead_letters_none',
    )
    const { status, body } = await it.ada.post('dead-letters/replay', wanted)
    assert.deepEqual([status, body.payload.count], [202, 5])
    it.state.isBroken = false
    assert.equal((await it.ada.post(`approvals/${body.id}/approve`, {})).body.code, 'approval_own')
    await it.p.settle()
    assert.deepEqual(it.state.seen, [], 'nothing is tried before')
    await it.grace.post(`approvals/${body.id}/approve`, {})
    await it.p.settle()
    const { state, outcome } = (await it.ada.get(`approvals/${body.id}`)).body
    assert.deepEqual([state, outcome], ['done', { replayed: 5 }])
    assert.deepEqual(it.state.seen.toSorted(), rules.map(({ ruleId }) => ruleId).toSorted())
    assert.deepEqual((await it.ada.get('dead-letters')).body.items, [])
  })

  test('that one admin tries again or two give up are written down', async t => {
    const it = await withReader(t)
    for (let count = 0; count < 2; count++) await it.p.publish(CommissionRuleChanged, rule())
    await it.p.settle()
    const { items } = (await it.ada.get('/api/events/dead-letters')).body
    it.state.isBroken = false
    assert.equal((await it.ada.post(`/api/events/dead-letters/${items[0].id}/replay`)).status, 202)
    assert.equal((await it.ada.delete(`/api/events/dead-letters/${items[1].id}`)).status, 202)
    assert.equal((await it.grace.delete(`/api/events/dead-letters/${items[1].id}`)).status, 204)
    assert.equal((await it.grace.post('/api/events/subscriptions/replay', { subscription })).status, 202)
    await it.p.settle()
    const acts = (await it.ada.get('audit')).body.items.filter(({ service }: any) => service === 'kernel')
    assert.deepEqual(acts.map(({ act, actorId, object }: any) => [act, actorId, object]).toSorted(), [
      ['dead-letter.given-up', it.grace.userId, items[1].id],
      ['dead-letter.replayed', it.ada.userId, items[0].id],
      ['dead-letter.unwanted', it.ada.userId, items[1].id],
      ['subscription.replayed', it.grace.userId, subscription],
    ])
    assert.equal(acts.find(({ act }: any) => act === 'dead-letter.given-up').details.key, items[1].key)
  })

  test('of payment providers are shown whoever else is away, who is named; what they hold is not tried again meanwhile', async t => {
    let isAway = true
    const told = {
      type: 'payment_intent.succeeded',
      error: 'the amount is 999, not 1000',
      receivedAt: '2027-03-01T12:00:00.000Z',
    }
    const it = await open(
      t,
      {},
      [],
      [
        answering(deadPaymentEventsOf('users'), async () => ({ events: [1, 2].map(() => ({ id: newId(), ...told })) })),
        answering(deadPaymentEventsOf('billing'), async () => {
          if (isAway) throw new Problem('unavailable', 'service_unavailable')
          return { events: [] }
        }),
      ],
    )
    const { items, away } = (await it.ada.get('dead-letters')).body
    assert.deepEqual(
      items.map((one: any) => [one.subscription, one.topic, one.error, one.count, one.lastAt]),
      [['users: payment events', told.type, 'the amount is …, not …', 2, told.receivedAt]],
    )
    assert.deepEqual(away, ['billing'])
    const wanted = { subscription: 'billing: payment events', reason: 'It is mended' }
    assert.deepEqual((await it.ada.post('dead-letters/replay', wanted)).status, 503)
    isAway = false
    assert.equal((await it.ada.post('dead-letters/replay', wanted)).body.code, 'dead_letters_none')
    assert.deepEqual((await it.ada.get('dead-letters')).body.away, [])
  })

  test('are alike where only ids and numbers differ', () => {
    assert.equal(likeness(`Error: no ${newId()} at 12:34\n    at file.ts:1`), 'Error: no … at …:…')
    assert.equal(likeness(null), '')
  })
})
