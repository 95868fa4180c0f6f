import assert from 'node:assert/strict'
import fc from 'fast-check'
import { mergePatch } from '../../services/passports/dpp/paths.ts'
import { npmOf } from '../../tools/outside/peers.ts'
import { line } from './line.ts'

/** Documents of few names, so that patches meet what they patch. */
const { document } = fc.letrec(tie => ({
  document: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, 0, 1.5, '', 'text'),
    fc.array(tie('document'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'title', '', 'toString'), tie('document'), { maxKeys: 4 }),
  ),
}))
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

line('merge patch: RFC 7396 by json-merge-patch', async () => {
  const { apply } = await npmOf('json-merge-patch')
  const pairs = fc.sample(fc.tuple(document, document), 10_000)
  for (const [target, patch] of pairs)
    assert.deepEqual(
      plain(mergePatch(target, patch)),
      plain(apply(structuredClone(target), structuredClone(patch))),
      JSON.stringify([target, patch]),
    )
  return `${pairs.length} patches`
})
