import type { TObject } from 'typebox'

/** What the schema of a setting says, as `Setting` made it. */
type Words = { description: string; default?: unknown }

/** The table of README.md, one row a setting, in the order in which they are declared; several services may share one. */
export function settingsTable(schemas: readonly TObject[]): string {
  const rows = schemas.flatMap(({ properties }) => Object.entries(properties as unknown as Record<string, Words>))
  return [
    '| setting | meaning (what holds without it) |',
    '| --- | --- |',
    ...[...new Map(rows)].map(
      ([name, { description, default: given }]) => `| \`${name}\` | ${sentence(description, given)} |`,
    ),
    '| `<NAME>_DATABASE_URL` | PostgreSQL of one service, as `PASSPORTS_DATABASE_URL`; needs Kafka (the platform’s) |',
    '| `<NAME>_SERVICE_URL` | where a service lives that this process does not run: one or several addresses, comma-separated |',
    '',
  ].join('\n')
}

/** Descriptions say in brackets what holds without the setting; where they do not, its default does. */
function sentence(description: string, given: unknown): string {
  const text = description.replace(/\.$/, '').replaceAll('|', '\\|').replaceAll('<', '&lt;')
  if (given === undefined || given === '' || /\([^)]*\)$/.test(text)) return text
  return `${text} (\`${String(given)}\`)`
}
