import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../testing.ts'

/** `OHMNIBUS_ITEMS=100000` reads as many as a maker has of one. */
const count = Number(process.env.OHMNIBUS_ITEMS ?? 2_000)

test(`a model changed while its ${count} items are read is seen by each read that begins after that, and costs one version`, async t => {
  const { p, as, nobody } = await open(t)
  const ada = as()
  const data = { generalInformation: { batteryCategory: 'EV', batteryModel: 'M1' } }
  const weighing = (mass: number) => ({
    attributes: { batteryMass: { value: `${mass}`, unit: 'kg' } },
    reason: 'Weighed',
  })
  const { body: model } = await ada.post('', {
    data: { ...data, attributes: weighing(1).attributes },
    granularity: 'model',
  })
  await ada.post(`/${model.id}/publish`)
  await ada.post(`/${model.id}/items`, { range: { from: 1, count }, publish: true })
  await p.settle()
  const rows = await p.db('passports')<{ id: string }[]>`select id from passports where parent_id = ${model.id}`
  assert.equal(rows.length, count)

  // What was answered as written, and what may be written by now.
  let [least, most] = [1, 1]
  let reads = 0
  const seen = new Set<number>()
  const reading = async (from: number, readers: number) => {
    for (let at = from; at < rows.length; at += readers) {
      const before = least
      const { status, body } = await nobody.get(`/${rows[at]!.id}/attributes`)
      assert.equal(status, 200)
      const { value, from: whose } = body.items.find(({ id }: { id: string }) => id === 'batteryMass')
      assert.equal(whose, 'model')
      assert.ok(before <= Number(value) && Number(value) <= most, `${value} between ${before} and ${most}`)
      seen.add(Number(value))
      reads++
    }
  }
  let isRead = false
  const writing = async () => {
    while (!isRead) {
      const next = (most = least + 1)
      const { status, text } = await ada.patch(`/${model.id}/attributes`, weighing(next))
      assert.equal(status, 200, text)
      least = next
      // A correction now and then; what is between is for those who read.
      const until = reads + count / 8
      while (!isRead && reads < until) await new Promise(done => setTimeout(done, 1))
    }
  }
  const work = writing()
  await Promise.all(Array.from({ length: 6 }, (_, at) => reading(at, 6))).finally(() => (isRead = true))
  await work
  assert.ok(seen.size > 3, `${seen.size} of ${least} corrections were seen`)
  const [versions] = await p.db('passports')<{ ofModel: number; ofItems: number }[]>`
    select count(*) filter (where passport_id = ${model.id})::int as "ofModel",
      count(*) filter (where passport_id <> ${model.id})::int as "ofItems" from versions`
  assert.deepEqual(versions, { ofModel: least + 1, ofItems: count })
})
