import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onLinux } from './alone.ts'
import { rollingUpgrade } from './rolling.ts'

test(
  'processes upgraded one after the other under connections: chargers come back, commands find them, and nothing is lost',
  { ...onLinux, timeout: 300_000 },
  async t => {
    const { faults, ...figures } = await rollingUpgrade(Number(process.env.FAULT_CHARGERS ?? 200))
    t.diagnostic(JSON.stringify(figures))
    assert.deepEqual(faults, [])
    assert.ok(figures.acknowledged > figures.chargers * 5, JSON.stringify(figures))
    assert.ok(figures.commands['200']! > 0, JSON.stringify(figures))
  },
)
