import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import replyFrom from '@fastify/reply-from'
import fastify from 'fastify'
import postgres from 'postgres'
import { WebSocketServer } from 'ws'
import { newId } from '../kernel/ids.ts'
import { draft, view } from '../services/passports/passports.ts'
import { searchPassports } from '../services/passports/search.ts'
import { findPassport, insertPassport } from '../services/passports/store.ts'
import { pairs, roundOf } from './books/books.ts'
import { actorOf, listStatement } from './passports.ts'
import { identityFloor } from './identity-floor.ts'
import { lawFloor } from './law-floor.ts'
import { shopFloor } from './shop-floor.ts'
import type { Order } from './world.ts'

/** The least that does the same work: Fastify as it comes and postgres.js as it comes, with nothing of the kernel. */
const order = JSON.parse(process.argv[2]!) as Order
const sql = postgres({
  host: order.host,
  port: order.port,
  database: order.database,
  user: order.superuser,
  password: order.password,
  onnotice: () => {},
  types: { bigint: postgres.BigInt },
  connection: { search_path: 'bench, passports, books, marketplace, identity, extensions', TimeZone: 'UTC' },
})
await sql`create schema if not exists bench`
await sql`create table if not exists bench.things (id uuid primary key, owner_id uuid not null, data json not null, created_at timestamptz not null)`
await sql`
  create table if not exists bench.events (
    position bigint primary key generated always as identity, topic text not null, key text not null, data json not null, published_at timestamptz not null
  )`
await sql`create table if not exists bench.cursors (name text primary key, position bigint not null)`
await sql`create table if not exists bench.seen (event_id uuid primary key, toy_id uuid not null)`

const app = fastify()
const json = (value: unknown) => sql.typed(value as never, 114)

app.get<{ Params: { id: string }; Headers: { 'x-user': string } }>('/one/:id', async ({ params, headers }) =>
  view((await findPassport(sql, params.id, actorOf(headers['x-user'])))!),
)

app.get<{ Headers: { 'x-user': string } }>('/profile', async ({ headers }) => {
  const [user] = await sql`
    select id, email, first_name as "firstName", last_name as "lastName", locale, role, created_at as "createdAt"
    from identity.users where id = ${headers['x-user']}`
  return { ...user, name: `${user!.firstName} ${user!.lastName}` }
})

app.get<{ Querystring: { model: string }; Headers: { 'x-user': string } }>('/list', async ({ query, headers }) => ({
  items: await sql.unsafe(listStatement, [headers['x-user'], query.model], { prepare: true }),
  nextCursor: null,
}))

app.get<{ Querystring: { model: string }; Headers: { 'x-user': string } }>('/same-list', async ({ query, headers }) =>
  searchPassports(sql, actorOf(headers['x-user']), { limit: 20, sort: '-createdAt', model: query.model } as Parameters<
    typeof searchPassports
  >[2]),
)

app.post<{ Body: { data: Record<string, unknown> }; Headers: { 'x-user': string } }>(
  '/two',
  async ({ body, headers }, reply) => {
    const id = newId()
    const at = new Date()
    await sql.begin(tx => [
      tx`insert into bench.things (id, owner_id, data, created_at) values (${id}, ${headers['x-user']}, ${json(body.data)}, ${at})`,
      tx`insert into bench.events (topic, key, data, published_at) values ('thing.made', ${id}, ${json(body)}, ${at})`,
    ])
    return reply.code(201).send({ id, data: body.data, createdAt: at })
  },
)

app.post<{ Body: { data: Record<string, unknown> }; Headers: { 'x-user': string } }>(
  '/same',
  async ({ body, headers }, reply) => {
    const passport = draft(newId(), { kind: 'person', id: headers['x-user'] }, body.data, new Date())
    await sql.begin(tx => [
      insertPassport(Object.assign(tx, { json }) as never, passport, actorOf(headers['x-user'])),
      tx`insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
      values (${newId()}, 'thing.made', 'bench', ${passport.id}, ${'0'.repeat(32)},
        ${json({ userId: headers['x-user'] })}, ${json(body)})`,
    ])
    return reply.code(201).send(view(passport))
  },
)

/** What has not changed: one row is asked for its version. */
app.get<{ Params: { slug: string } }>('/article/:slug', async ({ params, headers }, reply) => {
  const [article] = await sql<{ version: number }[]>`
    select a.version from content.slugs s join content.articles a on a.id = s.article_id
    where s.kind = 'post' and s.language = 'en' and s.slug = ${params.slug}`
  return reply.code(headers['if-none-match']?.startsWith(`"${article!.version}-`) ? 304 : 200).send()
})

/** Passes a request on to where `x-to` says. */
void app.register(replyFrom)
app.get<{ Params: { '*': string }; Headers: { 'x-to': string } }>('/hop/*', ({ params, headers }, reply) => {
  reply.from(`${headers['x-to']}/${params['*']}`)
})

/**
 * Reads the log by a cursor and writes one row an event, 200 a transaction. Answers how long it took. Some at a time,
 * where it is asked for so: nobody waits for an answer for minutes.
 */
app.post<{ Querystring: { topic: string; most?: string } }>('/drain', async ({ query }) => {
  const [start] = await sql<{ position: number }[]>`
    insert into bench.cursors (name, position) values (${query.topic}, 0) on conflict (name) do update
      set name = excluded.name returning position::float8`
  const started = performance.now()
  let events = 0
  for (let position = start!.position; events < Number(query.most ?? Infinity);) {
    // By the column: `position` alone would be what is selected, which no index has in order.
    const rows = await sql.unsafe<{ position: number; event_id: string; data: { toyId: string } }[]>(
      `select position::float8, event_id, data from kernel.log where topic = $1 and position > $2 order by log.position limit 200`,
      [query.topic, position],
      { prepare: false },
    )
    if (rows.length === 0) break
    position = rows.at(-1)!.position
    await sql.begin(async tx => {
      for (const { event_id, data } of rows)
        await tx`insert into bench.seen (event_id, toy_id) values (${event_id}, ${data.toyId})`
      await tx`update bench.cursors set position = ${position} where name = ${query.topic}`
    })
    events += rows.length
  }
  return { events, ms: performance.now() - started }
})

/** Moves cents for some seconds: the accounts locked, and the rows of the ledger written, with what its triggers do. */
app.post<{ Querystring: { wallets: number; seconds: number } }>('/transfers', async ({ query }) => {
  const accounts = await sql<{ id: string; kind: string }[]>`select id, kind from ledger_accounts order by id`
  const perSecond = await roundOf(
    pairs(accounts, Number(query.wallets)),
    Number(query.seconds),
    async ({ from, to }) => {
      const cause = newId()
      await sql.begin(tx => [
        tx`select id, balance_minor, held_minor from ledger_accounts where id in (${from}, ${to}) order by id for update`,
        tx`insert into ledger_entries (cause_id, kind, at) values (${cause}, 'bench', ${new Date()})`,
        tx`insert into ledger_transfers (cause_id, kind, from_id, to_id, currency, minor)
        values (${cause}, 'bench', ${from}, ${to}, 'EUR', 1)`,
      ])
    },
  )
  return { perSecond }
})

/** Checks a password for some seconds, in as many threads as sign-in uses. Answers how many a second. */
app.post<{ Querystring: { seconds: number } }>('/hashes', async ({ query }) => {
  const password = 'a-long-summer-of-trains'
  const stored = await hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
  const started = performance.now()
  let hashes = 0
  const work = async (): Promise<void> => {
    for (; performance.now() - started < query.seconds * 1000; hashes++) await verify(stored, password)
  }
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism() - 1) }, work))
  return { perSecond: (hashes * 1000) / (performance.now() - started) }
})

await sql`create table if not exists bench.messages (charger text not null, at timestamptz not null, payload json not null)`
hearChargers()

/** Chargers as bare `ws` takes them: what waits goes to disk in one statement, and is answered then. */
function hearChargers(): void {
  const server = new WebSocketServer({ server: app.server, handleProtocols: () => 'ocpp1.6' })
  let waiting: { row: object; answer: () => void }[] = []
  let writing = false
  async function write(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const rows = JSON.stringify(batch.map(({ row }) => row))
      await sql`
        insert into bench.messages
        select * from json_populate_recordset(null::bench.messages, ${sql.typed(rows as never, 705)})`
      for (const { answer } of batch) answer()
    }
    writing = false
  }
  server.on('connection', (socket, { url: charger }) =>
    socket.on('message', data => {
      const [, id, action, payload] = JSON.parse(String(data)) as [number, string, string, object]
      const at = new Date().toISOString()
      const answers: Record<string, object> = {
        Heartbeat: { currentTime: at },
        BootNotification: { currentTime: at, interval: 300, status: 'Accepted' },
        StartTransaction: { transactionId: 1, idTagInfo: { status: 'Accepted' } },
      }
      const answer = () => socket.send(JSON.stringify([3, id, answers[action] ?? {}]))
      if (action !== 'MeterValues') return answer()
      waiting.push({ row: { charger, at, payload }, answer })
      if (!writing) void write()
    }),
  )
}

await shopFloor(app, sql)
await lawFloor(app, sql)
identityFloor(app, sql)

const address = await app.listen({ port: 0, host: '127.0.0.1' })
process.once('disconnect', () => void Promise.all([app.close(), sql.end({ timeout: 1 })]).then(() => process.exit(0)))
process.send!(address)
