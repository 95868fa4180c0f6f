import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Dated } from '#law'
import { written, type FormatName } from '../../services/passports/exchange/converting.ts'
import { passports, schemaFiles } from '../../services/passports/exchange/testing.ts'
import { pythonOf } from '../../tools/outside/peers.ts'
import { answerOf, line } from './line.ts'
import { readySchemas, upstream } from './upstream.ts'

const about = {
  id: 'urn:uuid:0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d',
  operator: 'did:web:example.com',
  placeholders: true,
}
const runs = 100

/** Where upstream asks for what contradicts its own words: an address of mail whose pattern lost its backslashes. */
const ofUpstream = '^[w.-]+@[w.-]+.[A-Za-z]{2,}$'

line(
  'formats: what we write as BatteryPass, IDTA 02035, Catena-X and BatteryPass-Ready, by the schemas of each and jsonschema of PyPI',
  async () => {
    const python = await pythonOf('python')
    const schemas: Record<string, unknown> = {}
    const documents: [name: string, document: unknown][] = []
    const samples = fc.sample(passports, runs)
    const write = async (format: FormatName, values: Map<string, Dated>): Promise<any> =>
      JSON.parse(JSON.stringify((await written(format, values, about)).document))
    for (const [format, parts] of Object.entries(schemaFiles))
      for (const [part, file] of Object.entries(parts)) {
        schemas[`${format} ${part}`] = JSON.parse(upstream(file))
      }
    for (const [category, file] of Object.entries(readySchemas))
      schemas[`ready ${category}`] = JSON.parse(upstream(file))
    for (const values of samples) {
      for (const [format, parts] of Object.entries(schemaFiles)) {
        const document = await write(format as FormatName, new Map(values))
        for (const part of Object.keys(parts))
          documents.push([`${format} ${part}`, part === 'whole' ? document : document[part]])
      }
      for (const category of Object.keys(readySchemas)) {
        const said = { value: category, unit: null, givenValue: category, givenUnit: null }
        const document = await write(
          'batterypass-ready-1.0',
          new Map<string, Dated>([...values, ['batteryCategory', said]]),
        )
        documents.push([`ready ${category}`, document])
      }
    }
    const found: [string, string | null, string][][] = await answerOf(python, 'schemas.py', { schemas, documents })
    for (const [at, faults] of found.entries())
      assert.deepEqual(
        [documents[at]![0], faults.filter(([, pattern]) => pattern !== ofUpstream)],
        [documents[at]![0], []],
      )
    return `${documents.length} documents by ${Object.keys(schemas).length} schemas`
  },
)
