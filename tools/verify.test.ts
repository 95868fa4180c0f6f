import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { hash } from 'node:crypto'

test('ohmnibus verify reads what was fetched, and fails where it was changed', () => {
  const salt = 'c2FsdA'
  const said = { batteryMass: { value: '3' } }
  const root = hash('sha256', `{"said":{"batteryMass":{"value":"3"}},"salt":"${salt}"}`)
  const link = {
    at: '2027-03-01T10:00:00.000Z',
    chain: 'public',
    passport: 'p',
    previous: null,
    roots: { 1: root },
    status: 'published',
    version: 1,
  }
  const item = { link, hash: hash('sha256', JSON.stringify(link)), disclosed: [{ part: '1', salt, said }] }
  const folder = mkdtempSync(join(tmpdir(), 'verify-'))
  const run = (one: object) => {
    const file = join(folder, 'proof.json')
    writeFileSync(file, JSON.stringify({ passport: 'p', chain: 'public', items: [one], seal: null, nextCursor: null }))
    const cli = new URL('cli.ts', import.meta.url).pathname
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'verify', '--proof', file], {
      encoding: 'utf8',
    })
    return [status, stdout + stderr] as const
  }
  const [good, told] = run(item)
  assert.deepEqual([good, /1 versions are as they were written/.test(told)], [0, true], told)
  const [bad, why] = run({ ...item, disclosed: [{ part: '1', salt, said: { batteryMass: { value: '4' } } }] })
  assert.deepEqual([bad, /Wrong: What version 1 tells of 1/.test(why)], [1, true], why)
})
