import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seedFrom } from '../journeys/random.ts'
import { embeddedSite } from './embedded.ts'
import { underFire, underFireServices } from './harness.ts'

const seed = seedFrom(process.env.FAULT_SEED)

test(
  'killed thirty times with everything it has, the platform loses nothing, does nothing twice and leaves nothing half',
  { timeout: 400_000, skip: process.platform !== 'linux' && 'it finds processes in /proc' },
  async t => {
    const site = await embeddedSite(underFireServices)
    const { faults, ...outcome } = await underFire({ site, goesOn: kills => kills < 30, seed })
    t.diagnostic(`seed ${seed}: ${JSON.stringify(outcome)}`)
    assert.deepEqual(faults.slice(0, 20), [], `${faults.length} faults; again with FAULT_SEED=${seed}`)
    assert.ok(outcome.passports > 50 && outcome.documents > 10, `too little was going on: ${JSON.stringify(outcome)}`)
  },
)
