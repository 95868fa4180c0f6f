import { hash } from 'node:crypto'
import { Problem } from '#kernel'
import { sheetOf, sheetType } from '#imports/sheets'
import { compared, exported, exportedOwn, formats, importedOwn, parseGiven, type Dated, type Loss } from '#law'
import { compressedOf, isMembers } from '../dpp/shape.ts'
import type { EffectiveView } from '../units/effective.ts'
import { environmentOf } from './aas.ts'
import { packed, unpacked } from './aasx.ts'
import { readDocument, readDpp, readGiven, recognised, type JsonFormat, type ReadOf } from './documents.ts'
import { givenInSheet, linesOf, rowOf, sheetHead } from './sheets.ts'
import { requireShallow } from './texts.ts'

/** What passports are written in and read from; the media type of each, and the end of its files' names. */
export const kinds: Readonly<Record<FormatName, readonly [type: string, end: string]>> = {
  'ohmnibus-1': ['application/json', 'json'],
  'batterypass-1.2': ['application/json', 'json'],
  'batterypass-ready-1.0': ['application/json', 'json'],
  'idta-02035': ['application/json', 'json'],
  'idta-02035-aas': ['application/json', 'json'],
  'idta-02035-aasx': ['application/asset-administration-shell-package', 'aasx'],
  'catena-x-6.1': ['application/json', 'json'],
  en18223: ['application/json', 'json'],
  'untp-0.7': ['application/json', 'json'],
  csv: ['text/csv; charset=utf-8', 'csv'],
  xlsx: [sheetType, 'xlsx'],
}
export type FormatName = JsonFormat | 'idta-02035-aasx' | 'csv' | 'xlsx'
export const formatNames = Object.keys(kinds) as FormatName[]

export type Values = ReadonlyMap<string, Dated>

/** Whose passport it is that is written, as far as a format asks. */
export interface About {
  /** The identifier of the passport; a document that is only converted is of none. */
  readonly id: string | undefined
  /** The public identifier of its operator. */
  readonly operator: string | undefined
  readonly placeholders: boolean
}

export interface Converted {
  /** JSON, a text, or the bytes of a file. */
  readonly document: unknown
  readonly loss: Loss[]
}

const invalid = (detail: string, pointer = ''): Problem =>
  new Problem('invalid', 'document_invalid', { detail, errors: [{ pointer, detail }] })

const categoryIn = (values: Values): string | null => {
  const said = values.get('batteryCategory')?.value
  return typeof said === 'string' ? said : null
}

const extrasOf: Partial<Record<string, string>> = {
  'idta-02035': '/DppMetadata/economicOperatorId',
  'untp-0.7': '/issuer/id',
}

/** Stands where EN 18223 asks for an operator and a placeholder was asked for. */
const unnamedOperator = 'did:web:placeholder.invalid'

const operatorMissing = (operator: string | undefined): Loss => ({
  attribute: null,
  pointer: '/economicOperatorId',
  kind: operator === undefined ? 'not_representable' : 'defaulted',
  from: null,
  to: operator ?? null,
  why: 'the format requires it, and nothing says whose passport it is',
})

/** Stands where a shell asks for the battery and a placeholder was asked for. */
const unnamedBattery = 'urn:battery:unnamed'

const batteryMissing = (asset: string | undefined): Loss => ({
  attribute: 'uniqueBatteryIdentifier',
  pointer: '/assetAdministrationShells/0/assetInformation/globalAssetId',
  kind: asset === undefined ? 'not_representable' : 'defaulted',
  from: null,
  to: asset ?? null,
  why: 'the format requires it, and nothing says which battery it is',
})

/** A name for the shell of what no passport is: by what it holds, so that the same makes the same. */
function nameOf(document: unknown): string {
  const hex = hash('sha256', JSON.stringify(document))
  // A UUID of the eighth kind (RFC 9562), which is whatever its maker says.
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Values as a document of a format, with what is lost on the way: what comes back when it is read again tells it. */
export async function written(format: FormatName, values: Values, about: About): Promise<Converted> {
  if (format === 'ohmnibus-1') {
    const document = exportedOwn(values)
    return { document, loss: compared(values, importedOwn(parseGiven(JSON.stringify(document))).values) }
  }
  if (format === 'en18223') {
    const { operator = about.placeholders ? unnamedOperator : undefined } = about
    const document = compressedOf(viewsOf(values), operator)
    const loss = compared(values, readDpp(parseGiven(JSON.stringify(document))).values)
    return { document, loss: about.operator === undefined ? [...loss, operatorMissing(operator)] : loss }
  }
  if (format === 'csv' || format === 'xlsx') return await writtenSheet(format, values)
  const table = formats.get(format.replace(/-aasx?$/, ''))!
  const extra = extrasOf[table.id]
  const { document, loss } = exported(table, values, {
    category: categoryIn(values),
    placeholders: about.placeholders,
    ...(extra && about.operator && { extras: { [extra]: about.operator } }),
  })
  if (!format.includes('-aas')) return { document, loss }
  const said = values.get('uniqueBatteryIdentifier')?.value
  const named = typeof said === 'string' ? said : about.id
  const asset = named ?? (about.placeholders ? unnamedBattery : undefined)
  const isModel = values.get('dppGranularity')?.value === 'Model'
  const environment = environmentOf(document, {
    id: about.id ?? named ?? nameOf(document),
    asset,
    isModel,
  })
  return {
    document: format === 'idta-02035-aas' ? environment : await packed(environment),
    loss: named === undefined ? [...loss, batteryMissing(asset)] : loss,
  }
}

async function writtenSheet(format: 'csv' | 'xlsx', values: Values): Promise<Converted> {
  const granularity = String(values.get('dppGranularity')?.value ?? 'item').toLowerCase()
  const row = rowOf({ granularity, parentId: '', status: '' }, values)
  if (format === 'xlsx') {
    const document = await sheetOf([sheetHead, row], 'passport')
    return { document, loss: compared(values, (await readSheet(document)).values) }
  }
  const document = linesOf([sheetHead, row])
  return { document, loss: compared(values, (await readSheet(Buffer.from(document))).values) }
}

const viewsOf = (values: Values): EffectiveView[] =>
  [...values].map(([id, value]) => ({ ...value, id, from: 'item', annexPoint: 1, dynamic: false, at: value.at ?? '' }))

/** What a document of a format says. Fails with `document_invalid` for what is none. */
export async function readAs(
  format: FormatName | undefined,
  document: unknown,
): Promise<ReadOf & { format: FormatName }> {
  const kind =
    format ?? recognised(typeof document === 'string' && /^\s*\{/.test(document) ? givenIn(document) : document)
  if (!kind) throw invalid('Nobody can tell what format the document is of; say it by "from".')
  if (kind === 'csv' || kind === 'xlsx' || kind === 'idta-02035-aasx') {
    if (typeof document !== 'string')
      throw invalid(
        kind === 'csv' ? 'A CSV is sent as a text.' : 'A packed file is sent as a text, in base64.',
        '/document',
      )
    const bytes = kind === 'csv' ? Buffer.from(document) : bytesIn(document)
    if (kind !== 'idta-02035-aasx') return { format: kind, ...(await readSheet(bytes)) }
    const all = readDocument('idta-02035-aas', await unpacked(bytes))
    if (all.length !== 1) throw severalIn(all.length)
    return { format: kind, ...all[0]! }
  }
  const given = givenIn(document)
  if (!isMembers(given)) throw invalid('The document is no JSON object.', '/document')
  const all = readDocument(kind, given)
  if (all.length !== 1) throw severalIn(all.length)
  return { format: kind, ...all[0]! }
}

const severalIn = (count: number): Problem =>
  invalid(`The document tells of ${count} batteries; import it, or send one at a time.`, '/document')

function bytesIn(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.subarray(0, 2).toString('latin1') !== 'PK')
    throw invalid('The text is no packed file in base64.', '/document')
  return bytes
}

/** JSON with its digits; one that is sent as a text keeps numbers that a double would change. */
function givenIn(document: unknown): unknown {
  if (typeof document !== 'string') return document
  requireShallow(document)
  try {
    return parseGiven(document.replace(/^\ufeff/, ''))
  } catch {
    throw invalid('The text is no JSON.', '/document')
  }
}

async function readSheet(body: Buffer): Promise<ReadOf> {
  const { given, loss } = await givenInSheet(body)
  return readGiven(given, loss)
}
