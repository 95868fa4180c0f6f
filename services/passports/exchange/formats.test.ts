// More than 500 lines: each format goes out and comes in by the same passports.
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate'
import { newId, type Actor } from '#kernel'
import { formats } from '#law'
import { member, open } from '../testing.ts'

interface Loss {
  attribute: string | null
  pointer: string | null
  kind: string
  from: unknown
  to: unknown
  why: string
}

const attributes = {
  uniqueBatteryIdentifier: { value: 'https://id.example.com/01/09506000134352/21/S1' },
  batteryCategory: { value: 'EV' },
  batteryModelIdentifier: { value: 'M1' },
  batteryMass: { value: '450.50', unit: 'kg' },
  ratedCapacity: { value: '94', unit: 'Ah' },
  initialInternalResistance: { value: { pack: { value: '2.5', unit: 'mΩ' } } },
  manufacturerInformation: {
    value: { name: 'Volt AG', street: 'Weg 1', postalCode: '12345', city: 'Ort', country: 'DE' },
  },
  batteryChemistry: { value: { shortName: 'LFP' } },
  stateOfCharge: { value: '71', unit: '%' },
}

async function setUp(t: TestContext) {
  const of = await open(t)
  const actor = { userId: newId() }
  const send = async (
    method: 'GET' | 'POST',
    url: string,
    payload?: object | string,
    who: Partial<Actor> | null = actor,
  ) => {
    const headers = {
      ...(who && of.p.signedIn(who)),
      ...(typeof payload === 'string' && { 'content-type': 'application/json' }),
    }
    const answer = await of.p.http.inject({ method, url, headers, ...(payload !== undefined && { payload }) })
    return {
      status: answer.statusCode,
      text: answer.body,
      headers: answer.headers,
      raw: answer.rawPayload,
      body:
        answer.headers['content-type']?.includes('json') && !answer.headers['content-disposition']
          ? answer.json()
          : undefined,
    }
  }
  const convert = (to: string, document: unknown, from?: string) =>
    send('POST', '/api/exchange/convert', { to, document, ...(from && { from }) })
  const named = (loss: Loss[], id: string): [string, unknown, unknown][] =>
    loss.filter(({ attribute }) => attribute === id).map(({ kind, from, to }) => [kind, from, to])
  return { of, actor, send, convert, named }
}

suite('passports in formats of others', () => {
  test('they are listed for everybody, with how much of the law each holds', async t => {
    const { send } = await setUp(t)
    const { status, body } = await send('GET', '/api/exchange/formats', undefined, null)
    assert.equal(status, 200)
    const held = Object.fromEntries(
      body.items.map(({ id, attributes }: { id: string; attributes: number }) => [id, attributes]),
    )
    assert.equal(held['ohmnibus-1'], 119)
    for (const id of ['batterypass-1.2', 'batterypass-ready-1.0', 'idta-02035', 'catena-x-6.1'])
      assert.ok(held[id] > 50 && held[id] < 119, id)
  })

  test('digits and units where the format has them, a report where it has not', async t => {
    const { of, actor, send, named } = await setUp(t)
    const { id } = await of.as(actor).make({ attributes, note: { hush: 1 } })
    const get = async (format: string) => (await send('GET', `/api/exchange/passports/${id}?format=${format}`)).body
    const pass = await get('batterypass-1.2')
    const technical = pass.document.PerformanceAndDurability.batteryTechicalProperties
    assert.deepEqual(technical.initialInternalResistance, [{ batteryComponent: 'pack', ohmicResistance: 0.0025 }])
    assert.deepEqual(named(pass.loss, 'initialInternalResistance'), [
      ['unit_changed', [{ part: 'pack', value: '2.5', unit: 'mΩ' }], [{ part: 'pack', value: '0.0025', unit: 'Ω' }]],
    ])
    assert.ok(
      (await send('GET', `/api/exchange/passports/${id}?format=batterypass-1.2`)).text.includes('"batteryMass":450.50'),
      'digits stay',
    )
    assert.deepEqual(named(pass.loss, 'batteryModelIdentifier'), [['dropped', 'M1', null]])
    assert.deepEqual(named(pass.loss, 'batteryMass'), [])
    assert.ok(
      pass.loss.some(({ pointer, kind }: Loss) => pointer === '/note' && kind === 'dropped'),
      'what is no attribute is named to its owner',
    )
    assert.ok(
      pass.loss.some(
        ({ pointer, kind, to }: Loss) =>
          pointer === '/GeneralProductInformation/warrentyPeriod' && kind === 'not_representable' && to === null,
      ),
    )
    const ready = await get('batterypass-ready-1.0')
    const section = ready.document.Battery_Passport.PerformanceAndDurability
    assert.equal(section.InitialInternalResistanceOfBatteryCellAndPackModuleRecommended, undefined, 'never 2, never 0')
    assert.equal(named(ready.loss, 'initialInternalResistance')[0]![0], 'not_representable')
    assert.deepEqual(section.RatedCapacity, { amperehourMiliamperehourValue: 94, ampereHourMiliamperehour: 'Ah' })
    assert.deepEqual(named(ready.loss, 'batteryChemistry'), [
      ['renamed', { shortName: 'LFP' }, { shortName: 'Li-ion LFP' }],
    ])
    assert.equal(
      ready.document.Battery_Passport.IdentifiersAndProductData.ManufacturerInformation.postalAddress,
      'Weg 1, 12345 Ort, DE',
    )
    const filled = (await send('GET', `/api/exchange/passports/${id}?format=batterypass-ready-1.0&placeholders=true`))
      .body
    assert.equal(filled.document.Battery_Passport.IdentifiersAndProductData.ManufacturingDate, '1970-01-01')
    assert.ok(
      filled.loss.some(
        ({ pointer, kind }: Loss) =>
          kind === 'defaulted' && pointer === '/Battery_Passport/IdentifiersAndProductData/ManufacturingDate',
      ),
    )
    const catena = await get('catena-x-6.1')
    assert.match(catena.notice, /withdrawn/)
    assert.equal((await get('untp-0.7')).document.credentialSubject.characteristics.ratedCapacity.value, '94')
    assert.equal((await get('en18223')).document.performance.ratedCapacity, 94)

    // Of a document that nobody owns, no operator is made up unless one asks for it.
    const { document } = await get('ohmnibus-1')
    for (const placeholders of [false, true]) {
      const { body } = await send('POST', '/api/exchange/convert', { to: 'en18223', document, placeholders })
      assert.equal('economicOperatorId' in body.document, placeholders)
      assert.deepEqual(
        body.loss.flatMap(({ pointer, kind }: Loss) => (pointer === '/economicOperatorId' ? [kind] : [])),
        [placeholders ? 'defaulted' : 'not_representable'],
      )
    }
  })

  test('a shell names no battery that its document does not name, and the gap is told', async t => {
    const { send } = await setUp(t)
    const { uniqueBatteryIdentifier, ...unnamed } = attributes
    const shellOf = async (said: object, placeholders = false) => {
      const document = { attributes: said }
      const { status, text, body } = await send('POST', '/api/exchange/convert', {
        to: 'idta-02035-aas',
        document,
        placeholders,
      })
      assert.equal(status, 200, text)
      const [{ id, assetInformation }] = body.document.assetAdministrationShells
      const gaps = body.loss.flatMap(({ pointer, kind }: Loss) => (pointer?.endsWith('globalAssetId') ? [kind] : []))
      return { id, assetInformation, gaps }
    }
    const first = await shellOf(unnamed)
    assert.deepEqual([first.assetInformation, first.gaps], [{ assetKind: 'Instance' }, ['not_representable']])
    assert.match(first.id, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal((await shellOf(unnamed)).id, first.id, 'the same document has the same name')
    assert.notEqual((await shellOf({ ...unnamed, batteryMass: { value: '1', unit: 'kg' } })).id, first.id)
    const filled = await shellOf(unnamed, true)
    assert.deepEqual([filled.assetInformation.globalAssetId, filled.gaps], ['urn:battery:unnamed', ['defaulted']])
    const named = await shellOf({ ...unnamed, uniqueBatteryIdentifier })
    assert.deepEqual([named.assetInformation.globalAssetId, named.gaps], [uniqueBatteryIdentifier.value, []])
  })

  test('an import tells what a document of others loses, attribute by attribute, and what its format has no place for', async t => {
    const { of, actor, send } = await setUp(t)
    const headers = of.p.signedIn(actor)
    const bring = async (file: string, type: string, query = '') => {
      const sent = await of.p.http.inject({
        method: 'POST',
        url: `/api/passports/import${query}`,
        headers: { ...headers, 'content-type': type },
        payload: file,
      })
      assert.equal(sent.statusCode, 202, sent.body)
      await of.p.settle()
      const { body } = await send('GET', `/api/passports/imports/${sent.json().id}`)
      assert.deepEqual([body.state, body.faults], ['done', []])
      return body as { created: number; losses: Record<string, unknown>[] }
    }
    const documentOf = async (format: string, identifier: string) => {
      const document = { attributes: { ...attributes, uniqueBatteryIdentifier: { value: identifier } } }
      const { status, text, body } = await send('POST', '/api/exchange/convert', { to: format, document })
      assert.equal(status, 200, text)
      return body.document
    }
    const two = []
    for (const name of ['urn:battery:1', 'urn:battery:2']) {
      const document = await documentOf('batterypass-1.2', name)
      document.GeneralProductInformation.batteryMass = 'heavy'
      two.push({ ...document, remarks: [{ text: name }] })
    }
    for (const query of ['?dryRun=true', '']) {
      const { created, losses } = await bring(JSON.stringify(two), 'application/json', query)
      assert.equal(created, 2)
      const of = (column: string | null, pointer: string | null) =>
        losses
          .filter(loss => loss.column === column && loss.pointer === pointer)
          .map(({ kind, line, lines }) => [kind, line, lines])
      assert.deepEqual(of('batteryMass', '/GeneralProductInformation/batteryMass'), [['invalid_in_source', 2, 2]])
      assert.ok(
        losses.some(({ column, pointer, lines }) => !column && `${pointer}`.startsWith('/remarks') && lines === 2),
      )
      // Of those that the law knows, the model of others says nothing.
      const table = formats.get('batterypass-1.2')!
      const placed = new Set(table.rows.map(({ id }) => id))
      const without = losses.filter(({ kind, pointer }) => kind === 'not_representable' && pointer === null)
      assert.ok(without.length > 10)
      assert.ok(without.every(({ column, lines }) => !placed.has(column as string) && lines === 2))
    }
    const head = { digitalProductPassportId: 'urn:uuid:1', dppSchemaVersion: '1.0' }
    const european = { ...(await documentOf('en18223', 'urn:battery:3')), ...head }
    const { losses } = await bring(JSON.stringify(european), 'application/json')
    assert.ok(losses.some(({ pointer, kind }) => pointer === '/dppSchemaVersion' && kind === 'dropped'))
    // A column that its owner leaves out, where it says something.
    await of.as(actor).put('/import/mapping', { columns: { Farbe: null } })
    const sheet = await bring('identifier,category,Farbe\nA,EV,rot\nB,EV,\nC,EV,blau\n', 'text/csv')
    assert.deepEqual(sheet.losses, [
      {
        line: 2,
        lines: 2,
        column: null,
        pointer: '/Farbe',
        kind: 'dropped',
        detail: 'the mapping leaves this column out',
      },
    ])
    assert.deepEqual((await bring('identifier,category\nD,EV\n', 'text/csv')).losses, [])
  })

  test('shells and packages: the same values, the same bytes twice, read again', async t => {
    const { of, actor, send, convert } = await setUp(t)
    const { id } = await of.as(actor).make({ attributes })
    const file = await send('GET', `/api/exchange/passports/${id}?format=idta-02035-aasx&download=true`)
    assert.equal(file.headers['content-type'], 'application/asset-administration-shell-package')
    assert.match(String(file.headers['content-disposition']), new RegExp(`${id}\\.aasx`))
    assert.deepEqual(
      file.raw,
      (await send('GET', `/api/exchange/passports/${id}?format=idta-02035-aasx&download=true`)).raw,
    )
    const inside = unzipSync(new Uint8Array(file.raw))
    const environment = JSON.parse(strFromU8(inside['aasx/data.json']!))
    assert.equal(
      environment.assetAdministrationShells[0].assetInformation.globalAssetId,
      attributes.uniqueBatteryIdentifier.value,
    )
    const back = await convert('ohmnibus-1', file.raw.toString('base64'), 'idta-02035-aasx')
    assert.equal(back.status, 200, back.text)
    assert.deepEqual(back.body.document.attributes.batteryMass, { value: '450.50', unit: 'kg' })
    const shells = (await send('GET', `/api/exchange/passports/${id}?format=idta-02035-aas`)).body.document
    assert.deepEqual(shells, environment)
    const twice = { ...shells, submodels: [...shells.submodels, { ...shells.submodels[0], id: 'other' }] }
    const refused = await convert('ohmnibus-1', twice)
    assert.equal(refused.status, 400)
    assert.deepEqual(
      refused.body.errors.map(({ pointer }: { pointer: string }) => pointer),
      ['/submodels/0', `/submodels/${shells.submodels.length}`],
    )
  })

  test('documents of others come in by the one import, several a file, and what nobody understood stays with their owner', async t => {
    const { of, actor, send } = await setUp(t)
    const headers = of.p.signedIn(actor)
    const bring = async (file: string | Buffer, type: string) => {
      const sent = await of.p.http.inject({
        method: 'POST',
        url: '/api/passports/import',
        headers: { ...headers, 'content-type': type },
        payload: file,
      })
      assert.equal(sent.statusCode, 202, sent.body)
      await of.p.settle()
      return (await send('GET', `/api/passports/imports/${sent.json().id}`)).body
    }
    const maker = { userId: newId() }
    const of2 = of.as(maker)
    for (const serial of ['S1', 'S2'])
      await of2.make({
        attributes: {
          ...attributes,
          uniqueBatteryIdentifier: { value: `https://id.example.com/01/09506000134352/21/${serial}` },
        },
      })
    for (const format of [
      'batterypass-1.2',
      'batterypass-ready-1.0',
      'idta-02035',
      'idta-02035-aas',
      'catena-x-6.1',
      'untp-0.7',
      'en18223',
      'ohmnibus-1',
    ]) {
      const file = (await send('GET', `/api/passports/export?format=${format}`, undefined, maker)).text
      assert.equal(file.trim().split('\n').length, 2, format)
      const report = await bring(file, 'application/x-ndjson')
      assert.deepEqual(
        [format, report.failed, report.created + report.updated + report.unchanged],
        [format, 0, 2],
        JSON.stringify(report.faults),
      )
      const { items } = (await send('GET', '/api/passports')).body
      assert.equal(items.length, 2)
      const { data } = (await send('GET', `/api/passports/${items[0].id}`)).body
      if (format !== 'ohmnibus-1')
        assert.equal(data.imported.format, format === 'idta-02035-aas' ? 'idta-02035' : format)
      const { items: said } = (await send('GET', `/api/passports/${items[0].id}/attributes`)).body
      const mass = said.find(({ id }: { id: string }) => id === 'batteryMass')
      assert.deepEqual([format, mass.value, mass.unit], [format, '450.50', 'kg'])
    }
    const id = (await send('GET', '/api/passports')).body.items[0].id
    const aasx = (await send('GET', `/api/exchange/passports/${id}?format=idta-02035-aasx&download=true`)).raw
    const report = await bring(aasx, 'application/octet-stream')
    assert.deepEqual([report.failed, report.updated + report.unchanged], [0, 1], JSON.stringify(report.faults))
    const utf16 = Buffer.from(
      `\ufeff${JSON.stringify({ GeneralProductInformation: { productIdentifier: 'U16', batteryMass: 3, colour: 'red' } })}`,
      'utf16le',
    )
    assert.equal((await bring(utf16, 'application/json')).created, 1)
    const sheet = await send('GET', '/api/passports/export?format=xlsx')
    assert.equal(sheet.status, 200)
    const again = await bring(sheet.raw, 'application/octet-stream')
    assert.equal(again.failed, 0, JSON.stringify(again.faults))
  })

  test('what others wrote wrongly is read as far as it can be and named, or refused with its place', async t => {
    const { convert, named } = await setUp(t)
    const own = async (document: unknown, from?: string) =>
      (await convert('ohmnibus-1', document, from)).body as {
        document: { attributes: Record<string, unknown> }
        loss: Loss[]
      }
    const noise = await own({
      batteryTechicalProperties: {
        ratedCapacity: 1.7976931348623157e308,
        lifetimeReferenceTest: 'telnet://192.0.2.16:80/',
        powerCapabilityRatio: 2,
      },
      batteryCondition: {
        remainingCapacity: { remainingCapacityValue: 94, lastUpdate: '2025-01-31T14:06:29Z' },
        remainingEnergy: { remainingEnergyalue: 3 },
        energyThroughput: 7,
      },
    })
    assert.deepEqual(noise.document.attributes.remainingCapacity, { value: '94', unit: 'Ah' })
    assert.deepEqual(named(noise.loss, 'remainingCapacity'), [
      ['dropped', '2025-01-31T14:06:29Z', null],
      ['unit_changed', '94 kWh', '94 Ah'],
    ])
    assert.deepEqual(noise.document.attributes.remainingUsableBatteryEnergy, { value: '3', unit: 'kWh' })
    assert.deepEqual(noise.document.attributes.energyThroughput, { value: '7', unit: 'kWh' })
    assert.deepEqual(named(noise.loss, 'ratedCapacity'), [
      ['invalid_in_source', { value: 1.7976931348623157e308, unit: 'Ah' }, null],
    ])
    const catena = await own({
      identification: { identification: { type: { manufacturerPartId: 'M' } } },
      performance: { rated: { capacity: { value: 94 } } },
      handling: { spareParts: { sparePart: [{ manufacturerPartId: '1', nameAtManufacturer: 'Lid' }] } },
    })
    assert.deepEqual(named(catena.loss, 'ratedCapacity'), [['unit_changed', '94 A', '94 Ah']])
    assert.deepEqual(catena.document.attributes.partNumbers, { value: [{ name: 'Lid', number: '1' }] })
    const other = await own({
      TechnicalData: { GeneralInformation: { BatteryCategory: 'submarine', BatteryMass: 7 } },
      Nameplate: { ManufacturerName: { de: 'Muster AG' }, EUDeclarationOfConformity: [] },
    })
    assert.equal(named(other.loss, 'batteryCategory')[0]![0], 'invalid_in_source')
    assert.equal(named(other.loss, 'euDeclarationOfConformity')[0]![0], 'invalid_in_source')
    assert.deepEqual(other.document.attributes.manufacturerInformation, { value: { name: 'Muster AG' } })
    const exact = await convert(
      'batterypass-1.2',
      '{"attributes":{"ratedCapacity":{"value":1000000000000000001,"unit":"Ah"}}}',
    )
    assert.ok(exact.text.includes('"ratedCapacity":1000000000000000001'), exact.text)
  })

  test('hostile documents are refused, each with what is wrong', async t => {
    const { of, actor, send, convert } = await setUp(t)
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const pack = (files: Record<string, string>) =>
      Buffer.from(
        zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))),
      ).toString('base64')
    const rels = (type: string, target: string) =>
      `<Relationships><Relationship Id="r" Type="http://admin-shell.io/aasx/relationships/${type}" Target="${target}"/></Relationships>`
    const whole = (data: string, more: Record<string, string> = {}) =>
      pack({
        '_rels/.rels': rels('aasx-origin', '/aasx/aasx-origin'),
        'aasx/aasx-origin': '',
        'aasx/_rels/aasx-origin.rels': rels('aas-spec', '/aasx/data.json'),
        'aasx/data.json': data,
        ...more,
      })
    const inXml = (xml: string) =>
      pack({
        '_rels/.rels': rels('aasx-origin', 'aasx/aasx-origin'),
        'aasx/aasx-origin': '',
        'aasx/_rels/aasx-origin.rels': rels('aas-spec', 'aasx/data.xml'),
        'aasx/data.xml': xml,
      })
    const shells = JSON.stringify({ submodels: [] })
    const bomb = whole('0'.repeat(60 * 1024 * 1024))
    for (const [what, document, from] of [
      ['nothing that is known', { a: 1 }, undefined],
      ['a list', [1], 'batterypass-1.2'],
      ['a number', 7, 'idta-02035'],
      ['null', null, 'idta-02035'],
      ['deep text', deep, 'batterypass-1.2'],
      ['no JSON', '{"a":', 'batterypass-1.2'],
      ['no package', 'UEsDBA==', 'idta-02035-aasx'],
      ['no base64', '%%%', 'idta-02035-aasx'],
      ['an object for a package', {}, 'idta-02035-aasx'],
      ['a sheet without batteries', 'identifier\r\n', 'csv'],
      ['two batteries', 'identifier\r\nA\r\nB\r\n', 'csv'],
      ['no shells', { assetAdministrationShells: [] }, 'idta-02035-aas'],
      [
        'a tree that is none',
        {
          digitalProductPassportId: 'x',
          elements: [null, { elementId: 'identity', elements: null, objectType: 'DataElementCollection' }],
        },
        'en18223',
      ],
      ['ten thousand submodels', { submodels: Array.from({ length: 10_000 }, () => ({})) }, 'idta-02035-aas'],
      ['a submodel that is none', { submodels: [null] }, 'idta-02035-aas'],
      ['a path outside', whole(shells, { '../../etc/passwd': 'x' }), 'idta-02035-aasx'],
      ['a bomb', bomb, 'idta-02035-aasx'],
      ['deep JSON inside', whole(deep), 'idta-02035-aasx'],
      ['broken XML inside', inXml('<environment><submodels></environment>'), 'idta-02035-aasx'],
      ['XML that is nothing', inXml('nothing'), 'idta-02035-aasx'],
      ['deep XML', inXml(`${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`), 'idta-02035-aasx'],
      [
        'entities in XML',
        inXml('<!DOCTYPE e [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><environment>&b;</environment>'),
        'idta-02035-aasx',
      ],
      ['a file from elsewhere', inXml('<!DOCTYPE e SYSTEM "file:///etc/passwd"><environment/>'), 'idta-02035-aasx'],
      [
        'entities',
        pack({
          '_rels/.rels': `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>${rels('aasx-origin', 'aasx/aasx-origin')}`,
        }),
        'idta-02035-aasx',
      ],
      [
        'two thousand files',
        whole(shells, Object.fromEntries(Array.from({ length: 2001 }, (_, at) => [`f${at}`, '']))),
        'idta-02035-aasx',
      ],
    ] as const) {
      const answer = await convert('ohmnibus-1', document, from)
      assert.equal(answer.status, 400, `${what}: ${answer.text.slice(0, 300)}`)
      assert.match(answer.body.code, /^(document_invalid|import_invalid|request_invalid)$/, what)
    }
    const xml = await convert(
      'ohmnibus-1',
      inXml(`<?xml version="1.0"?><aas:environment xmlns:aas="https://admin-shell.io/aas/3/0"><aas:submodels><aas:submodel>
        <aas:idShort>TechnicalData</aas:idShort><aas:id>x</aas:id><aas:submodelElements><aas:submodelElementCollection>
        <aas:idShort>GeneralInformation</aas:idShort><aas:value><aas:property><aas:idShort>BatteryMass</aas:idShort>
        <aas:valueType>xs:float</aas:valueType><aas:value>4.50</aas:value></aas:property></aas:value></aas:submodelElementCollection>
        </aas:submodelElements></aas:submodel><aas:submodel><aas:idShort>Nameplate</aas:idShort><aas:submodelElements>
        <aas:multiLanguageProperty><aas:idShort>ManufacturerName</aas:idShort><aas:value><aas:langStringTextType>
        <aas:language>de</aas:language><aas:text>Volt &amp; Söhne</aas:text></aas:langStringTextType></aas:value>
        </aas:multiLanguageProperty></aas:submodelElements></aas:submodel></aas:submodels></aas:environment>`),
      'idta-02035-aasx',
    )
    assert.deepEqual(xml.body.document.attributes, {
      manufacturerInformation: { value: { name: 'Volt & Söhne' } },
      batteryMass: { value: '4.50', unit: 'kg' },
    })
    const poisoned = await send(
      'POST',
      '/api/exchange/convert',
      '{"to":"idta-02035-aas","document":{"__proto__":{"batteryMass":9},"constructor":{"prototype":{"x":1}},"attributes":{"batteryMass":{"value":"4","unit":"kg"},"__proto__":{"value":"1"}}}}',
    )
    assert.equal(poisoned.status, 200, poisoned.text)
    assert.equal(({} as Record<string, unknown>).x ?? ({} as Record<string, unknown>).batteryMass, undefined)
    const named = await convert(
      'ohmnibus-1',
      JSON.stringify({
        submodels: [
          {
            idShort: 'Nameplate',
            submodelElements: [
              { idShort: '__proto__', modelType: 'Property', value: 'x' },
              { idShort: 'SerialNumber', modelType: 'Property', valueType: 'xs:string', value: 'S' },
            ],
          },
        ],
      }),
      'idta-02035-aas',
    )
    assert.deepEqual(named.body.document.attributes, { batterySerialNumber: { value: 'S' } })
    const upload = await of.p.http.inject({
      method: 'POST',
      url: '/api/passports/import',
      headers: { ...of.p.signedIn(actor), 'content-type': 'application/octet-stream' },
      payload: Buffer.from(bomb, 'base64'),
    })
    assert.equal(upload.statusCode, 400)
    assert.equal((await send('POST', '/api/exchange/convert', { to: 'csv', document: {} }, null)).status, 401)
    const { id } = await of.as(member(newId(), 'editor')).make({ attributes })
    assert.equal((await send('GET', `/api/exchange/passports/${id}?format=idta-02035`)).status, 404)
    assert.equal((await send('GET', `/api/exchange/passports/${id}?format=nothing`)).status, 400)
  })
})
