import { Column, newId, ownerFor, Problem, stringify, verbatim, type Actor, type Line, type Tx } from '#kernel'
import { attributeOf, parseGiven } from '#law'
import { PassportCreated, PassportDeleted, type PassportData } from '#contracts/passports'
import type { PassportsHost } from '../host.ts'
import { composed, valueIn } from '../columns.ts'
import { draft, editableBy, publish, told, type Passport } from '../passports.ts'
import { writePublished } from '../publishing.ts'
import { deletePassport, findInherited, insertPassport, lockPassport } from '../store.ts'
import { parentFor, requireChildless, type Change } from '../units/changing.ts'
import { requireReadable, requireValues, withAttributes } from '../units/units.ts'
import { givable } from './head.ts'
import { findByIdentifier, findBySerial } from './store.ts'

const text = { expects: 'a value', required: false, read: (cell: string) => cell }

/** What a line of a canonical file says; each attribute is a text that its value is read from. */
export const columns = {
  granularity: Column.one(['model', 'batch', 'item']),
  parentId: { ...text, expects: 'the id of a passport' },
  status: Column.one(['draft', 'published']),
  data: { ...text, expects: 'the data of a passport as JSON' },
  ...(Object.fromEntries(givable.map(id => [id, text])) as Record<string, typeof text>),
  sameAsRow: Column.whole(1, 10_000_000),
}

/** How to mend what a line is refused for, by its code, where its column does not say that. */
export const mends = {
  row_repeated: 'Leave all but one of the rows out.',
  unit_missing: 'Write the unit behind the number, or in brackets behind the head of the column.',
  unit_unknown: 'Write a unit as the law or UCUM has it, like Ah or kg.',
  unit_incompatible: 'Write a unit that measures the same, or correct the mapping of the column.',
  unit_inexact: 'Write the value in the unit of the law.',
  value_empty: 'Write a value, or leave the cell empty.',
  value_implausible: 'Look whether the value and its unit belong together, and correct them.',
  battery_identifier_taken: 'Give the battery its own identifier, or change the passport that has it.',
  identifier_kept: 'Leave the identifier as it was published.',
  parent_unknown: 'Write the id of a model or a batch of yours.',
  parent_unfit: 'Write the id of a model or a batch of the same category.',
  parent_draft: 'Publish what it begins with first.',
  level_forbids: 'Leave it out: what it begins with says it.',
  passport_archived: 'Leave the row out: the passport is not changed any more.',
  passport_incomplete: 'Write what is missing, or import it as a draft.',
} as const

const refuse = (column: string, detail: string, code = 'value_invalid'): Problem =>
  new Problem('unprocessable', code, { errors: [{ pointer: `/${column}`, detail }] })

/** Takes one battery over: found by its identifier, or by its serial and its model, and changed; or made. */
export async function takeLine(
  host: PassportsHost,
  change: Change,
  tx: Tx<'passports'>,
  line: Line<typeof columns>,
  actor: Actor,
): Promise<'updated' | 'unchanged' | { created: string }> {
  const {
    granularity,
    parentId,
    status,
    data: whole,
    sameAsRow,
    ...said
  } = line as Record<string, string> & {
    granularity?: 'model' | 'batch' | 'item'
    sameAsRow?: number
  }
  const [identifier, serial] = keysIn(whole, said)
  if (sameAsRow !== undefined)
    throw refuse(
      identifier ? 'uniqueBatteryIdentifier' : 'batterySerialNumber',
      `is that of row ${sameAsRow} too`,
      'row_repeated',
    )
  const values = Object.fromEntries(Object.entries(said).map(([id, cell]) => [id, givenOfCell(id, cell)]))
  const given = JSON.stringify(values)
  return await byColumn(async () => {
    requireValues(given)
    const owner = ownerFor(actor)
    if (parentId && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(parentId))
      throw refuse('parentId', 'must be the id of a passport')
    const byIdentifier = identifier && (await findByIdentifier(tx, owner.id, identifier))
    const bySerial =
      !byIdentifier && serial && parentId && granularity !== 'model'
        ? await idBySerial(tx, { ownerId: owner.id, parentId, serial }, identifier)
        : undefined
    const id = byIdentifier || bySerial
    const before = id ? editableBy(actor, await lockPassport(tx, id, actor)) : undefined
    const start = whole ? wholeOf(whole) : (before?.data ?? {})
    const data = given === '{}' ? start : verbatim<PassportData>(withAttributes(stringify(start), given))
    // As with other data of one's own, what cannot be read of it is told by its readiness.
    if (!whole) requireReadable(data)
    let passport: Passport
    if (before) {
      // Of a battery of a batch a row may name the model.
      if (parentId && parentId !== before.parentId && !bySerial)
        throw refuse('parentId', 'a passport keeps what it begins with')
      if (granularity && granularity !== before.granularity)
        throw refuse('granularity', 'a passport keeps what it is of')
      passport = await change(tx, before, data, actor, 'import')
    } else {
      const at = host.now()
      const kind = granularity ?? 'item'
      if (kind !== 'model' && !identifier && !(serial && parentId))
        throw refuse('uniqueBatteryIdentifier', 'is required, or batterySerialNumber with parentId')
      const parent = parentId ? await parentFor(tx, parentId, { granularity: kind, data, owner }, actor) : undefined
      passport = draft(newId(at.getTime()), owner, data, at, { granularity: kind, parent })
      const inherited = parent && (await findInherited(tx, parent.id))
      await insertPassport(tx, passport, actor, { inherited, parent })
      await tx.publish(PassportCreated, {
        ...told(passport),
        passport: { id: passport.id, data },
        ...(kind !== 'item' && { granularity: kind }),
        ...(parent && { parentId: parent.id }),
      })
    }
    const isPublished = status === 'published' && passport.status === 'draft'
    if (isPublished) await writePublished(host, tx, passport, publish(passport, host.now()), actor)
    return before ? (passport === before && !isPublished ? 'unchanged' : 'updated') : { created: passport.id }
  })
}

/** The identifier and the serial of the battery of a row. */
const keysIn = (
  whole: string | undefined,
  said: Readonly<Record<string, string>>,
): readonly [identifier: string | null, serial: string | null] => {
  if (!whole) return [said.uniqueBatteryIdentifier ?? null, composed(said.batterySerialNumber ?? '') || null]
  const data = wholeOf(whole)
  return [valueIn('identifier', data), valueIn('serial', data)]
}

/** The battery that a serial means; where the row says an identifier, one that has none yet. */
async function idBySerial(
  tx: Tx,
  numbered: Parameters<typeof findBySerial>[1],
  identifier: string | null,
): Promise<string | undefined> {
  const [first, second] = (await findBySerial(tx, numbered)).filter(one => !identifier || one.identifier === null)
  if (second) throw refuse('batterySerialNumber', 'is that of several batteries of the model: say the identifier')
  return first?.id
}

/** Takes a draft back that an import made; false where it is another by now, or others begin with it. */
export async function undoLine(
  { now }: PassportsHost,
  tx: Tx<'passports'>,
  id: string,
  actor: Actor,
): Promise<boolean> {
  const passport = editableBy(actor, await lockPassport(tx, id, actor))
  if (passport.status !== 'draft' || passport.version > 1) return false
  await requireChildless(tx, passport)
  await deletePassport(tx, id, now())
  await tx.publish(PassportDeleted, { ...told(passport), version: passport.version + 1 })
  return true
}

/** Read once, as what is found of it is kept beside it. */
function wholeOf(text: string): PassportData {
  let data: PassportData | undefined
  try {
    data = verbatim<PassportData>(text)
  } catch {
    data = undefined
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw refuse('data', 'is no JSON object')
  return data
}

/** A cell as a value of its attribute: JSON, a number with its unit, or the text as it stands. */
export function givenOfCell(id: string, cell: string): unknown {
  const { type } = attributeOf(id)!
  if (/^[[{]/.test(cell))
    try {
      return parseGiven(cell)
    } catch {
      throw refuse(id, 'begins as JSON and is none')
    }
  if (type !== 'quantity' && type !== 'count' && type !== 'bySoc' && type !== 'byPart') return { value: cell }
  const [, number = '', unit] =
    /^([+-]?\d[\d.,\s\u00a0\u202f']*(?:[eE][+-]?\d{1,2})?)\s*([^\d\s].*)?$/s.exec(cell) ?? []
  if (number === '') throw refuse(id, 'must be a number, with its unit behind it')
  const value = decimalIn(id, number)
  const inside = { value, ...(unit && { unit: unit.trim() }) }
  return type === 'bySoc' || type === 'byPart' ? { value: type === 'bySoc' ? [inside] : { pack: inside } } : inside
}

/** A decimal text with its point; what could be a thousand or a fraction is refused, never guessed. */
function decimalIn(id: string, number: string): string {
  const text = number.replace(/[\s\u00a0\u202f']/g, '').replace(/^\+/, '')
  if (!text.includes(',')) return text
  if (/^-?[1-9]\d{0,2},\d{3}$/.test(text))
    throw refuse(
      id,
      `could be ${text.replace(',', '')} or ${text.replace(',', '.')}: write it with a point, or without`,
    )
  if (/^-?\d+,\d+([eE][+-]?\d+)?$/.test(text)) return text.replace(',', '.')
  // 1.234,5 and 1,234.5 say by themselves which of both is the point.
  if (/^-?\d{1,3}(\.\d{3})+,\d+$/.test(text)) return text.replaceAll('.', '').replace(',', '.')
  if (/^-?\d{1,3}(,\d{3})+\.\d+$/.test(text) || /^-?\d{1,3}(,\d{3}){2,}$/.test(text)) return text.replaceAll(',', '')
  throw refuse(id, 'must be a number')
}

/** What is refused of an attribute is refused of its column. */
async function byColumn<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Problem) || !error.details.errors) throw error
    const errors = error.details.errors.map(({ pointer, detail }) => {
      const steps = pointer.split('/')
      return { pointer: `/${steps.find(step => step in columns) ?? steps.at(-1)}`, detail }
    })
    throw new Problem(error.kind, error.code, { ...error.details, errors })
  }
}
