import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import write from 'write-excel-file/node'
import { became, notSplit, oneProcess, openCode, people, scan, split, type Open } from './batteries.ts'
import { until } from '../kernel/toys.ts'

const sheet = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const heads = ['Artikel-Nr. Batterie', 'Seriennummer', 'Kapazität (Ah)', 'Gewicht [kg]', 'Baujahr', 'Farbe', 'parentId']

/** A supplier's list as a spreadsheet: `mended` has what was wrong in two cells. */
async function list(modelId: string, count: number, mended: boolean, status?: string): Promise<Buffer> {
  const rows = Array.from({ length: count }, (_, index) => {
    const serial = `C7-${String(index + 1).padStart(5, '0')}`
    const capacity = index === 4 && !mended ? 'thirteen' : '13.8'
    const weight = index === 9 && !mended ? '1,234' : '2.9'
    return [serial, serial, capacity, weight, '2026-11', 'red', modelId, ...(status ? [status] : [])]
  })
  const whole = [[...heads, ...(status ? ['status'] : [])], ...rows]
  return await write(whole.map(row => row.map(value => ({ value, type: String })))).toBuffer()
}

/** How many come in the container; CONTAINER_ROWS=2000 for a whole one. */
const count = Number(process.env.CONTAINER_ROWS ?? 200)

async function container(t: TestContext, open: Open): Promise<void> {
  const site = await open(t)
  const ivo = await people(site).operator('Ivo', 'Nordhafen Import GmbH', 'importer', '4012345000016')
  const send = async (body: Buffer, query = ''): Promise<{ status: number; body: any }> => {
    const answer = await fetch(`${site.address}/api/passports/import${query}`, {
      method: 'POST',
      headers: { ...ivo.headers, 'content-type': sheet },
      body: new Uint8Array(body),
    })
    return { status: answer.status, body: await answer.json() }
  }
  const taken = async (body: Buffer, query = '') => {
    const sent = await send(body, query)
    assert.equal(sent.status, 202, JSON.stringify(sent.body))
    return await became(ivo, `/api/passports/imports/${sent.body.id}`)
  }

  // What all of them have in common is the passport of their model.
  const attributes = {
    batteryModelIdentifier: { value: 'CITY-7' },
    batteryCategory: { value: 'LMT' },
    nominalVoltage: { value: '36', unit: 'V' },
    separateCollectionInfo: { value: { de: 'Getrennt sammeln', mt: 'Iġborha separatament' } },
  }
  const model = await ivo.get(201, 'POST /api/passports', { data: { attributes }, granularity: 'model' })
  await ivo.get(200, `POST /api/passports/${model.id}/publish`)

  // The supplier's words are told by nobody but who knows the supplier.
  const refused = await send(await list(model.id, count, false))
  assert.deepEqual([refused.status, refused.body.code], [400, 'import_invalid'])
  const { columns } = await ivo.get(200, 'POST /api/passports/import/proposal', { columns: heads })
  const unknown = columns.filter(({ by }: { by: string }) => by === 'nothing' || by === 'alike')
  assert.deepEqual(
    refused.body.errors.map(({ pointer }: { pointer: string }) => pointer.slice(1)),
    unknown.map(({ head }: { head: string }) => head),
  )
  await ivo.get(200, 'PUT /api/passports/import/mapping', {
    columns: {
      'Artikel-Nr. Batterie': { column: 'uniqueBatteryIdentifier' },
      'Kapazität (Ah)': { column: 'ratedCapacityCurrent', unit: 'Ah' },
      'Gewicht [kg]': { column: 'batteryMass', unit: 'kg' },
      Baujahr: { column: 'manufacturingDate' },
      Farbe: null,
    },
  })

  // A dry run names the cells.
  const tried = await taken(await list(model.id, count, false), '?dryRun=true')
  assert.deepEqual([tried.created, tried.failed], [count - 2, 2])
  assert.deepEqual(
    tried.faults.map(({ line, column }: { line: number; column: string }) => [line, column]),
    [
      [6, 'ratedCapacityCurrent'],
      [11, 'batteryMass'],
    ],
  )
  assert.equal((await ivo.get(200, 'GET /api/passports/count')).count, 1, 'a dry run makes nothing')
  const done = await taken(await list(model.id, count, true))
  assert.deepEqual([done.created, done.failed], [count, 0])
  const again = await taken(await list(model.id, count, true))
  assert.deepEqual([again.created, again.unchanged], [0, count], 'the same file again makes nothing twice')

  // What is missing, by article.
  const day = 'on=2027-02-18'
  const summary = await ivo.get(200, `GET /api/passports/readiness/summary?${day}`)
  const [lmt] = summary.categories
  assert.deepEqual([lmt.category, lmt.ready], ['LMT', 0])
  assert.ok(lmt.passports === Math.min(1000, count + 1))
  const gap = summary.missing.find(({ dataPoint }: { dataPoint: number }) => dataPoint === 42)
  assert.deepEqual([gap.article, gap.passports], ['Annex XIII 1(r)', lmt.passports])
  // What the list and the model say is missing nowhere, but that the model has no number and no date of its own.
  for (const { dataPoint, passports } of summary.missing)
    assert.ok(![1, 6, 9, 27, 51].includes(dataPoint) || passports === 1, `data point ${dataPoint}`)

  // What is mended in the model is mended in all of them.
  const declaration = { value: { title: 'DoC', url: 'https://example.com/doc.pdf' } }
  const mend = { attributes: { euDeclarationOfConformity: declaration }, reason: 'It came with the container' }
  await ivo.get(200, `PATCH /api/passports/${model.id}/attributes`, mend)
  await until(async () => {
    const { missing } = await ivo.get(200, `GET /api/passports/readiness/summary?${day}`)
    return missing.every(({ dataPoint }: { dataPoint: number }) => dataPoint !== 42)
  })

  // Published by the same list, with one column more.
  const published = await taken(await list(model.id, count, true, 'published'))
  assert.deepEqual([published.updated, published.failed], [count, 0])

  // Labels, decoded before they leave; codes that open, in Maltese.
  const first = await ivo.ask('POST /api/passports/labels', { parentId: model.id, sizeMm: 40 })
  assert.deepEqual([first.status, first.headers.get('x-labels')], [200, String(Math.min(count, 1000))])
  assert.equal(first.body.subarray(0, 5).toString(), '%PDF-')
  const { items } = await ivo.get(200, `GET /api/passports/${model.id}/children?limit=3`)
  for (const [index, { id, identifier }] of items.entries()) {
    const path = await scan(ivo, id, index === 1 ? 'symbology=datamatrix' : 'symbology=qr')
    const page = await openCode(site, path, 'mt')
    assert.match(page, /<html lang="mt">/)
    assert.match(page, new RegExp(`Passaport tal-batterija ${identifier}`))
    assert.match(page, /Iġborha separatament/)
    assert.match(page, /example\.com\/doc\.pdf/)
    assert.doesNotMatch(page, /<script/)
  }
}

test("container: an importer's spreadsheet, what is missing by article, published, codes that open", t =>
  container(t, oneProcess))
test(
  "container, each service in a process of its own: an importer's spreadsheet, what is missing by article, published, codes that open",
  { skip: notSplit },
  t => container(t, split),
)
