import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { open, published } from './cases.ts'

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1]!

/**
 * What two requests take, in turns, each first as often as the other, so that what the machine does beside falls on both.
 * Fails where one of them tells itself by its time.
 */
async function requireAlike(what: string, one: () => Promise<unknown>, other: () => Promise<unknown>): Promise<void> {
  const took = { one: [] as number[], other: [] as number[] }
  const both = [
    ['one', one],
    ['other', other],
  ] as const
  for (let i = 0; i < 220; i++)
    for (const [kind, ask] of i % 2 === 0 ? both : both.toReversed()) {
      const before = performance.now()
      await ask()
      // What is compiled and laid in store at first tells nothing.
      if (i >= 20) took[kind].push(performance.now() - before)
    }
  // How often the one takes longer than the other (Mann-Whitney): a half where nothing tells them apart.
  const longer = took.one.flatMap(a => took.other.map(b => (a > b ? 1 : a === b ? 0.5 : 0)))
  const share = longer.reduce<number>((sum, one) => sum + one, 0) / longer.length
  const ratio = median(took.one) / median(took.other)
  const told = `${what}: ${median(took.one).toFixed(2)} and ${median(took.other).toFixed(2)} ms, longer in ${share.toFixed(2)}`
  assert.ok(share > 0.3 && share < 0.7, told)
  assert.ok(ratio > 0.8 && ratio < 1.25, told)
}

test('what is hidden takes no other time than what is not there: words, filters, elements, attributes', async t => {
  const of = await open(t)
  const owner = { userId: newId() }
  const one = await published(of, 'LMT', owner)
  const ada = of.as(owner)
  // Two that differ in what is hidden alone.
  const make = async (identifier: string, hidden: object): Promise<string> => {
    const said = { batteryCategory: { value: 'LMT' }, batteryMass: { value: '12', unit: 'kg' }, ...hidden }
    const own = { uniqueBatteryIdentifier: { value: identifier }, batteryModelIdentifier: { value: 'M1' } }
    const { id } = await ada.make({ attributes: { ...own, ...said } })
    assert.equal((await ada.post(`/${id}/publish`)).status, 200)
    return id
  }
  const report = [{ title: 'Test report', url: 'https://example.com/report.pdf' }]
  const filled = await make('FULL-1', { testReportResults: { value: report } })
  const empty = await make('FULL-2', {})
  const interested = newId()
  for (const id of [filled, empty])
    assert.equal((await ada.put(`/${id}/readers/${interested}`, { kind: 'person', audience: 'interest' })).status, 204)

  const word = `zq${one.markers.get('testReportResults')}`
  const element = (id: string, [group, name]: readonly [string, string]): string =>
    `/v1/dpps/urn:uuid:${id}/elements/${encodeURIComponent(`$['${group}']['${name}']`)}`
  // Documents are not among them: that one is there can be told by who knows its id (docs/decisions/0023).
  for (const [name, who] of [
    ['nobody', undefined],
    ['a stranger', { userId: newId() }],
    ['who has a legitimate interest', { userId: interested }],
  ] as const) {
    const headers = who ? of.p.signedIn(who) : {}
    const expecting = (status: number, url: string) => async (): Promise<void> => {
      const answer = await of.p.http.inject({ url, headers })
      assert.equal(answer.statusCode, status, `${url} ${answer.body}`)
    }
    const closed = who ? 403 : 401
    const hidden = ['labels', 'testReportResults'] as const
    await requireAlike(
      `an element for ${name}`,
      expecting(closed, element(filled, hidden)),
      expecting(closed, element(empty, hidden)),
    )
    if (!who) continue
    for (const query of ['count?q=', '?q='])
      await requireAlike(
        `a search for a word by ${name}, ${query}`,
        expecting(200, `/api/passports${query.startsWith('?') ? '' : '/'}${query}${word}`),
        expecting(200, `/api/passports${query.startsWith('?') ? '' : '/'}${query}zq99999999`),
      )
  }
})
