import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineMissing } from '../../tools/engines/recipe.ts'

/** A file of others that is read here and not shipped. Fails with `EngineMissing`. */
export function upstream(file: string): string {
  const folder = process.env.OHMNIBUS_LAW_INPUTS
  if (!folder || !existsSync(join(folder, file)))
    throw new EngineMissing(`there is no ${file}; set OHMNIBUS_LAW_INPUTS to the folder of the files of others`)
  return readFileSync(join(folder, file), 'utf8')
}

/** The schemas of BatteryPass-Ready by our categories. */
export const readySchemas: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    EV: 'EV',
    LMT: 'LMT',
    industrial: 'Other_Industrial',
    industrialStationary: 'Stationary_Industrial',
    industrialWithoutBms: 'Industrial_Without_BMS',
  }).map(([category, name]) => [category, `batterypass-ready/v1.0-schemas/${name}_batterypass_1.0.json`]),
)
