import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { zipSync } from 'fflate'
import { newId } from '#kernel'
import { member, open } from '../testing.ts'

const sheetType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
/** `OHMNIBUS_IMPORT_ROWS=1000000` takes some hours. */
const rows = Number(process.env.OHMNIBUS_IMPORT_ROWS ?? 3_000)
const same = Number(process.env.OHMNIBUS_IMPORT_ROWS ?? 10_000)

interface Sheet {
  readonly name: string
  readonly rows: string
  readonly state?: string
  readonly after?: string
}

/** A workbook by its parts, as Excel writes them. */
function workbook(sheets: readonly Sheet[], more: Record<string, string> = {}, kind = 'sheet.main'): Buffer {
  const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
  const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const packages = 'http://schemas.openxmlformats.org/package/2006'
  const part = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
  const each = (text: (sheet: Sheet, number: number) => string) => sheets.map((one, at) => text(one, at + 1)).join('')
  const parts: Record<string, string> = {
    '[Content_Types].xml':
      `${head}<Types xmlns="${packages}/content-types"><Default Extension="xml" ContentType="application/xml"/>` +
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
      `<Override PartName="/xl/workbook.xml" ContentType="${part}.${kind}+xml"/>` +
      `<Override PartName="/xl/styles.xml" ContentType="${part}.styles+xml"/>` +
      `${each((_, n) => `<Override PartName="/xl/worksheets/sheet${n}.xml" ContentType="${part}.worksheet+xml"/>`)}</Types>`,
    '_rels/.rels':
      `${head}<Relationships xmlns="${packages}/relationships">` +
      `<Relationship Id="r1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml':
      `${head}<workbook xmlns="${main}" xmlns:r="${office}"><sheets>` +
      `${each(({ name, state }, n) => `<sheet name="${name}" sheetId="${n}"${state ? ` state="${state}"` : ''} r:id="r${n}"/>`)}` +
      '</sheets></workbook>',
    'xl/_rels/workbook.xml.rels':
      `${head}<Relationships xmlns="${packages}/relationships">` +
      `${each((_, n) => `<Relationship Id="r${n}" Type="${office}/worksheet" Target="worksheets/sheet${n}.xml"/>`)}` +
      `<Relationship Id="styles" Type="${office}/styles" Target="styles.xml"/></Relationships>`,
    'xl/styles.xml':
      `${head}<styleSheet xmlns="${main}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>` +
      '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>' +
      '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
    ...Object.fromEntries(
      sheets.map(({ rows: text, after = '' }, at) => [
        `xl/worksheets/sheet${at + 1}.xml`,
        `${head}<worksheet xmlns="${main}"><sheetData>${text}</sheetData>${after}</worksheet>`,
      ]),
    ),
    ...more,
  }
  const bytes = Object.entries(parts).map(([name, text]) => [name, new TextEncoder().encode(text)] as const)
  return Buffer.from(zipSync(Object.fromEntries(bytes)))
}

const columnOf = (at: number): string =>
  (at < 26 ? '' : columnOf(Math.floor(at / 26) - 1)) + String.fromCharCode(65 + (at % 26))
const text = (cell: string) => `t="inlineStr"><is><t>${cell}</t></is></c>`
const number = (cell: number | string) => `><v>${cell}</v></c>`
const date = (day: number) => `s="1"><v>${day}</v></c>`
const row = (at: number, ...cells: (string | null)[]): string =>
  `<row r="${at}">${cells.map((cell, column) => (cell === null ? '' : `<c r="${columnOf(column)}${at}" ${cell}`)).join('')}</row>`

const heads = ['identifier', 'category', 'Battery mass [kg]', 'manufacturingDate', 'serial']
const list = (...more: string[]) => row(1, ...heads.map(text)) + more.join('')

async function opened(t: TestContext) {
  const actor = member(newId(), 'editor')
  const { p, as } = await open(t)
  const me = as(actor)
  const headers = p.signedIn(actor)
  const send = (payload: string | Buffer, query = '', type = 'text/csv') =>
    p.http.inject({
      method: 'POST',
      url: `/api/passports/import${query}`,
      headers: { ...headers, 'content-type': type },
      payload,
    })
  const look = async (id: string) => (await me.get(`/imports/${id}`)).body
  return {
    p,
    me,
    send,
    look,
    async bring(...given: Parameters<typeof send>) {
      const sent = await send(...given)
      assert.equal(sent.statusCode, 202, sent.body)
      await p.settle()
      return await look(sent.json().id)
    },
    async attributes(identifier: string) {
      const [found] = (await me.get(`?identifier=${identifier}`)).body.items
      return (await me.get(`/${found.id}`)).body.data.attributes
    },
  }
}
const counts = ({ state, created, updated, unchanged, failed }: Record<string, unknown>) =>
  [state, created, updated, unchanged, failed] as const

suite('spreadsheets as people have them', () => {
  test('cells with numbers and dates say what is written in them', async t => {
    const { bring, attributes } = await opened(t)
    const file = workbook([
      {
        name: 'List',
        rows: list(
          row(2, text('N-1'), text('EV'), number('450.25'), date(45306), text('00012345678901234567')),
          row(3, number(4711), text('EV'), number('4.5E2'), text('2024-01'), number(123456789012345)),
        ),
      },
    ])
    const report = await bring(file, '', sheetType)
    assert.deepEqual(counts(report), ['done', 2, 0, 0, 0], JSON.stringify(report.faults))
    const first = await attributes('N-1')
    assert.deepEqual(first.batteryMass, { value: '450.25', unit: 'kg' })
    assert.deepEqual(
      [first.manufacturingDate.value, first.batterySerialNumber.value],
      ['2024-01-15', '00012345678901234567'],
    )
    const second = await attributes('4711')
    assert.deepEqual(second.batteryMass, { value: '450', unit: 'kg' })
    assert.deepEqual([second.manufacturingDate.value, second.batterySerialNumber.value], ['2024-01', '123456789012345'])
  })

  test('merged cells say something once, hidden sheets nothing', async t => {
    const { bring, attributes, me } = await opened(t)
    const after = '<mergeCells count="1"><mergeCell ref="C2:C3"/></mergeCells>'
    const shown = list(row(2, text('G-1'), text('EV'), number(5)), row(3, text('G-2'), text('EV'), null))
    for (const state of ['hidden', 'veryHidden']) {
      const file = workbook([
        { name: 'Secret', state, rows: list(row(2, text('H-1'), text('EV'))) },
        { name: 'List', rows: shown, after },
      ])
      const report = await bring(file, '', sheetType)
      assert.equal(report.state, 'done', JSON.stringify(report.faults))
      assert.equal(report.failed, 0)
    }
    assert.deepEqual((await me.found()).sort(), ['G-1', 'G-2'])
    assert.ok((await attributes('G-1')).batteryMass)
    assert.equal((await attributes('G-2')).batteryMass, undefined)
  })

  test('macros are not run, links to elsewhere are not followed, and a formula is what it last came to', async t => {
    const { bring, attributes } = await opened(t)
    const linked =
      '<c r="C2"><f>[1]Sheet1!$A$1*2</f><v>7.5</v></c><c r="E2" t="str"><f>HYPERLINK("http://127.0.0.1:1/","S-1")</f><v>S-1</v></c>'
    const rowsOf = list(`<row r="2"><c r="A2" ${text('X-1')}<c r="B2" ${text('EV')}${linked}</row>`)
    const link =
      '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><externalBook xmlns:r="x" r:id="r1"/></externalLink>'
    const more = { 'xl/vbaProject.bin': 'Attribute VB_Name', 'xl/externalLinks/externalLink1.xml': link }
    const file = workbook([{ name: 'List', rows: rowsOf }], more, 'sheet.macroEnabled.main')
    assert.deepEqual(counts(await bring(file, '', sheetType)), ['done', 1, 0, 0, 0])
    const { batteryMass, batterySerialNumber } = await attributes('X-1')
    assert.deepEqual([batteryMass.value, batterySerialNumber.value], ['7.5', 'S-1'])
  })

  test('16,384 columns are read where they stand empty, and named where nobody knows them', async t => {
    const { bring, send } = await opened(t)
    const last = 16_383
    const wide = (head: string) =>
      workbook([
        {
          name: 'List',
          rows:
            `<row r="1"><c r="A1" ${text('identifier')}<c r="B1" ${text('category')}<c r="${columnOf(last)}1" ${text(head)}</row>` +
            `<row r="2"><c r="A2" ${text('W-1')}<c r="B2" ${text('EV')}<c r="${columnOf(last)}2" ${number(5)}</row>`,
        },
      ])
    assert.equal(columnOf(last), 'XFD')
    assert.deepEqual(counts(await bring(wide('Battery mass [kg]'), '', sheetType)), ['done', 1, 0, 0, 0])
    const refused = await send(wide('Flavour'), '', sheetType)
    assert.deepEqual([refused.statusCode, refused.json().errors[0].pointer], [400, '/Flavour'])
    const all = Array.from({ length: 16_384 }, (_, at) => `column ${at}`).join(',')
    const named = await send(`${all}\n1`)
    assert.deepEqual([named.statusCode, named.json().errors.length], [400, 50])
  })
})

const lines = (count: number, at: (number: number) => string) =>
  ['identifier,category,mass', ...Array.from({ length: count }, (_, number) => at(number))].join('\n')

test('two imports over the same serials at once make each battery once, and say nothing is wrong', async t => {
  const { p, me, send, look } = await opened(t)
  const forth = lines(150, at => `R-${at},EV,5 kg`)
  const back = lines(150, at => `R-${149 - at},EV,5 kg`)
  const sent = await Promise.all([send(forth), send(back)])
  await p.settle()
  const reports = await Promise.all(sent.map(answer => look(answer.json().id)))
  assert.deepEqual(
    reports.map(({ state, failed }) => [state, failed]),
    [
      ['done', 0],
      ['done', 0],
    ],
    JSON.stringify(reports.map(({ faults }) => faults[0])),
  )
  assert.equal(reports[0].created + reports[1].created, 150)
  assert.equal((await me.get('/count')).body.count, 150)
})

test(`of ${same} rows with one serial the first is taken, and each other is named`, async t => {
  const { me, bring } = await opened(t)
  const report = await bring(lines(same, () => 'S-1,EV,5 kg'))
  assert.deepEqual(counts(report), ['done', 1, 0, 0, same - 1])
  assert.deepEqual([report.faults.length, report.faults[0].code], [500, 'row_repeated'])
  assert.equal((await me.get('/count')).body.count, 1)
})

test(`of ${rows} rows of which one is bad all others are taken, and that one is named`, async t => {
  const { me, bring } = await opened(t)
  const bad = Math.floor(rows * 0.7)
  const report = await bring(lines(rows, at => `B-${at},EV,${at === bad ? 'heavy' : '5 kg'}`))
  assert.deepEqual(counts(report), ['done', rows - 1, 0, 0, 1])
  assert.deepEqual(
    report.faults.map(({ line, value }: Record<string, unknown>) => [line, value]),
    [[bad + 2, 'heavy']],
  )
  assert.equal((await me.get('/count')).body.count, rows - 1)
})

test('a disk that is full stops an import, which goes on where it was when there is room', async t => {
  const { p, me, send, look } = await opened(t)
  await p.db('passports').unsafe(`
    create table public.disk (free int);
    insert into public.disk values (150);
    grant all on public.disk to public;
    create sequence public.written;
    grant all on sequence public.written to public;
    create function public.write() returns trigger language plpgsql as $$ begin
      if nextval('public.written') > (select free from public.disk) then
        raise exception 'could not extend file' using errcode = '53100';
      end if;
      return null;
    end $$;
    create trigger write after insert on passports for each row execute function public.write();`)
  const { id } = (await send(lines(300, at => `D-${at},EV,5 kg`))).json()
  await p.settle()
  const stands = await look(id)
  assert.deepEqual([stands.state, stands.lines, stands.created], ['running', 100, 100])
  assert.equal((await me.get('/count')).body.count, 100)
  await p.db('passports').unsafe(`update public.disk set free = 1000000`)
  await p.db('kernel')`update graphile_worker._private_jobs set run_at = now() where locked_at is null`
  await p.settle()
  assert.deepEqual(counts(await look(id)), ['done', 300, 0, 0, 0])
  assert.equal((await me.get('/count')).body.count, 300)
})
