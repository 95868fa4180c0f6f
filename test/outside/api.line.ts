import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { npmOf } from '../../tools/outside/peers.ts'
import { open } from '../lattice/cases.ts'
import { line } from './line.ts'

const root = join(import.meta.dirname, '..', '..')

line('OpenAPI: ours and that of EN 18222, by @seriousme/openapi-schema-validator', async t => {
  const { Validator } = await npmOf('@seriousme/openapi-schema-validator')
  const of = await open(t)
  const documents = {
    'docs/api/openapi.json': JSON.parse(readFileSync(join(root, 'docs/api/openapi.json'), 'utf8')),
    '/v1/openapi.json': (await of.p.http.inject('/v1/openapi.json')).json(),
  }
  for (const [name, document] of Object.entries(documents)) {
    const { valid, errors } = await new Validator().validate(document)
    assert.ok(valid, `${name}: ${JSON.stringify(errors)}`)
  }
  return Object.keys(documents).join(', ')
})
