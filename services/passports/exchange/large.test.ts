import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import type { PassportsHost } from '../host.ts'
import { passports } from '../service.ts'
import { member, open } from '../testing.ts'

const text = 'x'.repeat(19_900)
const count = 220
const texts = [
  'meaningOfLabelsAndSymbols',
  'impactOfSubstances',
  'wastePreventionInfo',
  'separateCollectionInfo',
  'collectionSecondLifeTreatmentInfo',
]

/** Rows of more than 20 MB together. */
const csv = (last = 'Farbe') =>
  [
    `identifier;Battery category;Rated capacity [Ah];${texts.join(';')};${last}`,
    ...Array.from(
      { length: count },
      (_, at) => `L-${at};EV;94,0;${`${text};`.repeat(texts.length)}${at % 2 ? 'rot' : ''}`,
    ),
  ].join('\r\n')

test('a file of more than 20 MB is streamed to where files lie, and taken over from there', async t => {
  const { p, as } = await open(t)
  const actor = member(newId(), 'editor')
  const ada = as(actor)
  const headers = p.signedIn(actor)
  await ada.put('/import/mapping', { columns: { Farbe: null } })
  const send = (file: string | Buffer, type = 'text/csv', query = '', more = {}) =>
    p.http.inject({
      method: 'POST',
      url: `/api/passports/import${query}`,
      headers: { ...headers, 'content-type': type, ...more },
      payload: file,
    })
  const bring = async (...sent: Parameters<typeof send>) => {
    const answer = await send(...sent)
    assert.equal(answer.statusCode, 202, answer.body)
    await p.settle()
    return (await ada.get(`/imports/${answer.json().id}`)).body
  }
  const counts = ({ state, created, updated, unchanged, failed }: Record<string, unknown>) =>
    [state, created, updated, unchanged, failed] as const
  let files: PassportsHost['files']
  const looking = { ...passports, needs: [], start: async (host: PassportsHost) => void ({ files } = host) }
  await p.another([looking] as never)
  const stored = async () => (await Array.fromAsync(files.list('passports/'))).length

  const file = csv()
  assert.ok(Buffer.byteLength(file) > 20 * 1024 * 1024)
  const tried = await bring(file, 'text/csv', '?dryRun=true&file=big.csv')
  assert.deepEqual(counts(tried), ['done', count, 0, 0, 0], JSON.stringify(tried.faults.slice(0, 3)))
  assert.equal((await ada.get('/count')).body.count, 0)
  assert.equal(await stored(), 1, 'it waits to be taken over')
  assert.equal((await ada.post(`/imports/${tried.id}/commit`)).status, 202)
  await p.settle()
  const report = (await ada.get(`/imports/${tried.id}`)).body
  assert.deepEqual(counts(report), ['done', count, 0, 0, 0], JSON.stringify(report.faults))
  assert.deepEqual([report.progress, report.losses.length, report.losses[0].lines], [1, 1, count / 2])
  assert.equal(await stored(), 0, 'nothing is left where it lay')
  const [{ id }] = (await ada.get('?identifier=L-7')).body.items
  const { attributes } = (await ada.get(`/${id}`)).body.data
  assert.deepEqual(attributes.ratedCapacity, { value: '94.0', unit: 'Ah' })

  // The same in UTF-16 and an object a line says nothing new.
  assert.deepEqual(counts(await bring(Buffer.from(`\ufeff${file}`, 'utf16le'))), ['done', 0, 0, count, 0])
  const lines = Array.from({ length: count }, (_, at) =>
    JSON.stringify({
      identifier: `L-${at}`,
      ...Object.fromEntries(texts.map(name => [name, text])),
      ...(at > 5 && { serial: `S-${at}` }),
    }),
  ).join('\n')
  assert.deepEqual(counts(await bring(lines, 'application/x-ndjson')), ['done', 0, count - 6, 6, 0])

  // Sent twice with one key it is one import; another file with that key is refused.
  const key = { 'idempotency-key': 'large-1' }
  const [one, other] = [await send(file, 'text/csv', '', key), await send(file, 'text/csv', '', key)]
  assert.equal(one.json().id, other.json().id)
  assert.equal((await send(`${file}\r\nL-x;EV;1;y;`, 'text/csv', '', key)).statusCode, 422)
  await p.settle()

  // What would be refused at once is told by the import, and a faulty line by its number.
  for (const [bad, why] of [
    [csv('Flavour'), /Flavour/],
    [`[${file}`, /NDJSON/],
    [Buffer.concat([Buffer.from('PK'), Buffer.from(file)]), /sheet/i],
    [Buffer.concat([Buffer.from(file), Buffer.from([0x0d, 0x0a, 0xff, 0xfe])]), /UTF-8/],
    [`${lines}\n{`, /Line 221 is no JSON/],
  ] as const) {
    const { state, faults } = await bring(bad as Buffer)
    assert.deepEqual([state, why.test(JSON.stringify(faults))], ['failed', true], `${why} ${JSON.stringify(faults)}`)
  }
  const faulty = await bring(file.replace('L-3;EV;94,0', 'L-3;EV;heavy'))
  assert.deepEqual([faulty.failed, faulty.faults[0].line, faulty.faults[0].column], [1, 5, 'ratedCapacity'])
  const back = await p.http.inject({ url: `/api/passports/imports/${faulty.id}/marked`, headers })
  assert.match(back.body.split('\r\n')[4]!, /,"?ratedCapacity: must be a number/)
  assert.equal(back.body.split('\r\n').length, count + 2)
  assert.equal(await stored(), 1, 'the one that can be had with its faults marked')
})

test('ended in the middle and at its end, a large file goes on where it was, and each line is taken over once', async t => {
  const { p, as } = await open(t)
  const actor = member(newId(), 'editor')
  // The connection ends at some steps, as it does with its process; a sequence knows it though nothing else is left.
  await p.db('passports').unsafe(`
    create sequence public.steps;
    grant all on sequence public.steps to public;
    create function public.die() returns trigger language plpgsql as $$ begin
      if nextval('public.steps') = 150 then perform pg_terminate_backend(pg_backend_pid(), 1000); end if;
      return null;
    end $$;
    create sequence public.ends;
    grant all on sequence public.ends to public;
    create function public.die_at_the_end() returns trigger language plpgsql as $$ begin
      if nextval('public.ends') = 1 then perform pg_terminate_backend(pg_backend_pid(), 1000); end if;
      return null;
    end $$;
    create trigger die after insert on passports for each statement execute function public.die();
    create trigger die after update on imports for each row when (new.state = 'done')
      execute function public.die_at_the_end();`)
  await as(actor).put('/import/mapping', { columns: { Farbe: null } })
  const headers = { ...p.signedIn(actor), 'content-type': 'text/csv' }
  const sent = await p.http.inject({ method: 'POST', url: '/api/passports/import', headers, payload: csv() })
  assert.equal(sent.statusCode, 202, sent.body)
  const look = async () => (await as(actor).get(`/imports/${sent.json().id}`)).body
  const between = new Set<number>()
  while (!['done', 'failed'].includes((await look()).state)) {
    await p.settle()
    between.add((await look()).lines)
    await p.db('kernel')`update graphile_worker._private_jobs set run_at = now() where locked_at is null`
  }
  const { state, lines, created, updated, unchanged, failed } = await look()
  assert.deepEqual([state, lines, created, updated, unchanged, failed], ['done', count, count, 0, 0, 0])
  assert.ok(between.has(100), `it went on where it was: ${[...between]}`)
  assert.equal((await as(actor).get('/count')).body.count, count)
  const [counted] = await p.db('passports')<{ versions: number }[]>`select count(*)::int as versions from versions`
  assert.equal(counted?.versions, count)
})

test('a large file of one endless line, or of more columns than anybody has, fills no memory and says so', async t => {
  const { p, as } = await open(t)
  const actor = member(newId(), 'editor')
  const faultOf = async (payload: string) => {
    const headers = { ...p.signedIn(actor), 'content-type': 'application/jsonl' }
    const sent = await p.http.inject({ method: 'POST', url: '/api/passports/import', headers, payload })
    assert.equal(sent.statusCode, 202, sent.body)
    await p.settle()
    const { state, faults } = (await as(actor).get(`/imports/${sent.json().id}`)).body
    return [state, JSON.stringify(faults)] as const
  }
  const [endless, said] = await faultOf(`{"identifier": "${'x'.repeat(21 * 1024 * 1024)}`)
  assert.equal(endless, 'failed')
  assert.match(said, /A line has more than 2000000 letters/)
  const wide = Array.from({ length: 6_000 }, (_, at) => `{"column${at}": "${'x'.repeat(3_700)}"}`)
  const [state, faults] = await faultOf(wide.join('\n'))
  assert.equal(state, 'failed', faults.slice(0, 300))
  assert.match(faults, /more than 5000 columns/)
})

test('a small file without a length is taken over as one with it', async t => {
  const { p, as } = await open(t)
  const actor = { userId: newId() }
  const at = await p.listen()
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('identifier,category\nA,'))
      controller.enqueue(new TextEncoder().encode('EV\n'))
      controller.close()
    },
  })
  const answer = await fetch(`${at}/api/passports/import`, {
    method: 'POST',
    headers: { ...p.signedIn(actor), 'content-type': 'text/csv' },
    body,
    duplex: 'half',
  } as RequestInit)
  assert.equal(answer.status, 202)
  const { id } = (await answer.json()) as { id: string }
  await p.settle()
  assert.equal((await as(actor).get(`/imports/${id}`)).body.created, 1)
})
