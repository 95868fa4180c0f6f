import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { build } from 'vite'
import { openChromium, withoutChromium } from '../../../test/browser/chromium.ts'
import { connect } from '../src/index.ts'
import { builtClient, root } from './built.ts'
import { openPlatform, passport } from './platform.ts'

/** What `exercise` sees where everything works. */
const everything = {
  isOne: true,
  listed: 3,
  name: 'Ada L.',
  stale: '412 version_stale',
  refusals: ['403 scope_insufficient', '401 token_missing', '404 passport_unknown'],
}

/** What it needs of a platform: a key, a person, something to make. */
async function given(t: TestContext, environment: Record<string, string> = {}) {
  const p = await openPlatform(t, environment)
  const { key } = await connect({ url: p.url, as: p.ada }).post('/api/auth/keys', {
    body: {
      name: 'Elsewhere',
      scopes: ['passports:read', 'passports:write', 'notifications:read', 'notifications:write'],
    },
  })
  const { email, password } = p.ada
  return { url: p.url, key, ada: { email, password }, data: passport('BP'), last: 'behind-the-stream' }
}

const isNode20 = (path: string): boolean =>
  existsSync(path) && spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 }).stdout.startsWith('v20.')

/** A Node 20: one that is installed, else the one of npm; undefined where neither is to be had. */
function findNode20(): string | undefined {
  const cache = join(root, '.cache/node-20')
  const own = join(cache, `node_modules/node-${process.platform}-${process.arch}/bin/node`)
  const installed = (process.env.PATH ?? '').split(delimiter).map(folder => join(folder, 'node'))
  const found = [own, ...installed, '/usr/bin/node', '/usr/local/bin/node'].find(isNode20)
  if (found) return found
  const name = `node-${process.platform}-${process.arch}@20`
  const npm = ['install', '--no-audit', '--no-fund', '--no-save', '--prefix', cache, name]
  spawnSync('npm', npm, { encoding: 'utf8', timeout: 180_000 })
  return isNode20(own) ? own : undefined
}

test('the built client does all that it has to under Node 20', async t => {
  const node = findNode20()
  if (!node && process.env.CI !== 'true') return t.skip('there is no Node 20 here, and npm has none to give')
  assert.ok(node, 'CI has Node 20')
  await builtClient()
  const environment = { ...process.env, GIVEN: JSON.stringify(await given(t)) }
  const script = join(import.meta.dirname, 'node-20.js')
  const { stdout } = await promisify(execFile)(node, [script], { env: environment, timeout: 60_000 })
  const { node: version, title, ...seen } = JSON.parse(stdout)
  assert.match(version, /^v20\./)
  assert.match(title, /behind-the-stream/)
  assert.deepEqual(seen, everything)
})

/** A site of somebody else, whose page has the client in it. */
async function site(t: TestContext, script: string) {
  const exercise = await readFile(join(import.meta.dirname, 'exercise.js'), 'utf8')
  const files: Record<string, [type: string, body: string]> = {
    '/': ['text/html', '<!doctype html><title>Somebody’s app</title><link rel="icon" href="data:," />'],
    '/client.js': ['text/javascript', script],
    '/exercise.js': ['text/javascript', exercise],
  }
  const server = createServer((request, response) => {
    const [type, body] = files[request.url!] ?? ['text/plain', '']
    response.writeHead(files[request.url!] ? 200 : 404, { 'content-type': `${type}; charset=utf-8` }).end(body)
  }).listen(0, '127.0.0.1')
  await new Promise(listening => server.once('listening', listening))
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** One file for browsers, as any bundler makes it of the package. */
async function bundled(): Promise<string> {
  const entry = await builtClient()
  const made = await build({
    configFile: false,
    logLevel: 'silent',
    root: join(import.meta.dirname, '..'),
    build: { write: false, minify: false, target: 'es2022', lib: { entry, formats: ['es'], fileName: 'client' } },
  })
  const [{ output }] = [made].flat() as { output: { code?: string }[] }[] as [{ output: { code?: string }[] }]
  return output[0]!.code!
}

test(
  'the built client does all that it has to in a browser, on a page of an origin that is allowed, and of no other',
  { skip: withoutChromium },
  async t => {
    const script = await bundled()
    const [own, others] = [await site(t, script), await site(t, script)]
    const about = await given(t, { CORS_ORIGINS: own })
    const browser = await openChromium(t)
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', error => complaints.push(error.message))
    await page.goto(own)
    const run = `(async () => {
      const [client, { exercise }] = [await import('/client.js'), await import('/exercise.js')]
      const given = ${JSON.stringify(about)}
      const { generalInformation, ...rest } = given.data
      const data = name => ({ ...rest, generalInformation: { ...generalInformation, batteryIdentifier: 'Web-' + name } })
      return await exercise(client, { ...given, data })
    })()`
    const { title, ...seen } = await page.evaluate<Record<string, unknown>>(run)
    assert.match(String(title), /behind-the-stream/)
    assert.deepEqual(seen, everything)
    assert.deepEqual(complaints, [])

    await page.goto(others)
    const refused = await page.evaluate<string>(`(async () => {
      const { connect } = await import('/client.js')
      const ohmnibus = connect({ url: ${JSON.stringify(about.url)}, as: { key: ${JSON.stringify(about.key)} }, retries: 0 })
      return await ohmnibus.get('/api/passports').then(() => 'read', error => error.name)
    })()`)
    assert.equal(refused, 'TypeError', 'what is not allowed reads nothing')
  },
)
