import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { event } from '../../contracts/define.ts'
import { anyone, defineService, type Delivered, type Service, type Tx } from '../../kernel/index.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import type { TestPlatform } from '../../kernel/testing.ts'

/** Something was noted on a page; `number` counts the notes of a page. */
export const Noted = event(
  'notes',
  'note.taken',
  'page',
  Type.Object({ page: Type.String(), number: Type.Integer(), text: Type.String() }),
)

/** A folder of a service with these migrations. */
export async function folderWith(t: TestContext, ...migrations: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-service-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'migrations'))
  for (const [index, sql] of migrations.entries())
    await writeFile(join(folder, 'migrations', `000${index + 1}_tables.sql`), sql)
  return folder
}

/** Takes notes: each a row and an event in one transaction. `POST {page, texts, fail?}` */
export const notes = async (t: TestContext): Promise<Service> =>
  defineService({
    name: 'notes',
    folder: await folderWith(t, 'create table pages (page text primary key, number integer not null)'),
    publishes: [Noted],
    start({ http, db }) {
      const body = Type.Object({
        page: Type.String(),
        texts: Type.Array(Type.String()),
        fail: Type.Optional(Type.Boolean()),
      })
      http.post('/', { config: { access: anyone }, schema: { summary: 'Note', body } }, async (request, reply) => {
        const { page, texts, fail } = request.body
        await db.transaction(async tx => {
          for (const text of texts) await note(tx, page, text)
          if (fail) throw new Error('changed my mind')
        })
        return reply.code(201).send({})
      })
    },
  })

async function note(tx: Tx<'notes'>, page: string, text: string): Promise<void> {
  const [row] = await tx<{ number: number }[]>`
    insert into pages as p values (${page}, 1) on conflict (page) do update set number = p.number + 1 returning number`
  await tx.publish(Noted, { page, number: row!.number, text })
}

export type Reading = (event: Delivered<typeof Noted>, tx: Tx<'readers'>) => unknown

/** Reads notes, one by one or `many` at once: one row an event, in the order it saw them; `reading` may fail. */
export const readers = async (
  t: TestContext,
  reading: Reading = () => {},
  afterFailure: 'wait' | 'pass' = 'wait',
  many: boolean | { restMs: number } = false,
): Promise<Service> =>
  defineService({
    name: 'readers',
    folder: await folderWith(
      t,
      `create table seen (position bigint generated always as identity, event_id uuid primary key, page text, number integer, text text,
         promise integer);
       create table promises (id integer primary key);
       alter table seen add foreign key (promise) references promises deferrable initially deferred`,
    ),
    start({ on, onMany }) {
      const about = { id: 'remember', purpose: 'remember what was noted', from: 'beginning', afterFailure } as const
      const remember: Reading = async (event, tx) => {
        await tx`insert into seen (event_id, page, number, text) values (${event.eventId}, ${event.page}, ${event.number}, ${event.text})`
        await reading(event, tx)
      }
      if (many)
        onMany(Noted, { ...about, ...(many !== true && many) }, async (events, tx) => {
          for (const event of events) await remember(event, tx)
        })
      else on(Noted, about, async (event, tx) => void (await remember(event, tx)))
    },
  })

/** Notes texts in one transaction, through one process or another. */
export async function write(
  { app }: { app: FastifyInstance },
  page: string,
  texts: string[],
  fail = false,
): Promise<void> {
  const answer = await app.inject({ method: 'POST', url: '/api/notes', payload: { page, texts, fail } })
  assert.equal(answer.statusCode, fail ? 500 : 201)
}

/** What the readers have seen, in their order: `page text`. */
export const seen = async (p: TestPlatform): Promise<string[]> =>
  (await p.db('readers')`select page, text from seen order by position`).map(({ page, text }) => `${page} ${text}`)

/** `settle`, without the waits between the tries of failing events and jobs. */
export async function settleNow(p: TestPlatform): Promise<void> {
  const hurry = setInterval(() => {
    p.db('kernel')`update kernel.dead_letters set next_at = now() where state = 'retrying'`.catch(() => {})
  }, 20)
  try {
    await p.settle()
  } finally {
    clearInterval(hurry)
  }
}

/** Resolves once `check` holds; fails when it does not, as far as one can tell on a machine that has other work. */
export async function until(check: () => Promise<boolean> | boolean, seconds = 20): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; !(await check()); await new Promise(done => setTimeout(done, 10)))
    if (Date.now() > deadline) throw new Error(`it did not come true in ${seconds} s: ${check}`)
}

/** A log, and its lines. */
export function listening() {
  const lines: (Record<string, unknown> & { msg: string; cause?: string })[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      const written = String(chunk).trim().split('\n')
      lines.push(...written.map(line => JSON.parse(line)))
      done()
    },
  })
  return { lines, log: openLog({ level: 'info', stream }) }
}
