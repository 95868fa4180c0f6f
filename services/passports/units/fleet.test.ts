import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { codeOf, member, open } from '../testing.ts'

test('rule sets, what differs between them, and what changes on a day are for everybody to read', async t => {
  const { nobody } = await open(t)
  const { status, body } = await nobody.get('/rules')
  assert.equal(status, 200)
  assert.equal(body.passportFrom.date, '2027-02-18')
  assert.ok(body.sets.some(({ id }: { id: string }) => id === 'ec-1.0'))
  const august = body.calendar.filter(({ from }: { from?: string }) => from === '2027-08-18')
  assert.ok(
    august.some(({ dataPoint, status }: { dataPoint: number; status: string }) => dataPoint === 19 && status === 'C'),
  )

  const { cells } = (await nobody.get('/rules/ec-2.0?on=2027-02-18')).body
  const count = (status: string) => cells.filter((cell: any) => cell.category === 'EV' && cell.status === status).length
  assert.deepEqual(['M', 'C', 'N', 'O'].map(count), [47, 8, 15, 1])
  const diff = (await nobody.get('/rules/ec-2.0?against=ec-1.0&on=2027-02-18')).body.cells
  assert.deepEqual([...new Set(diff.map(({ dataPoint }: { dataPoint: number }) => dataPoint))], [20, 21, 22, 23])
  assert.ok(diff.every(({ was }: { was: string }) => was))
  assert.deepEqual(await codeOf(nobody.get('/rules/ec-9')), [404, 'rule_set_unknown'])
})

test('a fleet is counted by category on a day, with what it lacks by article and what 18 August 2027 changes', async t => {
  const { p, as } = await open(t)
  const organisation = newId()
  const ada = as(member(organisation, 'editor'))
  const data = {
    batteryCategory: 'EV',
    batteryModelIdentifier: 'M1',
    attributes: { ratedCapacity: { value: '94', unit: 'Ah' } },
  }
  const { body: model } = await ada.post('', { data, granularity: 'model' })
  await ada.post(`/${model.id}/items`, { range: { from: 1, count: 3 } })
  await p.settle()
  await ada.make({ batteryIdentifier: 'L-1', batteryCategory: 'LMT' })
  await as().make({ batteryIdentifier: 'of another' })
  await as(member(organisation, 'owner')).patch('/settings', { dueDiligence: 'owed' })
  await p.settle()
  const { status, text, body } = await ada.get('/readiness/summary?on=2027-08-17&compare=2027-08-18')
  assert.equal(status, 200, text)
  assert.deepEqual(body.categories.map((row: any) => [row.category, row.passports, row.ready, row.readyThen]).sort(), [
    ['EV', 4, 0, 0],
    ['LMT', 1, 0, 0],
  ])
  assert.deepEqual([body.complete, body.ruleSet], [true, 'ec-2.0'])
  const [gap] = body.missing
  assert.ok(gap.passports === 5 && gap.article)

  // What the API answers, as JSON of any shape.
  const items: any[] = []
  for (let after = ''; ;) {
    const { body: page } = await ada.get(`/readiness?on=2027-08-17&compare=2027-08-18&category=EV&limit=3${after}`)
    items.push(...page.items)
    if (!page.nextCursor) break
    after = `&after=${page.nextCursor}`
  }
  assert.equal(items.length, 4)
  const item = items.find(({ identifier }) => identifier === '2')
  assert.ok(
    item.missing.every(({ attributes }: { attributes: string[] }) => !attributes.includes('ratedCapacity')),
    'as its model says',
  )
  assert.deepEqual(
    item.changes.due.map(({ dataPoint, status }: any) => [dataPoint, status]),
    [[19, 'M']],
  )
  assert.match(item.changes.due[0].condition, /due diligence/)
  assert.equal((await as(member(newId(), 'viewer')).get('/readiness')).body.items.length, 0)
})

test('all passports of a fleet are counted, by model and by organisation, and told as files that run nothing', async t => {
  const { p, as } = await open(t)
  const [organisation, other] = [newId(), newId()]
  const ada = as(member(organisation, 'editor'))
  const evil = '=HYPERLINK("https://example.com")'
  const data = { batteryCategory: 'EV', batteryModelIdentifier: evil }
  const { body: model } = await ada.post('', { data, granularity: 'model' })
  await ada.post(`/${model.id}/items`, { range: { from: 1, count: 1100 } })
  await p.settle()
  await as(member(other, 'editor')).make({ batteryIdentifier: '+1+cmd', batteryCategory: 'LMT' })
  const days = 'on=2027-02-18&compare=2027-08-18'
  const { body } = await ada.get(`/readiness/summary?${days}&by=model`)
  assert.deepEqual(body.groups, [{ key: evil, passports: 1101, ready: 0, readyThen: 0 }])
  assert.deepEqual([body.complete, body.by, body.categories[0].passports], [true, 'model', 1101])
  assert.equal(body.missing.find(({ dataPoint }: any) => dataPoint === 11).passports, 1101)
  assert.ok(body.missing.every(({ dataPoint }: any) => dataPoint !== 6))
  const keys = async (client: typeof ada) =>
    (await client.get('/readiness/summary?by=organisation')).body.groups.map(({ key, passports }: any) => [
      key,
      passports,
    ])
  assert.deepEqual(await keys(ada), [[organisation, 1101]])
  assert.deepEqual(await keys(as({ role: 'admin' })), [
    [organisation, 1101],
    [other, 1],
  ])
  assert.equal((await as().get('/readiness/summary')).body.groups.length, 0)

  const file = async (query: string, who: Parameters<typeof as>[0] = member(organisation, 'viewer')) => {
    const headers = p.signedIn(who)
    return await p.http.inject({ url: `/api/passports/readiness/report?${query}`, headers })
  }
  const csv = await file(days)
  assert.match(String(csv.headers['content-type']), /^text\/csv/)
  const lines = csv.body.trimEnd().split('\r\n')
  assert.equal(lines.length, 1 + 1101)
  assert.match(lines[0]!, /^id,identifier,.*ready on 2027-02-18,ready on 2027-08-18,missing,which$/)
  assert.ok(
    lines.slice(1).every(line => line.includes(`"'=HYPERLINK(`) && /11\. The capacity \(Annex VI A\(6\)\)/.test(line)),
  )
  assert.match((await file('', member(other, 'viewer'))).body, /,'\+1\+cmd,/)
  const pdf = await file(`${days}&format=pdf&by=model`)
  assert.deepEqual([pdf.statusCode, pdf.headers['content-type']], [200, 'application/pdf'])
  assert.equal(pdf.rawPayload.subarray(0, 5).toString(), '%PDF-')
  assert.equal((await file('format=xlsx')).statusCode, 400)
})
