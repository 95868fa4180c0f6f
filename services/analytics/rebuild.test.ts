import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { engine } from '../../test/engines/engine.ts'
import { hasLess, sweep } from './generations.ts'
import { open } from './testing.ts'

const show = /show figures/

test('figures are made anew beside those that are shown, and come out the same', async t => {
  const f = await open(t, { environment: { ANALYTICS_TIME_ZONE: 'Europe/Berlin' } })
  const owner: Owner = { kind: 'organisation', id: newId() }
  const charge = async (day: number) =>
    await f
      .session({
        chargerId: `CP-${day % 3}`,
        owner,
        driverId: newId(),
        startedAt: new Date(Date.parse('2027-02-01T22:10:00Z') + day * 86_400_000).toISOString(),
        endedAt: new Date(Date.parse('2027-02-02T01:40:00Z') + day * 86_400_000).toISOString(),
        energyWh: 12_345,
        price: { totalMinor: 777 },
      })
      .all()
  const february = '/series?measure=energy&from=2027-02-01T00:00:00%2B01:00&to=2027-03-01T00:00:00%2B01:00'
  const rebuild = () => f.admin('/rebuild', 'POST')
  /** All that is figured, but for which generation it is. */
  const state = async () => {
    await f.p.settle()
    const tables = await f.db<{ name: string }[]>`
      select tablename as name from pg_tables where schemaname = 'analytics' and tablename not in ('generations', 'gone') order by 1`
    const rows: Record<string, string[]> = {}
    for (const { name } of tables)
      rows[name] = (
        await f.db<{ row: string }[]>`
          select (to_jsonb(t) - 'generation')::text as row from ${f.db(`analytics.${name}`)} t order by 1`
      ).map(({ row }) => row)
    return rows
  }
  for (let day = 0; day < 10; day++) await charge(day)
  await f.station(owner, 'CP-1', 'IEC_62196_T2')

  await t.test('while events arrive: what is shown stays until all is there, then has the new ones too', async () => {
    const before = await f.read(february)
    assert.equal(before.series[0].total, 123_450)
    // As a fault of ours might have left it.
    await f.db`update analytics.days set energy_wh = energy_wh + 1`
    await f.db`delete from analytics.slots where at < '2027-02-04'`
    await f.db`update analytics.sessions set energy_wh = 1 where started_at < '2027-02-04'`
    const begun = await rebuild()
    assert.deepEqual([begun.status, begun.body.running], [202, true])
    assert.equal((await rebuild()).body.code, 'rebuild_running')
    await charge(11)
    await f.p.settle()
    const meanwhile = await f.read(february)
    assert.notEqual(meanwhile.series[0].total, 135_795)
    await f.periodically(show)
    const after = await f.read(february)
    assert.equal(after.series[0].total, 135_795)
    assert.equal((await f.read('/rebuild')).running, false)
    assert.equal((await f.db`select from analytics.sessions`).length, 11)
  })

  await t.test(
    'twice in a row it is the same in every table, and the days are those of the time zone that is set',
    async () => {
      const before = await state()
      await rebuild()
      await f.p.settle()
      await f.periodically(show)
      assert.deepEqual(await state(), before)
      const { values } = (await f.read(february)).series[0]
      assert.deepEqual(values.slice(0, 3), [2_939, 12_345, 12_345])
    },
  )

  await t.test('broken off between two steps it goes on', async () => {
    const before = await state()
    await rebuild()
    await f.db`update analytics.generations set rewound = false where state = 'building'`
    await f.periodically(show)
    await f.periodically(show)
    assert.equal((await f.read('/rebuild')).running, false)
    assert.deepEqual(await state(), before)
  })

  await t.test('a log that begins later takes nothing away, unless that is wanted', async () => {
    await f.p.db('kernel')`delete from kernel.log where published_at < (
      select max(published_at) from kernel.log where topic = 'session.ended')`
    const before = await f.read(february)
    await rebuild()
    await charge(12)
    await f.p.settle()
    await f.periodically(show)
    const after = await f.read(february)
    assert.equal(after.series[0].total, before.series[0].total + 12_345)
    assert.equal((await f.read('/rebuild')).running, false)
    const less = await f.p.http.inject({
      method: 'POST',
      url: '/api/analytics/rebuild',
      headers: f.p.signedIn({ role: 'admin' }),
      payload: { evenIfLess: true },
    })
    assert.equal(less.statusCode, 202, less.body)
    await f.p.settle()
    await f.periodically(show)
    assert.ok((await f.read(february)).series[0].total < 50_000)
  })

  await t.test('only an admin may, and a platform with another time zone than it can have does not start', async () => {
    assert.equal((await f.as({ role: 'operator' })('/rebuild', 'POST')).status, 403)
    for (const zone of ['Asia/Kathmandu', 'Europe/Atlantis'])
      await assert.rejects(open(t, { environment: { ANALYTICS_TIME_ZONE: zone } }), /ANALYTICS_TIME_ZONE/)
  })
})

test('figures of many events are made anew in many steps, and what breaks off in between goes on', async t => {
  const f = await open(t)
  const sessions = 1_500
  await f.p.db('kernel')`
    insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
    select gen_random_uuid(), 'session.' || case step when 0 then 'started' else 'ended' end, 'sessions', id::text,
      ${'0'.repeat(32)}, '{"userId":null,"role":"system"}',
      json_build_object('sessionId', id, 'chargerId', 'CP-' || n % 40, 'stationId', null, 'evse', 1, 'connector', 1,
        'owner', null, 'driverId', null, 'token', null, 'startedAt', '2027-03-01T10:00:00.000Z',
        'updatedAt', '2027-03-01T1' || step || ':00:00.000Z', 'offline', false, 'energyWh', step * 10,
        'endedAt', '2027-03-01T11:00:00.000Z', 'stopReason', null, 'closedBy', 'charger')
    from (select n, step, md5(n::text)::uuid as id from generate_series(1, ${sessions}::int) n, generate_series(0, 1) step) m
    order by n, step`
  const total = async () =>
    (await f.read('/series?measure=energy&from=2027-03-01T00:00:00Z&to=2027-03-02T00:00:00Z')).series[0].total
  const counted = async () =>
    new Map(
      (
        await f.db<{ generation: number; count: number }[]>`
          select generation, count(*)::int from sessions group by 1`
      ).map(({ generation, count }) => [generation, count]),
    )
  const numbers = async () =>
    (await f.db<{ number: number }[]>`select number from generations order by 1`).map(({ number }) => number)
  assert.equal(await total(), sessions * 10)

  await t.test('connections that are cut while events are handled anew', async () => {
    assert.equal((await f.admin('/rebuild', 'POST')).status, 202)
    const made = (await numbers())[1]!
    // As if the process had ended after some transactions: several times, each further on.
    const seen = [0]
    while (seen.length < 4) {
      const there = (await counted()).get(made) ?? 0
      if (there === sessions) break
      if (there <= seen.at(-1)!) continue
      seen.push(there)
      await f.db`select pg_terminate_backend(pid) from pg_stat_activity
        where usename = 'analytics' and datname = current_database()`
    }
    assert.ok(seen.length > 1, 'it was cut')
    await f.p.settle()
    assert.equal((await counted()).get(made), sessions)
    assert.equal(await hasLess(f.own, made, 100), false)
    await f.db`delete from sessions where generation = ${made} and session_id = (select max(session_id::text)::uuid from sessions)`
    assert.equal(await hasLess(f.own, made, 100), true)
    assert.equal(await hasLess(f.own, made, 10_000), true)
  })

  await t.test('what is not shown any more goes some at a time, and the rest of it later', async () => {
    const [old, made] = await numbers()
    await f.db`insert into gone (number) values (${old!})`
    await sweep(f.own, 100)
    assert.equal((await counted()).get(old!), sessions)
    await f.db`delete from generations where number = ${old!}`
    await f.db`update generations set state = 'read'`
    let steps = 0
    const cut = new Proxy(f.own, {
      get: (of, name) =>
        name === 'transaction' && ++steps > 5
          ? () => Promise.reject(new Error('the process ended'))
          : Reflect.get(of, name),
    })
    await assert.rejects(sweep(cut, 100), /the process ended/)
    assert.equal((await counted()).get(old!), sessions - 500)
    await sweep(f.own, 100)
    assert.deepEqual([...(await counted()).keys()], [made])
    for (const name of ['slots', 'days', 'places', 'outlets'])
      assert.equal((await f.db`select from ${f.db(name)} where generation = ${old!}`).length, 0)
    // Who was still writing to it has ended by then.
    assert.equal((await f.db`select from gone`).length, 1)
    await f.db`update gone set at = at - interval '3 minutes'`
    await sweep(f.own, 100)
    assert.equal((await f.db`select from gone`).length, 0)
  })
})

test('figures are made anew from Kafka too, while events arrive', async t => {
  const f = await open(t, { environment: await engine(t, 'kafka') })
  const owner: Owner = { kind: 'organisation', id: newId() }
  const charge = (day: number) =>
    f
      .session({
        owner,
        startedAt: `2027-03-0${day}T10:00:00.000Z`,
        endedAt: `2027-03-0${day}T11:00:00.000Z`,
        energyWh: 10_000,
        price: { totalMinor: 500 },
      })
      .all()
  const totals = async () => {
    const of = (measure: string) =>
      f.read(`/series?measure=${measure}&from=2027-03-01T00:00:00Z&to=2027-03-10T00:00:00Z`)
    return [(await of('energy')).series[0].total, (await of('revenue')).series[0].total]
  }
  for (let day = 1; day <= 5; day++) await charge(day)
  assert.deepEqual(await totals(), [50_000, 2_500])
  await f.db`delete from analytics.days`
  await f.db`delete from analytics.slots`
  await f.db`update analytics.sessions set energy_wh = 1`
  assert.equal((await f.admin('/rebuild', 'POST')).status, 202)
  await charge(6)
  await f.p.settle()
  await f.periodically(show)
  assert.equal((await f.read('/rebuild')).running, false)
  assert.deepEqual(await totals(), [60_000, 3_000])
})
