import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { builtClient, root } from './built.ts'
import { openPlatform, passport } from './platform.ts'

const guide = readFileSync(join(root, 'docs/guides/connect-your-system.md'), 'utf8')
const blocks = [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({
  language: language!,
  code: code!,
}))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(done => server.once('listening', done))
  const { port } = server.address() as { port: number }
  await new Promise(done => server.close(done))
  return port
}

/** Whoever follows the guide: runs its blocks, each with what the ones before it told. */
function reader(t: TestContext, environment: Record<string, string>) {
  // Where `@ohmnibus/client` and `openid-client` are found, as they would be after `npm install`.
  const folder = mkdtempSync(join(root, 'packages/client/guide-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const done = new Set<number>()

  function begin(containing: string): {
    child: ChildProcess
    output: Promise<string>
    said: (text: string) => Promise<void>
  } {
    const number = blocks.findIndex(({ code }) => code.includes(containing))
    assert.ok(number >= 0, `no block has ${containing}`)
    done.add(number)
    const { language, code } = blocks[number]!
    const file = join(folder, `block-${number}.${language === 'js' ? 'mjs' : 'sh'}`)
    writeFileSync(file, code)
    const [command, args] = language === 'js' ? [process.execPath, [file]] : ['bash', ['-euo', 'pipefail', file]]
    const child = spawn(command, args as string[], { env: { PATH: process.env.PATH, ...environment } })
    t.after(() => child.kill())
    let [told, stop] = ['', (): void => undefined]
    for (const stream of [child.stdout, child.stderr]) stream!.on('data', data => ((told += data), stop()))
    const output = new Promise<string>((resolve, reject) =>
      child.once('close', code => (code ? reject(new Error(`block ${number} failed: ${told}`)) : resolve(told))),
    )
    output.catch(() => undefined)
    const said = (text: string) =>
      new Promise<void>((resolve, reject) => {
        stop = () => (told.includes(text) ? resolve() : undefined)
        output.then(() => resolve(), reject)
        stop()
      })
    return { child, output, said }
  }
  return { begin, run: (containing: string) => begin(containing).output, environment, done }
}

test('who follows the guide reads no source: every block of it runs as it stands', async t => {
  await builtClient()
  // Whoever signs in is led to the address that the platform calls its own.
  const own = await freePort()
  const p = await openPlatform(t, { PORT: String(own), PUBLIC_URL: `http://127.0.0.1:${own}` })
  const port = String(await freePort())
  const it = reader(t, {
    OHMNIBUS_URL: p.url,
    EMAIL: p.ada.email,
    PASSWORD: p.ada.password,
    PORT: port,
    WEBHOOK_URL: `http://127.0.0.1:${port}`,
  })

  const { id, key } = JSON.parse(await it.run('/api/auth/keys'))
  assert.match(key, /^ohm_live_/)
  Object.assign(it.environment, { OHMNIBUS_KEY: key, OHMNIBUS_KEY_ID: id })
  assert.deepEqual(JSON.parse(await it.run('/api/passports?limit=2')).items, [])
  assert.match(await it.run('newIdempotencyKey'), /^made [\w-]{36}\nBP-2027-001 draft\n404 passport_unknown\n$/)
  assert.equal(await it.run('signOut'), '1\nAda Lovelace\n')
  assert.equal(JSON.parse(await it.run('grant_type=client_credentials')).scope, 'passports:read')

  const live = it.begin('ohmnibus.notifications()')
  let heard: string | undefined
  live.output.then(
    output => (heard = output),
    error => (heard = String(error)),
  )
  // The stream tells what comes after it was opened, which is a moment after its program began.
  for (let number = 0; heard === undefined && number < 200; number++) {
    const made = await fetch(`${p.url}/api/passports`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ data: passport(`BP-live-${number}`) }),
    })
    assert.equal(made.status, 201)
    await p.settle()
  }
  assert.match(await live.output, /BP-live-/)
  assert.match(await it.run('readWebhook'), /^webhook\.test [\w-]{36}\ndelivered true\n$/)

  const client = JSON.parse(await it.run('redirectUris'))
  Object.assign(it.environment, { CLIENT_ID: client.id, CLIENT_SECRET: client.secret })
  const site = it.begin('buildAuthorizationUrl')
  assert.match(await signInAt(`http://localhost:${port}/login`, p), /^Ada Lovelace \([\w-]{36}\) sees \d+ passports$/)
  site.child.kill()

  assert.deepEqual(
    blocks.map((_, number) => number).filter(number => !it.done.has(number)),
    [],
    'a block is run by nobody',
  )
})

/** A browser without script, in which somebody signs in and says yes. Answers with the page it ends at. */
async function signInAt(start: string, { ada }: { ada: { email: string; password: string } }): Promise<string> {
  const cookies = new Map<string, string>()
  async function open(url: string, form?: Record<string, string>): Promise<{ url: string; body: string }> {
    const there = new URL(url)
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form && { origin: there.origin, 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form && { body: new URLSearchParams(form).toString() }),
    })
    for (const text of response.headers.getSetCookie()) {
      const [name, value] = text.split(';')[0]!.split('=') as [string, string]
      cookies.set(name, value)
    }
    const body = await response.text()
    const to = response.headers.get('location')
    return to ? await open(new URL(to, url).href) : { url, body }
  }
  // The site may still be starting.
  let signIn: { url: string; body: string } | undefined
  for (let tries = 0; !signIn && tries < 600; tries++)
    signIn = await open(start).catch(() => new Promise(done => setTimeout(done, 50, undefined)))
  assert.match(signIn!.body, /name="password"/)
  const consent = await open(signIn!.url, { email: ada.email, password: ada.password })
  assert.match(consent.body, /Let “Fleet planner” in/)
  const own = /return=%2Fapi%2Fauth%2Fauthorize%2F([\w-]{36})/.exec(consent.body)?.[1]
  assert.ok(own, consent.body)
  return (await open(new URL(`/api/auth/authorize/${own}`, consent.url).href, { decision: 'allow' })).body
}
