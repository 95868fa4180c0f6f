import type { TObject } from 'typebox'

/** What the schema of a setting says, as `Setting` made it. */
type Words = { description: string; default?: unknown }

/** docs/settings.md: a table for each who declares settings, in the order they do; what several share stands once. */
export function settingsPage(declared: readonly { of: string; schemas: readonly TObject[] }[]): string {
  const seen = new Set<string>()
  const tables = declared.flatMap(({ of, schemas }) => {
    const rows = schemas
      .flatMap(({ properties }) => Object.entries(properties as unknown as Record<string, Words>))
      .filter(([name]) => seen.size < seen.add(name).size)
      .map(([name, { description, default: given }]) => `| \`${name}\` | ${sentence(description, given)} |`)
    return rows.length === 0 ? [] : [`## ${of}`, '', ...head, ...rows, '']
  })
  return [...intro, ...tables].join('\n')
}

const head = ['| setting | meaning (what holds without it) |', '| --- | --- |']

const intro = [
  '# Settings',
  '',
  'All from the environment or from a file `.env` in the working folder, where a value with `#` stands in quotes. Wrong ones stop the start, all named at',
  'once; a name that is written much like one is told in the log and by `doctor`. A process reads those of the platform and of the services it runs.',
  'Durations are written `500ms`, `30s`, `10m`, `12h` or `7d`, sizes `64 KB` or `100 MB`, lists with commas.',
  '',
  '## Where things are',
  '',
  ...head,
  '| `<NAME>_DATABASE_URL` | PostgreSQL of one service, as `PASSPORTS_DATABASE_URL`; needs Kafka (the platform’s) |',
  '| `<NAME>_SERVICE_URL` | where a service lives that this process does not run: one or several addresses, comma-separated |',
  '',
]

/** Descriptions say in brackets what holds without the setting; where they do not, its default does. */
function sentence(description: string, given: unknown): string {
  const text = description.replace(/\.$/, '').replaceAll('|', '\\|').replaceAll('<', '&lt;')
  if (given === undefined || given === '' || /\([^)]*\)$/.test(text)) return text
  return `${text} (\`${String(given)}\`)`
}
