import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { openRefreshTokens, standing } from './refresh-tokens.ts'

test('a refresh token of ours is known again; anything else is not', () => {
  const tokens = openRefreshTokens(purpose => Buffer.alloc(32, purpose))
  const sessionId = newId()
  const first = tokens.first(sessionId)
  assert.deepEqual(tokens.read(first.text), first)
  assert.equal(first.sessionId, sessionId)
  assert.deepEqual(tokens.successor(first), tokens.successor(tokens.read(first.text)!))
  assert.notEqual(tokens.successor(first).text, first.text)
  assert.equal(openRefreshTokens(() => Buffer.alloc(32, 'else')).read(first.text), undefined)
  for (const text of ['', 'x', first.text.slice(1), `${first.text}AAAA`]) assert.equal(tokens.read(text), undefined)
})

test('a spent token is excused for ten seconds', () => {
  const tokens = openRefreshTokens(purpose => Buffer.alloc(32, purpose))
  const [spent, at] = [tokens.first(newId()), (ms: number) => new Date(1_000_000 + ms)]
  const current = tokens.successor(spent)
  const session = { refreshHash: current.hash, previousHash: spent.hash, rotatedAt: at(0), expiresAt: at(60_000) }
  assert.equal(standing(current, session, at(59_999)), 'current')
  assert.equal(standing(spent, session, at(10_000)), 'just spent')
  assert.equal(standing(spent, session, at(10_001)), 'replayed')
  assert.equal(standing(current, session, at(60_000)), 'expired')
})
