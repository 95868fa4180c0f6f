import { givenOf, ofText, plain } from './given.ts'
import { charges, latest, number, numeric } from './numbers.ts'
import { findAll, isMembers, isNumber, numberOf, put, stepsOf, type Found } from './places.ts'
import { atRow, cannot, firstAt, type Row, type Source, type Transform, type Writing } from './rows.ts'
import { isDecimal } from './units.ts'

type Members = Record<string, unknown>

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
