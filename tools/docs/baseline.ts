import { charging } from './baseline/charging.ts'
import { market } from './baseline/market.ts'
import { onboarding } from './baseline/onboarding.ts'
import { passports } from './baseline/passports.ts'
import type { Row } from './baseline/row.ts'

/** The four systems that Ohmnibus takes the place of, row by row. */
export const systems: readonly (readonly [title: string, rows: readonly Row[]])[] = [
  ['Onboarding and identity', onboarding],
  ['Battery passports, documents, messages', passports],
  ['Charging', charging],
  ['Marketplace', market],
]

const stands = ({ missing, tests }: Row): string =>
  !missing ? 'stands' : Object.keys(tests).length > 0 ? `in part; missing: ${missing}` : `missing: ${missing}`

const shown = (text: string): string => text.replaceAll(/\$\{\w+\}/g, '…').replaceAll('|', '\\|')

function line(row: Row): string {
  const proofs = Object.entries(row.tests).flatMap(([file, names]) => names.map(name => `\`${file}\`: ${shown(name)}`))
  const routes = row.routes.map(route => `\`${route}\``).join('<br>')
  return `| ${row.id} | ${row.what} | ${stands(row)} | ${routes || '–'} | ${proofs.join('<br>') || '–'} |`
}

/** `docs/guides/baseline.md`. */
export function baselineGuide(): string {
  const all = systems.flatMap(([, rows]) => rows)
  const whole = all.filter(({ missing }) => !missing).length
  const tables = systems.map(
    ([title, rows]) =>
      `## ${title}\n\n| row | what | where it stands | route | shown by |\n| --- | --- | --- | --- | --- |\n${rows.map(line).join('\n')}\n`,
  )
  return `# The baseline, row by row

What existing systems for onboarding, battery passports, charging networks and marketplaces offer, in ${all.length} rows: where each stands, by which
route it is had, and the tests that show it over the network. ${whole} of them stand whole; of the others this page says what is missing. Made by
\`npm run docs\`; a test looks for every route on a running platform and for every test by its name.

${tables.join('\n')}`
}
