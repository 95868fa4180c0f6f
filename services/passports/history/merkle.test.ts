import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import canonicalize from 'canonicalize'
import { hashOf } from './chain.ts'
import { leafOf, rootOf, segment, wayFrom } from './merkle.ts'

const sha = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()

/** As RFC 6962, 2.1 says it: by the largest power of two that is less. */
function byTheBook(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0]!
  let half = 1
  while (half * 2 < leaves.length) half *= 2
  return sha(Buffer.of(1), byTheBook(leaves.slice(0, half)), byTheBook(leaves.slice(half)))
}

test('the root of a tree is that of RFC 6962, by segments too, and each leaf has a way to it', () => {
  const leaves = Array.from({ length: 2 * segment + 77 }, (_, at) => leafOf(`leaf ${at}`))
  for (const size of [1, 2, 3, 5, 8, 13, 64, 77]) {
    const some = leaves.slice(0, size)
    assert.deepEqual(rootOf(some), byTheBook(some))
    for (const [at, leaf] of some.entries()) {
      let reached = leaf
      for (const { side, hash } of wayFrom(at, some)) {
        const pair = [Buffer.from(hash, 'hex'), reached]
        reached = sha(Buffer.of(1), ...(side === 'left' ? pair : pair.reverse()))
      }
      assert.deepEqual(reached, byTheBook(some))
    }
  }
  const segments = [0, 1, 2].map(at => rootOf(leaves.slice(at * segment, (at + 1) * segment)))
  assert.deepEqual(rootOf(segments), byTheBook(leaves))
})

test('hashes are over the one way to write something (RFC 8785)', () => {
  const one = { b: '€', a: [1, { d: 'x', c: null }] }
  assert.equal(canonicalize(one), '{"a":[1,{"c":null,"d":"x"}],"b":"€"}')
  assert.deepEqual(hashOf(one), sha(Buffer.from('{"a":[1,{"c":null,"d":"x"}],"b":"€"}')))
})
