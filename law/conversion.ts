import { attributeOf, attributes, type Attribute } from './attributes.ts'
import batterypass from './data/formats/batterypass-1.2.json' with { type: 'json' }
import ready from './data/formats/batterypass-ready-1.0.json' with { type: 'json' }
import catena from './data/formats/catena-x-6.1.json' with { type: 'json' }
import idta from './data/formats/idta-02035.json' with { type: 'json' }
import untp from './data/formats/untp-0.7.json' with { type: 'json' }
import { contradictions, mapped, valuesOf } from './formats.ts'
import { differenceOf, givenOf } from './given.ts'
import { findAll, isMembers, isNumber, pointed, put, stepsOf, unread, type Found } from './places.ts'
import type { LossKind, Row, Source } from './rows.ts'
import { isOfForm, transforms } from './transforms.ts'
import { parseGiven, read, type Value } from './values.ts'

type Members = Record<string, unknown>

/** What became of a value, or of what stood in a document, on its way from one format to another. */
export interface Loss {
  /** Null for what no attribute of the law says. */
  readonly attribute: string | null
  /** Where it stands, in the document that was written, or read where it was given up. */
  readonly pointer: string | null
  readonly kind: LossKind
  readonly from: unknown
  readonly to: unknown
  readonly why: string
}

/** What a text or a number has to be to stand somewhere. */
interface Fits {
  readonly pattern?: string
  readonly words?: readonly unknown[]
  readonly form?: string
  readonly least?: number
  readonly most?: number
  readonly longest?: number
}

/** What a schema asks of a document: a value that stands for a missing one, members, or elements. */
type Skeleton =
  | { readonly leaf?: unknown; readonly fits?: Fits }
  | { readonly list: Skeleton; readonly least: number; readonly unique?: boolean }
  | { readonly must?: Readonly<Record<string, Skeleton>>; readonly may?: Readonly<Record<string, Skeleton>> }

/** A data model of others as a table: which attribute stands where in it, and how. */
export interface Format {
  readonly id: string
  readonly title: string
  readonly source: string
  /** What whoever exports to it should know. */
  readonly notice?: string
  /** Parts that stand in documents of their own too, by the member that each has in the whole. */
  readonly parts?: Readonly<Record<string, readonly string[]>>
  /** Its parts as submodels of an Asset Administration Shell, by what their semantic ids begin with; the first is written. */
  readonly submodels?: Readonly<Record<string, readonly string[]>>
  /** Any of these members tells it. */
  readonly marks: readonly string[]
  readonly constants: Readonly<Record<string, unknown>>
  readonly rows: readonly Row[]
  /** Where all else stands, in our own format, by its id. */
  readonly rest?: string
  /** What its schema asks, by category; `*` for all. */
  readonly skeletons: Readonly<Record<string, Skeleton>>
}

/** A value, and when it became what it is. */
export type Dated = Value & { readonly at?: string }

/** Models of others that are tables; our own and those of sheets have no losses and no tables. */
export const formats: ReadonlyMap<string, Format> = new Map(
  ([batterypass, ready, idta, catena, untp] as unknown as Format[]).map(format => [format.id, format]),
)

const isComputed = ({ otherwise }: Attribute): boolean => otherwise === 'computed'
const rowsOf = ({ rows }: Format, category: string | null): readonly Row[] =>
  rows.filter(({ within }) => !within || category === null || within.includes(category))

/** What stands elsewhere beside what a row says, where it says something. */
const besides = ({ at, or = [], fixed = {} }: Row, root: Found): [string, unknown][] =>
  Object.entries(fixed).filter(
    ([way]) => way.startsWith('/') && [at, ...or].some(place => findAll(root, stepsOf(place)).length > 0),
  )

/* Out */

export interface Exporting {
  readonly category: string | null
  /** What stands where no attribute says it, by its pointer. */
  readonly extras?: Readonly<Record<string, unknown>>
  /** Fills what the schema requires and nobody says. */
  readonly placeholders?: boolean
}

/**
 * Values as a document of a format, with what is lost. The report is made by reading the document again: what comes back
 * otherwise than it went is named, and nothing else.
 */
export function exported(
  format: Format,
  values: ReadonlyMap<string, Dated>,
  { category, extras = {}, placeholders = false }: Exporting,
): { document: Members; loss: Loss[] } {
  const document: Members = {}
  for (const [way, value] of Object.entries({ ...format.constants, ...extras }))
    put(document, stepsOf(way), structuredClone(value))
  const notes = new Map<string, { kind: LossKind; why: string }>()
  const rows = rowsOf(format, category)
  for (const row of rows) {
    const value = values.get(row.id)
    if (!value || value.notApplicable !== undefined) continue
    const note = (kind: LossKind, why: string): void => void (notes.has(row.id) || notes.set(row.id, { kind, why }))
    transforms[row.as]!.write(value, row, attributeOf(row.id)!, { document, time: value.at, note })
    for (const [way, said] of besides(row, { pointer: '', value: document })) put(document, stepsOf(way), said)
  }
  if (format.rest) {
    const placed = new Set(format.rows.map(({ id }) => id))
    for (const [id, value] of values)
      if (!placed.has(id) && !isComputed(attributeOf(id)!))
        put(document, stepsOf(`${format.rest}/${id}`), givenOf(attributeOf(id)!, value))
  }
  const skeleton = format.skeletons[category ?? '*'] ?? format.skeletons['*']
  if (skeleton)
    fit(document, skeleton, '', (pointer, why) => {
      for (const row of rows)
        if (values.has(row.id) && !notes.has(row.id) && pointer.startsWith(row.at.replace(/\/[[*].*$/, '')))
          notes.set(row.id, { kind: 'not_representable', why })
    })
  const back = imported(format, parseGiven(JSON.stringify(document)), category).values
  const loss = attributes.flatMap(attribute =>
    lossOf(attribute, [values.get(attribute.id), back.get(attribute.id)], {
      rows,
      rest: format.rest,
      noted: notes.get(attribute.id),
      document,
    }),
  )
  if (skeleton) complete(document, skeleton, '', { rows, placeholders, loss })
  return { document, loss }
}

/** The pointer to what a row stands for in a document; the way there where nothing is. */
const placeOf = (document: unknown, { at, or = [] }: Row): string =>
  [at, ...or].flatMap(way => findAll({ pointer: '', value: document }, stepsOf(way)))[0]?.pointer ??
  at.replaceAll('/*', '/0')

interface Compared {
  readonly rows: readonly Row[]
  readonly rest: string | undefined
  readonly noted: { kind: LossKind; why: string } | undefined
  readonly document: Members
}

function lossOf(
  attribute: Attribute,
  [value, back]: readonly [Value | undefined, Value | undefined],
  { rows, rest, noted, document }: Compared,
): Loss[] {
  const { id } = attribute
  if ((!value && !back) || isComputed(attribute)) return []
  const row = rows.find(row => row.id === id)
  const pointer = row ? placeOf(document, row) : rest === undefined ? null : `${rest}/${id}`
  const told = { attribute: id, pointer, from: value ? shown(value) : null, to: back ? shown(back) : null }
  if (!value)
    return [{ ...told, kind: 'renamed', why: 'comes back as this attribute, as the format has one place for both' }]
  if (!back) {
    if (!row && rest === undefined) return [{ ...told, kind: 'dropped', why: 'the format has no place for it' }]
    const why =
      value.notApplicable !== undefined
        ? 'the format cannot say that there is none'
        : 'the form that stands there cannot say it'
    return [{ ...told, kind: 'not_representable', why: noted?.why ?? why }]
  }
  const difference = differenceOf(attribute, value, back)
  if (difference === 'none') return []
  if (difference === 'unit') return [{ ...told, kind: 'unit_changed', why: 'the format fixes its unit' }]
  return [{ ...told, ...(noted ?? { kind: 'dropped', why: 'a part of it has no place there' }) }]
}

/** A value as people write it, or as JSON has it; what is long is cut. */
function shown(value: Value): unknown {
  const { givenValue, givenUnit, notApplicable } = value
  if (notApplicable !== undefined) return { notApplicable: brief(notApplicable) }
  return brief(typeof givenValue === 'string' && givenUnit ? `${givenValue} ${givenUnit}` : givenValue)
}

function brief(value: unknown): unknown {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null')
  return text.length > 500
    ? `${text.slice(0, 500)}…`
    : isNumber(value)
      ? value.rawJSON
      : JSON.parse(JSON.stringify(value ?? null))
}

const isLeaf = (skeleton: Skeleton): skeleton is { readonly leaf?: unknown; readonly fits?: Fits } =>
  'leaf' in skeleton || 'fits' in skeleton

/** Why something may not stand where a schema has it; undefined where it may. */
function misfit(value: unknown, { pattern, words, form, least, most, longest }: Fits): string | undefined {
  if (words && !words.includes(value)) return `none of ${words.slice(0, 10).join(', ')}`
  if (typeof value === 'string') {
    if (pattern && !new RegExp(pattern).test(value)) return `has not the form that stands there: ${pattern}`
    if (form && !isOfForm(form, value)) return `has not the form that stands there: ${form}`
    if (longest !== undefined && value.length > longest) return `is longer than ${longest} characters`
  }
  const number = isNumber(value) ? Number(value.rawJSON) : undefined
  if (number === undefined) return undefined
  if (least !== undefined && number < least) return `is less than ${least}`
  return most !== undefined && number > most ? `is more than ${most}` : undefined
}

/** Takes out what may not stand where it was written, and tells of each. */
function fit(node: unknown, skeleton: Skeleton, pointer: string, refuse: (pointer: string, why: string) => void): void {
  if (isLeaf(skeleton)) return
  const wrongIn = (inner: Skeleton, value: unknown): string | undefined =>
    isLeaf(inner) && inner.fits ? misfit(value, inner.fits) : undefined
  if ('list' in skeleton) {
    if (!Array.isArray(node)) return
    for (let index = node.length - 1; index >= 0; index--) {
      const why =
        wrongIn(skeleton.list, node[index]) ??
        (skeleton.unique && node.findIndex(one => sameAs(one, node[index])) < index
          ? 'stands there already'
          : undefined)
      if (why !== undefined) {
        refuse(pointed(pointer, index), why)
        node.splice(index, 1)
      } else fit(node[index], skeleton.list, pointed(pointer, index), refuse)
    }
    return
  }
  if (!isMembers(node)) return
  for (const [name, inner] of [...Object.entries(skeleton.must ?? {}), ...Object.entries(skeleton.may ?? {})]) {
    if (!Object.hasOwn(node, name)) continue
    const why = wrongIn(inner, node[name])
    if (why === undefined) fit(node[name], inner, pointed(pointer, name), refuse)
    else {
      refuse(pointed(pointer, name), why)
      delete node[name]
    }
  }
}

/** Names what a schema requires and the document has not, and fills it where that is asked for. */
function complete(
  node: unknown,
  skeleton: Skeleton,
  pointer: string,
  to: { rows: readonly Row[]; placeholders: boolean; loss: Loss[] },
): void {
  if ('list' in skeleton) {
    if (Array.isArray(node)) node.forEach((one, index) => complete(one, skeleton.list, pointed(pointer, index), to))
    return
  }
  if (isLeaf(skeleton) || !isMembers(node)) return
  for (const [name, inner] of Object.entries(skeleton.must ?? {})) {
    const at = pointed(pointer, name)
    if (!Object.hasOwn(node, name)) {
      const isObject = !isLeaf(inner) && !('list' in inner)
      const fresh = isObject ? {} : placeholderOf(inner)
      if (to.placeholders) node[name] = fresh
      if (!isObject) {
        const attribute = to.rows.find(row => row.at === at || row.at.startsWith(`${at}/`))?.id ?? null
        const why = 'the format requires it, and what is seen of the passport does not say it'
        to.loss.push({
          attribute,
          pointer: at,
          kind: to.placeholders ? 'defaulted' : 'not_representable',
          from: null,
          to: to.placeholders ? brief(fresh) : null,
          why,
        })
        continue
      }
      complete(node[name] ?? fresh, inner, at, to)
    } else complete(node[name], inner, at, to)
  }
  for (const [name, inner] of Object.entries(skeleton.may ?? {}))
    if (Object.hasOwn(node, name)) complete(node[name], inner, pointed(pointer, name), to)
}

function placeholderOf(skeleton: Skeleton): unknown {
  if (isLeaf(skeleton)) return structuredClone(skeleton.leaf)
  if ('list' in skeleton) return Array.from({ length: skeleton.least }, () => placeholderOf(skeleton.list))
  return Object.fromEntries(Object.entries(skeleton.must ?? {}).map(([name, inner]) => [name, placeholderOf(inner)]))
}

/** What differs between values and what came back of them, by a format that needs no table. */
export const compared = (values: ReadonlyMap<string, Value>, back: ReadonlyMap<string, Value>): Loss[] =>
  attributes.flatMap(attribute =>
    lossOf(attribute, [values.get(attribute.id), back.get(attribute.id)], {
      rows: [],
      rest: '',
      noted: undefined,
      document: {},
    }),
  )

/* In */

const sameAs = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** At most so many lines of a report tell of what no table knows. */
const mostUnread = 1000

/**
 * What a document of a format says in the words of the law, with what could not be taken over. Numbers are as `parseGiven`
 * leaves them.
 */
export function imported(
  format: Format,
  document: unknown,
  category: string | null = null,
): { values: Map<string, Value>; loss: Loss[]; granularity?: string } {
  const whole = wholeOf(format, document)
  const root: Found = { pointer: '', value: whole }
  const taken = new Set<string>()
  const loss: Loss[] = []
  const said = new Map<string, { given: unknown; row: Row }>()
  for (const [way, value] of Object.entries(format.constants))
    for (const found of findAll(root, stepsOf(way))) if (sameAs(found.value, value)) taken.add(found.pointer)
  for (const row of rowsOf(format, category)) {
    const source: Source = {
      root,
      take: ({ pointer }) => void taken.add(pointer),
      isTaken: ({ pointer }) => taken.has(pointer),
      note: (kind, pointer, from, to, why) =>
        void loss.push({ attribute: row.id, pointer, kind, from: brief(from), to: brief(to), why }),
    }
    const attribute = attributeOf(row.id)!
    const given = transforms[row.as]!.read(row, attribute, source)
    if (given === undefined) continue
    for (const [way, value] of besides(row, root))
      for (const found of findAll(root, stepsOf(way))) if (sameAs(found.value, value)) taken.add(found.pointer)
    const before = said.get(row.id)
    if (!before) said.set(row.id, { given, row })
    else if (row.of !== undefined) before.given = together(before.given, given)
  }
  if (format.rest)
    for (const { pointer, value } of findAll(root, stepsOf(format.rest)).flatMap(one =>
      isMembers(one.value) ? Object.keys(one.value).flatMap(id => findAll(one, [id])) : [],
    )) {
      const attribute = attributeOf(pointer.slice(pointer.lastIndexOf('/') + 1))
      if (!attribute || isComputed(attribute) || said.has(attribute.id)) continue
      taken.add(pointer)
      said.set(attribute.id, { given: value, row: { id: attribute.id, at: pointer, as: 'given' } })
    }
  const values = new Map<string, Value>()
  for (const attribute of attributes) {
    const found = said.get(attribute.id)
    if (!found) continue
    const { given, row } = found
    const at = { attribute: attribute.id, pointer: placeOf(whole, row), from: brief(given) }
    if (isComputed(attribute)) {
      loss.push({ ...at, kind: 'dropped', to: null, why: 'the platform says this by itself' })
      continue
    }
    const { value, fault } = read(attribute, given, null)
    if (value) values.set(attribute.id, value)
    else loss.push({ ...at, kind: 'invalid_in_source', to: null, why: fault.detail })
  }
  for (const { attribute, detail } of contradictions(values))
    loss.push({
      attribute,
      pointer: null,
      kind: 'invalid_in_source',
      from: shown(values.get(attribute)!),
      to: shown(values.get(attribute)!),
      why: detail,
    })
  loss.push(...leftOver(whole, taken))
  const { value: granularity } = (said.get('dppGranularity')?.given ?? {}) as { value?: unknown }
  return { values, loss, ...(typeof granularity === 'string' && { granularity: granularity.toLowerCase() }) }
}

/** Something of a document that was given up. */
export const lostBy = (
  attribute: string | null,
  pointer: string,
  kind: LossKind,
  from: unknown,
  why: string,
): Loss => ({
  attribute,
  pointer,
  kind,
  from: brief(from),
  to: null,
  why,
})

const leftOver = (document: unknown, taken: ReadonlySet<string>): Loss[] =>
  unread(document, taken, mostUnread).map(({ pointer, value }) => ({
    attribute: null,
    pointer,
    kind: 'dropped',
    from: brief(value),
    to: null,
    why: 'no attribute of the law says this',
  }))

const together = (one: unknown, other: unknown): unknown =>
  Array.isArray(one) && Array.isArray(other) ? [...one, ...other] : { ...(one as Members), ...(other as Members) }

/** A document of one part alone, as the whole has it. */
function wholeOf({ parts = {} }: Format, document: unknown): unknown {
  if (!isMembers(document)) return document
  if (Object.keys(parts).some(part => Object.hasOwn(document, part))) return document
  const part = partOf(parts, document)
  return part ? { [part]: document } : document
}

const partOf = (parts: NonNullable<Format['parts']>, document: Members): string | undefined => {
  const counted = Object.entries(parts).map(
    ([part, names]) => [part, names.filter(name => Object.hasOwn(document, name)).length] as const,
  )
  const [best] = counted.sort(([, one], [, other]) => other - one)
  return best && best[1] > 0 ? best[0] : undefined
}

/** What our own format, or the words of clients, say: nothing is lost but what is no attribute. */
export function importedOwn(document: unknown): { values: Map<string, Value>; loss: Loss[] } {
  const all = mapped(document)
  const values = valuesOf(all)
  const faults = all.flatMap(({ attribute, pointer, given, reading }): Loss[] =>
    reading.fault && !values.has(attribute.id)
      ? [
          {
            attribute: attribute.id,
            pointer,
            kind: 'invalid_in_source',
            from: brief(given),
            to: null,
            why: reading.fault.detail,
          },
        ]
      : [],
  )
  const taken = new Set(all.flatMap(({ pointer, unitAt }) => (unitAt ? [pointer, unitAt] : [pointer])))
  return { values, loss: [...faults, ...leftOver(document, taken)] }
}

/** Values as a document of our own format. */
export const exportedOwn = (values: ReadonlyMap<string, Value>): { attributes: Members } => ({
  attributes: Object.fromEntries(
    attributes.flatMap(attribute => {
      const value = values.get(attribute.id)
      return value && !isComputed(attribute) ? [[attribute.id, givenOf(attribute, value)] as const] : []
    }),
  ),
})

/** The model of others that a document is of, by its marks, else by whose words it has most of; undefined for none. */
export function formatOf(document: unknown): Format | undefined {
  if (!isMembers(document)) return undefined
  const root: Found = { pointer: '', value: document }
  const all = [...formats.values()]
  const marked = all.find(({ marks }) => marks.some(mark => findAll(root, stepsOf(`/${mark}`)).length > 0))
  if (marked) return marked
  const [best] = all
    .map(format => ({ format, known: knownOf(format.parts ?? {}, document) }))
    .sort((one, other) => other.known - one.known)
  return best && best.known > 0 ? best.format : undefined
}

/** How many words of a format's parts a document has, where its members are those parts, or it is one of them. */
function knownOf(parts: NonNullable<Format['parts']>, document: Members): number {
  const wordsIn = (names: readonly string[], of: unknown): number =>
    isMembers(of) ? names.filter(name => Object.hasOwn(of, name)).length : 0
  const whole = Object.entries(parts).reduce(
    (sum, [part, names]) => sum + (Object.hasOwn(document, part) ? wordsIn(names, document[part]) : 0),
    0,
  )
  if (whole > 0) return whole
  // Of a part alone most of its members have to be there, and nothing else: one is a word of many models.
  const alone = Object.values(parts).map(names => ({ names, there: wordsIn(names, document) }))
  return Math.max(
    0,
    ...alone.map(({ names, there }) =>
      there * 2 >= names.length && there === Object.keys(document).length ? there : 0,
    ),
  )
}
