import assert from 'node:assert/strict'
import { pointOf } from '#law'
import table from '../../law/data/formats/batterypass-ready-1.0.json' with { type: 'json' }
import { line } from './line.ts'
import { readySchemas, upstream } from './upstream.ts'

/** JSON Schema of any depth. */
type Json = Record<string, any>

/** Their readers as points of Annex XIII. */
function pointBy(read: readonly string[]): number {
  if (read.includes('public')) return 1
  if (read.includes('legitimate_interest')) return read.includes('commission') ? 2 : 4
  return 3
}

/** Who may read what stands at a pointer, by the nearest that says so. */
function rightsAt(schema: Json, pointer: string): string[] | undefined {
  const inside = (node: Json | undefined): Json | undefined => {
    if (node?.$ref) return inside(schema.$defs[node.$ref.split('/').at(-1)])
    return node?.items && !node.properties ? inside(node.items) : node
  }
  let node: Json | undefined = schema
  let rights: string[] | undefined
  for (const step of pointer.slice(1).split('/')) {
    node = inside(node)?.properties?.[step]
    if (!node) return undefined
    rights = node['x-AccessRights']?.read ?? rights
  }
  return rights
}

line('who sees what: our points beside x-AccessRights of BatteryPass-Ready, attribute by attribute', async () => {
  let compared = 0
  for (const [category, file] of Object.entries(readySchemas)) {
    const schema = JSON.parse(upstream(file)) as Json
    for (const { id, at } of table.rows) {
      const rights = rightsAt(schema, at)
      if (!rights) continue
      compared++
      assert.equal(pointOf(id), pointBy(rights), `${id} of ${category}: they let ${rights} read it`)
    }
  }
  assert.ok(compared > 400, `${compared}`)
  return `${compared} rights of ${Object.keys(readySchemas).length} categories`
})
