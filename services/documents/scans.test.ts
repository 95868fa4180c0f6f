import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DocumentDeleted, DocumentRefused } from '#contracts/documents'
import { PassportDeleted } from '#contracts/passports'
import { newId } from '#kernel'
import { clamd, eicar, replyTo, type Reply, type Scanned } from '../../test/engines/clamd.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { healFiles } from './heal.ts'
import { documents } from './service.ts'
import { open, person } from './testing.ts'

const harmful = `%PDF-1.7\n${eicar}`
const harmless = '%PDF-1.7\nnothing in it'
const minute = 60_000
const waiting = /wait for the virus scanner/

/** The service beside a scanner. */
async function openScanned(
  t: TestContext,
  { scanner = {}, ...options }: Parameters<typeof open>[1] & { scanner?: Parameters<typeof clamd>[0] } = {},
) {
  const server = await clamd(scanner)
  t.after(server.close)
  const opened = await open(t, { ...options, environment: { ...options.environment, ...server.settings } })
  return { ...opened, server }
}

/** A scanner that answers for a content when it is told to. */
function held() {
  const asked: { content: Scanned; answer: (reply?: Reply) => void }[] = []
  const reply = (content: Scanned) =>
    new Promise<Reply>(resolve => asked.push({ content, answer: (text = replyTo(content)) => resolve(text) }))
  const next = async (text: string) => {
    for (let tries = 0; tries < 400; tries++, await sleep(10)) {
      const at = asked.findIndex(({ content }) => content.head.includes(text))
      if (at >= 0) return asked.splice(at, 1)[0]!
    }
    return assert.fail(`the scanner was not asked about "${text}"`)
  }
  return { reply, next }
}

type Opened = Awaited<ReturnType<typeof open>>
type Who = ReturnType<Opened['as']>

const linkOf = async (who: Who, base: string, docId: string): Promise<string> => {
  const { pathname, search } = new URL((await who.get(`/${docId}`)).json.url)
  return base + pathname + search
}
const codeOf = ({ status, json }: { status: number; json?: { code?: string } }) => [status, json?.code]
const quarantined = [409, 'document_in_quarantine']
const refused = [409, 'document_infected']
const scanOf = async (who: Who, docId: string): Promise<string> => (await who.get(`/${docId}`)).json.scan

test('a file waits for the scanner, whoever asks for it and by whatever way; then they have it', async t => {
  const { reply, next } = held()
  const { owner, userId } = person()
  const [reader, passportId] = [person(), newId()]
  const passports = new Map([[passportId, { owner, readers: [reader.owner] }]])
  const { p, as, url, listed } = await openScanned(t, { scanner: { reply }, passports })
  const ada = as({ userId })
  const { json } = await ada.upload(harmless, { name: 'a.pdf', fields: { passportId } })
  assert.equal(json.scan, 'waiting')
  const scan = await next('nothing in it')
  const everybody = [ada, as({ userId: reader.userId }), as({ role: 'admin' })]
  const link = await linkOf(ada, url, json.docId)
  for (const who of everybody) {
    for (const headers of [{}, { range: 'bytes=0-1' }, { 'if-none-match': `"${json.sha256}"` }]) {
      assert.deepEqual(codeOf(await who.get(`/${json.docId}?download=1`, headers)), quarantined)
      assert.deepEqual(codeOf(await who.get(link, headers)), quarantined)
    }
    assert.equal((await who.head(`/${json.docId}?download=1`)).status, 409)
    assert.equal((await who.head(link)).status, 409)
    assert.equal(await scanOf(who, json.docId), 'waiting')
  }
  assert.deepEqual(await listed(passportId), [], 'nor does the page of the passport lead to it')
  assert.equal((await ada.get(`?passportId=${passportId}`)).json.items[0].scan, 'waiting')

  scan.answer()
  await p.settle()
  for (const who of everybody) assert.equal((await who.get(`/${json.docId}?download=1`)).bytes.toString(), harmless)
  assert.equal((await ada.get(link)).bytes.toString(), harmless, 'as does the link that was given meanwhile')
  const seen = await ada.get(`/${json.docId}`)
  assert.deepEqual([seen.json.scan, seen.headers.get('etag')], ['clean', '"1"'], 'which is no change of the document')
  assert.deepEqual(await listed(passportId), [json.docId])
  assert.deepEqual(await p.published(DocumentRefused), [])
})

test('an infected file is gone for good, its document says so, and its owner may replace or delete it', async t => {
  const { owner, userId } = person()
  const passportId = newId()
  const { p, as, url, keys, listed, host, server } = await openScanned(t, {
    passports: new Map([[passportId, { owner, status: 'published' }]]),
  })
  const ada = as({ userId })
  const { json } = await ada.upload(harmful, { name: 'a.pdf', fields: { passportId } })
  const link = await linkOf(ada, url, json.docId)
  await p.settle()
  for (const who of [ada, as({ role: 'admin' })]) {
    const answer = await who.get(`/${json.docId}?download=1`)
    assert.deepEqual(codeOf(answer), refused)
    assert.match(answer.json.detail, /Win\.Test\.EICAR_HDB-1/)
    assert.deepEqual(codeOf(await who.get(link)), refused)
  }
  const seen = await ada.get(`/${json.docId}`)
  assert.deepEqual([seen.json.scan, seen.headers.get('etag')], ['infected', '"2"'])
  assert.deepEqual([await keys(), await listed(passportId)], [[], []])
  const [{ eventId, timestamp, foundAt, ...event }, ...others] = (await p.published(DocumentRefused)) as [
    Awaited<ReturnType<typeof p.published<typeof DocumentRefused>>>[0],
  ]
  assert.deepEqual(event, {
    actor: { userId: null, role: 'system' },
    docId: json.docId,
    passportId,
    fileName: 'a.pdf',
    owner,
    version: 2,
    found: 'Win.Test.EICAR_HDB-1',
  })
  assert.deepEqual([others, Number.isNaN(Date.parse(foundAt))], [[], false], `${eventId} ${timestamp}`)
  assert.equal((await healFiles(host())).missing, 0, 'its file is not taken for one that got lost')

  const stale = await ada.upload(harmless, {
    to: `/${json.docId}/file`,
    method: 'PUT',
    name: 'a.pdf',
    headers: { 'if-match': '"1"' },
  })
  assert.equal(stale.status, 412)
  const replaced = await ada.upload(harmless, { to: `/${json.docId}/file`, method: 'PUT', name: 'a.pdf' })
  assert.deepEqual([replaced.status, replaced.json.scan], [200, 'waiting'], 'a published passport keeps content only')
  await p.settle()
  assert.equal((await ada.get(`/${json.docId}?download=1`)).bytes.toString(), harmless)
  assert.deepEqual(codeOf(await ada.get(link)), [404, 'file_missing'])
  assert.deepEqual(codeOf(await ada.delete(`/${json.docId}`)), [409, 'document_kept'])

  const second = await ada.upload(harmful, { name: 'b.pdf', fields: { passportId } })
  await p.settle()
  assert.equal((await ada.delete(`/${second.json.docId}`)).status, 204)
  assert.equal(server.scanned.length, 3)
})

test('the same bytes are looked at each time they come, the same request once', async t => {
  const { reply, next } = held()
  const { p, as, keys, server } = await openScanned(t, { scanner: { reply } })
  const ada = as()
  const answered = async () => {
    const { answer } = await next(harmful)
    answer()
    await p.settle()
  }
  const first = await ada.upload(harmful, { name: 'a.pdf', headers: { 'idempotency-key': 'one' } })
  await answered()
  const again = await ada.upload(harmful, { name: 'a.pdf', headers: { 'idempotency-key': 'one' } })
  await p.settle()
  assert.deepEqual([again.json.docId, server.scanned.length], [first.json.docId, 1])
  const other = await ada.upload(harmful, { name: 'a.pdf' })
  assert.deepEqual(codeOf(await ada.get(`/${other.json.docId}?download=1`)), quarantined)
  await answered()
  assert.equal(await scanOf(ada, other.json.docId), 'infected')
  const replaced = await ada.upload(harmful, { name: 'a.pdf', to: `/${other.json.docId}/file`, method: 'PUT' })
  assert.equal(replaced.json.scan, 'waiting')
  await answered()
  assert.deepEqual([await scanOf(ada, other.json.docId), await keys()], ['infected', []])
  assert.equal((await p.published(DocumentRefused)).length, 3)
})

test('a verdict is about one file: what was found in a file that was replaced meanwhile says nothing of the other', async t => {
  const { reply, next } = held()
  const { p, as, keys, url } = await openScanned(t, { scanner: { reply } })
  const ada = as()
  const put = (docId: string, content: string) =>
    ada.upload(content, { name: 'a.pdf', to: `/${docId}/file`, method: 'PUT' })
  const upload = async (content: string) => (await ada.upload(content, { name: 'a.pdf' })).json.docId as string

  const bad = await upload(`${harmful} first`)
  const badScan = await next(' first')
  await put(bad, `${harmless} second`)
  const goodScan = await next(' second')
  badScan.answer()
  await sleep(200)
  assert.equal(await scanOf(ada, bad), 'waiting')
  goodScan.answer()
  await p.settle()
  assert.equal(await scanOf(ada, bad), 'clean')

  const good = await upload(`${harmless} third`)
  const link = await linkOf(ada, url, good)
  const third = await next(' third')
  await put(good, `${harmful} fourth`)
  const fourth = await next(' fourth')
  third.answer()
  await sleep(200)
  assert.deepEqual(codeOf(await ada.get(`/${good}?download=1`)), quarantined, 'the other one is clean, this one waits')
  assert.deepEqual(codeOf(await ada.get(link)), [404, 'file_missing'], 'and nobody gets the former one')
  fourth.answer()
  await p.settle()
  assert.equal(await scanOf(ada, good), 'infected')
  assert.deepEqual(
    (await p.published(DocumentRefused)).map(({ docId }) => docId),
    [good],
  )
  assert.equal((await keys()).length, 1)
})

test('a document that is deleted while it is looked at is gone, whatever comes of it', async t => {
  const { reply, next } = held()
  const { owner, userId } = person()
  const passportId = newId()
  const { p, as, keys } = await openScanned(t, { scanner: { reply }, passports: new Map([[passportId, { owner }]]) })
  const ada = as({ userId })
  const { json: own } = await ada.upload(`${harmful} own`, { name: 'a.pdf' })
  await ada.upload(`${harmful} of a passport`, { name: 'a.pdf', fields: { passportId } })
  const scans = [await next(' own'), await next(' of a passport')]
  assert.equal((await ada.delete(`/${own.docId}`)).status, 204)
  const passport = { id: passportId, identifier: null }
  await p.publish(PassportDeleted, { passport, owner, version: 1, status: 'deleted' } as never)
  for (let tries = 0; (await p.published(DocumentDeleted)).length < 2 && tries < 400; tries++) await sleep(10)
  for (const scan of scans) scan.answer()
  await p.settle()
  assert.deepEqual([await p.published(DocumentRefused), await keys()], [[], []])
  assert.equal((await p.db('documents')`select from documents`).length, 0)
})

test('two looks at the same file at once find one thing, and a later one takes nothing back', async t => {
  const { reply, next } = held()
  const { p, as, host } = await openScanned(t, { scanner: { reply } })
  const ada = as()
  const { json } = await ada.upload(harmful, { name: 'a.pdf' })
  const first = await next(eicar)
  const [{ file_key: fileKey }] = (await p.db('documents')`select file_key from documents`) as unknown as [
    { file_key: string },
  ]
  // As when the process that did it was killed, or was only taken for dead.
  const lookAgain = () =>
    host().db.transaction(tx => tx.enqueue({ task: 'documents.scan file', tries: 1 }, { fileKey }))
  await lookAgain()
  const second = await next(eicar)
  await lookAgain()
  const last = await next(eicar)
  first.answer()
  second.answer()
  await sleep(100)
  last.answer('stream: OK')
  await p.settle()
  assert.equal(await scanOf(ada, json.docId), 'infected')
  assert.equal((await p.published(DocumentRefused)).length, 1)
  await lookAgain()
  await p.settle()
})

test('while the scanner is away files wait; health, figures and the log name it; they are looked at when it is back', async t => {
  let now = new Date('2027-02-18T08:00:00.000Z')
  const gone = await clamd()
  await gone.close()
  const lines: string[] = []
  const stream = new Writable({ write: (line, _, done) => (lines.push(String(line)), done()) })
  const log = openLog({ level: 'warn', stream })
  const { p, as, periodically } = await open(t, { environment: gone.settings, now: () => now, log })
  await until(async () => lines.some(line => line.includes('"engine":"scanner"') && line.includes('fails its check')))
  const ada = as()
  const { json } = await ada.upload(harmless, { name: 'a.pdf' })
  await sleep(200)
  assert.deepEqual(codeOf(await ada.get(`/${json.docId}?download=1`)), quarantined)
  const health = await p.http.inject('/health')
  assert.equal(health.statusCode, 503)
  assert.match(health.json().engines.scanner, /The virus scanner at 127\.0\.0\.1:\d+ fails with ECONNREFUSED/)
  assert.match((await p.http.inject('/metrics')).body, /^ohmnibus_documents_waiting_for_scan 1$/m)

  // Its job is tried again later and later, and some day for the last time; who comes back is asked at once.
  await p.db(
    'graphile_worker',
  )`update graphile_worker._private_jobs set attempts = max_attempts, run_at = now() + interval '2 hours'`
  now = new Date(now.getTime() + 6 * minute)
  await periodically(waiting)
  await p.settle()
  assert.equal(await scanOf(ada, json.docId), 'waiting')
  const back = await clamd({ port: gone.port })
  t.after(back.close)
  await periodically(waiting)
  await p.settle()
  assert.equal(await scanOf(ada, json.docId), 'clean')
  assert.equal((await p.http.inject('/health')).json().engines.scanner, 'ok')
  assert.match((await p.http.inject('/metrics')).body, /^ohmnibus_documents_waiting_for_scan 0$/m)
})

test('a scanner that hangs up, answers nonsense or takes no file of that size found nothing out, and is asked again', async t => {
  const answers: Reply[] = [undefined, 'stream: OK and more', 'COMMAND READ TIMED OUT', 'stream: OK']
  let now = new Date('2027-02-18T08:00:00.000Z')
  const { p, as, server, periodically } = await openScanned(t, {
    scanner: { reply: () => answers.shift(), limit: 100_000 },
    now: () => now,
  })
  const ada = as()
  const { json } = await ada.upload(harmless, { name: 'a.pdf' })
  for (const left of [3, 2, 1]) {
    await until(async () => answers.length === left)
    assert.equal(await scanOf(ada, json.docId), 'waiting')
    await until(async () => (await failures(p)) === 1)
    now = new Date(now.getTime() + 6 * minute)
    await periodically(waiting)
  }
  await p.settle()
  assert.deepEqual([await scanOf(ada, json.docId), server.scanned.length], ['clean', 4])

  const { json: large } = await ada.upload(randomBytes(200_000), { name: 'a.bin' })
  await until(async () => (await failures(p)) === 1)
  assert.equal(await scanOf(ada, large.docId), 'waiting')
  assert.match(await lastFault(p), /clamd\.conf be as large as DOCUMENT_MAX_BYTES/)
})

test('a process ends in time while the scanner thinks, and another looks at the file', async t => {
  const { reply, next } = held()
  const { p, as } = await openScanned(t, { scanner: { reply } })
  const { json } = await as().upload(harmless, { name: 'a.pdf' })
  await next('nothing in it')
  const begun = performance.now()
  await p.platform.close()
  assert.ok(performance.now() - begun < 5_000, `it took ${performance.now() - begun} ms`)
  const scan = async () => (await p.db('documents')`select scan from documents where id = ${json.docId}`)[0]!.scan
  assert.equal(await scan(), 'waiting')
  await p.another([{ ...documents, needs: [] } as never])
  await next('nothing in it').then(scanning => scanning.answer())
  await until(async () => (await scan()) === 'clean')
})

test('a large file goes through to the scanner as it was stored', async t => {
  const { p, as, server } = await openScanned(t)
  const content = randomBytes(5_000_000)
  const { json } = await as().upload(content, { name: 'a.bin' })
  await p.settle()
  assert.deepEqual(
    server.scanned.map(({ bytes, sha256 }) => [bytes, sha256]),
    [[content.length, createHash('sha256').update(content).digest('hex')]],
  )
  assert.equal(json.sha256, server.scanned[0]!.sha256)
})

test('what was there before the scanner stays available while it is looked at, and goes when something is found', async t => {
  let now = new Date('2027-02-18T08:00:00.000Z')
  const { reply, next } = held()
  const server = await clamd({ reply })
  t.after(server.close)
  const { p, as, url, periodically } = await open(t, { environment: server.settings, now: () => now })
  const ada = as()
  const ids: string[] = []
  for (const content of [`${harmless} old`, `${harmful} old`]) {
    const { json } = await ada.upload(content, { name: 'a.pdf' })
    ids.push(json.docId)
    await next(' old').then(scan => scan.answer('stream: OK'))
  }
  await p.settle()
  // As code that knows no scanner stores them, or a process that has none.
  await p.db('documents')`update documents set scan_key = null, scan_queued_at = null`
  assert.deepEqual(await Promise.all(ids.map(id => scanOf(ada, id))), ['off', 'off'])
  const link = await linkOf(ada, url, ids[1]!)

  await periodically(waiting)
  assert.equal((await ada.get(`/${ids[1]}?download=1`)).status, 200, 'nobody waits for what they had yesterday')
  assert.equal((await ada.get(link)).status, 200)
  for (const _ of ids) (await next(' old')).answer()
  await p.settle()
  assert.deepEqual(await Promise.all(ids.map(id => scanOf(ada, id))), ['clean', 'infected'])
  assert.deepEqual(codeOf(await ada.get(link)), refused)
  assert.deepEqual(
    (await p.published(DocumentRefused)).map(({ docId }) => docId),
    [ids[1]],
  )
  now = new Date(now.getTime() + 48 * 60 * minute)
  await periodically(waiting)
  await p.settle()
  assert.equal(server.scanned.length, 4, 'what was looked at once is not looked at again')
})

test('where the scanner is taken away, what waits is given out an hour later, and what was infected never', async t => {
  let now = new Date('2027-02-18T08:00:00.000Z')
  const { reply, next } = held()
  const { p, as, periodically, server } = await openScanned(t, { scanner: { reply }, now: () => now })
  const ada = as()
  const { json: bad } = await ada.upload(harmful, { name: 'a.pdf' })
  await next(eicar).then(scan => scan.answer())
  await p.settle()
  const { json } = await ada.upload(harmless, { name: 'a.pdf' })
  await next('nothing in it').then(scan => scan.answer('COMMAND READ TIMED OUT'))
  await until(async () => (await failures(p)) === 1)
  await periodically(waiting)
  await server.close()

  const without = await open(t)
  const scans = () => without.p.db('documents')`select scan, scan_key = file_key as own from documents order by id`
  await copyDocuments(p, without.p)
  const at = Date.now()
  await without.p.db('documents')`update scanner set seen_at = ${new Date(at - 59 * minute)}`
  await without.periodically(waiting)
  assert.deepEqual(
    (await scans()).map(({ scan }) => scan),
    ['infected', 'waiting'],
    'a setting may be lost for a while',
  )
  await without.p.db('documents')`update scanner set seen_at = ${new Date(at - 61 * minute)}`
  await without.periodically(waiting)
  assert.deepEqual(
    (await scans()).map(({ scan }) => scan),
    ['infected', 'off'],
  )
  const admin = without.as({ role: 'admin' })
  assert.deepEqual(codeOf(await admin.get(`/${bad.docId}?download=1`)), refused)
  assert.equal(await scanOf(admin, json.docId), 'off')
})

test('without a scanner nothing is scanned and nothing waits', async t => {
  const { p, as, periodically } = await open(t)
  const ada = as()
  const { json } = await ada.upload(harmful, { name: 'a.pdf' })
  await periodically(waiting)
  await p.settle()
  assert.equal(json.scan, 'off')
  assert.equal((await ada.get(`/${json.docId}?download=1`)).bytes.toString(), harmful)
  assert.equal('scanner' in (await p.http.inject('/health')).json().engines, false)
})

type TestPlatform = Opened['p']

async function until(there: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await there()); tries++, await sleep(20)) assert.ok(tries < 400, 'it does not come about')
}

/** Scans that have failed and are to be tried again. */
const failures = async ({ db }: TestPlatform): Promise<number> => {
  const [row] = await db('graphile_worker')<{ count: number }[]>`
    select count(*)::int as count from graphile_worker._private_jobs where last_error is not null and locked_at is null`
  return row!.count
}

const lastFault = async ({ db }: TestPlatform): Promise<string> => {
  const [row] = await db('graphile_worker')<{ text: string }[]>`
    select last_error as text from graphile_worker._private_jobs where last_error is not null`
  return row!.text
}

/** The rows of one database in another, as if its processes were started anew. */
async function copyDocuments(from: TestPlatform, to: TestPlatform): Promise<void> {
  for (const table of ['documents', 'scanner']) {
    const [all] = await from.db('documents')<{ text: string }[]>`
      select coalesce(json_agg(r), '[]')::text as text from ${from.db('documents')(table)} r`
    const into = to.db('documents')(table)
    await to.db('documents')`
      insert into ${into} select * from json_populate_recordset(null::${into}, ${all!.text}::text::json)`
  }
}
