import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import write from 'write-excel-file/node'
import { PassportPublished } from '#contracts/passports'
import { newId, type Actor } from '#kernel'
import type { TestPlatform } from '../../../kernel/testing.ts'
import { member, open } from '../testing.ts'
import { targetOf } from './head.ts'

const types: Record<string, string> = {
  csv: 'text/csv',
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
}

/** Somebody who brings files; each answers what became of it. */
function bringing(p: TestPlatform, actor: Partial<Actor>) {
  const headers = p.signedIn(actor)
  const send = (file: string | Buffer, type = 'csv', query = '') =>
    p.http.inject({
      method: 'POST',
      url: `/api/passports/import${query}`,
      headers: { ...headers, 'content-type': types[type]! },
      payload: file,
    })
  return {
    headers,
    send,
    async bring(file: string | Buffer, type = 'csv', query = '') {
      const sent = await send(file, type, query)
      assert.equal(sent.statusCode, 202, sent.body)
      await p.settle()
      const { created, updated, unchanged, failed, faults, state } = (
        await p.http.inject({ url: `/api/passports/imports/${sent.json().id}`, headers })
      ).json()
      assert.equal(state, 'done')
      return { counts: [created, updated, unchanged, failed], faults }
    },
    get: async (path: string) => await p.http.inject({ url: `/api/passports${path}`, headers }),
  }
}

suite('batteries out of files', () => {
  test('a list in a supplier’s words, semicolons and decimal commas: dry run, mended, taken over, sent again', async t => {
    const { p, as } = await open(t)
    const actor = member(newId(), 'editor')
    const { bring, send } = bringing(p, actor)
    const ada = as(actor)
    const head = 'Batterie-ID;Nennkapazität (Ah);Gewicht [kg];Kategorie der Batterie;Modell;Farbe'
    const list = (second: string) =>
      [head, '0007;94,0;450,5;EV;M1;rot', second, '', '0009;94;1;EV;M1;blau'].join('\r\n')
    const refused = await send(list('0008;94;1;EV;M1;'))
    assert.deepEqual([refused.statusCode, refused.json().code], [400, 'import_invalid'])
    assert.ok(
      refused.json().errors.some(({ pointer }: { pointer: string }) => pointer === '/Farbe'),
      refused.body,
    )
    const named = {
      'Batterie-ID': { column: 'uniqueBatteryIdentifier' },
      'Nennkapazität (Ah)': { column: 'ratedCapacity', unit: 'Ah' },
      'Kategorie der Batterie': { column: 'batteryCategory' },
      Modell: { column: 'batteryModelIdentifier' },
      Farbe: null,
    }
    const saved = await ada.put('/import/mapping', { columns: named })
    assert.equal(saved.status, 200, saved.text)
    assert.deepEqual((await ada.get('/import/mapping')).body.columns, named)

    const tried = await bring(list('0007;94;1,234;EV;M1;'), 'csv', '?dryRun=true')
    assert.deepEqual(tried.counts, [2, 0, 0, 1])
    assert.deepEqual([tried.faults[0].line, tried.faults[0].column], [3, 'uniqueBatteryIdentifier'])
    assert.match(tried.faults[0].detail, /row 2/)
    assert.equal((await ada.get('/count')).body.count, 0, 'a dry run writes nothing')

    const wrong = await bring(list('0008;94;1,234;EV;M1;'))
    assert.deepEqual(wrong.counts, [2, 0, 0, 1])
    assert.deepEqual([wrong.faults[0].line, wrong.faults[0].column], [3, 'batteryMass'])
    const mended = await bring(list('0008;93 Ah;1.234 kg;EV;M1;'))
    assert.deepEqual(mended.counts, [1, 0, 2, 0])
    assert.deepEqual(await bring(list('0008;93 Ah;1.234 kg;EV;M1;')).then(({ counts }) => counts), [0, 0, 3, 0])

    const [{ id }] = (await ada.get('?identifier=0007')).body.items
    const { attributes } = (await ada.get(`/${id}`)).body.data
    assert.deepEqual(attributes.ratedCapacity, { value: '94.0', unit: 'Ah' }, 'digits stay')
    assert.equal(attributes.uniqueBatteryIdentifier.value, '0007', 'zeros stay')
    assert.deepEqual((await bringing(p, member(newId(), 'editor')).get('/import/mapping')).json(), { columns: {} })
  })

  test('XLSX, JSON, NDJSON, UTF-16, Windows-1252 and heads in other languages say the same', async t => {
    const { p } = await open(t)
    const rows = [
      ['Identifier', 'Rated capacity [Ah]', 'Battery category', 'Model', 'status'],
      ['A-1', '94', 'EV', 'Mü', 'published'],
    ]
    const text = rows.map(row => row.join('\t')).join('\n')
    const sheet = await write(rows.map(row => row.map(value => ({ value, type: String })))).toBuffer()
    const nested = {
      data: {
        generalInformation: { batteryIdentifier: 'A-1', batteryCategory: 'EV', batteryModel: 'Mü' },
        more: [1.0],
      },
      status: 'published',
    }
    const flat = {
      identifier: 'A-1',
      'Rated capacity [Ah]': 94,
      'Battery category': 'EV',
      Model: 'Mü',
      status: 'published',
    }
    for (const [name, type, file] of [
      ['tabs', 'csv', text],
      ['UTF-16', 'csv', Buffer.from(`\ufeff${text}`, 'utf16le')],
      ['Windows-1252', 'csv', Buffer.from(text, 'latin1')],
      ['XLSX', 'xlsx', sheet],
      ['JSON', 'json', JSON.stringify([flat])],
      ['items', 'json', JSON.stringify({ items: [flat] })],
      ['NDJSON', 'ndjson', `${JSON.stringify(flat)}\n`],
      ['nested', 'ndjson', JSON.stringify(nested)],
    ] as const) {
      const { bring, get } = bringing(p, { userId: newId() })
      const { counts, faults } = await bring(file, type)
      assert.deepEqual([name, counts, faults], [name, [1, 0, 0, 0], []])
      const [item] = (await get('')).json().items
      assert.deepEqual([name, item.identifier, item.model, item.status], [name, 'A-1', 'Mü', 'published'])
    }
    assert.equal((await p.published(PassportPublished)).length, 8)
  })

  test('what is exported comes back as it was, and a cell that begins like a formula is a text on the way out', async t => {
    const { p, as } = await open(t)
    const actor = { userId: newId() }
    const ada = as(actor)
    const { bring, get } = bringing(p, actor)
    const data = {
      generalInformation: { batteryCategory: 'EV', batteryModel: 'M1' },
      attributes: {
        ratedCapacity: { value: '94000.0', unit: 'mAh' },
        manufacturingPlace: { value: '=HYPERLINK("x")' },
      },
    }
    const { body: model } = await ada.post('', { data, granularity: 'model' })
    assert.ok(model.id)
    await ada.make({ batteryIdentifier: 'B-1', attributes: { batterySerialNumber: { value: '=1+1' } } })
    const csv = (await get('/export')).body
    assert.ok(csv.startsWith('\ufeffgranularity,parentId,status,'))
    assert.ok(!/(^|,)"?[=@]/m.test(csv), 'no cell begins like a formula')
    assert.ok(csv.includes('94000.0 mAh'))
    const lines = csv.split('\r\n')
    const items = [lines[0], ...lines.filter(line => line.startsWith('item'))].join('\r\n')
    const again = await bring(items)
    assert.deepEqual([again.counts[0], again.counts[3]], [0, 0], JSON.stringify(again.faults))
    const ndjson = (await get('/export?format=ndjson')).body
    const records = ndjson
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual(records[0].data, data)
    const other = bringing(p, { userId: newId() })
    assert.deepEqual((await other.bring(ndjson, 'ndjson')).counts, [2, 0, 0, 0])
    assert.equal(
      (await other.get('/export?format=ndjson')).body.trim().split('\n').length,
      2,
      'one sees what is theirs',
    )
  })

  test('a row that the law refuses names its column, and the others are taken over', async t => {
    const { p } = await open(t)
    const { bring, send } = bringing(p, { userId: newId() })
    const { counts, faults } = await bring(
      [
        'identifier,ratedCapacity,category,granularity,parentId',
        'A,94 A,EV,item,',
        'B,94,EV,item,',
        'C,94 Ah,moon,item,',
        'D,94 Ah,EV,planet,',
        'E,94 Ah,EV,item,nobody',
        ',94 Ah,EV,item,',
        'G,94 Ah,EV,item,',
      ].join('\n'),
    )
    assert.deepEqual(counts, [1, 0, 0, 6])
    assert.deepEqual(
      faults.map(({ line, column }: { line: number; column: string }) => [line, column]),
      [
        [2, 'ratedCapacity'],
        [3, 'ratedCapacity'],
        [4, 'batteryCategory'],
        [5, 'granularity'],
        [6, 'parentId'],
        [7, 'uniqueBatteryIdentifier'],
      ],
    )
    for (const [file, type] of [
      ['', 'csv'],
      ['identifier,identifier\nA,B', 'csv'],
      ['PK\u0003\u0004nonsense', 'xlsx'],
      ['[{"identifier":', 'json'],
      ['[1]', 'json'],
      ['a\0b', 'csv'],
    ] as const)
      assert.equal((await send(file, type)).statusCode, 400, JSON.stringify(file))
    const viewer = bringing(p, member(newId(), 'viewer'))
    assert.equal((await viewer.send('identifier\nA')).statusCode, 403)
  })
})

test('heads are known in 24 languages, by id, and with a unit', () => {
  for (const [head, column, unit] of [
    ['ratedCapacity', 'ratedCapacity', undefined],
    ['RATED CAPACITY (Ah)', 'ratedCapacity', 'Ah'],
    ['Battery mass [kg]', 'batteryMass', 'kg'],
    ['serial', 'batterySerialNumber', undefined],
    ['granularity', 'granularity', undefined],
  ] as const)
    assert.deepEqual(targetOf(head), { column, ...(unit && { unit }) }, head)
  assert.equal(targetOf('Rated capacity (furlong)'), undefined)
  assert.equal(targetOf('nonsense'), undefined)
})
