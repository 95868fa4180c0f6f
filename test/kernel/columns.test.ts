import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cellOf } from '#kernel'

test('no cell of a file is a formula where it is opened, and numbers stay numbers', () => {
  for (const text of ['=1+1', '@SUM(A1)', '-2+3+cmd|/C calc', '+1+cmd|x', '-1*2', '+A1', '-(1)=2', '\t=1'])
    assert.match(cellOf(text), /^"?'/, text)
  for (const text of ['-5', '+49 30 123456', '+49 (30) 12-34', '-1.5', 'plain', '5 - 3'])
    assert.equal(cellOf(text), text)
  assert.equal(cellOf(-5), '-5')
  assert.equal(cellOf('a, "b"'), '"a, ""b"""')
})
