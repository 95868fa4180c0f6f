import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'

import { choose } from '../../services/all.ts'
import { bearer, startIdentity } from '../../services/identity/testing.ts'
import { othersOf } from '../kernel/spellings.ts'

test('a token is good in the one spelling that was made', async t => {
  const { http, post, person } = await startIdentity(t)
  const ada = await person('Ada')
  const read = (token: string) => http.inject({ url: '/api/auth/profile', headers: bearer(token) })
  assert.equal((await read(ada.accessToken)).statusCode, 200)
  const dot = ada.accessToken.lastIndexOf('.') + 1
  const [head, signature] = [ada.accessToken.slice(0, dot), ada.accessToken.slice(dot)]
  const others = othersOf(signature)
  assert.ok(others.length >= 2)
  for (const other of others) assert.equal((await read(head + other)).statusCode, 401, other)
  for (const refreshToken of othersOf(ada.refreshToken))
    assert.equal((await post('/refresh', { refreshToken })).statusCode, 401, refreshToken)
  assert.equal((await post('/refresh', { refreshToken: ada.refreshToken })).statusCode, 200, 'none of it spent it')
})

test('a signed link is good as it was made, and with nothing beside', async t => {
  const p = await start(t, await choose(['identity', 'documents', 'passports']))
  const headers = p.signedIn()
  const form = new FormData()
  form.append('file', new Blob(['hello']), 'hello.txt')
  const sent = new Response(form)
  const made = await p.http.inject({
    method: 'POST',
    url: '/api/documents/upload',
    headers: { ...headers, 'content-type': sent.headers.get('content-type')! },
    payload: Buffer.from(await sent.arrayBuffer()),
  })
  const { url } = (await p.http.inject({ url: `/api/documents/${made.json().docId}`, headers })).json()
  const { pathname, search } = new URL(url)
  const get = async (path: string) => (await p.http.inject(path)).statusCode
  assert.equal(await get(pathname + search), 200)
  const at = pathname.lastIndexOf('/') + 1
  for (const other of othersOf(pathname.slice(at)))
    assert.equal(await get(pathname.slice(0, at) + other + search), 403, other)
  for (const more of ['&x=1', '&name=other.txt', '&sha256='])
    assert.ok([400, 403].includes(await get(pathname + search + more)), more)
})
