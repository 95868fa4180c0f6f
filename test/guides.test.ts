import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openPlatform } from '../packages/client/test/platform.ts'

const guides = join(import.meta.dirname, '..', 'docs', 'guides')

/** All blocks of a guide in one shell, as somebody pastes them one after the other; answers what they told. */
async function follow(t: TestContext, guide: string, environment: Record<string, string>): Promise<string> {
  const text = readFileSync(join(guides, `${guide}.md`), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code]) => code!)
  assert.ok(blocks.length > 1)
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-guide-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const child = spawn('bash', ['-euo', 'pipefail', '-c', blocks.join('\n')], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...environment },
    signal: AbortSignal.timeout(120_000),
  })
  let told = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (told += data))
  const code = await new Promise(resolve => {
    child.once('error', resolve)
    child.once('close', resolve)
  })
  assert.equal(code, 0, `${guide} stopped: ${told}`)
  return told
}

test('a passport in ten minutes: every block runs as it stands', async t => {
  const p = await openPlatform(t)
  const told = await follow(t, 'ten-minutes', {
    OHMNIBUS_URL: p.url,
    EMAIL: p.ada.email,
    PASSWORD: p.ada.password,
  })
  assert.match(told, /The model is [\w-]{36}\./)
  assert.match(told, /42\tAnnex XIII 1\(r\)\teuDeclarationOfConformity/)
  assert.match(told, /It says \d+ things now\./)
  assert.match(told, /published/)
  assert.match(told, /<h1>Passaport tal-batterija https:\/\/id\.example\.com\/01\/09506000134352\/21\/V000001/)
  assert.match(told, /478 kg\n$/)
})

/** A token of somebody with an organisation of their own. */
async function acting({ url }: { url: string }, as: { email: string; password: string }, name: string) {
  // Answers are of any shape.
  const post = async (path: string, body: object, token?: string): Promise<any> =>
    (
      await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        body: JSON.stringify(body),
      })
    ).json()
  const { accessToken } = await post('/api/auth/login', { email: as.email, password: as.password })
  const { id } = await post('/api/auth/organisations', { name }, accessToken)
  const { accessToken: token } = await post(`/api/auth/organisations/${id}/switch`, {}, accessToken)
  return { id: id as string, token: token as string, post: (path: string, body: object) => post(path, body, token) }
}

test('bring what you have: every block runs as it stands', async t => {
  const p = await openPlatform(t)
  const { token } = await acting(p, p.ada, 'Nordhafen Import GmbH')
  const told = await follow(t, 'bring-what-you-have', { OHMNIBUS_URL: p.url, TOKEN: token })
  assert.match(told, /\/Artikelnummer is not known/)
  assert.match(told, /1 would be made\nline 3, ratedCapacity: .+\nline 4, batteryMass: /)
  assert.match(
    told,
    /\{"created":3,"updated":0,"unchanged":0,"failed":0\}\n\{"created":0,"updated":0,"unchanged":3,"failed":0\}/,
  )
  assert.match(told, /3 lack 42, Annex XIII 1\(r\)|3 lack \d+, /)
  assert.match(told, /"unchanged":3,"failed":0\}\n$/, 'an export comes again as what it was')
})

test('who sees what: every block runs as it stands', async t => {
  const p = await openPlatform(t)
  const ada = await acting(p, p.ada, 'Donau Batteriewerk GmbH')
  const recycler = await acting(p, await p.person('Rita Recycler'), 'Recycling AG')
  const made = await ada.post('/api/passports', {
    data: {
      attributes: {
        uniqueBatteryIdentifier: { value: 'BP-1' },
        batteryModelIdentifier: { value: 'M1' },
        batteryCategory: { value: 'EV' },
        batteryStatus: { value: 'original' },
        testReportResults: { value: ['https://example.com/report.pdf'] },
      },
    },
  })
  const { id } = made
  assert.ok(id, JSON.stringify(made))
  await ada.post(`/api/passports/${id}/publish`, {})
  const told = await follow(t, 'who-sees-what', {
    OHMNIBUS_URL: p.url,
    TOKEN: ada.token,
    ID: id,
    RECYCLER: recycler.id,
    RECYCLER_TOKEN: recycler.token,
  })
  assert.match(told, /^public\n/)
  assert.match(told, /testReportResults/)
  assert.match(told, /\ninterest\n2\n0\n/)
  assert.match(told, /interest GET \/api\/passports\/:id\n/)
})
