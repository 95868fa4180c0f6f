import assert from 'node:assert/strict'
import { newId } from '#kernel'
import { categories } from '#law'
import { npmOf, pythonOf } from '../../tools/outside/peers.ts'
import { open, published } from '../lattice/cases.ts'
import { answerOf, line } from './line.ts'

/** Passports of each category, as each reader exports them. */
async function exported(t: Parameters<typeof open>[0], format: string): Promise<Buffer[]> {
  const of = await open(t)
  const files: Buffer[] = []
  for (const category of categories) {
    const owner = { userId: newId() }
    const { id } = await published(of, category, owner)
    for (const who of [owner, undefined]) {
      const answer = await of.p.http.inject({
        url: `/api/exchange/passports/${id}?format=${format}&download=true`,
        headers: who ? of.p.signedIn(who) : {},
      })
      assert.equal(answer.statusCode, 200, answer.body)
      files.push(answer.rawPayload)
    }
  }
  return files
}

for (const [kind, format] of [
  ['json', 'idta-02035-aas'],
  ['aasx', 'idta-02035-aasx'],
] as const)
  line(`AAS as ${kind.toUpperCase()}: by basyx-python-sdk, strict, and aas-test-engines`, async t => {
    const python = await pythonOf('aas')
    const files = await exported(t, format)
    const found = await answerOf(
      python,
      'aas.py',
      files.map(file => [kind, file.toString('base64')]),
    )
    for (const { faults, objects } of found) {
      assert.deepEqual(faults, [])
      assert.ok(objects > 1, `${objects} objects`)
    }
    return `${files.length} files, ${found.reduce((sum: number, { objects }: { objects: number }) => sum + objects, 0)} objects`
  })

line('AAS as JSON: by aas-core3.0 for TypeScript', async t => {
  const { jsonization, verification } = await npmOf('@aas-core-works/aas-core3.0-typescript')
  const files = await exported(t, 'idta-02035-aas')
  for (const file of files) {
    const read = jsonization.environmentFromJsonable(JSON.parse(file.toString()))
    assert.equal(read.error, null, read.error && `${read.error.path}: ${read.error.message}`)
    const faults = [...verification.verify(read.mustValue())].map((error: any) => `${error.path}: ${error.message}`)
    assert.deepEqual(faults, [])
  }
  return `${files.length} environments`
})
