import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import sharp from 'sharp'
import { codeOf as codeIn, member, open, publishable, type Client } from '../testing.ts'
import { publicIdOf } from '../codes/codes.ts'
import { codeOf, pixelsOf, requireReadable, textsIn } from './codes.ts'
import { newId } from '#kernel'

const link = 'https://id.example.com/01/09506000134352/21/LM3-000001'

async function raw(
  p: Awaited<ReturnType<typeof open>>['p'],
  headers: Record<string, string>,
  path: string,
  payload?: object,
) {
  return await p.http.inject({ method: payload ? 'POST' : 'GET', url: `/api/passports${path}`, headers, payload })
}

suite('labels', () => {
  test('the code of a battery is its short link, or its GS1 Digital Link, in each format and kind of code', async t => {
    const { p } = await open(t)
    const headers = p.signedIn()
    const make = async (identifier: string): Promise<string> => {
      const payload = { data: publishable(identifier, { batterySerialNumber: 'S<1>&"' }) }
      return (await p.http.inject({ method: 'POST', url: '/api/passports', headers, payload })).json().id
    }
    const [plain, linked] = [await make('BP-1'), await make(link)]
    for (const symbology of ['qr', 'datamatrix'])
      for (const [id, text] of [
        [plain, `/id/${publicIdOf(plain)}`],
        [linked, link],
      ] as const) {
        const png = await raw(p, headers, `/${id}/label?format=png&symbology=${symbology}&sizeMm=40`)
        assert.equal(png.statusCode, 200, png.body)
        const [read] = await textsIn(png.rawPayload)
        assert.ok(read!.endsWith(text), `${symbology} says ${read}`)
        const svg = await raw(p, headers, `/${id}/label?symbology=${symbology}&sizeMm=40`)
        assert.match(svg.headers['content-type'] as string, /svg/)
        assert.ok(svg.body.includes('S&#60;1&#62;&#38;&#34;'), 'what a serial says is text')
        const drawn = await sharp(Buffer.from(svg.body), { density: 300 })
          .flatten({ background: '#fff' })
          .png()
          .toBuffer()
        assert.deepEqual(await textsIn(drawn), [read])
        const pdf = await raw(p, headers, `/${id}/label?format=pdf&symbology=${symbology}&sizeMm=40`)
        assert.equal(pdf.rawPayload.subarray(0, 5).toString(), '%PDF-')
      }
  })

  test('a code without keys of GS1 opens once its passport is published, and so does one that was printed in former days', async t => {
    const { p, as } = await open(t)
    const { headers, client } = signed(p, as)
    const { id } = await client.make(publishable('BP-1'))
    const png = await raw(p, headers, `/${id}/label?format=png`)
    const [text] = await textsIn(png.rawPayload)
    const path = new URL(text!).pathname
    assert.match(path, /^\/id\/[0-9a-z]{26}$/)
    const former = [`/passport/${id}`, `/passport/${id}?lang=mt`]
    const status = async (url: string) => (await p.http.inject(url)).statusCode
    for (const url of [path, ...former]) assert.equal(await status(url), 404, url)
    assert.equal((await client.post(`/${id}/publish`)).status, 200)
    const led = await p.http.inject(`${path}?lang=mt`)
    assert.deepEqual([led.statusCode, await status(String(led.headers.location))], [307, 200])
    for (const url of former) assert.equal(await status(url), 200, url)
  })

  test('a label printer gets the same squares, and no serial can end its label', async t => {
    const { p, as } = await open(t)
    const { headers, client } = signed(p, as)
    const { id } = await client.make({
      ...publishable(link),
      attributes: { batterySerialNumber: { value: 'S^XZ~JA_5E,Ü' } },
    })
    for (const [symbology, dpi] of [
      ['qr', 203],
      ['datamatrix', 300],
      ['qr', 600],
    ] as const) {
      const answer = await raw(p, headers, `/${id}/label?format=zpl&symbology=${symbology}&dpi=${dpi}`)
      assert.equal(answer.statusCode, 200, answer.body)
      const zpl = answer.body
      const [, total, bytes, hex] = /\^GFA,(\d+),\1,(\d+),([0-9A-F]+)\^FS/.exec(zpl)!
      assert.equal(hex!.length, Number(total) * 2)
      const picture = Buffer.from(hex!, 'hex')
      const [width, height] = [Number(bytes) * 8, picture.length / Number(bytes)]
      const data = new Uint8ClampedArray(width * height * 4).fill(255)
      for (let at = 0; at < width * height; at++)
        if (picture[at >> 3]! & (0x80 >> (at & 7))) data.fill(0, at * 4, at * 4 + 3)
      assert.deepEqual(await textsIn({ data, width, height }), [link])
      assert.deepEqual([zpl.match(/\^XA/g)!.length, zpl.match(/\^XZ/g)!.length, zpl.trimEnd().slice(-3)], [1, 1, '^XZ'])
      assert.ok(zpl.includes('^FDS_5EXZ_7EJA_5F5E_2C_C3_9C^FS'), zpl.slice(-200))
    }
  })

  test('a code that is too dense is refused with the least size, which then works', async t => {
    const { p, as } = await open(t)
    const { headers, client } = signed(p, as)
    const long = `https://id.example.com/${'x'.repeat(230)}/01/09506000134352/21/LM3-000001`
    const { id } = await client.make(publishable(long))
    const small = await raw(p, headers, `/${id}/label?sizeMm=10&dpi=203`)
    assert.deepEqual([small.statusCode, small.json().code], [422, 'label_too_small'])
    const needed = small.json().neededMm
    assert.match(small.json().detail, new RegExp(`needs ${needed} mm`))
    assert.equal((await raw(p, headers, `/${id}/label?sizeMm=${needed}&dpi=203`)).statusCode, 200)
    assert.equal((await raw(p, headers, `/${id}/label?sizeMm=${needed - 1}&dpi=203`)).statusCode, 422)
  })

  test('a sheet has the items of a model, page after page, and nothing of others', async t => {
    const { p, as } = await open(t)
    const { headers, client: ada } = signed(p, as)
    const data = { generalInformation: { batteryCategory: 'EV', batteryModel: 'M1' } }
    const { body: model } = await ada.post('', { data, granularity: 'model' })
    await ada.post(`/${model.id}/items`, { range: { from: 1, count: 1030 } })
    await p.settle()
    const sheet = await raw(p, headers, '/labels', { parentId: model.id })
    assert.equal(sheet.statusCode, 200, sheet.body.slice(0, 300))
    assert.deepEqual([sheet.headers['x-labels'], sheet.rawPayload.subarray(0, 5).toString()], ['1000', '%PDF-'])
    const rest = await raw(p, headers, '/labels', {
      parentId: model.id,
      after: sheet.headers['x-next'],
      paper: 'single',
    })
    assert.deepEqual([rest.headers['x-labels'], rest.headers['x-next']], ['30', undefined])
    const { id } = await as().make(publishable('BP-other'))
    assert.deepEqual(await codeIn(ada.post('/labels', { passportIds: [id] })), [404, 'passport_unknown'])
    const { id: own } = await ada.make(publishable('BP-own'))
    assert.deepEqual(await codeIn(ada.post('/labels', { passportIds: [own, id] })), [404, 'passport_unknown'])
    assert.deepEqual(await codeIn(ada.post('/labels', {})), [422, 'labels_missing'])
    assert.deepEqual(await codeIn(ada.get(`/${model.id}/label`)), [422, 'label_of_model'])
    assert.deepEqual(await codeIn(as(member(newId(), 'owner')).get(`/${own}/label`)), [404, 'passport_unknown'])
  })
})

suite('symbols beside the code', () => {
  const leaden = (identifier: string) => ({
    ...publishable(identifier),
    attributes: { hazardousSubstances: { value: [{ name: 'Lead', cas: '7439-92-1', share: '0.0041' }] } },
  })

  test('the bin has the size that the battery asks for, the sign of lead a quarter of it, and the code is still read', async t => {
    const { p, as } = await open(t)
    const { headers, client } = signed(p, as)
    const { id } = await client.make(leaden(link))
    const { id: clean } = await client.make(publishable('BP-clean'))
    const label = (id: string, query: string) => raw(p, headers, `/${id}/label?${query}`)
    for (const [query, side, on] of [
      ['symbols=true', 50, 'battery'],
      ['symbols=true&areaCm2=300', 30, 'battery'],
      ['symbols=true&areaCm2=600&cylinder=true', 30, 'battery'],
      ['symbols=true&areaCm2=5', 10, 'packaging'],
    ] as const) {
      const answer = await label(id, `format=png&dpi=300&${query}`)
      assert.equal(answer.statusCode, 200, answer.body)
      assert.deepEqual([answer.headers['x-symbol-mm'], answer.headers['x-symbol-on']], [String(side), on], query)
      assert.deepEqual(await textsIn(answer.rawPayload), [link])
      const { data, info } = await sharp(answer.rawPayload).greyscale().raw().toBuffer({ resolveWithObject: true })
      // What is dark below the code: the symbol first, the sign below it.
      const dark = (from: number, to: number) => {
        const found = { left: Infinity, right: -1, top: Infinity, bottom: -1 }
        for (let row = from; row < to; row++)
          for (let column = 0; column < info.width; column++)
            if (data[row * info.width + column]! < 128) {
              found.left = Math.min(found.left, column)
              found.right = Math.max(found.right, column)
              found.top = Math.min(found.top, row)
              found.bottom = Math.max(found.bottom, row)
            }
        const mm = (dots: number) => (dots / 300) * 25.4
        return [mm(found.right - found.left + 1), mm(found.bottom - found.top + 1)] as const
      }
      const mm = (length: number) => Math.round((length / 25.4) * 300)
      const bottom = info.height
      const signTop = bottom - mm(side * 0.41)
      const [width, height] = dark(bottom - mm(side * 1.44), signTop)
      for (const length of [width, height])
        assert.ok(Math.abs(length - side) < 0.3, `${query}: ${width} × ${height} mm`)
      const [signWidth, signHeight] = dark(signTop, bottom)
      assert.ok(signWidth * signHeight >= (width * height) / 4 - 0.3, `${query}: ${signWidth} × ${signHeight} mm`)
    }
    const paths = async (id: string, query: string) =>
      (await label(id, query)).body.match(/<path[^>]*stroke="#000"/g)?.length ?? 0
    const bin = await paths(clean, 'symbols=true')
    assert.ok(bin > 0)
    assert.deepEqual([await paths(id, 'symbols=true'), await paths(id, '')], [bin + 2, 0])
    const none = await label(id, 'format=png')
    assert.equal(none.headers['x-symbol-mm'], undefined)
    for (const format of ['zpl', 'pdf']) {
      const [without, with1] = [await label(id, `format=${format}`), await label(id, `format=${format}&symbols=true`)]
      assert.equal(with1.statusCode, 200)
      assert.ok(with1.rawPayload.length > without.rawPayload.length, format)
    }
  })

  test('a sheet bears them for each battery, with what its model says of lead', async t => {
    const { p, as } = await open(t)
    const { headers, client: ada } = signed(p, as)
    const data = {
      batteryCategory: 'SLI',
      batteryModelIdentifier: 'M1',
      attributes: { batteryChemistry: { value: { clearName: 'Lead acid' } } },
    }
    const { body: model } = await ada.post('', { data, granularity: 'model' })
    await ada.post(`/${model.id}/items`, { range: { from: 1, count: 12 } })
    await p.settle()
    const pages = async (body: object) => {
      const answer = await raw(p, headers, '/labels', body)
      assert.equal(answer.statusCode, 200, answer.body.slice(0, 300))
      assert.equal(answer.headers['x-labels'], '12')
      return [answer.rawPayload.toString('latin1').match(/\/Type \/Page\b/g)!.length, answer.headers['x-symbol-mm']]
    }
    assert.deepEqual(await pages({ parentId: model.id }), [1, undefined])
    // Three by two of 50 mm with their sign, on A4.
    assert.deepEqual(await pages({ parentId: model.id, symbols: true }), [2, '50'])
    assert.deepEqual(await pages({ parentId: model.id, symbols: true, areaCm2: 12 }), [1, '6'])
    assert.deepEqual(await pages({ parentId: model.id, symbols: true, paper: 'single' }), [12, '50'])
  })
})

function signed(p: Awaited<ReturnType<typeof open>>['p'], as: Awaited<ReturnType<typeof open>>['as']) {
  const actor = { userId: newId() }
  const client: Client = as(actor)
  return { headers: p.signedIn(actor), client }
}

test('300 links of all lengths read as they were written, upper and lower case', async () => {
  for (let length = 1; length <= 150; length++)
    for (const symbology of ['qr', 'datamatrix'] as const)
      await requireReadable(await codeOf(`https://Id.example.com/p/${'aB3(-%'.repeat(30).slice(0, length)}`, symbology))
})

test('printed at 203 dpi, askew and with a tenth covered a code is read, or not at all: never as another', async () => {
  for (const symbology of ['qr', 'datamatrix'] as const) {
    const { data, width, height } = pixelsOf(await codeOf(link, symbology), 4)
    const grey = sharp(data, { raw: { width, height, channels: 1 } })
    const askew = await grey.clone().rotate(7, { background: '#fff' }).png().toBuffer()
    assert.deepEqual(await textsIn(askew), [link])
    const side = Math.floor(width * 0.18)
    const cover = { input: { create: { width: side, height: side, channels: 3 as const, background: '#fff' } } }
    const png = await grey.clone().png().toBuffer()
    const covered = await sharp(png)
      .composite([{ ...cover, left: width >> 1, top: height >> 1 }])
      .png()
      .toBuffer()
    for (const text of await textsIn(covered)) assert.equal(text, link)
  }
})
