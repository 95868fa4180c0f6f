import Fraction from 'fraction.js'
import type { Attribute } from './attributes.ts'
import { givenOf, ofText, plain } from './given.ts'
import { findAll, isMembers, isNumber, numberOf, put, stepsOf, type Found } from './places.ts'
import { convert, exactly, isDecimal, unitOf } from './units.ts'
import type { Value } from './values.ts'

type Members = Record<string, unknown>

/** What may become of a value on its way into a format or out of one. */
export const lossKinds = [
  'dropped',
  'rounded',
  'unit_changed',
  'renamed',
  'widened',
  'defaulted',
  'invalid_in_source',
  'not_representable',
] as const
export type LossKind = (typeof lossKinds)[number]

/** Where a format says something of an attribute, and how. */
export interface Row {
  readonly id: string
  /** The way there; see places.ts. */
  readonly at: string
  readonly as: string
  /** Where others, or other versions, say it. */
  readonly or?: readonly string[]
  /** The part (`pack`) or the state of charge (`80`) that stands there. */
  readonly of?: string
  readonly unit?: string
  /** Its unit as the format declares it, where that is wrong. */
  readonly declared?: string
  /** Its unit stands beside it: in these words, each ours. The first is the usual one. */
  readonly units?: Readonly<Record<string, string>>
  readonly unitAt?: string
  readonly whole?: boolean
  readonly range?: readonly [string, string]
  /** Where the time of the value stands. */
  readonly timeAt?: string
  /** Where the range of temperature stands that the value holds in. */
  readonly heat?: Readonly<Record<'min' | 'max', string>> & { readonly unit?: Readonly<Record<string, string>> }
  /** Our words, each theirs. */
  readonly words?: Readonly<Record<string, string>>
  readonly form?: string
  readonly pattern?: string
  /** Members of an element, each with its way in it: `#` before a number, `@` a time, `%` a text by language, `~` where nothing stands yet. */
  readonly each?: Readonly<Record<string, string>>
  /** What each element says beside. */
  readonly fixed?: Readonly<Record<string, unknown>>
  /** Elements that say something else beside belong to another row. */
  readonly apart?: boolean
  /** The member that an element stands for which is a text alone. */
  readonly bare?: string
  /** Holds one. */
  readonly one?: boolean
  /** Categories whose schema has it, where not all do; and those that require it. */
  readonly within?: readonly string[]
  readonly must?: readonly string[] | boolean
}

/** What a document is written with. */
export interface Writing {
  readonly document: Members
  /** When the value became what it is. */
  readonly time: string | undefined
  note(kind: LossKind, why: string): void
}

/** What a document is read with. */
export interface Source {
  readonly root: Found
  take(found: Found): void
  isTaken(found: Found): boolean
  note(kind: LossKind, pointer: string, from: unknown, to: unknown, why: string): void
}

/** A way of writing values and of reading them again: `read` answers them in our own format. */
export interface Transform {
  write(value: Value, row: Row, attribute: Attribute, out: Writing): void
  read(row: Row, attribute: Attribute, source: Source): unknown
}

const atRow = (row: Row, source: Source): readonly Found[] => {
  for (const way of [row.at, ...(row.or ?? [])]) {
    const found = findAll(source.root, stepsOf(way))
    if (found.length > 0) return found
  }
  return []
}

const firstAt = (row: Row, source: Source): Found | undefined => {
  const [found] = atRow(row, source)
  if (found) source.take(found)
  return found
}

const cannot = 'not_representable' as const

/* Numbers */

interface Told {
  readonly digits: string
  readonly unit: string | null
  readonly exact: string
  readonly code: string | null
}

/** The number of a value that a row stands for, as it was given and in the unit of the law. */
function toldOf(value: Value, { of }: Row, { type }: Attribute): Told | undefined {
  if (type !== 'bySoc' && type !== 'byPart') {
    if (typeof value.givenValue !== 'string') return undefined
    return { digits: value.givenValue, unit: value.givenUnit, exact: value.value as string, code: value.unit }
  }
  const isIt = ({ part, soc }: Members): boolean =>
    of === undefined
      ? soc === undefined && (part ?? 'pack') === 'pack'
      : part === of || (soc !== undefined && isDecimal(String(soc)) && Number(soc) === Number(of))
  const [given, law] = [(value.givenValue as Members[]).find(isIt), (value.value as Members[]).find(isIt)]
  if (!given || !law) return undefined
  const unit = (given.unit as string | null) ?? value.givenUnit
  return { digits: given.value as string, unit, exact: law.value as string, code: value.unit }
}

const isWhole = (text: string): boolean => exactly(text).d === 1n

/** In a unit: as it was given where that is the same one. */
function inUnit({ digits, unit, exact, code }: Told, target: string): string | undefined {
  const given = unit === null ? code : unitOf(unit)
  if (given === target) return digits
  return (
    (given ? convert(digits, given, target) : undefined) ?? (code === null ? undefined : convert(exact, code, target))
  )
}

/** The nearest whole number, where it is the same value but for a twentieth. */
function roundedTo(text: string): string | undefined {
  const value = exactly(text)
  const near = value.round()
  if (near.n === 0n) return undefined
  return near.sub(value).abs().div(value.abs()).compare(new Fraction('0.05')) <= 0
    ? `${near.s < 0n ? '-' : ''}${near.n}`
    : undefined
}

const number: Transform = {
  write(value, row, attribute, out) {
    const told = toldOf(value, row, attribute)
    if (!told) return
    const wanted = row.units ? Object.entries(row.units) : [[undefined, row.unit!] as const]
    const given = told.unit === null ? told.code : unitOf(told.unit)
    const inOrder = [...wanted].sort(([, one], [, other]) => Number(other === given) - Number(one === given))
    const ways = inOrder.flatMap(([word, code]) => {
      const text = inUnit(told, code!)
      return text === undefined ? [] : [{ word, text }]
    })
    const exact = ways.find(({ text }) => !row.whole || isWhole(text))
    const near = exact
      ? undefined
      : ways.map(({ word, text }) => ({ word, text: roundedTo(text) })).find(({ text }) => text !== undefined)
    const chosen = exact ?? near
    if (!chosen)
      return out.note(
        cannot,
        ways.length === 0 ? `cannot be told in ${wanted[0]![1]}` : 'only whole numbers stand there',
      )
    const text = row.whole && exact ? exactly(exact.text).toString() : chosen.text!
    if (
      row.range &&
      (exactly(text).compare(exactly(row.range[0])) < 0 || exactly(text).compare(exactly(row.range[1])) > 0)
    )
      return out.note(cannot, `only ${row.range[0]} to ${row.range[1]} may stand there`)
    if (near) out.note('rounded', 'only whole numbers stand there')
    put(out.document, stepsOf(row.at), numberOf(text))
    if (row.unitAt && chosen.word !== undefined) put(out.document, stepsOf(row.unitAt), chosen.word)
    if (row.timeAt && out.time) put(out.document, stepsOf(row.timeAt), out.time)
    if (row.heat) writeHeat(value.temperature, row.heat, out)
  },
  read(row, attribute, source) {
    const found = firstAt(row, source)
    if (!found) return undefined
    const unit = row.units ? unitBeside(row, source) : row.unit
    if (row.timeAt) readTime(row.timeAt, source)
    if (row.declared && (isNumber(found.value) || typeof found.value === 'string')) {
      const digits = isNumber(found.value) ? found.value.rawJSON : found.value
      source.note(
        'unit_changed',
        found.pointer,
        `${digits} ${row.declared}`,
        `${digits} ${row.unit}`,
        `the format declares ${row.declared} and means ${row.unit}`,
      )
    }
    const heat = row.heat && readHeat(row.heat, source)
    const one = { value: found.value, ...(unit !== undefined && { unit }), ...(heat && { temperature: heat }) }
    if (attribute.type === 'byPart') return { [row.of ?? 'pack']: one }
    if (attribute.type === 'bySoc') return [{ ...(row.of !== undefined && { soc: row.of }), ...one }]
    return one
  },
}

function unitBeside(row: Row, source: Source): string | undefined {
  const [found] = row.unitAt ? findAll(source.root, stepsOf(row.unitAt)) : []
  if (!found) return undefined
  source.take(found)
  const word = String(found.value)
  return Object.hasOwn(row.units!, word) ? row.units![word] : word
}

function readTime(way: string, source: Source): void {
  const [found] = findAll(source.root, stepsOf(way))
  if (found) noteTime(found, source)
}

function noteTime(found: Found, source: Source): void {
  if (source.isTaken(found)) return
  source.take(found)
  source.note('dropped', found.pointer, found.value, null, 'the platform keeps by itself when a value came')
}

function writeHeat(temperature: unknown, heat: NonNullable<Row['heat']>, { document }: Writing): void {
  if (!isMembers(temperature)) return
  const { min = temperature.lower, max = temperature.upper, unit } = temperature
  if (unit !== undefined && unitOf(String(unit)) !== '°C') return
  for (const [bound, way] of [
    [min, heat.min],
    [max, heat.max],
  ] as const)
    if (typeof bound === 'string' && isDecimal(bound) && isWhole(bound)) {
      put(document, stepsOf(way), numberOf(exactly(bound).toString()))
      if (heat.unit) put(document, stepsOf(heat.unit[way]!), '°C')
    }
}

function readHeat(heat: NonNullable<Row['heat']>, source: Source): Members | undefined {
  const bounds = (['min', 'max'] as const).flatMap((name): [string, unknown][] => {
    const [found] = findAll(source.root, stepsOf(heat[name]))
    if (!found) return []
    source.take(found)
    for (const unit of heat.unit ? findAll(source.root, stepsOf(heat.unit[heat[name]]!)) : []) source.take(unit)
    return [[name, found.value]]
  })
  return bounds.length > 0 ? Object.fromEntries(bounds) : undefined
}

/** `[{atSoC, powerCapabilityAt}]`: a number for each state of charge. */
const charges: Transform = {
  write(value, row, attribute, out) {
    const given = value.givenValue as Members[]
    const list = row.one ? given.slice(0, 1) : given
    let index = 0
    for (const { soc } of list) {
      const told = toldOf(value, { ...row, ...(soc !== undefined && { of: String(soc) }) }, attribute)
      const text = told && inUnit(told, row.unit!)
      if (soc === undefined || text === undefined) {
        out.note(cannot, 'a state of charge stands with each number there')
        continue
      }
      const base = row.one ? row.at : `${row.at}/${index++}`
      put(out.document, stepsOf(`${base}/${row.each!.soc}`), numberOf(String(soc)))
      put(out.document, stepsOf(`${base}/${row.each!.value}`), numberOf(text))
      if (row.each!.time && out.time) put(out.document, stepsOf(`${base}/${row.each!.time}`), out.time)
    }
    if (given.length > list.length) out.note('dropped', 'one state of charge stands there')
    if (row.timeAt && out.time && index + Number(row.one ?? false) > 0) put(out.document, stepsOf(row.timeAt), out.time)
  },
  read(row, _, source) {
    const found = atRow(row, source)
    if (found.length === 0) return undefined
    if (row.timeAt) readTime(row.timeAt, source)
    const elements = found.flatMap(one => (Array.isArray(one.value) ? findAll(one, ['*']) : [one]))
    if (elements.length === 0) source.take(found[0]!)
    return elements.map(one => {
      const [soc] = findAll(one, stepsOf(`/${row.each!.soc}`))
      const [value] = findAll(one, stepsOf(`/${row.each!.value}`))
      for (const part of [soc, value]) if (part) source.take(part)
      for (const part of row.each!.time ? findAll(one, stepsOf(`/${row.each!.time}`)) : []) noteTime(part, source)
      if (value && row.declared && isNumber(value.value))
        source.note(
          'unit_changed',
          value.pointer,
          `${value.value.rawJSON} ${row.declared}`,
          `${value.value.rawJSON} ${row.unit}`,
          `the format declares ${row.declared} and means ${row.unit}`,
        )
      return { ...(soc && { soc: soc.value }), value: value?.value, unit: row.unit }
    })
  },
}

/** A text of decimals as a number. */
const numeric: Transform = {
  write({ givenValue }, row, _, out) {
    if (typeof givenValue !== 'string' || !isDecimal(givenValue)) return out.note(cannot, 'a number stands there')
    put(out.document, stepsOf(row.at), numberOf(givenValue))
  },
  read(row, _, source) {
    const found = firstAt(row, source)
    return found && { value: found.value }
  },
}

/** The last of the readings. */
const latest: Transform = {
  write({ givenValue }, row, _, out) {
    const list = [givenValue].flat().filter(isMembers)
    const last = list.at(-1)
    const digits = last && typeof last.value === 'string' && isDecimal(last.value) ? last.value : undefined
    const unit = last && typeof last.unit === 'string' ? unitOf(last.unit) : row.unit
    const text = digits && unit ? (unit === row.unit ? digits : convert(digits, unit, row.unit!)) : undefined
    const told = text !== undefined && row.whole && !isWhole(text) ? roundedTo(text) : text
    if (told === undefined) return out.note(cannot, 'one number stands there')
    put(out.document, stepsOf(row.at), numberOf(told))
    if (row.unitAt) put(out.document, stepsOf(row.unitAt), Object.keys(row.units!)[0])
    if (row.timeAt && out.time) put(out.document, stepsOf(row.timeAt), out.time)
    if (list.length > 1) out.note('dropped', 'the last reading stands there alone')
    else if (told !== text) out.note('rounded', 'only whole numbers stand there')
  },
  read(row, _, source) {
    const found = firstAt(row, source)
    if (!found) return undefined
    const unit = row.units ? unitBeside(row, source) : row.unit
    if (row.timeAt) readTime(row.timeAt, source)
    return { value: [{ value: found.value, ...(unit !== undefined && { unit }) }] }
  },
}

/* Texts */

const isDay = /^\d{4}-\d{2}-\d{2}$/
const isInstant = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/
const midnight = /^(\d{4}-\d{2}-\d{2})T00:00:00(\.0+)?Z$/

/** A text in a form that a format asks for; undefined where it has none. */
const forms: Record<string, (text: string) => string | undefined> = {
  uri: text => (/^[a-z][a-z0-9+.-]*:[^\s<>"{}|\\^`]+$/i.test(text) ? text : undefined),
  date: text => (isDay.test(text) ? text : undefined),
  'date-time': text => (isDay.test(text) ? `${text}T00:00:00Z` : isInstant.test(text) ? text : undefined),
  day: text => (isDay.test(text.slice(0, 10)) ? text.slice(0, 10) : undefined),
  // What upstream asks of an identifier has no room for hyphens.
  'plain-urn': text => text.replaceAll('-', ''),
}
/** Whether a text is in a form that schemas name; forms that nobody knows here are let pass. */
export const isOfForm = (form: string, text: string): boolean => {
  if (form === 'date-time') return isInstant.test(text)
  return !Object.hasOwn(forms, form) || forms[form]!(text) === text
}
/** As it was before it took that form. */
const unformed = (form: string | undefined, text: string): string =>
  form === 'date-time' ? (midnight.exec(text)?.[1] ?? text) : text

const text: Transform = {
  write(value, row, attribute, out) {
    const given = attribute.type === 'enum' ? value.value : value.givenValue
    const said = isMembers(given) ? (given.clearName ?? given.shortName ?? given.name ?? given.url) : given
    if (typeof said !== 'string') return out.note(cannot, 'a text stands there')
    const word = row.words ? (Object.hasOwn(row.words, said) ? row.words[said] : undefined) : said
    if (word === undefined) return out.note(cannot, `none of ${[...new Set(Object.values(row.words!))].join(', ')}`)
    const formed = row.form ? forms[row.form]!(word) : word
    if (formed === undefined || (row.pattern && !new RegExp(row.pattern).test(formed)))
      return out.note(cannot, `has not the form that stands there: ${row.form ?? row.pattern}`)
    put(out.document, stepsOf(row.at), formed)
  },
  read(row, attribute, source) {
    const found = firstAt(row, source)
    if (!found) return undefined
    if (typeof found.value !== 'string') return { value: found.value }
    const [ours] = Object.entries(row.words ?? {}).find(([, theirs]) => theirs === found.value) ?? []
    return { value: ofText(attribute, ours ?? unformed(row.form, found.value)) }
  },
}

/** A list of texts, or all of them in one. */
const texts: Transform = {
  write({ givenValue }, row, attribute, out) {
    const all = [plain(attribute, givenValue)].flat().flatMap(one => {
      const said = isMembers(one) ? one[row.bare ?? 'name'] : one
      return typeof said === 'string' ? [said] : []
    })
    if (all.length === 0) return out.note(cannot, 'texts stand there')
    if (row.form === 'each')
      all.forEach((one, index) => put(out.document, stepsOf(row.at.replace('*', String(index))), one))
    else
      put(out.document, stepsOf(row.at), row.form === 'joined' ? all.join('; ') : row.form === 'single' ? all[0] : all)
    if (row.form === 'joined') out.note('widened', 'one text stands there')
    if (row.form === 'single') out.note('dropped', 'one stands there')
  },
  read(row, attribute, source) {
    if (row.form === 'each') {
      const all = atRow(row, source)
      all.forEach(one => source.take(one))
      return all.length > 0 ? { value: all.map(({ value }) => value) } : undefined
    }
    const found = firstAt(row, source)
    if (!found) return undefined
    const list = row.form === 'joined' && typeof found.value === 'string' ? found.value.split('; ') : found.value
    if (Array.isArray(list) && list.length === 0)
      return source.note('invalid_in_source', found.pointer, list, null, 'is an empty list')
    const isText = attribute.type === 'texts' || attribute.type === 'links'
    if (isText) return { value: Array.isArray(list) ? list : [list] }
    return { value: Array.isArray(list) ? list.map(one => ({ [row.bare ?? 'name']: one })) : list }
  },
}

/** A chemistry as one of the words of a format, or as another one beside them. */
const choice: Transform = {
  write({ givenValue }, row, attribute, out) {
    const { shortName, clearName } = plain(attribute, givenValue) as Members
    const codes = [shortName, clearName].filter(one => typeof one === 'string')
    const code = codes.map(one => (Object.hasOwn(row.words!, one) ? row.words![one] : undefined)).find(Boolean)
    const way = code ? row.each!.code! : row.each!.other!
    put(out.document, stepsOf(`${row.at}/${way}`), code ?? codes[0])
    if (codes.length > 1 || (code && code !== codes[0]))
      out.note('renamed', 'one of the words of the format stands there')
  },
  read(row, _, source) {
    for (const way of [row.each!.code!, row.each!.other!]) {
      const [found] = findAll(source.root, stepsOf(`${row.at}/${way}`))
      if (!found) continue
      source.take(found)
      return { value: typeof found.value === 'string' ? { shortName: found.value } : found.value }
    }
    return undefined
  },
}

const durations: Record<string, string> = { day: 'D', month: 'M', year: 'Y' }

/** A period of warranty in the forms that formats have for it. */
const period: Transform = {
  write({ givenValue }, row, _, out) {
    const said = String(givenValue)
    const [, count, letter] = /^P(\d{1,9})([DMY])$/.exec(said) ?? []
    const formed =
      row.form === 'date'
        ? forms.date!(said)
        : row.form === 'month'
          ? letter === 'M' && Number(count) >= 1 && Number(count) <= 12
            ? `--${count!.padStart(2, '0')}`
            : undefined
          : row.form === 'duration' && /^P(?!$)(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$/.test(said)
            ? said
            : undefined
    if (row.form === 'measure' && count) {
      put(out.document, stepsOf(`${row.at}/${row.each!.value}`), numberOf(count))
      const [unit] = Object.entries(durations).find(([, one]) => one === letter)!
      put(out.document, stepsOf(`${row.at}/${row.each!.unit}`), `unit:${unit}`)
    } else if (formed === undefined) out.note(cannot, `no ${row.form} says this`)
    else put(out.document, stepsOf(row.at), formed)
  },
  read(row, _, source) {
    if (row.form === 'measure') {
      const [value] = findAll(source.root, stepsOf(`${row.at}/${row.each!.value}`))
      const [unit] = findAll(source.root, stepsOf(`${row.at}/${row.each!.unit}`))
      if (!value) return undefined
      for (const one of [value, unit]) if (one) source.take(one)
      const letter = durations[String(unit?.value).replace('unit:', '')]
      const digits = isNumber(value.value) ? value.value.rawJSON.replace(/\.0+$/, '') : value.value
      return { value: letter ? `P${String(digits)}${letter}` : `${String(digits)} ${String(unit?.value)}` }
    }
    const found = firstAt(row, source)
    if (!found) return undefined
    const [, months] =
      (row.form === 'month' && typeof found.value === 'string' && /^--(\d{2})(Z|[+-][\d:]+)?$/.exec(found.value)) || []
    return { value: months ? `P${Number(months)}M` : found.value }
  },
}

/** Texts by language: as a map, as a list of maps, as one text, as one link or a list of links. */
const languages: Transform = {
  write({ givenValue }, row, _, out) {
    const all =
      typeof givenValue === 'string' ? [{ language: 'und', value: givenValue }] : [givenValue].flat().filter(isMembers)
    const said = all.filter((one): one is { language: string; value: string } => typeof one.value === 'string')
    const language = ({ language }: { language?: unknown }): string => (typeof language === 'string' ? language : 'und')
    if (row.form === 'map' || row.form === 'maps') {
      const map = said.map(one => [language(one), one.value] as const)
      put(
        out.document,
        stepsOf(row.at),
        row.form === 'map' ? Object.fromEntries(map) : map.map(one => Object.fromEntries([one])),
      )
      return
    }
    const one = said.find(one => language(one) === 'en') ?? said[0]
    const isLink = row.form === 'link' || row.form === 'links'
    if (!one || (isLink && forms.uri!(one.value) === undefined))
      return out.note(cannot, isLink ? 'a link stands there' : 'a text stands there')
    put(out.document, stepsOf(row.at), row.form === 'links' || row.form === 'listed' ? [one.value] : one.value)
    out.note('dropped', 'one text without its language stands there')
  },
  read(row, _, source) {
    const found = firstAt(row, source)
    if (!found) return undefined
    const { value } = found
    const list = Array.isArray(value) ? value : [value]
    if (list.length === 0) return source.note('invalid_in_source', found.pointer, value, null, 'is an empty list')
    if (list.every(one => typeof one === 'string'))
      return { value: list.length === 1 ? list[0] : list.map(one => ({ value: one })) }
    const pairs = list.flatMap((one): [string, unknown][] => (isMembers(one) ? Object.entries(one) : [['', one]]))
    const [first] = pairs
    if (pairs.length === 1 && first![0] === 'und') return { value: first![1] }
    return { value: pairs.map(([language, said]) => ({ language, value: said })) }
  },
}

/* Objects */

interface Way {
  readonly member: string
  readonly kind: string
  readonly path: string
  readonly isSpare: boolean
}

const waysOf = (each: Row['each']): Way[] =>
  Object.entries(each ?? {}).map(([member, way]) => {
    const [, spare, kind, path] = /^(~?)([#@%+]?)(.*)$/.exec(way)!
    return { member, kind: kind!, path: path!, isSpare: spare !== '' }
  })

/** A member in the form that stands there. */
function formedOf(kind: string, said: unknown): unknown {
  if (typeof said !== 'string') return kind === '' && typeof said === 'boolean' ? said : undefined
  if (kind === '#') return isDecimal(said) ? numberOf(said) : undefined
  if (kind === '@') return forms['date-time']!(said)
  return kind === '%' ? [{ und: said }] : said
}

function unformedOf(kind: string, { value }: Found): unknown {
  if (kind === '@' && typeof value === 'string') return unformed('date-time', value)
  if (kind !== '%') return value
  const [one] = Array.isArray(value) ? value : [value]
  return isMembers(one) ? Object.values(one)[0] : one
}

/** An address in one text, of its parts. */
function addressOf({ street, postalCode, city, country }: Members): string | undefined {
  const parts = [street, [postalCode, city].filter(Boolean).join(' '), country].filter(Boolean)
  return parts.length > 0 ? parts.join(', ') : undefined
}

function writeElement(said: Members, base: string, row: Row, { document }: Writing): boolean {
  const root: Found = { pointer: '', value: document }
  let isSaid = false
  for (const { member, kind, path, isSpare } of waysOf(row.each)) {
    const formed = kind === '+' ? (said[member] ?? addressOf(said)) : formedOf(kind, said[member])
    const way = stepsOf(`${base}/${path}`)
    if (formed === undefined || (isSpare && findAll(root, way).length > 0)) continue
    put(document, way, formed)
    isSaid = true
  }
  if (isSaid)
    for (const [path, value] of Object.entries(row.fixed ?? {})) put(document, stepsOf(`${base}/${path}`), value)
  return isSaid
}

function readElement(found: Found, row: Row, source: Source): unknown {
  if (!isMembers(found.value)) {
    source.take(found)
    return row.bare && typeof found.value === 'string' ? { [row.bare]: found.value } : found.value
  }
  const said = waysOf(row.each).flatMap(({ member, kind, path, isSpare }): [string, unknown][] => {
    const [inner] = isSpare ? [] : findAll(found, stepsOf(`/${path}`))
    if (!inner) return []
    source.take(inner)
    return [[member, unformedOf(kind, inner)]]
  })
  for (const [path, value] of Object.entries(row.fixed ?? {}))
    for (const inner of findAll(found, stepsOf(`/${path}`))) if (inner.value === value) source.take(inner)
  return said.length > 0 ? Object.fromEntries(said) : undefined
}

const isOf = (found: Found, { apart, fixed }: Row): boolean =>
  !apart ||
  Object.entries(fixed!).every(([path, value]) =>
    findAll(found, stepsOf(`/${path}`)).some(inner => inner.value === value),
  )

/** One object. */
const item: Transform = {
  write({ givenValue }, row, attribute, out) {
    const said = plain(attribute, givenValue)
    const isWritten = isMembers(said) && writeElement(said, row.at, row, out)
    if (!isWritten) out.note(cannot, 'nothing of it has a place there')
  },
  read(row, _, source) {
    const [found] = atRow(row, source)
    if (!found) return undefined
    const value = readElement(found, row, source)
    return value === undefined ? undefined : { value }
  },
}

/** A list of objects, or of texts that stand for them. */
const items: Transform = {
  write({ givenValue }, row, attribute, out) {
    const all = [plain(attribute, givenValue)].flat().filter(isMembers)
    const some = row.one ? all.slice(0, 1) : all
    const [before] = row.apart ? findAll({ pointer: '', value: out.document }, stepsOf(row.at)) : []
    let index = Array.isArray(before?.value) ? before.value.length : 0
    for (const said of some) {
      if (row.bare && !row.each) {
        const one = said[row.bare]
        if (typeof one !== 'string' || (row.pattern && !new RegExp(row.pattern).test(one)))
          out.note(cannot, `only its ${row.bare} has a place there`)
        else put(out.document, stepsOf(row.one && row.form === 'single' ? row.at : `${row.at}/${index++}`), one)
      } else if (writeElement(said, row.form === 'single' ? row.at : `${row.at}/${index}`, row, out)) index++
      else out.note(cannot, 'nothing of it has a place there')
    }
    if (all.length > some.length) out.note('dropped', 'one stands there')
  },
  read(row, attribute, source) {
    const found = atRow(row, source)
    if (found.length === 0) return undefined
    const elements = found.flatMap(one => (Array.isArray(one.value) ? findAll(one, ['*']) : [one]))
    if (elements.length === 0) {
      source.take(found[0]!)
      return source.note('invalid_in_source', found[0]!.pointer, [], null, 'is an empty list')
    }
    const said = elements.filter(one => isOf(one, row)).flatMap(one => readElement(one, row, source) ?? [])
    if (said.length === 0) return undefined
    return { value: ['document', 'contact'].includes(attribute.type) ? said[0] : said }
  },
}

/** What the format says in a way that no value of ours has. */
const nothing: Transform = {
  write: (_value, _row, _attribute, out) => out.note(cannot, 'what stands there says something else'),
  read: () => undefined,
}

/** As our own format has it: nothing is lost. */
const given: Transform = {
  write(value, row, attribute, out) {
    put(out.document, stepsOf(row.at), givenOf(attribute, value))
  },
  read: (row, _, source) => firstAt(row, source)?.value,
}

export const transforms: Readonly<Record<string, Transform>> = {
  number,
  charges,
  numeric,
  latest,
  text,
  texts,
  choice,
  period,
  languages,
  item,
  items,
  nothing,
  given,
}
