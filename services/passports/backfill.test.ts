import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { fillNewColumns } from './backfill.ts'
import { allColumns, type Column } from './columns.ts'
import type { PassportsHost } from './host.ts'
import { passports } from './service.ts'
import { people } from './testing.ts'

const shade: Column = {
  name: 'shade',
  sql: 'shade',
  kind: allColumns.find(({ name }) => name === 'model')!.kind,
  from: ['shade', 'look.shade'],
  examples: ['red'],
}

test('a new column is filled for the passports that were there before it, and asked for no second time', async t => {
  const p = await start(t, [passports], { answers: people().answers })
  const headers = p.signedIn()
  const create = async (data: object) =>
    (await p.http.inject({ method: 'POST', url: '/api/passports', headers, payload: { data } })).json().id as string
  const red = await create({ look: { shade: 'red' } })
  const none = await create({ look: { shape: 'round' } })
  for (let count = 0; count < 250; count++) await create({ shade: `blue ${count}` })
  await p.db('passports')`alter table passports add column shade text`

  const newer = {
    ...passports,
    needs: [],
    start: async (host: PassportsHost) => void (await fillNewColumns(host, [...allColumns, shade])),
  }
  const another = await p.another([newer] as never)
  await another.settle()
  const rows = await p.db('passports')<{ id: string; shade: string | null }[]>`select id, shade from passports`
  const found = new Map(rows.map(({ id, shade }) => [id, shade]))
  assert.deepEqual([found.get(red), found.get(none)], ['red', null])
  assert.equal(rows.filter(({ shade }) => shade?.startsWith('blue')).length, 250)
  const [filled] = await p.db('passports')`select from filled_columns where name = 'shade'`
  assert.ok(filled, 'it is known to be filled')
})

test('every column that filters, or sorts, has an index of its owner’s passports', async t => {
  const p = await start(t, [passports], { answers: people().answers })
  const indexes = await p.db('passports')<{ definition: string }[]>`
    select pg_get_indexdef(indexrelid) as definition from pg_index where indrelid = 'passports.passports'::regclass`
  for (const { name, sql, filter, sort, anyCase } of allColumns) {
    if (!filter && !sort) continue
    const wanted = new RegExp(`\\(owner_id, .*${anyCase ? `lower\\(${sql}\\)` : `\\b${sql}\\b`}`)
    assert.ok(
      indexes.some(({ definition }) => wanted.test(definition)),
      `${name} needs an index that begins with the owner`,
    )
  }
})
