import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import { newId, type Actor } from '#kernel'
import { csvOfSheet, sheetOf } from '#imports/sheets'
import type { TestPlatform } from '../../../kernel/testing.ts'
import { member, open, type Client } from '../testing.ts'

const sheetType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** Somebody who sends files, and says what becomes of them. */
function sending(p: TestPlatform, me: Client, actor: Partial<Actor>) {
  const headers = p.signedIn(actor)
  const send = async (payload: string | Buffer, query = '', type = 'text/csv') => {
    const url = `/api/passports/import${query}`
    const sent = await p.http.inject({ method: 'POST', url, headers: { ...headers, 'content-type': type }, payload })
    assert.equal(sent.statusCode, 202, sent.body)
    return sent.json() as { id: string }
  }
  const look = async (id: string) => (await me.get(`/imports/${id}`)).body
  return {
    send,
    look,
    async bring(...given: Parameters<typeof send>) {
      const { id } = await send(...given)
      await p.settle()
      return await look(id)
    },
    marked: (id: string) => p.http.inject({ url: `/api/passports/imports/${id}/marked`, headers }),
  }
}

async function opened(t: Parameters<typeof open>[0], options: Parameters<typeof open>[1] = {}) {
  const actor = member(newId(), 'editor')
  const { p, as } = await open(t, options)
  return { p, as, actor, me: as(actor), ...sending(p, as(actor), actor) }
}

const counts = ({ state, created, updated, unchanged, failed }: Record<string, unknown>) => [
  state,
  created,
  updated,
  unchanged,
  failed,
]

const list = (count: number, from = 0) =>
  ['identifier,category', ...Array.from({ length: count }, (_, at) => `Q-${from + at},EV`)].join('\n')

/** Has the batches of an import wait for `open`, so that others can act between them. */
async function barred(p: TestPlatform, at: number) {
  await p.db('passports').unsafe(`
    create table public.gate (open boolean);
    insert into public.gate values (false);
    grant all on public.gate to public;
    create sequence public.rows;
    grant all on sequence public.rows to public;
    create function public.wait() returns trigger language plpgsql as $$ begin
      if nextval('public.rows') = ${at} then
        for i in 1..2000 loop
          exit when (select open from public.gate);
          perform pg_sleep(0.01);
        end loop;
      end if;
      return null;
    end $$;
    create trigger wait after insert on passports for each row execute function public.wait()`)
  return () => p.db('passports').unsafe(`update public.gate set open = true`)
}

suite('a file that was tried', () => {
  test('is taken over by its id, exactly once; others and other times have none of it', async t => {
    let time = Date.now()
    const { p, as, me, actor, bring, look, send } = await opened(t, { now: () => new Date(time) })
    const tried = await bring(`${list(3)}\nQ-1,EV`, '?dryRun=true&file=a.csv')
    assert.deepEqual(counts(tried), ['done', 3, 0, 0, 1])
    assert.ok(tried.fileUntil)
    assert.equal((await as(member(newId(), 'editor')).post(`/imports/${tried.id}/commit`)).body.code, 'import_unknown')
    const elsewhere = as({ ...actor, organisation: { id: newId(), role: 'editor' } })
    assert.equal((await elsewhere.post(`/imports/${tried.id}/commit`)).body.code, 'import_unknown')
    const viewer = as({ ...actor, organisation: { ...actor.organisation!, role: 'viewer' } })
    assert.equal((await viewer.post(`/imports/${tried.id}/commit`)).body.code, 'editor_required')
    const committed = await me.post(`/imports/${tried.id}/commit`)
    assert.deepEqual([committed.status, committed.body.id, committed.body.dryRun], [202, tried.id, false])
    await p.settle()
    assert.deepEqual(counts(await look(tried.id)), ['done', 3, 0, 0, 1])
    assert.equal((await me.get('/count')).body.count, 3)
    // Again it is as it is.
    const again = await me.post(`/imports/${tried.id}/commit`)
    assert.deepEqual([again.status, again.body.state], [202, 'done'])

    const early = await send(list(2, 10), '?dryRun=true')
    await me.post(`/imports/${early.id}/pause`)
    assert.deepEqual((await me.post(`/imports/${early.id}/commit`)).body.code, 'import_unready')
    const late = await bring(list(2, 20), '?dryRun=true')
    time += 24 * 3_600_000
    assert.deepEqual((await as(actor).post(`/imports/${late.id}/commit`)).body.code, 'import_lapsed')
    assert.equal((await as(actor).get('/count')).body.count, 3)
  })

  test('is not taken over once its heads mean something else', async t => {
    const { p, me, bring, look } = await opened(t)
    const file = 'identifier;Farbe;category\nF-1;12 kg;EV'
    const say = (column: object | null) => me.put('/import/mapping', { columns: { Farbe: column } })
    await say(null)
    const tried = await bring(file, '?dryRun=true')
    await say({ column: 'batteryMass' })
    const refused = await me.post(`/imports/${tried.id}/commit`)
    assert.deepEqual([refused.status, refused.body.code], [409, 'import_mapping_changed'])
    await say(null)
    assert.equal((await me.post(`/imports/${tried.id}/commit`)).status, 202)
    await p.settle()
    assert.deepEqual(counts(await look(tried.id)), ['done', 1, 0, 0, 0])
  })
})

suite('an import that runs', () => {
  test('is cancelled at 50 %: what is done stays, the rest is not begun, and the answer says how far', async t => {
    const { p, me, send, look } = await opened(t)
    const go = await barred(p, 150)
    const { id } = await send(list(200))
    while ((await look(id)).lines < 100) await new Promise(done => setTimeout(done, 10))
    const running = await look(id)
    assert.ok(running.rate > 0 && running.remaining > 0, JSON.stringify(running))
    // Nobody waits for the lines that are just being taken: they are not.
    const { status, body } = await me.post(`/imports/${id}/cancel`)
    await go()
    assert.deepEqual([status, body.state, body.lines, body.created], [200, 'cancelled', 100, 100])
    await p.settle()
    assert.deepEqual(counts(await look(id)), ['cancelled', 100, 0, 0, 0])
    assert.equal((await me.get('/count')).body.count, 100)
    assert.equal((await me.post(`/imports/${id}/cancel`)).body.state, 'cancelled')
    assert.equal((await me.post(`/imports/${id}/resume`)).body.state, 'cancelled')
  })

  test('rests and goes on where it was, each line once, also where both come at once', async t => {
    const { p, me, send, look } = await opened(t)
    const go = await barred(p, 150)
    const { id } = await send(list(200))
    while ((await look(id)).lines < 100) await new Promise(done => setTimeout(done, 10))
    const paused = await me.post(`/imports/${id}/pause`)
    await go()
    assert.equal(paused.body.state, 'paused', paused.text)
    await p.settle()
    assert.deepEqual((await look(id)).lines, 100)
    for (let round = 0; round < 3; round++) {
      await me.post(`/imports/${id}/resume`)
      await me.post(`/imports/${id}/pause`)
    }
    await me.post(`/imports/${id}/resume`)
    await p.settle()
    assert.deepEqual(counts(await look(id)), ['done', 200, 0, 0, 0])
    assert.equal((await me.get('/count')).body.count, 200)
  })

  test('tells live how far it is', async t => {
    const { p, actor, send } = await opened(t)
    const at = await p.listen()
    const { id } = await send(list(250))
    const end = new AbortController()
    const headers = p.signedIn(actor)
    const answer = await fetch(`${at}/api/passports/imports/${id}/stream`, { headers, signal: end.signal })
    assert.equal(answer.headers.get('content-type'), 'text/event-stream')
    let text = ''
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
      text += part
      if (/"state":"done"/.test(text)) break
    }
    end.abort()
    assert.match(text, /"created":250/)
  })
})

test('what is wrong with a row has its code, its value and how to mend it, in pages and in the file itself', async t => {
  const { me, bring, marked, as } = await opened(t)
  await me.put('/import/mapping', { columns: { Farbe: null } })
  const rows = [
    ['identifier', 'Rated capacity', 'category', 'Farbe'],
    ['M-1', '94 Ah', 'EV', '=HYPERLINK("x")'],
    ['M-2', '94', 'EV', 'two\nlines'],
    ['M-3', `heavy${'x'.repeat(300)}`, 'moon', ''],
    ['M-1', '94 Ah', 'EV', ''],
    ['M-5', '94 Ah', 'EV', ''],
  ]
  const csv = rows.map(row => row.map(cell => `"${cell.replaceAll('"', '""')}"`).join(';')).join('\r\n')
  const sheet = await sheetOf(rows, 'list')
  for (const [file, type] of [
    [csv, 'text/csv'],
    [sheet, sheetType],
  ] as const) {
    const report = await bring(file, '?dryRun=true', type)
    const told = report.faults.map((one: Record<string, string>) => [one.line, one.column, one.code])
    assert.deepEqual(told, [
      [3, 'ratedCapacity', 'unit_missing'],
      [4, 'ratedCapacity', 'value_invalid'],
      [5, 'uniqueBatteryIdentifier', 'row_repeated'],
    ])
    assert.deepEqual([report.faults[0].value, report.faults[1].value.length], ['94', 100])
    assert.match(report.faults[0].mend, /unit behind the number/)
    const first = (await me.get(`/imports/${report.id}/errors?limit=2`)).body
    assert.equal(first.items.length, 2)
    const { items, nextCursor } = (await me.get(`/imports/${report.id}/errors?limit=2&after=${first.nextCursor}`)).body
    assert.deepEqual([items[0].line, nextCursor], [5, null])
    assert.equal((await as().get(`/imports/${report.id}/errors`)).body.code, 'import_unknown')
    assert.equal((await as().get(`/imports/${report.id}/marked`)).body.code, 'import_unknown')

    const back = await marked(report.id)
    assert.equal(back.statusCode, 200, back.body)
    assert.equal(back.headers['content-type']?.startsWith(type), true)
    const text = type === 'text/csv' ? back.body : await csvOfSheet(back.rawPayload)
    const cells = parse(text, { bom: true, relax_quotes: true }) as string[][]
    assert.deepEqual(cells[0], [...rows[0]!, 'What is wrong'])
    assert.deepEqual(
      cells.map(row => row[0]),
      rows.map(row => row[0]),
    )
    assert.deepEqual(
      cells.slice(1).map(row => row[4] !== ''),
      [false, true, true, true, false],
    )
    assert.match(cells[2]![4]!, /^ratedCapacity: /)
    if (type === 'text/csv') assert.equal(cells[1]![3], `'=HYPERLINK("x")`, 'no cell begins like a formula')
    // Sent again, the mark says nothing; marked again, it is not there twice.
    const again = await bring(back.rawPayload, '?dryRun=true', type)
    assert.deepEqual([again.failed, again.losses.length], [3, report.losses.length])
    const twice = await marked(again.id)
    const secondly = type === 'text/csv' ? twice.body : await csvOfSheet(twice.rawPayload)
    assert.equal((parse(secondly, { bom: true, relax_quotes: true }) as string[][])[0]!.length, 5)
  }
  const clean = await bring('identifier,category\nC-1,EV')
  assert.equal((await marked(clean.id)).json().code, 'import_lapsed', 'of what is done and right nothing is kept')
})

test('only what is not there, or only what is there', async t => {
  const { me, bring } = await opened(t)
  await bring(list(2))
  const file = `identifier,category,mass\nQ-1,EV,5 kg\nQ-2,EV,5 kg`
  const creates = await bring(file, '?mode=create')
  assert.deepEqual(counts(creates), ['done', 1, 0, 0, 1])
  assert.deepEqual([creates.mode, creates.faults[0].line, creates.faults[0].code], ['create', 2, 'row_exists'])
  const updates = await bring(`${file}\nQ-9,EV,1 kg`, '?mode=update')
  assert.deepEqual(counts(updates), ['done', 0, 1, 1, 1])
  assert.deepEqual([updates.faults[0].line, updates.faults[0].code], [4, 'row_unknown'])
  assert.equal((await me.get('/count')).body.count, 3, 'what was refused was not made')
})

test('drafts that an import made are taken back, but for those that somebody changed', async t => {
  const { p, as, me, bring, look } = await opened(t)
  await bring('identifier,category,mass\nQ-0,EV,1 kg')
  const made = await bring(
    `identifier,category,mass,status,model\nQ-0,EV,2 kg,,\nQ-1,EV,,,\nQ-2,EV,,,\nQ-3,EV,,published,M\nQ-4,EV,,,`,
  )
  assert.deepEqual(counts(made), ['done', 4, 1, 0, 0], JSON.stringify(made.faults))
  const [{ id }] = (await me.get('?identifier=Q-2')).body.items
  const changed = await me.put(`/${id}`, {
    data: { generalInformation: { batteryIdentifier: 'Q-2', batteryCategory: 'LMT' } },
  })
  assert.equal(changed.status, 200, changed.text)
  assert.equal((await as().post(`/imports/${made.id}/undo`)).body.code, 'import_unknown')
  const asked = await me.post(`/imports/${made.id}/undo`)
  assert.deepEqual([asked.status, asked.body.state], [202, 'undoing'])
  await p.settle()
  const { state, undone, retained } = await look(made.id)
  assert.deepEqual([state, undone, retained], ['undone', 2, 2])
  assert.deepEqual((await me.found()).sort(), ['Q-0', 'Q-2', 'Q-3'])
  assert.equal((await me.post(`/imports/${made.id}/undo`)).body.state, 'undone')
  const tried = await bring(list(1), '?dryRun=true')
  assert.equal((await me.post(`/imports/${tried.id}/undo`)).body.code, 'import_unready')
})

test('a battery is found again by its identifier, or by its serial and its model', async t => {
  const { me, bring } = await opened(t)
  const make = async (data: object, more: object) => {
    const { status, text, body } = await me.post('', { data, ...more })
    assert.equal(status, 201, text)
    return body.id as string
  }
  const model = await make({ batteryCategory: 'EV' }, { granularity: 'model' })
  const sibling = await make({ batteryCategory: 'EV' }, { granularity: 'model' })
  const batch = await make({}, { granularity: 'batch', parentId: model })
  const massOf = async (serial: string, parentId: string) => {
    const { items } = (await me.get(`/${parentId}/children?limit=100`)).body
    const found = items.filter((one: { serial: string }) => one.serial === serial)
    assert.equal(found.length, 1, serial)
    const said = (await me.get(`/${found[0].id}/attributes`)).body.items
    return said.find(({ id }: { id: string }) => id === 'batteryMass')?.value
  }
  const head = 'serial,parentId,mass'
  const first = await bring(`${head}\nS-1,${model},1 kg\nS-2,${model},1 kg\nS-1,${sibling},1 kg\nS-3,${batch},1 kg`)
  assert.deepEqual(counts(first), ['done', 4, 0, 0, 0], JSON.stringify(first.faults))
  const again = await bring(`${head}\nS-1,${model},2 kg\nS-2,${model},1 kg\nS-3,${model},3 kg\nS-4,${model},4 kg`)
  assert.deepEqual(counts(again), ['done', 1, 2, 1, 0], JSON.stringify(again.faults))
  assert.deepEqual(
    [await massOf('S-1', model), await massOf('S-1', sibling), await massOf('S-3', batch)],
    ['2', '1', '3'],
    'of a battery of a batch a row may name the model',
  )

  // One that has no identifier yet gets that of a row; one that has another is another battery.
  const named = `identifier,${head}\nQ-1,S-1,${model},5 kg\nQ-9,S-9,${model},1 kg`
  assert.deepEqual(counts(await bring(named)), ['done', 1, 1, 0, 0])
  assert.deepEqual(await me.found('identifier=Q-1'), ['Q-1'])
  assert.deepEqual(counts(await bring(`identifier,${head}\nQ-2,S-1,${model},6 kg`)), ['done', 1, 0, 0, 0])
  const two = await bring(`${head}\nS-1,${model},7 kg`)
  assert.deepEqual([two.failed, two.faults[0].column, two.faults[0].code], [1, 'batterySerialNumber', 'value_invalid'])

  const twice = await bring(`${head}\nS-7,${model},1 kg\nS-7,${sibling},1 kg\nS-7,${model},2 kg\nS-8,,1 kg`)
  assert.deepEqual(counts(twice), ['done', 2, 0, 0, 2])
  assert.deepEqual(
    twice.faults.map(({ line, column, code }: Record<string, unknown>) => [line, column, code]),
    [
      [4, 'batterySerialNumber', 'row_repeated'],
      [5, 'uniqueBatteryIdentifier', 'value_invalid'],
    ],
  )
})

test('two imports at once of the same serials make each battery once', async t => {
  const { p, me, send } = await opened(t)
  const { body: model } = await me.post('', { data: { batteryCategory: 'EV' }, granularity: 'model' })
  const rows = Array.from({ length: 30 }, (_, at) => `S-${at},${model.id}`)
  await Promise.all([rows, rows.toReversed()].map(some => send(['serial,parentId', ...some].join('\n'))))
  await p.settle()
  assert.equal((await me.get(`/${model.id}/children?limit=100`)).body.items.length, 30)
})
