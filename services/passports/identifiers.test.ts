import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { composeTexts } from './backfill.ts'
import type { PassportsHost } from './host.ts'
import { passports } from './service.ts'
import { codeOf, open, people, publishable } from './testing.ts'

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

const [one, other] = ['Zelle-\u00fc-7', 'Zelle-u\u0308-7']

test('two ways to write a letter are one identifier, found by either, and the data keeps what was given', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const data = { ...publishable(other), batteryModelIdentifier: 'Gr\u00f6\u00dfe', serialNumber: other }
  const { id, identifier } = await ada.make({
    ...data,
    generalInformation: { ...data.generalInformation, batteryModel: 'Gro\u0308\u00dfe' },
  })
  assert.equal(identifier, one)
  assert.equal((await ada.get(`/${id}`)).body.data.generalInformation.batteryIdentifier, other)
  assert.deepEqual(await codeOf(ada.post('', { data: publishable(one) })), [409, 'battery_identifier_taken'])
  for (const [name, values] of Object.entries({
    identifier: [one, other],
    serial: [one, other],
    model: ['Gr\u00f6\u00dfe', 'Gro\u0308\u00dfe'],
  }))
    for (const value of values)
      assert.deepEqual(await ada.found(`${name}=${encodeURIComponent(value)}`), [one], `${name} ${value}`)
  // Another way to write it is no other identifier, so a published one may say it.
  assert.equal((await ada.post(`/${id}/publish`)).status, 200)
  assert.equal((await ada.put(`/${id}`, { data: { ...publishable(one), z: 1 } })).status, 200)

  // Serials of an order are told apart in the same way.
  const { body: model } = await ada.post('', { data: publishable('M'), granularity: 'model' })
  const { body: order } = await ada.post(`/${model.id}/items`, { serials: ['Pr\u00fcf', 'Pru\u0308f'] })
  await p.settle()
  const { created, failed } = (await ada.get(`/${model.id}/items/${order.id}`)).body
  assert.deepEqual([created, failed], [1, 1])
  assert.deepEqual(await ada.found(`identifier=${encodeURIComponent('Pru\u0308f')}`), ['Pr\u00fcf'])
})

test('what was kept as it was written is composed once, but where another passport has it already', async t => {
  const { p, as } = await open(t)
  const ada = as()
  const db = p.db('passports')
  const long = 'urn:battery:'.padEnd(300, 'x')
  const kept = async (given: string, was: string) => {
    const { id } = await ada.make(publishable(given))
    assert.equal((await ada.post(`/${id}/publish`)).status, 200)
    await db`
      update passports set identifier = left(${was}, 256), serial = ${was.slice(0, 20)},
        identifier_whole = ${was.length > 256 ? was : null}
      where id = ${id}`
    return id
  }
  const ids = [
    await kept('A', other),
    await kept('B', `${long}u\u0308`),
    await kept('\u00e9', '\u00e9'),
    await kept('C', 'e\u0301'),
  ]
  await db`delete from filled_columns where name = 'composed texts'`
  const newer = { ...passports, needs: [], start: async (host: PassportsHost) => void (await composeTexts(host)) }
  await (await p.another([newer] as never)).settle()
  const rows = await db`
    select coalesce(identifier_whole, identifier) as identifier, serial from passports where id = any(${ids}) order by id`
  assert.deepEqual(
    rows.map(({ identifier, serial }) => [identifier, serial]),
    [
      [one, one],
      [`${long}\u00fc`, long.slice(0, 20)],
      ['\u00e9', '\u00e9'],
      ['e\u0301', '\u00e9'],
    ],
  )
  assert.deepEqual(await ada.found(`identifier=${encodeURIComponent(other)}`), [one])
  const [marked] = await db`select from filled_columns where name = 'composed texts'`
  assert.ok(marked)
})
