import { Problem, type Owned } from '#kernel'
import { mayProve, pointOf, pointOfDocument, provedBy } from '#law'

/**
 * What is known of a file: `off` where no scanner looked at it, `waiting` for one, `clean`, or `infected`, whose bytes are
 * gone.
 */
export type Scan = 'off' | 'waiting' | 'clean' | 'infected'

/** A file with what is known about it. */
export interface Document extends Owned {
  readonly id: string
  readonly passportId: string | null
  readonly fileName: string
  readonly title: string
  /** What it is, as `declaration-of-conformity`. */
  readonly kind: string
  /** What of the law it proves, where its owner says so; else its kind tells. */
  readonly attribute: string | null
  /** BCP 47, if it has one. */
  readonly language: string | null
  readonly contentType: string
  readonly sizeBytes: number
  readonly sha256: string
  readonly fileKey: string
  /** Of the file of this key alone. */
  readonly scan: Scan
  /** What a virus scanner found in it. */
  readonly found: string | null
  /** When it was last put in line for the scanner. */
  readonly queuedAt: Date | null
  readonly version: number
  /** Since when its file is known not to be there. */
  readonly missingSince: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** What its owner says about a document. */
export type Description = Pick<Document, 'title' | 'kind' | 'attribute' | 'language' | 'fileName' | 'passportId'>

/** What storage and the content itself say. */
export type Stored = Pick<Document, 'contentType' | 'sizeBytes' | 'sha256' | 'fileKey'>

export const describe = (document: Document, description: Partial<Description>, at: Date): Document => ({
  ...document,
  ...Object.fromEntries(Object.entries(description).filter(([, value]) => value !== undefined)),
  version: document.version + 1,
  updatedAt: at,
})

/**
 * Refuses an attribute that the law has not, and one that would put a document of a known kind at another point of Annex
 * XIII: what the law keeps for some is not opened by a name, nor what it opens kept.
 */
export function requireProvable({ kind, attribute }: Pick<Document, 'kind' | 'attribute'>): void {
  if (attribute === null || mayProve(kind, attribute)) return
  const point = pointOfDocument({ kind, attribute: null })
  const detail =
    pointOf(attribute) === undefined
      ? 'must be an attribute of battery passports (GET /api/passports/:id/attributes names them)'
      : `must be of point ${point} of Annex XIII, as documents of the kind "${kind}" are`
  throw new Problem('unprocessable', 'document_attribute_unfit', {
    detail: `What a document proves ${detail}.`,
    errors: [{ pointer: '/attribute', detail }],
  })
}

/** What holds of a file that has just come in. */
export const fresh = (scanned: boolean, at: Date): Pick<Document, 'scan' | 'found' | 'queuedAt' | 'missingSince'> => ({
  scan: scanned ? 'waiting' : 'off',
  found: null,
  queuedAt: scanned ? at : null,
  missingSince: null,
})

export const replaceFile = (
  document: Document,
  file: Stored & ReturnType<typeof fresh>,
  fileName: string,
  at: Date,
): Document => ({
  ...document,
  ...file,
  fileName,
  version: document.version + 1,
  updatedAt: at,
})

/** The document whose file turned out to be harmful, and is removed. */
export const refuse = (document: Document, found: string, at: Date): Document => ({
  ...document,
  scan: 'infected',
  found,
  missingSince: null,
  version: document.version + 1,
  updatedAt: at,
})

/** Fails with `document_in_quarantine` and `document_infected` for a file that nobody may have. */
export function requireReleased({ scan, found }: Pick<Document, 'scan' | 'found'>): void {
  if (scan === 'waiting')
    throw new Problem('conflict', 'document_in_quarantine', {
      detail: 'The file has not been looked at by the virus scanner yet. Try again in a moment.',
      retryAfter: 5,
    })
  if (scan === 'infected')
    throw new Problem('conflict', 'document_infected', {
      detail: `A virus scanner found "${found}" in the file, which was removed. Put another in its place, or delete the document.`,
    })
}

/** A document as the API answers it. */
export const view = ({
  id,
  attribute,
  fileName,
  title,
  kind,
  language,
  contentType,
  sizeBytes,
  sha256,
  scan,
  passportId,
  createdAt,
}: Document) => ({
  docId: id,
  fileName,
  title,
  kind,
  language,
  contentType,
  sizeBytes,
  sha256,
  scan,
  passportId,
  createdAt: createdAt.toISOString(),
  // One that stands alone proves nothing of a battery.
  ...(passportId && {
    attribute: provedBy({ kind, attribute }),
    annexPoint: pointOfDocument({ kind, attribute }),
  }),
})

/** What every event about a document tells. */
export const told = ({ id, passportId, fileName, owner, version }: Document) => ({
  docId: id,
  passportId,
  fileName,
  owner,
  version,
})

/** What is told of one whose file has come in. */
export const uploaded = (document: Document) => {
  const { title, kind, contentType, sizeBytes, sha256 } = document
  return { ...told(document), title, kind, contentType, sizeBytes, sha256 }
}

/**
 * The last part of whatever a client calls a file (browsers send `%22` for a quote in a form), without what file
 * systems and headers trip over; at most 200 characters and the 255 bytes that a file system takes.
 */
export function safeName(given: string | undefined): string {
  const last = (given ?? '')
    .replace(/%(22|0D|0A)/gi, code => decodeURIComponent(code))
    .toWellFormed()
    .split(/[/\\]/)
    .at(-1)!
  const name = last
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '')
    .trim()
    .replace(/^[.\s]+/, '')
  const extension = /\.\w{1,10}$/.exec(name)?.[0] ?? ''
  const stem = Array.from(name.slice(0, name.length - extension.length)).slice(0, 200 - extension.length)
  while (Buffer.byteLength(stem.join('')) > 255 - extension.length) stem.pop()
  return stem.join('') + extension || 'file'
}

/** The type of a file by how it begins, whatever it is called. Fails with `document_empty`. */
export async function contentTypeOf(head: Buffer): Promise<string> {
  if (head.length === 0)
    throw new Problem('invalid', 'document_empty', { errors: [{ pointer: '/file', detail: 'must not be empty' }] })
  const wide = wideTextOf(head)
  if (wide !== undefined) return `${isTable(wide) ? 'text/csv' : 'text/plain'}; charset=utf-16`
  // Loaded with the first file.
  const { fileTypeFromBuffer } = await import('file-type')
  const known = await fileTypeFromBuffer(head)
  // XML and its kin are read below, where a script in one is told from a table.
  if (known && !/xml/.test(known.mime)) return known.mime
  // Readers take what stands before the mark for nothing, if it is not much (ISO 32000-1, annex H).
  if (!known && head.subarray(0, 1024).includes('%PDF-')) return 'application/pdf'
  const text = textOf(head)
  if (text === undefined) return known?.mime ?? 'application/octet-stream'
  if (/^\s*(\{\s*["}]|\[\s*(["[\]{]|-?\d[\d.eE+-]*\s*(,|\]\s*$)))/.test(text)) return 'application/json'
  // A comment holds no end of one: were it to match in two ways, a few hundred of them would take for ever.
  if (/^(?:\s|<\?[^>]*>|<!--(?:(?!-->)[^])*-->|<!doctype svg[^>]*>)*<svg[\s>]/i.test(text)) return 'image/svg+xml'
  if (/<(!doctype html|html|head|body|script|iframe)[\s>]/i.test(text)) return 'text/html; charset=utf-8'
  if (/^\s*<(\?xml|[a-z])/i.test(text)) return 'application/xml'
  return isTable(text) ? 'text/csv; charset=utf-8' : 'text/plain; charset=utf-8'
}

/**
 * Two lines or more, all with as many cells as the first, which names every column; a sentence has a space behind its
 * commas.
 */
function isTable(text: string): boolean {
  const lines = text.replace(/"(?:[^"]|"")*"/g, 'quoted').split(/\r?\n/)
  // The last one is empty, or may be cut.
  const whole = lines.length > 2 ? lines.slice(0, -1) : lines
  return [',', ';', '\t'].some(sign => {
    const [names, ...rows] = whole.map(line => line.split(sign))
    return (
      rows.length > 0 &&
      names!.length > 1 &&
      names!.every(name => /^\S/.test(name)) &&
      rows.every(row => row.length === names!.length)
    )
  })
}

/** The text of UTF-16 with a mark at its beginning, as Windows writes it: by its first bytes alone it could be sound. */
function wideTextOf(head: Buffer): string | undefined {
  const mark = head.subarray(0, 2).toString('hex')
  if (mark !== 'fffe' && mark !== 'feff') return undefined
  try {
    const decoder = new TextDecoder(mark === 'fffe' ? 'utf-16le' : 'utf-16be', { fatal: true })
    const text = decoder.decode(head, { stream: true })
    // oxlint-disable-next-line no-control-regex -- control characters are what tells data from text
    return text === '' || /[\0-\x08\x0e-\x1f\x7f]/.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

/** The text, if it is one: UTF-8 without control characters. The head may end within a character. */
function textOf(head: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    // oxlint-disable-next-line no-control-regex -- control characters are what tells data from text
    return /[\0-\x08\x0e-\x1f\x7f]/.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
