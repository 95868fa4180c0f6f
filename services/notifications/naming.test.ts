import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PassportPublished } from '#contracts/passports'
import { newId } from '#kernel'
import { ada, open, self } from './testing.ts'

test('a passport without an identifier is called by its id', async t => {
  const p = await open(t)
  const id = newId()
  await p.publish(PassportPublished, { passport: { id }, identifier: null, version: 1, owner: self })
  await p.settle()
  assert.equal((await p.list(ada)).items[0]!.title, `Passport ${id} was published`)
})
