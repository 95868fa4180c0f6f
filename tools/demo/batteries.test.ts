import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PassportCreated } from '#contracts/passports'
import { start } from '../../kernel/testing.ts'
import { remote, stockDemo } from '../../seed.ts'
import { choose } from '../../services/all.ts'
import { seedBatteries } from './batteries.ts'
import { fleets } from './battery-models.ts'

const going = new AbortController().signal

test('the demo has a maker and an importer, five models and 500 batteries, with page, label and readiness of every kind', async t => {
  const p = await start(t, await choose(['identity', 'documents', 'notifications', 'passports']))
  const client = remote(await p.listen())
  const { value } = p.platform.announcements.find(({ label }) => label === 'First admin')!
  const [email, password] = value.split(' / ') as [string, string]
  const began = performance.now()
  await seedBatteries(p.platform, client, { email, password }, going)
  t.diagnostic(`made in ${Math.round(performance.now() - began)} ms`)
  await p.settle()

  const [findings, scopes] = [new Set<string>(), new Set<string>()]
  let batteries = 0
  for (const fleet of fleets) {
    const { accessToken } = await client('POST', '/api/auth/login', { email: fleet.email, password })
    const { items: own } = await client('GET', '/api/auth/organisations', undefined, accessToken)
    assert.deepEqual(
      own.map(({ name }: { name: string }) => name),
      [fleet.name],
    )
    const at = `/api/auth/organisations/${own[0].id}`
    const { kinds } = await client('GET', `${at}/standing`, undefined, accessToken)
    assert.partialDeepStrictEqual(kinds, [{ kind: fleet.kind, state: 'verified' }])
    const { accessToken: token } = await client('POST', `${at}/switch`, {}, accessToken)
    const of = (path: string) => client('GET', `/api/passports${path}`, undefined, token)
    let models = 0
    for (let after = ''; ;) {
      const { items, nextCursor } = await of(`/readiness?on=2027-02-18&compare=2027-08-18&limit=100${after}`)
      for (const one of items) {
        if (one.granularity === 'item') batteries++
        if (one.granularity === 'model') models++
        scopes.add(one.scope)
      }
      // One of each model tells what the others do.
      const some = new Map(items.map((one: any) => [`${one.category} ${one.granularity} ${one.ready}`, one.id]))
      for (const id of some.values())
        for (const { finding } of (await of(`/${id}/readiness?on=2027-02-18`)).items) findings.add(finding)
      if (!nextCursor) break
      after = `&after=${nextCursor}`
    }
    assert.equal(models, fleet.models.length)
    const { categories, missing } = await of('/readiness/summary?on=2027-02-18')
    const ready = categories.reduce((sum: number, one: { ready: number }) => sum + one.ready, 0)
    if (fleet.kind === 'manufacturer') assert.ok(ready >= 350, `${ready} are ready`)
    else assert.ok(ready <= 1 && missing.length > 25, `${ready} are ready, ${missing.length} are missing`)
  }
  assert.equal(batteries, 500)
  assert.deepEqual([...findings].sort(), [
    'declared_not_applicable',
    'invalid',
    'missing',
    'must_be_empty',
    'not_yet_required',
    'plant_missing',
    'present',
  ])
  assert.deepEqual([...scopes].sort(), ['below_threshold', 'capacity_unknown', 'not_covered', 'required'])

  const scanned = await p.http.inject({
    url: '/01/09506000134352/21/VOLT-000001',
    headers: { 'accept-language': 'mt' },
  })
  assert.equal(scanned.statusCode, 307)
  const page = await p.http.inject({ url: String(scanned.headers.location), headers: { 'accept-language': 'mt' } })
  assert.match(page.body, /<html lang="mt">[^]*479\.5 kg/, 'as it was corrected')
  const [link] = /\/api\/documents\/[\w-]+\?download=1/.exec(page.body)!
  const declaration = await p.http.inject({ url: link })
  assert.deepEqual([declaration.statusCode, declaration.headers['content-type']], [200, 'application/pdf'])

  const before = await p.published(PassportCreated)
  await stockDemo({ ...p.platform, announcements: [] }, going)
  const after = await p.published(PassportCreated)
  assert.equal(after.length, before.length, 'a data folder that is there gets no second one')
})
