import { parseArgs } from 'node:util'
import { get } from './rows/get.ts'
import { openWorld } from './world.ts'

const { values } = parseArgs({ options: { rows: { type: 'string' }, quick: { type: 'boolean', default: false }, profile: { type: 'string' } } })
const world = await openWorld(values.quick ? { rounds: 3, seconds: 2, quick: true } : { rounds: 7, seconds: 4, quick: false }, { profile: values.profile })
try {
  console.log(await get(world))
} finally {
  await world.close()
}
