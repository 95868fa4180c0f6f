import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { launch, kill, serversOf, until, type Product } from './fault/product.ts'
import { examine } from '../tools/doctor.ts'
import { freePort } from '../tools/engines/recipe.ts'

const skip = process.platform !== 'linux' && 'it finds processes in /proc'
const nobody = { uid: 65_534, gid: 65_534 }
/** For those where it does not matter who runs. */
const few = { OHMNIBUS_SERVICES: 'gateway,identity' }

/** A folder that only we may enter, gone with the test and everything that works in it. */
function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-start-'))
  t.after(async () => {
    kill(serversOf(join(folder, 'data')))
    await until('the end of PostgreSQL', () => serversOf(join(folder, 'data')).length === 0, 10_000)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return folder
}

function begin(t: TestContext, options: Parameters<typeof launch>[0]): Product {
  const product = launch(options)
  t.after(async () => {
    kill([product.pid])
    await product.exit
  })
  return product
}

/** A client that has begun a request and never ends it: something that a stop has to wait for, but not for ever. */
async function halfARequest(t: TestContext, product: Product): Promise<void> {
  const socket = connect(Number(new URL(product.address).port), '127.0.0.1').on('error', () => {})
  t.after(() => socket.destroy())
  socket.write(
    'POST /api/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n',
  )
  await once(socket, 'data')
}

/** What people read who cannot start it: one line for each thing, nothing of the code. */
function refusal(product: Product): string {
  const [, text] = /Ohmnibus cannot start\. ([^]*)/.exec(product.output()) ?? assert.fail(product.output())
  assert.doesNotMatch(text!, /\n\s+at |node:|\.ts\b/)
  return text!.trim()
}

test(
  'the first start takes less than 15 s and tells all one needs; a stop ends everything within 5 s; the second start goes on',
  { skip },
  async t => {
    const folder = folderFor(t)
    const port = await freePort()
    const first = begin(t, { folder, port })
    assert.ok((await first.ready()) < 15_000)
    await until('the banner', () => first.output().includes('Ctrl-C'), 10_000)
    const banner = first.output()
    for (const row of [
      `Address +http://localhost:${port}\n`,
      `Reference +http://localhost:${port}/docs\n`,
      `Data +${join(folder, 'data')}\n`,
      `Mails +${join(folder, 'data', 'notifications')}\n`,
      'First admin +\\S+@\\S+ / \\S+\n',
      'Three things to try:\n(  .+\n){3}',
    ])
      assert.match(banner, new RegExp(row))

    const [, email, password] = /First admin +(\S+) \/ (\S+)/.exec(banner)!
    const login = (product: Product) =>
      fetch(`${product.address}/api/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      })
    assert.equal((await login(first)).status, 200)

    const look = (path: string) => fetch(first.address + path, { headers: { accept: 'text/html' } })
    const home = await (await look('/')).text()
    const doors = [...home.matchAll(/<dt><a href="([^"]+)"/g)].map(([, path]) => path!)
    assert.ok(doors.length >= 5, home)
    for (const path of doors) assert.equal((await look(path)).status, 200, `${path} opens`)

    await halfARequest(t, first)
    first.signal('SIGTERM')
    const { code, ms } = await first.ends(10_000)
    assert.deepEqual([code, serversOf(first.dataFolder)], [0, []])
    assert.ok(ms < 5_000, `it took ${ms} ms`)

    const second = begin(t, { folder, port })
    const warm = await second.ready()
    // How long it takes on a machine that does nothing else is for `bench/` to say.
    assert.ok(warm < 15_000, `it took ${warm} ms`)
    assert.equal((await login(second)).status, 200, 'the same data are there')
    await until('the banner', () => second.output().includes('Ctrl-C'), 10_000)
    assert.doesNotMatch(second.output(), new RegExp(`First admin {2}|${password}`))

    const third = begin(t, { folder, port: await freePort() })
    assert.equal((await third.ends(20_000)).code, 1)
    assert.match(
      refusal(third),
      new RegExp(`^.* is in use by another Ohmnibus \\(process ${second.pid}\\)\\. .*OHMNIBUS_DATA.*$`),
    )

    second.signal('SIGINT')
    assert.equal((await second.ends(10_000)).code, 0, 'Ctrl-C stops it as cleanly')
  },
)

test(
  'in a folder that only its owner may enter it starts for an ordinary user; a second Ctrl-C ends it at once',
  { skip },
  async t => {
    const folder = folderFor(t)
    const root = process.getuid!() === 0
    if (root) {
      const closed =
        spawnSync(process.execPath, [join(import.meta.dirname, '../tools/ohmnibus.js'), '--version'], {
          ...nobody,
          cwd: '/',
        }).status !== 0
      if (closed) return t.skip('this checkout is closed to other users')
      chownSync(folder, nobody.uid, nobody.gid)
    }
    const product = begin(t, { folder, port: await freePort(), environment: few, ...(root && { user: nobody }) })
    await product.ready()
    const owners = serversOf(product.dataFolder).map(
      pid => /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1],
    )
    assert.deepEqual([...new Set(owners)], [`${root ? nobody.uid : process.getuid!()}`], 'and PostgreSQL is theirs')

    await halfARequest(t, product)
    const early = product.exit.then(() => 'ended')
    product.signal('SIGINT')
    // Longer than npm takes to pass the first one on again, which must not count.
    assert.equal(await Promise.race([early, sleep(800)]), undefined, 'it waits for what is under way')
    product.signal('SIGINT')
    const { code, ms } = await product.ends(5_000)
    assert.equal(code, 130)
    assert.ok(ms < 1_000, `it took ${ms} ms`)
    await until('the end of PostgreSQL', () => serversOf(product.dataFolder).length === 0, 10_000)
  },
)

test('a port that is taken is one clear line, and nothing is left running', { skip }, async t => {
  const server = createServer()
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  // As root, PostgreSQL is somebody else here, who may not pass the folders above the data.
  const folder = folderFor(t)
  mkdirSync(join(folder, 'closed'), { mode: 0o700 })
  const product = begin(t, { folder: join(folder, 'closed'), port })
  assert.equal((await product.ends(30_000)).code, 1)
  assert.match(refusal(product), new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is taken\\. .*$`))
  assert.deepEqual(serversOf(product.dataFolder), [])
})

test(
  'whatever ends the first start before its banner, the password of the first admin is told or there is none yet',
  { skip },
  async t => {
    const folder = folderFor(t)
    const early = begin(t, { folder, port: await freePort() })
    await until('the first line', () => early.output() !== '', 10_000)
    early.signal('SIGINT')
    assert.equal((await early.ends(5_000)).code, 130, 'nothing is under way yet')
    await until('the end of PostgreSQL', () => serversOf(early.dataFolder).length === 0, 10_000)

    const cut = begin(t, { folder, port: await freePort() })
    await until('the admin', () => cut.output().includes('First admin'), 30_000)
    cut.signal('SIGINT')
    await cut.ends(5_000)
    await until('the end of PostgreSQL', () => serversOf(cut.dataFolder).length === 0, 10_000)
    assert.doesNotMatch(cut.output(), /Ohmnibus is ready/)
    const told = [early, cut].map(({ output }) => /First admin: (\S+) \/ (\S+)/.exec(output())).filter(found => found)

    const whole = begin(t, { folder, port: await freePort() })
    await whole.ready()
    await until('the banner', () => whole.output().includes('Ctrl-C'), 10_000)
    // What was told first never came to hold where it was cut off right then.
    const [, email, password] = /First admin: (\S+) \/ (\S+)/.exec(whole.output()) ?? told.at(-1)!
    const { status } = await fetch(`${whole.address}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    })
    assert.equal(status, 200)
  },
)

test('wrong settings stop the start, all of them named at once, secrets not shown', { skip }, async t => {
  const environment = {
    OHMNIBUS_SECRET: 'too-short-a-secret',
    PASSWORD_MIN_LENGTH: 'many',
    SMTP_PORT: '99999',
    JWT_REFRESH_EXPIRY: 'soon',
  }
  const product = begin(t, { folder: folderFor(t), port: 70_000, environment })
  assert.equal((await product.ends(15_000)).code, 1)
  const text = refusal(product)
  for (const name of ['PORT', ...Object.keys(environment)]) assert.match(text, new RegExp(`^ {2}${name}: `, 'm'))
  assert.doesNotMatch(text, /too-short/)
})

test(
  'on an older Node, which hands over to the right one, a signal to the process that was started ends both, once and cleanly',
  { skip },
  async t => {
    const older = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.0.0'}})"
    const product = begin(t, {
      folder: folderFor(t),
      port: await freePort(),
      environment: { ...few, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}` },
    })
    await product.ready()
    await until('the banner', () => product.output().includes('Ctrl-C'), 10_000)
    await halfARequest(t, product)
    // As a terminal and npm do, which both tell of one Ctrl-C.
    product.signal('SIGINT')
    await sleep(100)
    product.signal('SIGINT')
    const { code, signal } = await product.ends(10_000)
    assert.deepEqual([code, signal, serversOf(product.dataFolder)], [0, null, []])
  },
)

test(
  'what is away at the start is a warning each, and told alike by the log, /health and doctor',
  { skip },
  async t => {
    const environment = {
      OHMNIBUS_SERVICES: 'gateway,identity',
      OHMNIBUS_SECRET: 'a secret for tests: 0123456789abcdef',
      PASSPORTS_SERVICE_URL: 'http://127.0.0.1:1',
      METRICS_TOKEN: 'a-token-for-the-figures-of-a-test',
      REDIS_URL: 'redis://:hush-hush@127.0.0.1:1',
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: '1',
      S3_ENDPOINT: 'http://127.0.0.1:1',
      S3_BUCKET_NAME: 'far-away',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'hush-hush',
    }
    const folder = folderFor(t)
    const product = begin(t, { folder, port: await freePort(), environment })
    await product.ready()
    await until('the banner', () => product.output().includes('Ctrl-C'), 20_000)
    const warnings = () =>
      product
        .output()
        .split('\n')
        .filter(line => line.startsWith('{'))
        .map(line => JSON.parse(line))
        .filter(({ level }) => level === 'warn')
    const told = () => warnings().map(({ engine }) => engine)
    await until('a warning each', () => ['cache', 'files', 'mail'].every(engine => told().includes(engine)), 10_000)
    assert.deepEqual(told().sort(), ['cache', 'files', 'mail'])
    for (const row of [
      'Database +embedded PostgreSQL',
      'Limits +Redis at 127.0.0.1:1',
      'Files +S3, bucket far-away',
      'Mails +127.0.0.1:1',
    ])
      assert.match(product.output(), new RegExp(`^  ${row}$`, 'm'))
    assert.doesNotMatch(product.output(), /hush-hush/)
    for (const service of ['documents', 'notifications'])
      assert.equal(product.output().split(`Note: The gateway finds no ${service}`).length, 2)

    const health = async (): Promise<any> => {
      const headers = { authorization: `Bearer ${environment.METRICS_TOKEN}` }
      return await (await fetch(`${product.address}/health`, { headers })).json()
    }
    const { services, engines } = await health()
    assert.deepEqual(
      [services.documents, services.notifications, services.passports],
      ['runs nowhere', 'runs nowhere', 'not heard of'],
    )
    const findings = await examine({ ...environment, OHMNIBUS_DATA: product.dataFolder, PORT: '0' })
    const said = (text: string) => findings.find(({ what }) => what.includes(text))
    for (const service of ['documents', 'notifications'])
      assert.equal(said(`The gateway finds no ${service}`)?.state, 'warn')
    assert.equal(said('Redis')?.what, `Redis: ${engines.cache}`)
    assert.equal(said('The bucket')?.what, `The bucket far-away: ${engines.files}`)
    assert.equal(said('The mail server')?.what, `The mail server 127.0.0.1: ${engines.mail}`)
  },
)

test('npm passes on that it is told to stop: nothing goes on running behind it', { skip }, async t => {
  const folder = folderFor(t)
  const child = spawn('npm', ['start'], {
    cwd: dirname(import.meta.dirname),
    env: {
      ...process.env,
      ...few,
      PORT: `${await freePort()}`,
      OHMNIBUS_DATA: join(folder, 'data'),
      HOST: '127.0.0.1',
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (output += text))
  await until('the banner', () => output.includes('Ctrl-C'), 30_000)
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.deepEqual([code, serversOf(join(folder, 'data'))], [0, []], output)
})
