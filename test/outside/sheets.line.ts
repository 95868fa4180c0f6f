import assert from 'node:assert/strict'
import { parse } from 'csv-parse/sync'
import { newId } from '#kernel'
import { categories } from '#law'
import { npmOf, pythonOf } from '../../tools/outside/peers.ts'
import { open, published } from '../lattice/cases.ts'
import { answerOf, line } from './line.ts'

const sheetType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const head = [
  'identifier',
  'category',
  'model',
  'Battery mass [kg]',
  'manufacturingDate',
  'Rated capacity [Ah]',
  'batterySerialNumber',
]

line('sheets: ours read by openpyxl and SheetJS, theirs by us, the same cells', async t => {
  const [XLSX, python] = [await npmOf('xlsx'), await pythonOf('python')]
  const of = await open(t)
  const owner = { userId: newId() }
  for (const category of categories) await published(of, category, owner)
  const headers = of.p.signedIn(owner)
  const exported = async (format: string): Promise<Buffer> =>
    (await of.p.http.inject({ url: `/api/passports/export?format=${format}`, headers })).rawPayload
  const [ours, csv] = [await exported('xlsx'), parse(await exported('csv'), { bom: true }) as string[][]]

  const rows = (kind: string) => [
    head,
    [`${kind}-1`, 'EV', '0042', 450.5, { date: '2026-11-30' }, '94.0', '000123'],
    [`${kind}-2`, 'LMT', 'Größe "M"', 3, '2026-11', 0.1, 'S,;\n2'],
  ]
  const theirs = await answerOf(python, 'sheets.py', { read: [ours.toString('base64')], write: [rows('P')] })
  const text = (cell: unknown): string => (cell === null || cell === undefined ? '' : String(cell))
  assert.deepEqual(
    theirs.read[0].map((row: unknown[]) => row.map(text)),
    csv,
    'by openpyxl',
  )
  const book = XLSX.read(ours, { type: 'buffer' })
  const byOthers: unknown[][] = XLSX.utils.sheet_to_json(book.Sheets[book.SheetNames[0]], {
    header: 1,
    defval: '',
    raw: true,
  })
  assert.deepEqual(
    byOthers.map(row => csv[0]!.map((_, at) => text(row[at]))),
    csv,
    'by SheetJS',
  )

  const made = XLSX.utils.book_new()
  const cells = rows('S').map(row =>
    row.map(cell => (typeof cell === 'object' ? new Date(`${cell.date}T00:00:00`) : cell)),
  )
  XLSX.utils.book_append_sheet(made, XLSX.utils.aoa_to_sheet(cells, { cellDates: true }))
  const files = {
    P: Buffer.from(theirs.written[0], 'base64'),
    S: XLSX.write(made, { type: 'buffer', bookType: 'xlsx' }) as Buffer,
  }
  for (const [kind, file] of Object.entries(files)) {
    const taken = await of.p.http.inject({
      method: 'POST',
      url: '/api/passports/import',
      headers: { ...headers, 'content-type': sheetType },
      payload: file,
    })
    assert.ok(taken.statusCode < 300, taken.body)
    await of.p.settle()
    const { state, created, failed } = (
      await of.p.http.inject({ url: `/api/passports/imports/${taken.json().id}`, headers })
    ).json()
    assert.deepEqual([state, created, failed], ['done', 2, 0], kind)
    const { items } = (await of.as(owner).get(`?identifier=${kind}-1`)).body
    const said = (await of.as(owner).get(`/${items[0].id}/attributes`)).body.items as any[]
    const value = (id: string) => said.find(one => one.id === id)?.value
    assert.deepEqual(
      ['batteryModelIdentifier', 'batteryMass', 'manufacturingDate', 'ratedCapacity', 'batterySerialNumber'].map(value),
      ['0042', '450.5', '2026-11-30', '94.0', '000123'],
      kind,
    )
  }
  return `${csv.length} rows × ${csv[0]!.length} columns read by each of them, 4 rows of theirs by us`
})
