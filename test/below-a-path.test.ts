import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../kernel/testing.ts'
import { choose } from '../services/all.ts'
import { raw } from './kernel/wire.ts'

const base = '/energy'
const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
type Answer = { headers: Record<string, unknown>; body: string; cookies: { path?: string }[] }

/** Paths of ours that an answer tells without what stands before them: links, forms, redirects, cookies, problems. */
const astray = ({ headers, body, cookies }: Answer): unknown[] => {
  const told = [headers.location, ...cookies.map(({ path }) => path)]
  if (/html/.test(String(headers['content-type'])))
    told.push(...body.matchAll(/\s(?:href|action|src)="([^"]*)"/g).map(([, path]) => path!))
  if (/problem\+json/.test(String(headers['content-type']))) told.push(JSON.parse(body).type)
  return told.filter(path => typeof path === 'string' && /^\/(?!energy(\/|$))/.test(path))
}

test('below a path every page, redirect, cookie and problem leads below it, for who is signed in and who is not', async t => {
  const p = await start(t, await choose(), { environment: { PUBLIC_URL: `https://example.org${base}` } })
  const { inject, app } = p.http
  const [email, password] = p.platform.announcements.find(({ label }) => label === 'First admin')!.value.split(' / ')
  const payload = new URLSearchParams({ email: email!, password: password! }).toString()
  const signIn = (to: string) =>
    inject({ method: 'POST', url: `/api/auth/sign-in?return=${encodeURIComponent(to)}`, headers: form, payload })
  const signedIn = await signIn('/passports/1')
  assert.deepEqual([signedIn.statusCode, signedIn.headers.location], [303, `${base}/passports/1`])
  assert.deepEqual(signedIn.cookies.map(({ name }) => name.replace(/^__(Host|Secure)-/, '')).sort(), [
    'ohmnibus-access',
    'ohmnibus-browser',
    'ohmnibus-refresh',
  ])
  const cookie = signedIn.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const { accessToken } = (
    await inject({ method: 'POST', url: '/api/auth/login', payload: { email, password } })
  ).json()
  const bearer = { authorization: `Bearer ${accessToken}` }
  const made = await inject({ method: 'POST', url: '/api/passports', payload: { data: {} }, headers: bearer })
  const { id } = made.json()
  assert.equal(made.headers.location, `${base}/api/passports/${id}`)
  const body = new FormData()
  body.append('passportId', id)
  body.append('file', new Blob(['hello']), 'a.txt')
  const uploaded = await fetch(`${await p.listen()}/api/documents/upload`, { method: 'POST', body, headers: bearer })
  const { docId } = (await uploaded.json()) as { docId: string }
  assert.equal(uploaded.headers.get('location'), `${base}/api/documents/${docId}`)
  assert.ok(
    (await inject({ url: `/passports/${id}`, headers: { cookie } })).body.includes(`"${base}/api/documents/${docId}`),
  )
  assert.equal((await inject(`/passports/${id}`)).headers.location?.split('?')[0], `${base}/api/auth/sign-in`)

  const gets = app.documented.filter(({ method }) => method === 'GET').map(({ url }) => url)
  const paths = [...gets.map(url => url.replace(/:(id|docId)\b/, id).replace(/:\w+/g, 'x')), '/nothing', '/api/%zz']
  assert.ok(paths.length > 50)
  for (const url of paths)
    for (const headers of [{}, { cookie }, { accept: 'text/html' }]) {
      if (/stream|events$/.test(url)) continue
      const answer = await inject({ url, headers, signal: AbortSignal.timeout(5_000) })
      assert.deepEqual(astray(answer as never), [], `GET ${url} ${JSON.stringify(headers).slice(0, 20)}`)
    }
  for (const { url } of app.documented.filter(({ method }) => method === 'POST')) {
    const answer = await inject({
      method: 'POST',
      url: url.replace(/:\w+/g, 'x'),
      headers: { ...form, cookie },
      payload: '',
    })
    assert.deepEqual(astray(answer as never), [], `POST ${url}`)
  }
})

test('below a path the parser of HTTP and a gateway before nobody tell of their problems there too', async t => {
  const environment = { PUBLIC_URL: `https://example.org${base}` }
  const p = await start(t, await choose(), { environment })
  const url = await p.listen()
  const refused = [
    'garbage\r\n\r\n',
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n',
  ]
  for (const bytes of refused) {
    const text = await raw(url, bytes)
    assert.match(text, /"type":"\/energy\/problems\//, text)
  }
  const { components } = (await p.http.inject('/docs/openapi.json')).json()
  for (const { value } of Object.values<{ value: { type: string } }>(components.examples))
    assert.ok(!('type' in (value ?? {})) || !value.type?.startsWith('/problems'), JSON.stringify(value))
  const all = await choose()
  const gateway = await start(
    t,
    all.filter(({ name }) => name === 'gateway'),
    {
      environment: {
        ...environment,
        PASSPORTS_SERVICE_URL: url,
        DOCUMENTS_SERVICE_URL: url,
        IDENTITY_SERVICE_URL: url,
        NOTIFICATIONS_SERVICE_URL: url,
      },
    },
  )
  assert.equal((await gateway.http.inject('/api/auth/profile')).json().type, `${base}/problems/token_missing`)
  await p.platform.close()
  const away = (await gateway.http.inject('/api/auth/profile')).json()
  assert.deepEqual([away.status, away.type], [503, `${base}/problems/service_unavailable`])
})
