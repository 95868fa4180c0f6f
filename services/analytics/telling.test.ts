import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parquetReadObjects } from 'hyparquet'
import { IncidentClosed, IncidentOpened } from '#contracts/maintenance'
import {
  PassportCreated,
  PassportDeleted,
  PassportMoved,
  PassportPublished,
  PassportStatusChanged,
  PassportUpdated,
} from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { at, open } from './testing.ts'

const organisation = (): Owner => ({ kind: 'organisation', id: newId() })

test('figures are told as a summary, as cohorts of drivers, as files, and of passports', async t => {
  const f = await open(t)
  const owner = organisation()
  const operator = f.as({ role: 'operator', organisation: { id: owner.id, role: 'owner' } })
  const settled = async (path: string) => {
    await f.p.settle()
    const answer = await operator(path)
    assert.equal(answer.status, 200, answer.text)
    return answer
  }
  await f.station(owner, 'CP-1', 'IEC_62196_T2', '=HYPERLINK("https://example.com")')
  const charge = (day: string, energyWh: number, totalMinor: number, driverId: string | null = null) =>
    f
      .session({
        chargerId: 'CP-1',
        owner,
        driverId,
        startedAt: at(`${day}T10:00:00Z`),
        endedAt: at(`${day}T11:00:00Z`),
        energyWh,
        price: { totalMinor },
      })
      .all()

  await t.test(
    'a summary is of a span beside the one before: a month beside the month before, be it empty',
    async () => {
      await charge('2027-02-03', 20_000, 1_000)
      await charge('2027-03-05', 25_000, 1_500)
      await charge('2027-03-06', 5_000, 500)
      const incident = {
        incidentId: newId(),
        source: 'fault' as const,
        chargerId: 'CP-1',
        stationId: null,
        evse: 1,
        connector: 1,
        owner,
        place: 'Market square',
        code: 'GroundFailure',
        priority: 'high' as const,
        openedAt: at('2027-03-07T10:00:00Z'),
      }
      const closed = { ...incident, closedAt: at('2027-03-07T12:00:00Z'), end: 'cleared' as const }
      await f.p.publish(IncidentClosed, closed)
      await f.p.publish(IncidentOpened, { ...incident, owner: null })
      await f.p.publish(IncidentClosed, closed)
      const march = 'from=2027-03-01T00:00:00Z&to=2027-04-01T00:00:00Z'
      const { body } = await settled(`/summary?${march}`)
      assert.deepEqual(body.former, { from: at('2027-02-01'), to: at('2027-03-01') })
      const figures = Object.fromEntries(
        body.figures.map(({ measure, currency, value, former, change }: any) => [
          currency ? `${measure} ${currency}` : measure,
          [value, former, change],
        ]),
      )
      assert.deepEqual(figures.energy, [30_000, 20_000, 0.5])
      assert.deepEqual(figures.sessions, [2, 1, 1])
      assert.deepEqual(figures['revenue EUR'], [2_000, 1_000, 1])
      assert.deepEqual(figures.incidents, [1, 0, null])
      assert.deepEqual(figures['fault-rate'], [0.5, 0, null])
      // There since its first session, out never: nothing has been heard of it.
      assert.deepEqual(figures.uptime, [1, 1, 0])
      assert.equal(
        (await settled('/summary?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z')).body.figures[0].value,
        0,
      )
      assert.deepEqual((await f.totals(`measure=incidents&groupBy=connector-type&${march}`)).IEC_62196_T2, 1)
    },
  )

  await t.test('cohorts say how many drivers come back, and to operators nothing of a few', async () => {
    const drivers = Array.from({ length: 6 }, () => newId())
    for (const driver of drivers) await charge('2026-12-10', 1_000, 100, driver)
    for (const driver of drivers.slice(0, 5)) await charge('2027-01-10', 1_000, 100, driver)
    for (const driver of drivers.slice(0, 2)) await charge('2027-02-10', 1_000, 100, driver)
    await charge('2027-02-11', 1_000, 100, newId())
    const { body } = await settled('/cohorts?months=4')
    assert.deepEqual(body.cohorts, [
      {
        month: '2026-12',
        drivers: 6,
        kept: [
          { months: 1, drivers: 5, share: 0.8333 },
          { months: 2, drivers: null, share: null },
          { months: 3, drivers: 0, share: 0 },
        ],
      },
      { month: '2027-01', drivers: 0, kept: [] },
      { month: '2027-02', drivers: null, kept: [] },
      { month: '2027-03', drivers: 0, kept: [] },
    ])
    const all = await f.read('/cohorts?months=4')
    assert.deepEqual([all.cohorts[0].kept[1], all.cohorts[2].drivers], [{ months: 2, drivers: 2, share: 0.3333 }, 1])
    assert.equal(JSON.stringify(all).includes(drivers[0]!), false)
  })

  await t.test(
    'files have a line a figure; names that begin like formulas are none; CSV and Parquet say the same',
    async () => {
      const query = 'groupBy=station&interval=month&from=2027-02-01T00:00:00Z&to=2027-04-01T00:00:00Z'
      const csv = await settled(`/export?${query}`)
      assert.match(String(csv.headers['content-disposition']), /figures\.csv/)
      const [head, ...lines] = csv.text.trimEnd().split('\r\n')
      assert.equal(head, 'from,to,group,name,measure,unit,currency,value')
      assert.ok(lines.every(line => line.includes(`,"'=HYPERLINK(""https://example.com"")",`)))
      assert.match(lines[1]!, /^2027-03-01T00:00:00\.000Z,2027-04-01T00:00:00\.000Z,.*,energy,Wh,,30000$/)

      const { bytes, headers } = await settled(`/export?format=parquet&${query}`)
      assert.equal(headers['content-type'], 'application/vnd.apache.parquet')
      const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
      const rows = await parquetReadObjects({ file })
      assert.equal(rows.length, lines.length)
      assert.deepEqual(rows[1], {
        from: new Date('2027-03-01'),
        to: new Date('2027-04-01'),
        group: rows[1]!.group,
        name: '=HYPERLINK("https://example.com")',
        measure: 'energy',
        unit: 'Wh',
        currency: null,
        value: 30_000,
      })
      assert.ok(
        rows.some(({ measure, currency, value }) => measure === 'revenue' && currency === 'EUR' && value === 2_000),
      )
      assert.equal((await settled('/export?groupBy=tariff')).text.includes('uptime'), false)
    },
  )

  await t.test('passports are counted by status and category, whatever is told first', async () => {
    const make = async (category: unknown, steps: 'made' | 'published' | 'archived' | 'deleted') => {
      const passport = { id: newId() }
      const about = { identifier: null, owner }
      const data = { generalInformation: { batteryCategory: category } } as never
      const status = (status: 'published' | 'archived', formerStatus: 'draft' | 'published', version: number) =>
        f.p.publish(PassportStatusChanged, { passport, ...about, version, status, formerStatus })
      if (steps === 'archived') await status('archived', 'published', 4)
      if (steps === 'archived' || steps === 'published') {
        await status('published', 'draft', 3)
        await f.p.publish(PassportPublished, { passport, ...about, version: 3 })
      }
      if (steps === 'deleted') await f.p.publish(PassportDeleted, { passport, ...about, version: 2 })
      await f.p.settle()
      const changed = { ...passport, data }
      await f.p.publish(PassportUpdated, { passport: changed, ...about, version: 2, updatedFields: [] })
      await f.p.publish(PassportCreated, { passport: { ...passport, data: {} }, ...about, version: 1 })
      return passport
    }
    await make('EV', 'made')
    const moved = await make('EV', 'published')
    await make('LMT', 'archived')
    await make({ $ne: 1 }, 'made')
    await make('EV', 'deleted')
    const { body } = await settled('/passports')
    const counted = ({ counts }: any) => counts.map(({ status, category, count }: any) => [status, category, count])
    assert.deepEqual(counted(body), [
      ['archived', 'LMT', 1],
      ['draft', 'EV', 1],
      ['draft', 'other', 1],
      ['published', 'EV', 1],
    ])
    assert.equal(body.total, 4)
    const span = `from=${new Date(Date.now() - 86_400_000).toISOString()}&to=${new Date().toISOString()}`
    const { created, published } = (await settled(`/passports/series?${span}`)).body
    const sum = (values: number[]) => values.reduce((all, value) => all + value, 0)
    assert.deepEqual([sum(created), sum(published)], [5, 2])

    const other = organisation()
    await f.p.publish(PassportMoved, {
      passport: moved,
      identifier: null,
      owner: other,
      formerOwner: owner,
      version: 4,
    })
    assert.equal((await settled('/passports')).body.total, 3)
    const theirs = await f.as({ organisation: { id: other.id, role: 'viewer' } })('/passports')
    assert.deepEqual(counted(theirs.body), [['published', 'EV', 1]])
  })
})
