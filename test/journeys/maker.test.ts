import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { client } from './client.ts'
import { verifyHistory } from '../../tools/verify.ts'
import { became, notSplit, oneProcess, openCode, people, split, type Open } from './batteries.ts'

/** How many come of the model; OHMNIBUS_SERIALS=100000 for a whole run. */
const serials = Number(process.env.OHMNIBUS_SERIALS ?? 3_000)
const patience = Math.max(180_000, serials * 10)

async function maker(t: TestContext, open: Open): Promise<void> {
  const site = await open(t)
  const mara = await people(site).operator('Mara', 'Donau Batteriewerk GmbH', 'manufacturer', '4012345000009')
  const make = async (data: object, more: object = {}) => {
    const { id } = await mara.get(201, 'POST /api/passports', { data, ...more })
    await mara.get(200, `POST /api/passports/${id}/publish`)
    return `/api/passports/${id}`
  }
  const model = await make(
    {
      attributes: {
        batteryModelIdentifier: { value: 'VOLT-EV-82' },
        batteryCategory: { value: 'EV' },
        batteryMass: { value: '478', unit: 'kg' },
        initialInternalResistance: { value: { pack: { value: '48.0', unit: 'mΩ' } } },
      },
    },
    { granularity: 'model' },
  )
  const parentId = model.split('/').at(-1)!
  const batch = await make(
    {
      attributes: {
        uniqueBatteryIdentifier: { value: 'https://id.example.com/01/09506000134352/10/H3' },
        manufacturingPlace: { value: 'Regensburg, hall 3' },
      },
    },
    { granularity: 'batch', parentId },
  )
  const order = {
    range: { prefix: 'V', from: 1, count: serials, width: 7 },
    identifier: 'https://id.example.com/01/09506000134352/21/{serial}',
    batchId: batch.split('/').at(-1),
    attributes: { manufacturingDate: { value: '2026-11' } },
    publish: true,
  }
  const began = performance.now()
  const { id } = await mara.get(202, `POST ${model}/items`, order, { 'idempotency-key': 'the-first-run' })
  const made = await became(mara, `${model}/items/${id}`, patience)
  t.diagnostic(`${serials} with all that follows in ${Math.round(performance.now() - began)} ms`)
  assert.deepEqual([made.created, made.failed], [serials, 0])
  const same = await mara.get(202, `POST ${model}/items`, order, { 'idempotency-key': 'the-first-run' })
  assert.equal(same.id, id, 'an order whose answer was lost is the same order')
  const { id: second } = await mara.get(202, `POST ${model}/items`, order)
  const twice = await became(mara, `${model}/items/${second}`, patience)
  assert.deepEqual([twice.created, twice.failed], [0, serials], 'and one that is given twice makes nothing twice')

  const { items: children } = await mara.get(200, `GET ${batch}/children?limit=100`)
  assert.deepEqual(
    children.map(({ serial }: { serial: string }) => serial),
    Array.from({ length: 100 }, (_, index) => `V${String(index + 1).padStart(7, '0')}`),
    'in the order of their serials',
  )

  // The last of them opens by what is printed on it, and says what its model and its batch say.
  const code = `/01/09506000134352/21/V${String(serials).padStart(7, '0')}`
  const passport = async (query = '') => {
    const { digitalProductPassportId } = JSON.parse(await openCode(site, code, 'en', 'application/json'))
    const passportId = digitalProductPassportId.replace('urn:uuid:', '')
    const { items } = await mara.get(200, `GET /api/passports/${passportId}/attributes${query}`)
    return { id: passportId as string, said: new Map<string, any>(items.map((one: any) => [one.id, one])) }
  }
  const before = await passport()
  assert.partialDeepStrictEqual(before.said.get('batteryMass'), { value: '478', from: 'model' })
  assert.partialDeepStrictEqual(before.said.get('manufacturingPlace'), { value: 'Regensburg, hall 3', from: 'batch' })
  assert.partialDeepStrictEqual(before.said.get('initialInternalResistance'), {
    givenValue: [{ part: 'pack', value: '48.0', unit: 'mΩ' }],
  })
  const then = new Date().toISOString()

  // What was wrong in the model is set right in it, with the reason, and in no item.
  const correction = { attributes: { batteryMass: { value: '479.5', unit: 'kg' } } }
  assert.equal((await mara.ask(`PATCH ${model}/attributes`, correction)).body.code, 'reason_required')
  await mara.get(200, `PATCH ${model}/attributes`, { ...correction, reason: 'Weighed anew, with its brackets' })
  assert.equal((await passport()).said.get('batteryMass').value, '479.5')
  assert.equal((await passport(`?at=${then}`)).said.get('batteryMass').value, '478', 'as it was read before')
  assert.match(await openCode(site, code, 'de'), /479,5 kg/)
  const { items: versions } = await mara.get(200, `GET ${model}/versions`)
  assert.partialDeepStrictEqual(versions[0], { reason: 'Weighed anew, with its brackets' })
  assert.equal(
    (await mara.get(200, `GET /api/passports/${before.id}/versions`)).items.length,
    1,
    'the item is as it was',
  )

  // Both histories are proven to who believes nobody.
  const nobody = client(site.address)
  for (const [path, count] of [
    [model, 2],
    [`/api/passports/${before.id}`, 1],
  ] as const) {
    const proof = await nobody.get(200, `GET ${path}/proof`)
    const { wrong, versions } = verifyHistory([proof], {})
    assert.deepEqual([wrong, versions], [[], count], path)
  }
}

test('maker: a model, a batch, a run of serials, a correction to the model, and the history before and after it', t =>
  maker(t, oneProcess))
test(
  'maker, each service in a process of its own: a model, a batch, a run of serials, a correction to the model, and the history before and after it',
  { skip: notSplit },
  t => maker(t, split),
)
