import { charging } from '../worlds/charging/index.ts'
import { market } from '../worlds/market/index.ts'
import { operations } from '../worlds/operations/index.ts'
import { passports } from '../worlds/passports/index.ts'
import { people } from '../worlds/people/index.ts'
import type { World } from './world.ts'

/** In the order in which they stand in the navigation. */
export const worlds: readonly World[] = [passports, charging, market, people, operations]
