import assert from 'node:assert/strict'
import { cpSync, existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import type { Service } from '../kernel/index.ts'
import type { Pool } from '../kernel/database/database.ts'
import { start, type TestPlatform } from '../kernel/testing.ts'
import { choose } from '../services/all.ts'
import { engine } from './engines/engine.ts'
import { everythingHappens } from './journeys/everything.ts'
import { pick, randomFrom, seedFrom } from './journeys/random.ts'

/** An event as it lies in the log. */
interface Entry {
  event_id: string
  topic: string
  owner: string
  key: string
  actor: string
  data: string
  published_at: Date
}

/**
 * What order of arrival or the clock decide by their nature: the place in an inbox, when a process was seen, when a
 * service told what follows from the events of another.
 */
const byArrival = ['position', 'seen_at', 'station_at']
/**
 * Those that stand in one table alone: when a token was refused, and when an account, a charger or a card changed, is by the
 * database's own clock, what follows from an admin's act was done when it was, what prices depend on and what the shop
 * shows is counted change by change, and a message calls a charger by its id where nobody has told yet at what station
 * it stands. Paths into a row, by commas.
 */
const byArrivalIn: Record<string, string[]> = {
  'identity.revocations': ['revoked_at'],
  'identity.users': ['updated_at'],
  'ocpp.chargers': ['updated_at'],
  'ocpp.tokens': ['updated_at'],
  'admin.audit': ['at'],
  'orders.pricing': ['version'],
  'notifications.messages': ['facts,place'],
  'notifications.messages_former': ['facts,place'],
  'marketplace.editions': ['slot', 'count'],
}

const services = await choose()
/** Topics each service reacts to, learnt by starting it. */
const reactsTo = new Map<string, Set<string>>()
/** Everything happened here, and nobody reacted. */
let origin: TestPlatform
let history: Entry[]
const uuid = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g
const known = new Set<string>()

const hears = (service: string, topic: string) =>
  void reactsTo.set(service, (reactsTo.get(service) ?? new Set()).add(topic))

before(async () => {
  const deaf = services.map((service): Service => ({
    ...service,
    start: host =>
      service.start({
        ...host,
        on: ({ topic }) => hears(service.name, topic),
        onMany: ({ topic }) => hears(service.name, topic),
      }),
  }))
  origin = await everythingHappens(deaf)
  history = await origin.db('kernel')<Entry[]>`
    select event_id, topic, owner, key, actor::text, data::text, published_at from kernel.log order by position`
  const told = await Promise.all(services.map(({ name }) => rowsOf(origin.db(name) as Pool, name)))
  for (const [id] of JSON.stringify([history, told]).matchAll(uuid)) known.add(id)
})
after(() => origin?.close())

/** The platform as everything left it, before any reaction. */
async function afterEverything(
  t: TestContext,
  at: Date,
  environment: Record<string, string> = {},
): Promise<TestPlatform> {
  // Each mail by itself: which of them go together is a matter of time.
  const settings = { NOTIFICATION_DIGEST: '0s', ...environment }
  const p = await start(t, services, { now: () => at, environment: settings })
  await p.settle()
  for (const { name } of services) await copyTables(origin.db(name) as Pool, p.db(name) as Pool, name)
  for (const folder of ['files', 'notifications'])
    if (existsSync(join(origin.dataFolder, folder)))
      cpSync(join(origin.dataFolder, folder), join(p.dataFolder, folder), { recursive: true })
  return p
}

const tablesOf = async (db: Pool, schema: string): Promise<string[]> =>
  (await db<{ name: string }[]>`select tablename as name from pg_tables where schemaname = ${schema} order by 1`).map(
    ({ name }) => name,
  )

/** Puts all rows of a schema in the place of those that are there. */
async function copyTables(from: Pool, to: Pool, schema: string): Promise<void> {
  const tables = await tablesOf(from, schema)
  const rows = await Promise.all(
    tables.map(async table => {
      const [all] = await from<
        { text: string }[]
      >`select coalesce(json_agg(r), '[]')::text as text from ${from(`${schema}.${table}`)} r`
      return { table, text: all!.text }
    }),
  )
  await to.begin(async tx => {
    await tx`set local session_replication_role = replica`
    for (const { table, text } of rows) {
      const into = tx(`${schema}.${table}`)
      // What the database makes of the others comes by itself.
      const given = await tx<{ name: string }[]>`
        select column_name as name from information_schema.columns
        where table_schema = ${schema} and table_name = ${table} and is_generated = 'NEVER'`
      const columns = tx(given.map(({ name }) => name))
      await tx`delete from ${into}`
      await tx`
        insert into ${into} (${columns}) overriding system value
        select ${columns} from json_populate_recordset(null::${into}, ${text}::text::json)`
    }
  })
}

/** Puts an event into the log again, as it was. */
async function deliver(p: TestPlatform, event: Entry): Promise<void> {
  const { event_id, topic, owner, key, actor, data, published_at } = event
  await p.db('kernel')`
    insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data, published_at)
    values (${event_id}, ${topic}, ${owner}, ${key}, ${'0'.repeat(32)}, ${actor}::text::json, ${data}::text::json, ${published_at})`
  p.platform.eventLogs[0]!.committed([topic])
}

/**
 * What at-least-once delivery may make of a history: only the order within a topic and key is kept, and a third of the
 * events sets it back, so that what came since some earlier one of its key comes again.
 */
function shuffled(events: readonly Entry[], random: () => number): Entry[] {
  const queues = [...Map.groupBy(events, ({ topic, key }) => `${topic} ${key}`).values()].map(queue =>
    queue.flatMap((event, index) =>
      index % 3 === 0 || random() < 1 / 3
        ? [event, ...queue.slice(Math.floor(random() * (index + 1)), index + 1)]
        : [event],
    ),
  )
  const order: Entry[] = []
  while (queues.length > 0) {
    const queue = pick(random, queues)
    order.push(queue.shift()!)
    if (queue.length === 0) queues.splice(queues.indexOf(queue), 1)
  }
  return order
}

/** The rows of every table of a schema, as texts. */
async function rowsOf(db: Pool, schema: string): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {}
  for (const table of await tablesOf(db, schema)) {
    // Numbers that the database gives as rows come.
    const numbers = await db<{ name: string }[]>`
      select column_name as name from information_schema.columns
      where table_schema = ${schema} and table_name = ${table} and is_identity = 'YES'`
    const own = byArrivalIn[`${schema}.${table}`] ?? []
    const left = [...byArrival, ...own, ...numbers.map(({ name }) => name)]
    const rest = left.reduce((row, path) => db`${row} #- ${path.split(',')}`, db`to_jsonb(r)`)
    const found = await db<{ text: string }[]>`select (${rest})::text as text from ${db(`${schema}.${table}`)} r`
    rows[`${schema}.${table}`] = found.map(({ text }) => text)
  }
  return rows
}

/**
 * All that reactions can change: the tables of who reacts, and the files. Ids nobody knew before are one like another.
 */
async function endState(p: TestPlatform): Promise<Record<string, string[]>> {
  // Links that end mails hold an id that cannot be read off them; what a charger is called, see above.
  const anonymous = (text: string): string =>
    text
      .replace(/(\/unsubscribe\/)[\w.-]+/g, '$1(link)')
      .replace(/(does not work: |Störung: )[^"\n]*/g, '$1(place)')
      .replace(uuid, id => (known.has(id) ? id : '(new)'))
  const state: Record<string, string[]> = {}
  for (const name of reactsTo.keys())
    for (const [table, rows] of Object.entries(await rowsOf(p.db(name) as Pool, name)))
      state[table] = rows.map(anonymous).sort()
  const files = globSync('**/*', { cwd: p.dataFolder }).filter(file => statSync(join(p.dataFolder, file)).isFile())
  state.files = files.map(file => anonymous(`${file}\n${readFileSync(join(p.dataFolder, file), 'utf8')}`)).sort()
  return state
}

/** Whether everything is as it was after the events came in order and once. */
async function sameAsInOrder(p: TestPlatform, how: string): Promise<void> {
  const state = await endState(p)
  assert.deepEqual(Object.keys(state), Object.keys(inOrder.state), 'the test above has run')
  for (const [what, rows] of Object.entries(inOrder.state))
    assert.deepEqual(
      { lacks: without(rows, state[what]!), has: without(state[what]!, rows) },
      { lacks: [], has: [] },
      `${what}, ${how}`,
    )
  assert.deepEqual([...(await p.platform.eventLogs[0]!.deadLetters({ limit: 10 }))], [])
}

/** What of `texts` is left when each of `others` takes one away. */
function without(texts: readonly string[], others: readonly string[]): string[] {
  const left = [...texts]
  for (const text of others) if (left.includes(text)) left.splice(left.indexOf(text), 1)
  return left
}

const inOrder = { state: {} as Record<string, string[]>, at: new Date() }

test('the history has every event that anybody reacts to', () => {
  assert.ok(reactsTo.size >= 2, 'somebody reacts')
  const topics = new Set(history.map(({ topic }) => topic))
  for (const [service, needed] of reactsTo)
    assert.deepEqual(
      [...needed.difference(topics)],
      [],
      `${service} reacts to what does not happen in test/journeys/everything.ts: let it happen there`,
    )
})

test('delivered in order and once, the events have their effects', async t => {
  const p = await afterEverything(t, inOrder.at)
  const before = await endState(p)
  for (const event of history) await deliver(p, event)
  await p.settle()
  inOrder.state = await endState(p)
  for (const service of reactsTo.keys())
    assert.ok(
      Object.keys(before).some(
        table => table.startsWith(`${service}.`) && String(before[table]) !== String(inOrder.state[table]),
      ),
      `${service} has done something`,
    )
  assert.deepEqual([...(await p.platform.eventLogs[0]!.deadLetters({ limit: 10 }))], [])
})

test('delivered over Kafka, they have the same effects', async t => {
  const p = await afterEverything(t, inOrder.at, await engine(t, 'kafka'))
  for (const event of history) await deliver(p, event)
  await p.settle()
  await sameAsInOrder(p, 'over Kafka')
})

const first = seedFrom(process.env.SHUFFLE_SEED)
for (let seed = first; seed < first + Number(process.env.SHUFFLE_ROUNDS ?? 3); seed++)
  test(`delivered out of order across topics, late and again, they have the same effects (SHUFFLE_SEED=${seed})`, async t => {
    const random = randomFrom(seed)
    const p = await afterEverything(t, inOrder.at)
    for (const event of shuffled(history, random)) {
      await deliver(p, event)
      // What comes after has to cope with all that has been done by then.
      if (random() < 0.03) await p.settle()
    }
    await p.settle()
    await sameAsInOrder(p, `with SHUFFLE_SEED=${seed}`)
  })
