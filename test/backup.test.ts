import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import { extract, pack } from 'tar-stream'
import type { Pool } from '../kernel/database/database.ts'
import { periodic } from '../kernel/jobs/job.ts'
import { openPool } from '../kernel/database/pool.ts'
import { folderFiles } from '../kernel/files/folder.ts'
import { StartError } from '../kernel/problem.ts'
import { version } from '../kernel/version.ts'
import { readArchive, writeArchive } from '../tools/backup/archive.ts'
import { restore } from '../tools/backup/restore.ts'
import { runningEmbedded } from '../tools/embedded.ts'
import { underFireServices } from './fault/harness.ts'
import { kill, launch, serversOf, until, type Product } from './fault/product.ts'
import { freePort } from '../tools/engines/recipe.ts'
import { baseline, client, type Client } from './journeys/client.ts'

const skip = process.platform !== 'linux' && 'it finds processes in /proc'
const admin = { email: 'admin@example.com', password: 'lightning on the moor' }
const environment = {
  ...underFireServices,
  RATE_LIMIT_FACTOR: '1000',
  LOG_LEVEL: 'warn',
  ADMIN_EMAIL: admin.email,
  ADMIN_PASSWORD: admin.password,
}

/** A folder that is gone with the test, and everything that works in it. */
function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-backup-'))
  t.after(async () => {
    kill(serversOf(join(folder, 'data')))
    await until('the end of PostgreSQL', () => serversOf(join(folder, 'data')).length === 0, 10_000)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return folder
}

async function begin(t: TestContext, folder: string): Promise<Product> {
  const product = launch({ folder, port: await freePort(), environment })
  t.after(async () => {
    kill([product.pid])
    await product.exit
  })
  await product.ready()
  return product
}

/** The command as operators give it; resolves with what it said. */
async function ohmnibus(folder: string, ...args: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../tools/ohmnibus.js'), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, OHMNIBUS_DATA: 'data' },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (said += text))
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, said }
}

const archiveIn = (folder: string): string => {
  const [name, ...more] = readdirSync(folder).filter(file => file.endsWith('.tar.zst'))
  assert.ok(name && more.length === 0, 'one archive and nothing else')
  return join(folder, name)
}

async function signIn(product: Product): Promise<Client> {
  const who = client(product.address)
  who.use(await who.get(200, 'POST /api/auth/login', admin))
  return who
}

/** Looks into the database of a product that runs. */
async function peek<T>(product: Product, look: (db: Pool) => Promise<T>): Promise<T> {
  const engine = runningEmbedded(product.dataFolder)!
  const pool = openPool(engine.at, engine.admin, { schema: 'public', max: 1 })
  return await look(pool).finally(() => pool.end({ timeout: 1 }))
}

const hashOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

async function upload(who: Client): Promise<{ id: string; sha256: string }> {
  const content = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(Math.floor(Math.random() ** 2 * 400_000))])
  const form = new FormData()
  form.append('file', new File([content], 'proof.pdf'))
  return { id: (await who.get(201, 'POST /api/documents/upload', form)).docId, sha256: hashOf(content) }
}

/** Clients that create passports, upload documents and delete some of them, until told; and what they were promised. */
function load(who: Client) {
  const passports = new Map<string, object>()
  const documents = new Map<string, string>()
  let going = true
  const again = async (work: () => Promise<void>) => {
    while (going) await work()
  }
  const create = async () => {
    const data = baseline(randomUUID())
    passports.set((await who.get(201, 'POST /api/passports', { data })).id, data)
  }
  const keep = async () => {
    const { id, sha256 } = await upload(who)
    documents.set(id, sha256)
  }
  const regret = async () => {
    const { id } = await upload(who)
    await who.get(204, `DELETE /api/documents/${id}`)
  }
  const over = Promise.all([
    again(create),
    again(create),
    again(create),
    again(keep),
    again(keep),
    again(regret),
    again(regret),
  ])
  over.catch(() => {})
  return {
    passports,
    documents,
    async stop(): Promise<void> {
      going = false
      await over
    },
  }
}

/** Every event has had its effect, every job is done. */
const settled = (product: Product): Promise<void> =>
  until(
    'all effects',
    () =>
      peek(product, async db => {
        const [row] = await db`select
          exists (select from kernel.subscriptions s join kernel.cursors l on l.subscription = s.name
            join kernel.log e on e.topic = s.topic and e.position > l.at_offset) as unread,
          exists (select from graphile_worker._private_jobs where attempts < max_attempts and task_id not in
            (select id from graphile_worker._private_tasks where identifier like ${periodic('%', '%')})) as jobs`
        return !row!.unread && !row!.jobs
      }),
    30_000,
  )

test(
  'backed up under load and destroyed, it is there again: all that was acknowledged before, whole, every effect once',
  { skip },
  async t => {
    const folder = folderFor(t)
    const former = await begin(t, folder)
    const who = await signIn(former)
    const work = load(who)
    await until('some load', () => work.passports.size >= 100 && work.documents.size >= 30, 60_000)

    const promised = { passports: new Map(work.passports), documents: new Map(work.documents) }
    const { code, said } = await ohmnibus(folder, 'backup', '--to', '.')
    assert.equal(code, 0, said)
    assert.match(
      said,
      /^.*ohmnibus-\d{4}-\d\d-\d\dT\d{6}Z\.tar\.zst: \S+ MB, \S+ MB compressed, \d+ files, in \S+ s\.\nIt holds .* the secret of the platform/m,
    )
    const archive = archiveIn(folder)
    assert.equal(statSync(archive).mode & 0o777, 0o600)
    assert.deepEqual(
      readdirSync(join(former.dataFolder, 'files')).filter(name => /^\.(held|backup)/.test(name)),
      [],
      'nothing of it is left in the data',
    )
    const duringBackup = work.passports.size - promised.passports.size
    const enough = work.passports.size + 20
    await until('more that the back-up does not have', () => work.passports.size >= enough, 60_000)
    await work.stop()
    const [newest] = await peek(
      former,
      db => db<{ position: number }[]>`select max(position)::float8 as position from kernel.log`,
    )
    kill([former.pid, ...serversOf(former.dataFolder)])
    await former.exit
    rmSync(former.dataFolder, { recursive: true, maxRetries: 5 })

    const from = Date.now()
    const restored = await ohmnibus(folder, 'restore', '--from', archive)
    assert.equal(restored.code, 0, restored.said)
    assert.match(restored.said, /data is as it was on \d{4}-.*Z: \d+ events, the last of \d{4}-.*Z, \d+ files\./)
    const product = await begin(t, folder)
    t.diagnostic(
      `${said.split('\n').find(line => line.includes('compressed'))} ${duringBackup} passports were written meanwhile. Back at work ${((Date.now() - from) / 1000).toFixed(1)} s after.`,
    )

    const token = client(product.address, who.headers)
    assert.equal((await token.get(200, 'GET /api/auth/profile')).email, admin.email, 'a token of before is still good')
    const root = await signIn(product)
    await settled(product)
    for (const [id, data] of promised.passports)
      assert.deepEqual((await root.get(200, `GET /api/passports/${id}`)).data, data)
    const rows = await peek(
      product,
      db => db<{ id: string; sha256: string }[]>`select id, sha256 from documents.documents`,
    )
    for (const { id, sha256 } of rows)
      assert.equal(
        hashOf(await root.get(200, `GET /api/documents/${id}?download=1`)),
        sha256,
        'each document has its file, whole',
      )
    const kept = new Map(rows.map(({ id, sha256 }) => [id, sha256]))
    for (const [id, sha256] of promised.documents) assert.equal(kept.get(id), sha256)

    const [counts] = await peek(
      product,
      db => db`select
      (select count(*)::int from passports.passports p where not exists (select from passports.versions v where v.passport_id = p.id and v.version = p.version)) as halves,
      (select count(*)::int from kernel.log where topic = 'passport.created') as events,
      (select count(*)::int from passports.passports) as passports,
      (select count(distinct event_id)::int from notifications.notifications where event = 'passport.created') as told,
      (select count(*)::int from notifications.notifications where event = 'passport.created') as notifications,
      (select count(*)::int from kernel.dead_letters) as failing`,
    )
    const { passports } = counts as { passports: number }
    assert.ok(
      passports >= promised.passports.size && passports < work.passports.size,
      'what came after the back-up is gone',
    )
    assert.deepEqual(
      { ...counts },
      {
        halves: 0,
        events: passports,
        passports,
        told: passports,
        notifications: passports,
        failing: 0,
      },
    )

    await root.get(201, 'POST /api/passports', { data: baseline('after') })
    const [next] = await peek(
      product,
      db => db<{ position: number }[]>`select max(position)::float8 as position from kernel.log`,
    )
    assert.ok(next!.position > newest!.position, 'no position of an event that is gone is used again')
  },
)

interface Part {
  name: string
  type?: string
  content: Buffer
}

/** The same archive with other entries. */
async function rewrite(archive: string, to: string, edit: (parts: Part[]) => Part[]): Promise<string> {
  const tar = extract()
  const flow = pipeline(createReadStream(archive), createZstdDecompress(), tar)
  const parts: Part[] = []
  for await (const entry of tar) {
    const chunks: Buffer[] = []
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk)
    parts.push({ name: entry.header.name, type: entry.header.type!, content: Buffer.concat(chunks) })
  }
  await flow
  const made = pack()
  for (const { name, type = 'file', content } of edit(parts))
    if (type === 'symlink') made.entry({ name, type: 'symlink', linkname: content.toString() })
    else made.entry({ name, type: type as 'file' }, content)
  made.finalize()
  await pipeline(made, createZstdCompress(), createWriteStream(to))
  return to
}

const changed = (parts: Part[], name: string, change: (content: Buffer) => Buffer): Part[] =>
  parts.map(part => (part.name === name ? { ...part, content: change(part.content) } : part))
const said = (of: object) => (content: Buffer) =>
  Buffer.from(JSON.stringify({ ...JSON.parse(content.toString()), ...of }))

test(
  'a stopped platform is backed up too; what is damaged, foreign, too new or in the way is refused, and nothing has changed',
  { skip },
  async t => {
    const folder = folderFor(t)
    const product = await begin(t, folder)
    const who = await signIn(product)
    const { id } = await who.get(201, 'POST /api/passports', { data: baseline('the only one') })
    const backup = await ohmnibus(folder, 'backup', '--to', 'data/inside.tar.zst')
    assert.match(backup.said, /lies in the data folder itself/)
    const running = await ohmnibus(folder, 'restore', '--from', '/dev/null', '--replace')
    assert.match(running.said, /Ohmnibus runs on .*data\. Stop it first\./)
    product.signal('SIGTERM')
    await product.ends(10_000)

    const good = join(folder, 'good.tar.zst')
    assert.equal((await ohmnibus(folder, 'backup', '--to', good)).code, 0)
    assert.match((await ohmnibus(folder, 'backup', '--to', good)).said, /is there already/)
    assert.match((await ohmnibus(folder, 'restore', '--from', good)).said, /is not empty.*--replace/)
    assert.match((await ohmnibus(folder, 'restore', '--from', 'nowhere')).said, /There is no back-up/)

    const bytes = readFileSync(good)
    const written = (name: string, content: Buffer): string => {
      writeFileSync(join(folder, name), content)
      return name
    }
    const flipped = Buffer.from(bytes)
    flipped[Math.floor(bytes.length / 2)]! ^= 1
    const cases: [string, string, RegExp][] = [
      ['cut short', written('short', bytes.subarray(0, bytes.length - 1000)), /is no whole back-up/],
      ['one bit is another', written('flipped', flipped), /is no whole back-up/],
      ['something else', written('other', Buffer.from('no archive at all')), /is no whole back-up/],
      [
        'an entry was changed',
        await rewrite(good, join(folder, 'changed'), parts =>
          changed(parts, 'secret', () => Buffer.from('x'.repeat(64))),
        ),
        /is not what was written/,
      ],
      [
        'an entry is missing',
        await rewrite(good, join(folder, 'missing'), parts => parts.filter(({ name }) => name !== 'secret')),
        /is not what was written/,
      ],
      [
        'its end is missing',
        await rewrite(good, join(folder, 'endless'), parts => parts.slice(0, -1)),
        /its end is missing/,
      ],
      [
        'a name leads elsewhere',
        await rewrite(good, join(folder, 'outside'), parts =>
          parts.toSpliced(1, 0, { name: '../outside', content: Buffer.from('x') }),
        ),
        /wants to write "\.\.\/outside"/,
      ],
      [
        'a link leads elsewhere',
        await rewrite(good, join(folder, 'link'), parts =>
          parts.toSpliced(1, 0, { name: 'files', type: 'symlink', content: Buffer.from('/') }),
        ),
        /neither a file nor a folder/,
      ],
      [
        'of a newer Ohmnibus',
        await rewrite(good, join(folder, 'newer'), parts => changed(parts, 'about.json', said({ ohmnibus: '99.0.0' }))),
        /too new/,
      ],
      [
        'of another PostgreSQL',
        await rewrite(good, join(folder, 'major'), parts => changed(parts, 'about.json', said({ postgres: '17.2' }))),
        /of PostgreSQL 17, and the embedded one is 18/,
      ],
    ]
    const before = readdirSync(product.dataFolder).sort()
    for (const [what, file, reason] of cases) {
      const attempt = restore({
        from: join(folder, file.slice(file.lastIndexOf('/') + 1)),
        dataFolder: product.dataFolder,
        replace: true,
      })
      await assert.rejects(attempt, (error: Error) => error instanceof StartError && reason.test(error.message), what)
      assert.deepEqual(readdirSync(product.dataFolder).sort(), before, what)
    }
    assert.ok(!existsSync(join(product.dataFolder, 'outside')))
    const short = await ohmnibus(folder, 'restore', '--from', 'short', '--replace')
    assert.equal(short.code, 1)
    assert.match(short.said, /^Unpacking and checking …\n.*is no whole back-up.*\n$/)

    assert.equal((await ohmnibus(folder, 'restore', '--from', good, '--replace')).code, 0)
    const kept = readdirSync(product.dataFolder).filter(name => name.startsWith('.before-'))
    assert.equal(kept.length, 1)
    assert.ok(existsSync(join(product.dataFolder, kept[0]!, 'secret')), 'what was there is kept')
    const again = await begin(t, folder)
    assert.equal((await (await signIn(again)).ask(`GET /api/passports/${id}`)).status, 200)
  },
)

test('where it takes long to make a file, reading an archive still ends', { timeout: 20_000 }, async t => {
  const folder = folderFor(t)
  const archive = join(folder, 'small.tar.zst')
  const about = { format: 1, ohmnibus: version, postgres: '18', begunAt: new Date().toISOString() }
  await writeArchive(archive, about, to => to.add('files/a', { size: 5 }, Buffer.from('hello')))
  const into = join(folder, 'into')
  mkdirSync(into)
  const { open } = fs
  t.after(() => {
    fs.open = open
    syncBuiltinESMExports()
  })
  fs.open = async (...args: Parameters<typeof open>) => {
    await sleep(200)
    return await open(...args)
  }
  syncBuiltinESMExports()
  const { byFolder } = await readArchive(archive, into, () => {})
  assert.deepEqual([...byFolder], [['files', 1]])
  assert.equal(readFileSync(join(into, 'files/a'), 'utf8'), 'hello')
})

test('while a back-up notes which files there are, none is removed', async t => {
  const folder = folderFor(t)
  const files = folderFiles({ folder })
  const key = `documents/${randomUUID()}/${randomUUID()}`
  await files.write(key, Readable.from([Buffer.from('content')]), { maxBytes: 100 })
  writeFileSync(join(folder, '.held'), `${process.pid}`)
  let removed = false
  const removing = files.remove(key).then(() => (removed = true))
  for (let look = 0; look < 5; look++) {
    assert.equal(await files.size(key), 7)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  assert.equal(removed, false)
  rmSync(join(folder, '.held'))
  await removing
  assert.equal(await files.size(key), undefined)

  await files.write(key, Readable.from([Buffer.from('content')]), { maxBytes: 100 })
  const gone = spawn('true')
  await new Promise(resolve => gone.once('exit', resolve))
  writeFileSync(join(folder, '.held'), `${gone.pid}`)
  await files.remove(key)
  assert.equal(await files.size(key), undefined, 'a back-up that died holds nothing')
})
