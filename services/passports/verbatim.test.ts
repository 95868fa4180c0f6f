import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { passports } from './service.ts'
import { people } from './testing.ts'

const first = '{"z":1,"10":"ten","9":"nine","a":2,"list":[{"2":"b","1":"a"}],"mass":450.50,"size":1E3}'
const second = '{"9":"nine","z":1,"10":"ten","a":{"7":[], "3":{}}}'

test('the data of a passport is answered, kept, told and remembered as it was given, keys that are numbers in their places', async t => {
  const p = await start(t, [passports], { answers: people().answers })
  const headers = { ...p.signedIn(), 'content-type': 'application/json', 'idempotency-key': 'once' }
  const send = (method: 'POST' | 'PUT', url: string, data: string) =>
    p.http.inject({ method, url, headers, payload: `{ "data" : ${data} }` })
  const read = async (url: string) => (await p.http.inject({ url, headers })).body

  const made = await send('POST', '/api/passports', first)
  assert.equal(made.statusCode, 201)
  assert.match(String(made.headers['content-type']), /^application\/json/)
  assert.ok(made.body.includes(`"data":${first},`), made.body)
  assert.equal((await send('POST', '/api/passports', first)).body, made.body, 'the same key has the same answer')
  const url = `/api/passports/${made.json().id}`
  const { updatedAt } = made.json()
  assert.ok((await read(url)).includes(`"data":${first},`))

  const changed = await send('PUT', url, second)
  assert.ok(changed.body.includes(`"data":${second},`), changed.body)
  assert.ok((await read(url)).includes(`"data":${second},`))
  assert.ok((await read(`${url}?at=${updatedAt}`)).includes(`"data":${first},`), 'as it was')
  const published = await p.http.inject({ method: 'DELETE', url, headers: p.signedIn({ role: 'admin' }) })
  assert.equal(published.statusCode, 204)

  const rows = await p.db(
    'kernel',
  )`select data::text as text from kernel.log where topic like 'passport.%' order by position`
  const told = rows.map(({ text }) => text as string)
  assert.ok(told.some(text => text.includes(first)) && told.some(text => text.includes(second)), told.join('\n'))
})
