import Type from 'typebox'
import { call, event } from './define.ts'
import { Id, Instant, Owner } from './shared.ts'

const File = {
  docId: Id,
  passportId: Type.Union([Id, Type.Null()]),
  fileName: Type.String({ examples: ['declaration-of-conformity.pdf'] }),
  owner: Owner,
  version: Type.Integer({ minimum: 1, examples: [1] }),
}

/** A file is stored whole, under its SHA-256; published again when another file replaces it. */
export const DocumentUploaded = event(
  'documents',
  'document.uploaded',
  'docId',
  Type.Object({
    ...File,
    title: Type.String(),
    kind: Type.String(),
    contentType: Type.String({ examples: ['application/pdf'] }),
    sizeBytes: Type.Integer({ minimum: 0 }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$', examples: ['0'.repeat(64)] }),
  }),
)

/** Title, kind, language, name, passport or owner of a document changed. */
export const DocumentUpdated = event('documents', 'document.updated', 'docId', Type.Object(File))

/** A virus scanner found something in the file of a document; the document stays, the file is removed soon after. */
export const DocumentRefused = event(
  'documents',
  'document.refused',
  'docId',
  Type.Object({
    ...File,
    found: Type.String({ examples: ['Win.Test.EICAR_HDB-1'], description: 'As the scanner calls it' }),
    foundAt: Instant,
  }),
)

/** A document is gone; its file is removed soon after. */
export const DocumentDeleted = event('documents', 'document.deleted', 'docId', Type.Object(File))

/**
 * The documents of a passport whose file may be had, the newest first, a hundred at most: those that are open to these
 * audiences of a battery of this category; all of them where none is said, for who has found out that its reader may.
 */
export const listDocumentsOf = call(
  'documents',
  'list_documents_of',
  Type.Object({
    passportId: Id,
    open: Type.Optional(
      Type.Object({
        audiences: Type.Array(Type.Enum(['public', 'authority', 'interest', 'owner'])),
        category: Type.Union([Type.String(), Type.Null()]),
      }),
    ),
  }),
  Type.Object({
    documents: Type.Array(
      Type.Object({
        docId: Id,
        title: Type.String(),
        fileName: Type.String(),
        sizeBytes: Type.Integer(),
        kind: Type.Optional(Type.String()),
        contentType: Type.Optional(Type.String()),
        language: Type.Optional(Type.Union([Type.String(), Type.Null()])),
        /** Of the law, that it proves. */
        attribute: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      }),
    ),
  }),
)

/**
 * Where the file of a document lies, for a service that knows who may have it: `unknown` where there is no such document,
 * `waiting` where a virus scanner has to look at it first.
 */
export const getDocumentFile = call(
  'documents',
  'get_document_file',
  Type.Object({ docId: Id }),
  Type.Object({
    state: Type.Enum(['unknown', 'waiting', 'infected', 'released']),
    /** Whether a virus scanner looks at what comes in. */
    scanned: Type.Boolean(),
    /** Of one that is released. */
    fileKey: Type.Union([Type.String(), Type.Null()]),
    owner: Type.Optional(Type.Union([Owner, Type.Null()])),
    sizeBytes: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
    sha256: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  }),
)

/** The size of a document as people read it: `182 kB`. */
export function sizeIn(language: string, bytes: number): string {
  const [value, unit] =
    bytes < 1_000 ? [bytes, 'byte'] : bytes < 1_000_000 ? [bytes / 1_000, 'kilobyte'] : [bytes / 1_000_000, 'megabyte']
  const style = { style: 'unit', unit, maximumFractionDigits: 1 } as const
  return new Intl.NumberFormat(language, style).format(value as number)
}
