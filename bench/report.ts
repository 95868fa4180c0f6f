import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import type { Line, Ratio } from './measure.ts'

export const perSecond = (value: number): string => `${Math.round(value).toLocaleString('en')}/s`

const shown = (ratio: Ratio | undefined): string =>
  ratio ? `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)} to ${ratio.greatest.toFixed(2)})` : ''

const verdict = (met: boolean | undefined): string => (met === undefined ? '' : met ? 'met' : '**missed**')

const heads = ['row', 'work', 'floor', 'Ohmnibus', 'ratio (least to greatest)', 'budget', '']

const cells = (row: number, line: Line): string[] => [
  String(row),
  line.work,
  line.floor ?? '',
  line.ohmnibus,
  shown(line.ratio),
  line.budget ?? '',
  verdict(line.met),
]

/** When, by which command, for how long, on what. It begins with the time that stands beside each figure. */
export function aboutRun(script: string, seconds: number, postgres: string): string {
  const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const version = (name: string): string => `${name} ${lock.packages[`node_modules/${name}`]?.version}`
  const processors = cpus()
  const command = ['npm run', script, ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ')
  return [
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, \`${command}\`, ${Math.round(seconds)} s:`,
    `${processors.length} × ${processors[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()},`,
    `Node ${process.versions.node}, PostgreSQL ${postgres}, ${['fastify', 'postgres', 'autocannon'].map(version).join(', ')}`,
  ].join(' ')
}

/** Lines of a table. */
export const tableWith = (heads: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [heads, heads.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`)

/** Where it stands what was profiled, and what it showed. */
const profiles = [
  ['what writes, lists and searches cost (rows 1 to 4, 7, 17)', '0030-what-writes-cost.md'],
  ['what follows from a write (row 2)', '0027-many-at-once.md'],
  ['starts (row 6)', '0028-a-light-start.md'],
  ['chargers (row 11)', '0029-how-chargers-are-heard.md'],
  ['nearby (row 12)', '0032-the-nearest-first.md'],
].map(([what, file]) => `[${what}](../docs/decisions/${file})`)

/**
 * The results as a page: the table, and what each run was. Of the page `before`, the rows stay that were not measured
 * now.
 */
export function pageOf(
  before: string,
  on: string,
  about: string,
  results: readonly { row: number; lines: readonly Line[] }[],
): string {
  const numberOf = (line: string): number => Number(/^\| (\d+) \|/.exec(line)?.[1])
  const stampOf = (run: string): string => run.slice(0, 16)
  const kept = before
    .split('\n')
    .filter(line => numberOf(line) > 0 && !results.some(({ row }) => row === numberOf(line)))
  const runs = before.split('\n').flatMap(line => (line.startsWith('- ') ? [line.slice(2)] : []))
  const [head, rule, ...rows] = tableWith(
    [...heads, 'run'],
    results.flatMap(({ row, lines }) => lines.map(line => [...cells(row, line), stampOf(about)])),
  )
  return `# Results on ${on}

Client, server and engines share the machine. Each ratio is the median of rounds in which floor and Ohmnibus took turns; the spread is what else the
machine did meanwhile. What the rows are and how they are measured: [README.md](README.md).

${[head, rule, ...[...kept, ...rows].sort((a, b) => numberOf(a) - numberOf(b))].join('\n')}

Why what is missed is missed, with the profile that showed it: ${profiles.slice(0, -1).join(', ')}
and ${profiles.at(-1)}.

Runs:

${[...runs.filter(run => kept.some(line => line.endsWith(`| ${stampOf(run)} |`))), about].map(run => `- ${run}`).join('\n')}
`
}

/** The same for a terminal. */
export function tableOf(row: number, lines: readonly Line[]): string {
  return lines
    .map(line => {
      const [, work, floor, ohmnibus, ratio, budget, met] = cells(row, line)
      const parts = [
        floor && `floor     ${floor}`,
        `Ohmnibus  ${ohmnibus}`,
        ratio && `ratio     ${ratio}`,
        budget && `budget    ${budget}  ${met!.replaceAll('*', '')}`,
      ]
      return `${row}  ${work}\n${parts
        .filter(Boolean)
        .map(part => `     ${part}`)
        .join('\n')}`
    })
    .join('\n')
}
