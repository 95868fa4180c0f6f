import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { passports } from './service.ts'
import { people } from './testing.ts'

test('an identifier of up to 2,048 characters stands in one passport of an owner, is shown whole, found and sorted by', async t => {
  const p = await start(t, [passports], { answers: people().answers })
  const headers = p.signedIn()
  const make = (batteryIdentifier: string) =>
    p.http.inject({ method: 'POST', url: '/api/passports', headers, payload: { data: { batteryIdentifier } } })
  const found = async (query: Record<string, string>) =>
    (await p.http.inject({ url: '/api/passports', query, headers })).json() as {
      items: any[] // as the answer has them
      nextCursor: string | null
    }
  const long = 'urn:battery:'.padEnd(300, 'x')
  const longest = '𝔹'.repeat(1024)
  const all = ['a'.repeat(256), `${'a'.repeat(256)}b`, long, `${long}2`, longest, 'short', `${'s'.repeat(255)} t`]
  for (const identifier of all) {
    const made = await make(identifier)
    assert.deepEqual([made.statusCode, made.json().identifier], [201, identifier])
    const again = await make(identifier)
    assert.deepEqual([again.statusCode, again.json().code], [409, 'battery_identifier_taken'])
    assert.equal(again.json().errors[0].pointer, '/data/batteryIdentifier')
    const { items } = await found({ identifier })
    assert.deepEqual(
      items.map(item => [item.id, item.identifier]),
      [[made.json().id, identifier]],
    )
  }
  const seen: string[] = []
  for (let after: string | null = ''; after !== null;) {
    const page = await found({ sort: 'identifier', limit: '2', ...(after && { after }) })
    seen.push(...page.items.map(item => item.identifier))
    after = page.nextCursor
  }
  assert.deepEqual(seen.toSorted(), all.toSorted())

  const other = p.signedIn()
  const theirs = {
    method: 'POST',
    url: '/api/passports',
    headers: other,
    payload: { data: { batteryIdentifier: long } },
  } as const
  assert.equal((await p.http.inject(theirs)).statusCode, 201, 'of another owner')
  const { id } = (await found({ identifier: long })).items[0]
  const url = `/api/passports/${id}`
  await p.http.inject({ method: 'PUT', url, headers, payload: { data: { batteryIdentifier: 'now short' } } })
  assert.equal((await found({ identifier: long })).items.length, 0)
  assert.equal((await found({ identifier: 'now short' })).items[0].id, id)
  assert.equal((await make(long)).statusCode, 201, 'it is free again')
})

test('a day of manufacture is read with a zone too', async t => {
  const p = await start(t, [passports], { answers: people().answers })
  const headers = p.signedIn()
  for (const [manufacturingDate, day] of [
    ['2024-01-15Z', '2024-01-15'],
    ['2024-01-15+02:00', '2024-01-15'],
    ['2024-01-15-11:00', '2024-01-15'],
    ['2024-02Z', '2024-02-01'],
    ['2024-01-15T00:30:00+02:00', '2024-01-15'],
    ['2024-01-15X', null],
    ['2024-02-30Z', null],
  ] as const) {
    await p.http.inject({ method: 'POST', url: '/api/passports', headers, payload: { data: { manufacturingDate } } })
    const { items } = (await p.http.inject({ url: '/api/passports?limit=1', headers })).json()
    assert.equal(items[0].manufacturedOn, day, manufacturingDate)
  }
})
