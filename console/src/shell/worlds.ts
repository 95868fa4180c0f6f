import { passports } from '../worlds/passports/index.ts'
import type { World } from './world.ts'

export const worlds: readonly World[] = [passports]
