import { parseArgs } from 'node:util'
import { seedFrom } from '../journeys/random.ts'
import { embeddedSite } from './embedded.ts'
import { underFire, type Outcome } from './harness.ts'
import { rollingUpgrade } from './rolling.ts'
import { spreadSite } from './spread.ts'

const usage = `One process on embedded engines, killed so many times:
  npm run fault -- --kills 1000 --seed 42
Each service in processes of its own on PostgreSQL, Kafka, Redis and S3, and everything that can happen to them, at random, for so long:
  npm run fault -- --minutes 60 --seed 42
The same, each bad thing by its name, so many times one after the other:
  npm run fault -- --drills 2 [--only "kill kafka"]
Two processes that so many chargers are connected to, upgraded one after the other:
  npm run fault -- --chargers 5000`

const { values } = parseArgs({
  options: Object.fromEntries(
    ['kills', 'minutes', 'drills', 'only', 'seed', 'chargers'].map(name => [name, { type: 'string' as const }]),
  ),
})
const [kills, minutes, drills, chargers, seed] = [
  Number(values.kills ?? 0),
  Number(values.minutes ?? 0),
  Number(values.drills ?? 0),
  Number(values.chargers ?? 0),
  seedFrom(values.seed),
]
if ([kills, minutes, drills, chargers].filter(number => number > 0).length !== 1 || !Number.isInteger(seed)) {
  console.error(usage)
  process.exit(1)
}

const started = Date.now()
const progress = (line: string): void => console.log(`  ${Math.round((Date.now() - started) / 1000)} s: ${line}`)

async function attempt(): Promise<Outcome> {
  if (kills > 0) return await underFire({ site: await embeddedSite(), goesOn: count => count < kills, seed, progress })
  const site = await spreadSite()
  if (minutes > 0)
    return await underFire({ site, goesOn: () => Date.now() - started < minutes * 60_000, seed, progress })
  const names = Object.keys(site.disturbances).filter(name => !values.only || name.includes(values.only))
  const list = names.flatMap(name => Array.from({ length: drills }, () => name))
  const disturb = async (random: () => number): Promise<string> => {
    const name = list.shift()!
    await site.disturbances[name]!(random)
    await site.ready()
    return name
  }
  return await underFire({ site: { ...site, disturb }, goesOn: () => list.length > 0, seed, progress })
}

if (chargers > 0) {
  const { faults, ...figures } = await rollingUpgrade(chargers)
  console.log(figures)
  for (const fault of faults) console.error(`✖ ${fault}`)
  process.exit(faults.length === 0 ? 0 : 1)
}

console.log(`Seed ${seed}`)
const { faults, disturbances, ...outcome } = await attempt()
console.table(disturbances)
console.log(outcome)
for (const fault of faults) console.error(`✖ ${fault}`)
console.log(
  `${faults.length === 0 ? 'Nothing was lost and nothing came twice' : `${faults.length} faults with seed ${seed}`}, after ${Math.round((Date.now() - started) / 1000)} s.`,
)
// Not left to what may still be open: Node has been seen to spin for ever as it ended by itself.
process.exit(faults.length === 0 ? 0 : 1)
