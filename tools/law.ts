import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { formatOf } from './law-formats.ts'

/**
 * `node tools/law.ts <folder of inputs>`: makes `law/data/` from what is declared by hand in `law/declared/` and from
 * public inputs, each named with its licence and checksum. Same inputs, same bytes.
 */

const root = join(import.meta.dirname, '..', 'law')

/** What may be shipped, with whose leave. Inputs without a licence are read by tests alone. */
export const inputs = {
  labels: {
    file: 'tracepass/battery.template.json',
    source: 'https://github.com/malinoto/tracepass-dpp-schemas templates/battery.json @033da09',
    licence: 'Apache-2.0',
  },
  guidance1: {
    file: 'ec-guidance/ec-guidance-datapoints-v1.0.openepcis.json',
    source:
      'European Commission, Ares(2026)7579758, as https://github.com/openepcis/openepcis-dpp-ready transcribes it @620d799',
    licence: 'CC-BY-4.0 (text), Apache-2.0 (transcription)',
  },
  guidance2: {
    file: 'ec-guidance/ec-guidance-datapoints-v2.0.json',
    source:
      'European Commission, Ares(2026)7968977, as https://github.com/malinoto/tracepass-dpp-schemas transcribes it @95fd984',
    licence: 'CC-BY-4.0 (text), Apache-2.0 (transcription)',
  },
} as const

type Texts = Record<string, string>
interface Template {
  fields: { key: string; label: Texts; category: string; categoryLabel: Texts; enumOptions: Option[] | null }[]
  categoryLabel: Texts
}
interface Option {
  value: string
  label: Texts
}
interface OldPoint {
  nr: number
  name: string
  /** Missing of 16 there; the later transcription has it. */
  source: string | null
  applicability: Record<'ev' | 'lmt' | 'industrial', { status: string; note?: string }>
}
interface NewPoint {
  nr: number
  provision: string
  status: Record<Column, Letter>
  conditionOrReason: string | null
}
type Point = OldPoint & { source: string }
type Column = 'EV' | 'LMT' | 'industrial'
type Letter = 'M' | 'C' | 'O' | 'N'
interface Cell {
  dataPoint: number
  category: string
  status: Letter
  /** Where it is another one than that of the data point. */
  article?: string
  condition?: string
  kind?: string
  trigger?: string
  from?: string
  until?: string
  why?: string
  asked?: string
}
interface Declared {
  sets: Record<string, { published: string; appliesFrom: string; supersedes?: string }>
  drafts: object[]
  passportFrom: object
  leastEnergyKwh: object
  scope: object[]
  kinds: { dataPoints: number[]; kind: string; trigger?: string }[]
  regulation: string
  asked: { dataPoint: number; of: string }[]
  charges: object[]
  oneIsEnough: object[]
  evidence: object[]
  fresh: object
  bringers: object
  later: { dataPoint: number; from: string; status: Letter; condition: string; article: string }[]
  patches: { categories: string[]; of: Column; emptied?: number[]; why: string }[]
}

const columns = { EV: 'ev', LMT: 'lmt', industrial: 'industrial' } as const
const letters: Record<string, Letter> = {
  mandatory: 'M',
  conditional: 'C',
  optional: 'O',
  notToBeFilled: 'N',
  pending: 'N',
}

/** Each file of `law/data/` by its name. */
export function build(folder: string, declared: string = join(root, 'declared')): Record<string, string> {
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(declared, name), 'utf8')) as T
  const text = (input: keyof typeof inputs): string => readFileSync(join(folder, inputs[input].file), 'utf8')
  const sources = (...names: (keyof typeof inputs)[]) =>
    names.map(name => ({
      ...inputs[name],
      sha256: createHash('sha256')
        .update(readFileSync(join(folder, inputs[name].file)))
        .digest('hex'),
    }))

  const csv = readFileSync(join(declared, 'attributes.csv'), 'utf8')
  const rows = parse(csv, { columns: true }) as Record<string, string>[]
  const template = JSON.parse(text('labels')) as Template
  const newer = JSON.parse(text('guidance2')) as NewPoint[]
  const old = (JSON.parse(text('guidance1')) as { dataPoints: OldPoint[] }).dataPoints.map((point, index): Point => ({
    ...point,
    source: articleOf(point.source ?? newer[index]!.provision),
  }))
  const rules = read<Declared>('rules.json')
  const { note: _, ...ranges } = read<Record<string, unknown>>('ranges.json')
  const files: Record<string, unknown> = {
    'attributes.json': {
      sources: [{ source: 'Regulation (EU) 2023/1542, by hand', licence: 'ours' }],
      attributes: rows.map(attributeOf),
      ranges,
    },
    'labels.json': {
      sources: sources('labels'),
      passport: read<{ passport: Texts }>('frame.json').passport,
      frame: read<{ frame: Record<string, Texts> }>('frame.json').frame,
      ...labelsOf(rows, template),
    },
    'formats.json': formatsOf(read('formats.json')),
    ...Object.fromEntries(
      readdirSync(join(declared, 'formats')).map(name => [
        `formats/${name}`,
        formatOf(read(`formats/${name}`), folder),
      ]),
    ),
    'units.json': { units: read<{ units: object[] }>('units.json').units },
    'policy.json': {
      ...read<object>('policy.json'),
      attributes: Object.fromEntries(rows.map(({ id, point }) => [id, Number(point)])),
    },
    'rules.json': {
      sources: sources('guidance1', 'guidance2'),
      passportFrom: rules.passportFrom,
      drafts: rules.drafts,
      leastEnergyKwh: rules.leastEnergyKwh,
      scope: rules.scope,
      regulation: rules.regulation,
      charges: rules.charges,
      oneIsEnough: rules.oneIsEnough,
      evidence: rules.evidence,
      fresh: rules.fresh,
      bringers: rules.bringers,
      dataPoints: old.map(({ nr, name, source }) => ({ nr, name, article: source })),
      sets: [
        { id: 'ec-1.0', ...rules.sets['ec-1.0'], cells: cellsOf(rules, old, statusOfOld) },
        {
          id: 'ec-2.0',
          ...rules.sets['ec-2.0'],
          cells: cellsOf(rules, old, statusOfNew(newer)),
        },
      ],
    },
  }
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => [name, `${JSON.stringify(content, null, 1)}\n`]),
  )
}

const formatsOf = ({ groups, aliases }: { groups: object; aliases: object[] }): object => ({ groups, aliases })

const list = (text: string): string[] => text.split(';').map(part => part.trim())

function attributeOf(row: Record<string, string>): object {
  const { id, group, type, unit, level, changes, point, references, dataPoints, otherwise, en, de, definition } = row
  return {
    id,
    group,
    type,
    unit: unit || null,
    level,
    changes,
    point: Number(point),
    references: list(references!),
    dataPoints: dataPoints ? list(dataPoints).map(Number) : [],
    ...(otherwise && { otherwise }),
    label: { en, de },
    definition,
  }
}

/** Our groups by the field's: those it has no word for are named in two languages. */
const groups: Record<string, string> = {
  identity: 'general_info',
  labels: 'labels_markings',
  carbon: 'carbon_footprint',
  diligence: 'supply_chain',
  materials: 'materials_composition',
  circularity: 'end_of_life',
  performance: 'performance',
}
/** Our categories and states by the values of the field. */
const enums: Record<string, Record<string, string>> = {
  batteryCategory: { EV: 'EV', LMT: 'LMT', SLI: 'SLI', portable: 'portable' },
  batteryStatus: {
    original: 'original',
    're-used': 'reused',
    repurposed: 'repurposed',
    remanufactured: 'remanufactured',
    waste: 'waste',
  },
}

function labelsOf(rows: readonly Record<string, string>[], { fields, categoryLabel }: Template): object {
  const byKey = new Map(fields.map(field => [field.key, field]))
  const sorted = (texts: Texts): Texts => Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)))
  return {
    battery: sorted(categoryLabel),
    groups: Object.fromEntries(
      Object.entries(groups).map(([group, of]) => [
        group,
        sorted(fields.find(({ category }) => category === of)!.categoryLabel),
      ]),
    ),
    // Ours go before theirs, in the two languages that we write.
    attributes: Object.fromEntries(
      rows.map(({ id, labelOf, en, de }) => [
        id,
        sorted({ ...(labelOf && byKey.get(labelOf)!.label), en: en!, de: de! }),
      ]),
    ),
    values: Object.fromEntries(
      Object.entries(enums).map(([id, words]) => [
        id,
        Object.fromEntries(
          Object.entries(words).map(([word, of]) => [
            word,
            sorted(byKey.get(id)!.enumOptions!.find(({ value }) => value === of)!.label),
          ]),
        ),
      ]),
    ),
  }
}

/** `BR Annex VI A (1)` as `Annex VI A(1)`. */
const articleOf = (source: string): string =>
  source
    .replace(/^BR /, '')
    .replace('Article', 'Art.')
    .replace(/ \(([^)]+)\)/g, '($1)')
    .replace(/XIII (\d)/, 'XIII $1')

type StatusOf = (nr: number, column: Column, point: OldPoint) => { status: Letter; reason: string | null }

const statusOfOld: StatusOf = (_, column, { applicability }) => {
  const { status, note } = applicability[columns[column]]
  return { status: letters[status]!, reason: note ?? null }
}

/** The later transcription kept one reason for all categories: where the status of the earlier stands, its reason does. */
const statusOfNew =
  (points: readonly NewPoint[]): StatusOf =>
  (nr, column, point) => {
    const { status, conditionOrReason } = points.find(one => one.nr === nr)!
    const before = statusOfOld(nr, column, point)
    const same = before.status === status[column]
    return { status: status[column], reason: same ? before.reason : conditionOrReason }
  }

function cellsOf(declared: Declared, points: readonly Point[], statusOf: StatusOf): Cell[] {
  const spread: Declared['patches'] = [
    { categories: ['EV'], of: 'EV', why: '' },
    { categories: ['LMT'], of: 'LMT', why: '' },
    ...declared.patches,
  ]
  return points.flatMap(point =>
    spread.flatMap(({ categories, of, emptied = [], why }) =>
      categories.flatMap((category): Cell[] => {
        const { status, reason } = statusOf(point.nr, of, point)
        const cell = { dataPoint: point.nr, category }
        if (status !== 'N' && emptied.includes(point.nr)) return [{ ...cell, status: 'N', kind: 'must_be_empty', why }]
        const { kind, trigger } = declared.kinds.find(({ dataPoints }) => dataPoints.includes(point.nr)) ?? {}
        const decides = declared.asked.find(({ dataPoint }) => dataPoint === point.nr)?.of
        const asked = (status: Letter) => (decides && status === 'C' ? { asked: decides } : {})
        const later = declared.later.find(({ dataPoint }) => dataPoint === point.nr)
        const first: Cell = {
          ...cell,
          status,
          ...(reason && status !== 'M' && { condition: reason }),
          ...(status === 'N' && { kind, ...(trigger && { trigger }) }),
          ...asked(status),
          ...(later && { until: later.from }),
        }
        return later
          ? [
              first,
              {
                ...cell,
                status: later.status,
                condition: later.condition,
                article: later.article,
                ...asked(later.status),
                from: later.from,
              },
            ]
          : [first]
      }),
    ),
  )
}

if (import.meta.main) {
  const folder = process.argv[2]
  if (!folder) throw new Error('node tools/law.ts <folder of inputs>')
  mkdirSync(join(root, 'data', 'formats'), { recursive: true })
  for (const [name, content] of Object.entries(build(folder))) writeFileSync(join(root, 'data', name), content)
}
