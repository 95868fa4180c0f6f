import { parseArgs } from 'node:util'
import { seedFrom } from '../journeys/random.ts'
import { underFire } from './harness.ts'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '100' }, seed: { type: 'string' } } })
const [kills, seed] = [Number(values.kills), seedFrom(values.seed)]
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
  console.error('npm run fault -- --kills 1000 --seed 42')
  process.exit(1)
}

console.log(`${kills} kills with seed ${seed}`)
const started = Date.now()
const { faults, ...outcome } = await underFire({ kills, seed, progress: line => console.log(`  ${line}`) })
console.log(outcome)
for (const fault of faults) console.error(`✖ ${fault}`)
console.log(
  `${faults.length === 0 ? 'Nothing was lost and nothing came twice' : `${faults.length} faults with seed ${seed}`}, after ${Math.round((Date.now() - started) / 1000)} s.`,
)
process.exitCode = faults.length === 0 ? 0 : 1
