import Fraction from 'fraction.js'
import type { Attribute } from './attributes.ts'
import { findAll, isMembers, isNumber, numberOf, put, stepsOf, type Found } from './places.ts'
import { atRow, cannot, firstAt, type Row, type Source, type Transform, type Writing } from './rows.ts'
import { convert, exactly, isDecimal, unitOf } from './units.ts'
import type { Value } from './values.ts'

type Members = Record<string, unknown>

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

/** A number, in the unit that stands there or beside it. */
export const number: Transform = {
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
export const charges: Transform = {
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
export const numeric: Transform = {
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
export const latest: Transform = {
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
