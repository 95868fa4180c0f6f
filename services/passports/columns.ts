import Type, { type TUnsafe } from 'typebox'
import type { PassportData } from '#contracts/passports'
import { allCategories, categoryOf, isDecimal, type Category } from '#law'

/** A kind of column: what a value from a passport must be to stand in it. */
export interface Kind<T = unknown> {
  /** As lists answer it: null for an empty column. */
  readonly schema: TUnsafe<T | null>
  /** How a client is told what `read` takes. */
  readonly expects: string
  /** The value for the column, or undefined for one that cannot be mapped. Reading it again gives the same. */
  read(value: unknown): T | undefined
  readonly type: 'text' | 'date' | 'double precision'
  /** It takes only a few values, of a list of ours. */
  readonly few?: boolean
  /** What an empty column sorts as, before all values. */
  readonly least?: string
}

// Longer texts are no names, and would not fit into an index.
const maxLength = 256

/** One text, however its letters are written: `ü` is one sign, or `u` with one (Unicode, NFC). The data keeps what was given. */
export const composed = (text: string): string => text.normalize('NFC')

const textOf = (most: number): Kind<string> => ({
  schema: Type.Unsafe({ type: ['string', 'null'] }),
  expects: `a text of 1 to ${most} characters`,
  read(value) {
    const trimmed = typeof value === 'string' ? composed(value.trim()) : ''
    return trimmed !== '' && trimmed.length <= most ? trimmed : undefined
  },
  type: 'text',
  least: '',
})
const text = textOf(maxLength)

/** As long as an asset administration shell lets an identifier be. */
export const longestIdentifier = 2048

/** How a text begins: what of it fits into an index. */
export const beginningOf = (text: string): string => text.slice(0, maxLength).toWellFormed()

/**
 * As the law, the data models and people write it: `ev`, `electric vehicle battery`, `industrial/stationary battery`.
 */
const category: Kind<Category> = {
  schema: Type.Unsafe({ enum: [...allCategories, null] }),
  expects: `one of ${allCategories.join(', ')}`,
  read: value => (typeof value === 'string' ? categoryOf(value) : undefined),
  type: 'text',
  few: true,
}

const perKilogram: Record<string, number> = { kg: 1, KGM: 1, 'unit:kilogram': 1, g: 1000, GRM: 1000, 'unit:gram': 1000 }

/**
 * A number of kilograms, or an amount with its unit as Catena-X (`value`, `unit`) and BatteryPass-Ready (`gramKgValue`,
 * `gramKg`) write it.
 */
const kilograms: Kind<number> = {
  schema: Type.Unsafe({ type: ['number', 'null'], minimum: 0 }),
  expects: 'a number of kilograms',
  read(value) {
    if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined
    const { value: amount, unit, gramKgValue = amount, gramKg = unit } = (value ?? {}) as Record<string, unknown>
    const units = perKilogram[String(gramKg)]
    const number = typeof gramKgValue === 'string' && isDecimal(gramKgValue) ? Number(gramKgValue) : gramKgValue
    return typeof number === 'number' && units ? kilograms.read(number / units) : undefined
  },
  type: 'double precision',
}

/**
 * `2024-01-15`, the day of `2024-01-15T10:00:00+02:00` or of `2024-01-15Z` as it is written, or the first of the month
 * `2024-01`.
 */
const day: Kind<string> = {
  schema: Type.Unsafe({ type: ['string', 'null'], format: 'date' }),
  expects: 'a date like 2024-01-15',
  read(value) {
    const [, month, date = '01'] =
      (typeof value === 'string' && /^([12]\d{3}-\d\d)(?:-(\d\d)(?:T.{1,40})?)?(?:Z|[+-]\d\d:\d\d)?$/.exec(value)) || []
    const read = `${month}-${date}`
    const at = new Date(`${read}T00:00:00Z`)
    return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(read) ? read : undefined
  },
  type: 'date',
  least: '-infinity',
}

/** A column passports are found by. */
export interface Column {
  readonly name: string
  readonly sql: string
  readonly kind: Kind
  /** Paths into the data, with dots; the first whose value can be mapped is taken. */
  readonly from: readonly string[]
  /** `GET /api/passports?<name>=` takes a value; needs an index that begins with the owner. */
  readonly filter?: boolean
  /** Where a text stands that is too long for an index, whole; its own column has the beginning. */
  readonly whole?: string
  /** The filter ignores case. */
  readonly anyCase?: boolean
  /** `GET /api/passports?sort=<name>`; needs its two indexes. */
  readonly sort?: boolean
  readonly examples: readonly unknown[]
}

const ready = 'Battery_Passport.IdentifiersAndProductData'

/**
 * What passports are listed and found by: names of the baseline first, then those of the attribute table, BatteryPass
 * 1.2, BatteryPass-Ready 1.0, Catena-X 6.1 and IDTA 02035. Queries, answers and SQL follow from this table: a new
 * column is a row here, a migration (with an index for a filter) and a test; passports that are there are filled by
 * themselves.
 */
const columns = {
  identifier: {
    sql: 'identifier',
    kind: textOf(longestIdentifier),
    whole: 'identifier_whole',
    filter: true,
    sort: true,
    examples: ['BP-2024-011'],
    from: [
      'attributes.uniqueBatteryIdentifier.value',
      'generalInformation.batteryIdentifier',
      'generalInformation.uniqueBatteryIdentifier',
      'batteryIdentifier',
      'uniqueBatteryIdentifier',
      'generalProductInformation.productIdentifier',
      'GeneralProductInformation.productIdentifier',
      'productIdentifier',
      `${ready}.UniqueBatteryIdentifierUniqueProductIdentifier`,
      'identification.idDmc',
      'uniqueProductIdentifier',
      'URIOfTheProduct',
    ],
  },
  serial: {
    sql: 'serial',
    kind: text,
    filter: true,
    examples: ['BP-2024-011'],
    from: [
      'attributes.batterySerialNumber.value',
      'generalInformation.batterySerialNumber',
      'batterySerialNumber',
      `${ready}.BatterySerialNumber`,
      'identification.identification.serial.0.value',
      'SerialNumber',
      'serialNumber',
      'generalInformation.batteryIdentifier',
    ],
  },
  model: {
    sql: 'model',
    kind: text,
    filter: true,
    sort: true,
    examples: ['LM3-BAT-2024'],
    from: [
      'attributes.batteryModelIdentifier.value',
      'generalInformation.batteryModel.id',
      'generalInformation.batteryModel.modelName',
      'generalInformation.batteryModel',
      'generalInformation.batteryModelIdentifier',
      'batteryModelIdentifier',
      `${ready}.BatteryModelIdentifier`,
      'identification.identification.type.manufacturerPartId',
    ],
  },
  category: {
    sql: 'category',
    kind: category,
    filter: true,
    examples: ['EV'],
    from: [
      'attributes.batteryCategory.value',
      'generalInformation.batteryCategory',
      'batteryCategory',
      'generalProductInformation.batteryCategory',
      'GeneralProductInformation.batteryCategory',
      `${ready}.BatteryCategory.batteryCategoryValue`,
      `${ready}.BatteryCategory`,
      'identification.category',
      'GeneralInformation.BatteryCategory',
    ],
  },
  chemistry: {
    sql: 'chemistry',
    kind: text,
    filter: true,
    anyCase: true,
    examples: ['LiFePO4'],
    from: [
      'attributes.batteryChemistry.value',
      'attributes.batteryChemistry.value.shortName',
      'attributes.batteryChemistry.value.clearName',
      'materialComposition.batteryChemistry',
      'materialComposition.batteryChemistry.shortName',
      'materialComposition.batteryChemistry.clearName',
      'MaterialComposition.batteryChemistry.shortName',
      'MaterialComposition.batteryChemistry.clearName',
      'generalInformation.batteryChemistry',
      'batteryChemistry',
      'batteryChemistry.shortName',
      'batteryChemistry.clearName',
      'Battery_Passport.BatteryMaterialsAndComposition.BatteryChemistry.chemicalCodeValue',
      'Battery_Passport.BatteryMaterialsAndComposition.BatteryChemistry',
      'identification.chemistry',
      'BatteryChemistry.ShortName',
    ],
  },
  massKg: {
    sql: 'mass_kg',
    kind: kilograms,
    examples: [450],
    from: [
      'attributes.batteryMass',
      'generalInformation.batteryMass',
      'batteryMass',
      'generalProductInformation.batteryMass',
      'GeneralProductInformation.batteryMass',
      `${ready}.BatteryMass`,
      'characteristics.physicalDimension.weight',
      'GeneralInformation.BatteryMass',
    ],
  },
  manufacturedOn: {
    sql: 'manufactured_on',
    kind: day,
    sort: true,
    examples: ['2024-01-15'],
    from: [
      'attributes.manufacturingDate.value',
      'generalInformation.manufacturingDate',
      'manufacturingDate',
      'generalProductInformation.manufacturingDate',
      'GeneralProductInformation.manufacturingDate',
      `${ready}.ManufacturingDate`,
      'operation.manufacturer.manufacturingDate',
      'DateOfManufacture',
    ],
  },
} satisfies Record<string, Omit<Column, 'name'>>

export type ColumnName = keyof typeof columns
/** The rows of the table, each with its name. */
export const allColumns = Object.entries(columns).map(([name, column]): Column & { name: ColumnName } => ({
  name: name as ColumnName,
  ...column,
}))

/** Those that hold texts of others. */
export const textColumns: readonly (Column & { name: ColumnName })[] = allColumns.filter(
  ({ kind: { type, few } }) => type === 'text' && !few,
)

/** What the columns of a passport hold; null where its data has nothing that can be mapped. */
export type Searchable = {
  readonly [Name in ColumnName]: NonNullable<ReturnType<(typeof columns)[Name]['kind']['read']>> | null
}

const filled = new WeakMap<PassportData, Searchable>()

/** The columns that this data fills; found once for each that is read, as nobody changes it. */
export const searchable = (data: PassportData): Searchable =>
  filled.getOrInsertComputed(
    data,
    () => Object.fromEntries(allColumns.map(({ name, ...column }) => [name, valueOf(column, data)])) as Searchable,
  )

/** What this data fills one column with. */
export const valueIn = <Name extends ColumnName>(name: Name, data: PassportData): Searchable[Name] =>
  valueOf(columns[name], data) as Searchable[Name]

export const valueOf = (column: Pick<Column, 'from' | 'kind'>, data: PassportData): unknown =>
  found(column, data)?.value ?? null

/** Of these columns those that this data does not fill. */
export const lacking = <Name extends ColumnName>(names: readonly Name[], data: PassportData): Name[] =>
  names.filter(name => valueIn(name, data) === null)

/** What a column takes, in words. */
export const expectedOf = (name: ColumnName): string => columns[name].kind.expects

/** Where in the data the value of a column stands, as a JSON pointer. */
export const pointerOf = (name: ColumnName, data: PassportData): string =>
  `/${(found(columns[name], data)?.path ?? usual(columns[name])).replaceAll('.', '/')}`

/** Where most clients say it. */
const usual = ({ from }: Pick<Column, 'from'>): string => from.find(path => !path.startsWith('attributes.'))!

function found(
  { from, kind }: Pick<Column, 'from' | 'kind'>,
  data: PassportData,
): { path: string; value: unknown } | undefined {
  for (const path of from) {
    const value = kind.read(at(data, path))
    if (value !== undefined) return { path, value }
  }
  return undefined
}

function at(data: unknown, path: string): unknown {
  for (const step of path.split('.')) {
    if (typeof data !== 'object' || data === null || !Object.hasOwn(data, step)) return undefined
    data = (data as Record<string, unknown>)[step]
  }
  return data
}

const plain: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
}

/** The words of a text as search compares them: without case, accents and punctuation. */
export const wordsOf = (text: string): string[] =>
  // Nearly all are of signs that have no accents.
  (/[^\0-\x7f]/.test(text) ? unaccented(text).match(/[\p{L}\p{N}]+/gu) : text.toLowerCase().match(/[a-z0-9]+/g))?.map(
    word => word.slice(0, 64),
  ) ?? []

const unaccented = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[ßæœøłđðþħı]/g, letter => plain[letter]!)

/** The words a passport is found by: of its columns and of its short texts, 200 at most. */
export function searchWords(data: PassportData): string[] {
  const words = new Set<string>()
  const add = (value: unknown): void => {
    if (words.size >= 200) return
    if (typeof value === 'string' && value.length <= maxLength) for (const word of wordsOf(value)) words.add(word)
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(add)
  }
  add(searchable(data))
  add(data)
  return [...words].slice(0, 200)
}
