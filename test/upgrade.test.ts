import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import Type from 'typebox'
import { event } from '../contracts/define.ts'
import { readConfig } from '../kernel/config/config.ts'
import { anyone, defineService, newId, StartError, type Service } from '../kernel/index.ts'
import { openLog } from '../kernel/telemetry/log.ts'
import { readMigrations } from '../kernel/database/migrate.ts'
import { run, type Platform } from '../kernel/run/run.ts'
import { engine } from './engines/engine.ts'
import { folderWith, until } from './kernel/toys.ts'

/** From kilograms to grams in three upgrades, each of which works beside the version before. */
const migrations = [
  'create table parcels (id uuid primary key, weight_kg integer not null)',
  '-- works with code from 0001\nalter table parcels add column weight_g bigint',
  `-- works with code from 0002
   alter table parcels alter column weight_kg drop not null;
   update parcels set weight_g = weight_kg * 1000 where weight_g is null`,
  '-- works with code from 0003\nalter table parcels drop column weight_kg',
]
const reads = ['weight_kg * 1000', 'coalesce(weight_g, weight_kg * 1000)', 'weight_g', 'weight_g']
const writes = [['weight_kg'], ['weight_kg', 'weight_g'], ['weight_g'], ['weight_g']]

const grams = Type.Optional(Type.Integer())
const data = { parcelId: Type.String(), weightKg: Type.Integer() }
/** As the first version promises it, and as the others do. */
const Weighed = event('parcels', 'parcel.weighed', 'parcelId', Type.Object(data))
const WeighedInGrams = event('parcels', 'parcel.weighed', 'parcelId', Type.Object({ ...data, weightG: grams }))

interface Label {
  id: string
  attempt: number
}

/** Parcels are written and read, and what they weigh is told to a ledger, as the code of a version does it. */
async function version(t: TestContext, number: number, labels: Label[]): Promise<Service[]> {
  const parcels = defineService({
    name: 'parcels',
    folder: await folderWith(t, ...migrations.slice(0, number)),
    publishes: [Weighed],
    start({ http, db, job }) {
      const label =
        number === 1
          ? undefined
          : job<{ id: string }>('print a label', async ({ id }, { attempt }) => void labels.push({ id, attempt }))
      const params = Type.Object({ id: Type.String() })
      const body = Type.Object({ kg: Type.Integer(), labelAt: Type.Optional(Type.Integer()) })
      http.put('/:id', { config: { access: anyone }, schema: { summary: 'Weigh', params, body } }, async request => {
        const { id } = request.params
        const { kg, labelAt = 0 } = request.body
        const row: Record<string, string | number> = { id, weight_kg: kg, weight_g: kg * 1000 }
        await db.transaction(async tx => {
          await tx`insert into parcels ${tx(row, 'id', ...writes[number - 1]!)}`
          if (number === 1) await tx.publish(Weighed, { parcelId: id, weightKg: kg })
          else await tx.publish(WeighedInGrams, { parcelId: id, weightKg: kg, weightG: kg * 1000 })
          if (label) await tx.enqueue(label, { id }, { runAt: new Date(labelAt) })
        })
        return {}
      })
      http.get(
        '/:id',
        { config: { access: anyone }, schema: { summary: 'Look', params } },
        async ({ params: { id } }) => {
          const [row] = await db.unsafe<{ g: bigint }[]>(
            `select ${reads[number - 1]} as g from parcels where id = $1`,
            [id],
          )
          return { g: Number(row!.g) }
        },
      )
    },
  })
  const ledger = defineService({
    name: 'ledger',
    folder: await folderWith(
      t,
      'create table entries (event_id uuid primary key, parcel uuid not null, g bigint not null)',
    ),
    start({ on, http, db }) {
      if (number === 1)
        on(
          Weighed,
          { id: 'enter', purpose: 'enter what it weighs', from: 'beginning' },
          ({ eventId, parcelId, weightKg }, tx) => {
            return tx`insert into entries values (${eventId}, ${parcelId}, ${weightKg * 1000})`
          },
        )
      else
        on(
          WeighedInGrams,
          { id: 'enter', purpose: 'enter what it weighs', from: 'beginning' },
          ({ eventId, parcelId, weightKg, weightG }, tx) => {
            // Events of the first version are in the log for ever.
            return tx`insert into entries values (${eventId}, ${parcelId}, ${weightG ?? weightKg * 1000})`
          },
        )
      http.get('/', { config: { access: anyone }, schema: { summary: 'Entries' } }, async () => ({
        entries: (await db<{ parcel: string; g: bigint }[]>`select parcel, g from entries`).map(({ parcel, g }) => [
          parcel,
          Number(g),
        ]),
      }))
    },
  })
  return [parcels, ledger]
}

/** One database, and processes of any version on it, that start as an operator's do. */
async function site(t: TestContext, transport: Record<string, string> = {}) {
  const server = await engine(t, 'server')
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-upgrade-'))
  const running = new Set<Platform>()
  const labels: Label[] = []
  t.after(async () => {
    await Promise.all([...running].map(platform => platform.close()))
    await rm(folder, { recursive: true, force: true })
  })
  const start = async (number: number) => {
    const said: string[] = []
    const settings = {
      ...server,
      ...transport,
      OHMNIBUS_SECRET: 'a secret for tests: 0123456789abcdef',
      PUBLIC_URL: 'http://localhost',
    }
    const config = readConfig({ ...settings, OHMNIBUS_DATA: folder, RATE_LIMIT_FACTOR: '1000' })
    const log = openLog({ level: process.env.OHMNIBUS_TEST_LOG ?? 'silent' })
    const platform = await run(await version(t, number, labels), config, {
      log,
      periodic: false,
      progress: message => said.push(message),
    })
    running.add(platform)
    const get = async (url: string) => (await platform.app.inject(url)).json()
    return {
      said,
      settle: () => platform.settle(),
      /** Weighs a parcel; fails unless it is acknowledged. */
      async weigh(id: string, kg: number, labelAt?: number) {
        const { statusCode, body } = await platform.app.inject({
          method: 'PUT',
          url: `/api/parcels/${id}`,
          payload: { kg, labelAt },
        })
        assert.equal(statusCode, 200, `version ${number}: ${body}`)
      },
      gramsOf: async (id: string): Promise<number> => (await get(`/api/parcels/${id}`)).g,
      entries: async (): Promise<[string, number][]> => (await get('/api/ledger')).entries,
      async stop() {
        running.delete(platform)
        await platform.close()
      },
    }
  }
  return { start, labels }
}

for (const transport of ['log', 'kafka'] as const)
  test(`${transport}: each version works beside the one before, through the migration and a restart of the old one: no request fails, each event has its effect once`, async t => {
    const { start } = await site(t, transport === 'kafka' ? await engine(t, 'kafka') : {})
    const weights = new Map<string, number>()
    type Process = Awaited<ReturnType<typeof start>>

    /** Writes through a process and reads there what others wrote, until it is told to end; resolves with how often. */
    const client = (process: () => Process) => {
      let more = true
      const work = (async () => {
        let times = 0
        for (; more; times++) {
          const [id, kg] = [newId(), (times % 30) + 1]
          await process().weigh(id, kg)
          weights.set(id, kg * 1000)
          const known = [...weights.keys()]
          const any = known[Math.floor(Math.random() * known.length)]!
          assert.equal(await process().gramsOf(any), weights.get(any))
        }
        return times
      })()
      return () => ((more = false), work)
    }

    let old = await start(1)
    for (const number of [2, 3, 4]) {
      const ends = [client(() => old)]
      const upgraded = await start(number)
      ends.push(client(() => upgraded))
      const another = await start(number - 1)
      assert.ok(another.said.some(line => line.includes(`Works with parcels/000${number}_`)))
      const before = old
      old = another
      const size = weights.size
      await until(() => weights.size > size + 20, 20)
      const times = await Promise.all(ends.map(end => end()))
      assert.ok(times.every(count => count > 0))
      await before.stop()
      await upgraded.settle()
      for (const [id, grams] of weights) {
        assert.equal(await another.gramsOf(id), grams, `in version ${number - 1}`)
        assert.equal(await upgraded.gramsOf(id), grams, `in version ${number}`)
      }
      await another.stop()
      old = upgraded
    }
    const entries = await old.entries()
    assert.equal(entries.length, weights.size)
    assert.deepEqual(new Map(entries), weights)
  })

test('a version that the database has no place for any more is refused; the one that has left off goes back and forth', async t => {
  const { start } = await site(t)
  await (await start(1)).stop()
  const third = await start(3)
  await assert.rejects(start(1), (error: Error) => {
    assert.ok(error instanceof StartError)
    assert.match(
      error.message,
      /holds parcels\/0003_tables\.sql, which this version of Ohmnibus does not know\. Start the newer version/,
    )
    return true
  })
  const id = newId()
  await third.weigh(id, 7)
  await third.stop()
  const second = await start(2)
  assert.equal(await second.gramsOf(id), 7000)
  await second.stop()
  const again = await start(3)
  assert.deepEqual(again.said, [])
})

test('a job that only the new version knows waits for it', async t => {
  const { start, labels } = await site(t)
  const old = await start(1)
  const first = await start(2)
  const [id, due] = [newId(), Date.now() + 2_000]
  await first.weigh(id, 1, due)
  await first.stop()
  assert.ok(Date.now() < due)
  await until(() => Date.now() > due)
  // Wakes the old one's workers.
  await old.weigh(newId(), 1)
  assert.deepEqual(labels, [])
  await start(2)
  await until(() => labels.length > 0)
  assert.deepEqual(labels, [{ id, attempt: 1 }])
})

test('what a migration says it works with must stand before it', async t => {
  const early = await folderWith(t, 'select 1', '-- works with code from 0000\nselect 1')
  const late = await folderWith(t, 'select 1', '-- works with code from 0003\nselect 1')
  const empty = await folderWith(
    t,
    'select 1',
    '-- works with code from 0001\n-- The code leaves off writing the title.',
  )
  for (const folder of [early, late])
    await assert.rejects(readMigrations(folder), /0002_tables\.sql .* must name a migration before it/)
  assert.deepEqual(
    (await readMigrations(empty)).map(({ worksFrom }) => worksFrom),
    [1, 1],
  )
})
