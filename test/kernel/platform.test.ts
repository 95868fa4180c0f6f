import assert from 'node:assert/strict'
import { mkdir, writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import Type from 'typebox'
import { call, event } from '../../contracts/define.ts'
import { anyone, defineService, newId, Problem, signedIn, type Tx } from '../../kernel/index.ts'
import { start } from '../../kernel/testing.ts'

const NoteWritten = event(
  'notes',
  'note.written',
  'noteId',
  Type.Object({ noteId: Type.String(), text: Type.String() }),
)
const getNote = call('notes', 'get_note', Type.Object({ noteId: Type.String() }), Type.Object({ text: Type.String() }))

async function folderWith(t: TestContext, sql: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-service-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'migrations'))
  await writeFile(join(folder, 'migrations', '0001_tables.sql'), sql)
  return folder
}

const notes = async (t: TestContext) =>
  defineService({
    name: 'notes',
    folder: await folderWith(t, 'create table notes (id uuid primary key, text text not null)'),
    publishes: [NoteWritten],
    start({ http, db, answer }) {
      const write = (text: string) => async (tx: Tx<'notes'>) => {
        const noteId = newId()
        await tx`insert into notes values (${noteId}, ${text})`
        await tx.publish(NoteWritten, { noteId, text })
        return { noteId }
      }
      http.post(
        '/',
        { config: { access: signedIn }, schema: { summary: 'Write', body: Type.Object({ text: Type.String() }) } },
        async (request, reply) => reply.code(201).send(await db.once(request, write(request.body.text))),
      )
      http.post(
        '/outside',
        { config: { access: anyone }, schema: { summary: 'Write outside of a transaction' } },
        async () => {
          await db`insert into notes values (${newId()}, 'x')`
        },
      )
      answer(getNote, async ({ noteId }) => {
        const [row] = await db<{ text: string }[]>`select text from notes where id = ${noteId}`
        return (
          row ??
          (() => {
            throw new Problem('not_found', 'note_unknown')
          })()
        )
      })
    },
  })

const readers = async (
  t: TestContext,
  reaction: (text: string) => void = () => {},
  afterFailure: 'wait' | 'pass' = 'wait',
) =>
  defineService({
    name: 'readers',
    folder: await folderWith(
      t,
      'create table seen (position bigint generated always as identity, note_id uuid primary key, text text)',
    ),
    needs: [getNote],
    problems: { note_unknown: ['not_found', 'There is no such note.'] },
    start({ http, db, on, ask, job, every: _ }) {
      const remind = job('remind', async ({ noteId }: { noteId: string }) => {
        await db.transaction(tx => tx`update seen set text = text || ' (reminded)' where note_id = ${noteId}`)
      })
      on(
        NoteWritten,
        { id: 'remember', purpose: 'remember notes', from: 'beginning', afterFailure },
        async ({ noteId, text }, tx) => {
          reaction(text)
          await tx`insert into seen (note_id, text) values (${noteId}, ${text})`
          if (text === 'remind me') await tx.enqueue(remind, { noteId })
        },
      )
      http.get(
        '/thief',
        { config: { access: anyone }, schema: { summary: 'Steal' } },
        async () =>
          await db`select * from notes.notes`.then(
            () => ({ stolen: true }),
            error => ({ postgres: error.code }),
          ),
      )
      http.get(
        '/log',
        { config: { access: anyone }, schema: { summary: 'Read the log' } },
        async () =>
          await db`select * from kernel.log`.then(
            () => ({ stolen: true }),
            error => ({ postgres: error.code }),
          ),
      )
      http.get(
        '/ask/:noteId',
        {
          config: { access: anyone },
          schema: { summary: 'Ask', refuses: ['note_unknown'], params: Type.Object({ noteId: Type.String() }) },
        },
        async ({ params }) => ask(getNote, params),
      )
      http.get('/inside', { config: { access: anyone }, schema: { summary: 'Ask inside a transaction' } }, async () =>
        db.transaction(async () => ask(getNote, { noteId: newId() })).catch(error => ({ message: error.message })),
      )
    },
  })

const write = (p: Awaited<ReturnType<typeof start>>, text: string, headers = {}) =>
  p.http.inject({ method: 'POST', url: '/api/notes', headers: { ...p.signedIn(), ...headers }, payload: { text } })

test('what a service publishes reaches the reaction once, in its own transaction, and its job runs', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  for (const text of ['one', 'two', 'remind me']) assert.equal((await write(p, text)).statusCode, 201)
  await p.settle()
  const rows = await p.db('readers')`select text from seen order by position`
  assert.deepEqual(
    rows.map(row => row.text),
    ['one', 'two', 'remind me (reminded)'],
  )
  assert.equal((await p.published(NoteWritten)).length, 3)
})

test('a service cannot read the tables of another, nor the log', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  assert.equal((await p.http.inject('/api/readers/thief')).json().postgres, '42501')
  assert.equal((await p.http.inject('/api/readers/log')).json().postgres, '42501')
})

test('a write outside of a transaction is refused by PostgreSQL', async t => {
  const p = await start(t, [await notes(t)])
  const answer = await p.http.inject({ method: 'POST', url: '/api/notes/outside' })
  assert.equal(answer.statusCode, 500)
  assert.equal((await p.db('notes')`select from notes`).length, 0)
})

test('a question is answered through JSON, its failure arrives, and inside a transaction it is refused', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  const { noteId } = (await write(p, 'hello')).json()
  assert.deepEqual((await p.http.inject(`/api/readers/ask/${noteId}`)).json(), { text: 'hello' })
  assert.equal((await p.http.inject(`/api/readers/ask/${newId()}`)).json().code, 'note_unknown')
  assert.match((await p.http.inject('/api/readers/inside')).json().message, /inside a transaction/)
})
