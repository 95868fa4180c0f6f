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

/** The results as a page: the machine, the versions, the table. */
export function pageOf(
  results: readonly { row: number; lines: readonly Line[] }[],
  about: { command: string; postgres: string; seconds: number },
): string {
  const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const version = (name: string): string => `${name} ${lock.packages[`node_modules/${name}`]?.version}`
  const processors = cpus()
  const rows = results.flatMap(({ row, lines }) => lines.map(line => cells(row, line)))
  return `# Results of \`${about.command}\`

${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${Math.round(about.seconds)} s. ${processors.length} × ${processors[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}.
Node ${process.versions.node}, PostgreSQL ${about.postgres}, ${['fastify', 'postgres', 'autocannon'].map(version).join(', ')}.

Client, server and PostgreSQL share the machine. Each ratio is the median of rounds in which floor and Ohmnibus took turns; the spread is what else the
machine did meanwhile. What the rows are and how they are measured: [README.md](README.md).

${[heads, heads.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')}
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
