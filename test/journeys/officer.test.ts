import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { client } from './client.ts'
import { bring, oneProcess, openCode, people, scan, split, type Open } from './batteries.ts'

async function officer(t: TestContext, open: Open): Promise<void> {
  const site = await open(t)
  const all = people(site)
  const mara = await all.operator('Mara', 'Donau Batteriewerk GmbH', 'manufacturer', '4012345000009')
  const data = {
    attributes: {
      uniqueBatteryIdentifier: { value: 'https://id.example.com/01/09506000134352/21/V0000001' },
      batteryModelIdentifier: { value: 'VOLT-EV-82' },
      batteryCategory: { value: 'EV' },
      testReportResults: { value: [{ title: 'Crush test', url: 'https://example.com/crush.pdf' }] },
      stateOfCertifiedEnergy: { value: '97.5', unit: '%' },
    },
  }
  const { id } = await mara.get(201, 'POST /api/passports', { data })
  const report = await bring(mara, 'crush.pdf', { passportId: id, kind: 'test-report', title: 'Crush test' })
  await mara.get(200, `POST /api/passports/${id}/publish`)
  await site.settle()

  // On the street: the code opens for everybody, without what is not theirs.
  const code = await scan(mara, id)
  assert.equal(code, '/01/09506000134352/21/V0000001')
  const page = await openCode(site, code, 'fr')
  assert.match(page, /<html lang="fr">/)
  assert.doesNotMatch(page, /Crush|crush|97[.,]5/)
  const nobody = client(site.address)
  const dpp = `/v1/dpps/urn:uuid:${id}`
  const elementOf = (group: string, attribute: string) =>
    `GET ${dpp}/elements/${encodeURIComponent(`$['${group}']['${attribute}']`)}`
  const [tests, health] = [elementOf('labels', 'testReportResults'), elementOf('performance', 'stateOfCertifiedEnergy')]
  for (const path of [tests, health, `GET /api/documents/${report}?download=1`])
    assert.equal((await nobody.ask(path)).status, 401, path)

  // Whoever only has an account is nobody in particular, whatever they say they are.
  const olga = await all.person('Olga')
  for (const path of [tests, health]) assert.equal((await olga.ask(path)).status, 403, path)
  assert.ok([403, 404].includes((await olga.ask(`GET /api/documents/${report}?download=1`)).status))

  // An admin has looked at her warrant: she is an authority from her next sign-in on.
  await (await all.root()).get(200, `PUT /api/auth/users/${olga.id}/role`, { role: 'authority' })
  await site.settle()
  await olga.again()
  assert.deepEqual(await olga.get(200, tests), data.attributes.testReportResults.value)
  const file = await olga.get(200, `GET /api/documents/${report}?download=1`)
  assert.match(file.toString(), /crush\.pdf says/)
  assert.equal((await olga.ask(health)).status, 403, 'a state of health is for others to read')
  const read = await olga.get(200, `GET /api/passports/${id}`)
  assert.equal(read.audience, 'authority')
  assert.match(JSON.stringify(read), /Crush test/)
  assert.doesNotMatch(JSON.stringify(read), /97\.5/)
  assert.equal(
    (await olga.ask(`PATCH /api/passports/${id}/attributes`, { attributes: {} })).status,
    403,
    'and writes nothing',
  )

  // Both sides see what she read, and nothing of what she was refused.
  const seen = (who: typeof nobody) => who.get(200, `GET /api/passports/${id}/access-log`)
  const { items } = await seen(mara)
  assert.deepEqual(new Set(items.map(({ reader }: any) => reader.id)), new Set([olga.id]))
  assert.deepEqual(
    items.map(({ audience, route }: any) => [audience, route]),
    [
      ['authority', 'GET /api/passports/:id'],
      ['authority', 'GET /api/documents/:docId'],
      ['authority', 'GET /v1/dpps/:dppId/elements/:elementIdPath'],
    ],
  )
  assert.deepEqual((await seen(olga)).items, items)
  await mara.again()
  const { items: versions } = await mara.get(200, `GET /api/passports/${id}/versions`)
  assert.equal(versions.length, 2, 'nothing of the battery changed by being looked at')
}

test('officer: scans a battery, shows who they are, reads the test report, and the owner sees that they did', t =>
  officer(t, oneProcess))
test('officer, each service in a process of its own: scans a battery, shows who they are, reads the test report, and the owner sees that they did', t =>
  officer(t, split))
