import assert from 'node:assert/strict'
import { newId, type Actor } from '#kernel'
import type { PassportsHost } from '../../services/passports/host.ts'
import { sealDays } from '../../services/passports/history/sealing.ts'
import { passports } from '../../services/passports/service.ts'
import { pythonOf } from '../../tools/outside/peers.ts'
import type { ProofPage } from '../../tools/verify.ts'
import { open } from '../../services/passports/testing.ts'
import { answerOf, line } from './line.ts'

/** Values of each point, whose words JSON may write in several ways. */
const said = {
  batteryCategory: { value: 'EV' },
  batteryMass: { value: '450.0', unit: 'kg' },
  batteryStatus: { value: 're-used' },
  testReportResults: { value: ['https://example.com/\u2028/r?a=<&>"'] },
  partNumbers: { value: [{ name: '\u0001 “Zelle” \ufb33', number: '\u007f€' }] },
  criticalRawMaterials: { value: [{ name: 'Lithium', share: '0.10' }] },
}

/** What somebody may have changed in a proof, and by which step of the guide it shows. */
const tampered: [string, (page: ProofPage) => void][] = [
  ['1:', page => void (page.items[1]!.link.at = '2027-03-01T10:00:00.001Z')],
  ['1:', page => void (page.items[2]!.hash = page.items[1]!.hash)],
  ['2:', page => void page.items.splice(1, 1)],
  ['2:', page => void page.items.splice(1, 0, page.items[1]!)],
  ['3:', page => void (page.items[0]!.disclosed[0]!.said = { more: 'than was said' })],
  ['3:', page => void (page.items[0]!.disclosed[0]!.salt += 'A')],
  ['5:', page => void (page.seal!.leaf.hash = page.items.at(-1)!.hash)],
  ['5:', page => void (page.seal!.jws = page.seal!.jws.replace(/.{4}$/, 'AAAA'))],
]

line('history: proofs and what was tampered with, by a page of Python with rfc8785 and joserfc', async t => {
  const python = await pythonOf('python')
  let now = '2027-03-01T10:00:00.000Z'
  const of = await open(t, { now: () => new Date(now) })
  const [owner, interested] = [{ userId: newId() }, newId()]
  const ada = of.as(owner)
  const make = async (body: object): Promise<string> => {
    const made = await ada.post('', body)
    assert.equal(made.status, 201, made.text)
    const { id } = made.body
    const published = await ada.post(`/${id}/publish`)
    assert.equal(published.status, 200, published.text)
    return id
  }
  const model = await make({
    data: { attributes: { ...said, batteryModelIdentifier: { value: 'M' } } },
    granularity: 'model',
  })
  const item = { uniqueBatteryIdentifier: { value: 'A' } }
  const ids = [
    await make({
      data: { attributes: { ...said, ...item, batteryModelIdentifier: { value: 'M' } }, note: 'Größe 🔋 1e400 "own"' },
    }),
    await make({ data: { attributes: { ...item, uniqueBatteryIdentifier: { value: 'B' } } }, parentId: model }),
  ]
  for (const id of ids) {
    const lent = { kind: 'person', audience: 'interest' }
    assert.equal((await ada.put(`/${id}/readers/${interested}`, lent)).status, 204)
    for (const attributes of [
      { manufacturingDate: { value: '2027-01' } },
      { batteryStatus: { value: 'repurposed' } },
      { manufacturingDate: { value: '2027-02-01' } },
    ]) {
      const changed = await ada.patch(`/${id}/attributes`, { attributes, reason: 'Grüße 🔋 "' })
      assert.equal(changed.status, 200, changed.text)
    }
  }
  now = '2027-03-03T01:00:00.000Z'
  const sealing = { ...passports, needs: [], start: async (host: PassportsHost) => void (await sealDays(host)) }
  await (await of.p.another([sealing] as never)).settle()

  const readers: (Partial<Actor> | undefined)[] = [
    owner,
    undefined,
    { userId: newId(), role: 'authority' },
    { userId: interested },
  ]
  const { body: keys } = await of.nobody.get('/checkpoints/keys')
  const proofs: ProofPage[][] = []
  for (const id of ids)
    for (const who of readers)
      for (const query of ['limit=2', 'limit=100']) {
        const pages: ProofPage[] = []
        for (let after = ''; ;) {
          const { status, text, body } = await (who ? of.as(who) : of.nobody).get(`/${id}/proof?${query}${after}`)
          assert.equal(status, 200, text)
          pages.push(body)
          if (body.nextCursor === null) break
          after = `&after=${body.nextCursor}`
        }
        proofs.push(pages)
      }
  const verdicts = await answerOf(python, 'verify.py', { proofs, keys })
  for (const [at, { faults, versions, sealed }] of verdicts.entries()) {
    assert.deepEqual(faults, [], `proof ${at}`)
    assert.ok(versions > 1 && sealed, `proof ${at}: ${versions} versions`)
  }
  const whole = proofs[1]!
  const spoilt = tampered.map(([, spoil]) => {
    const pages = structuredClone(whole)
    spoil(pages[0]!)
    return pages
  })
  const found = await answerOf(python, 'verify.py', { proofs: spoilt, keys })
  for (const [at, [step]] of tampered.entries())
    assert.ok(
      found[at].faults.some((fault: string) => fault.startsWith(step)),
      `${tampered[at]![1]}: ${found[at].faults}`,
    )
  return `${proofs.length} proofs verified, ${tampered.length} that were tampered with found out`
})
