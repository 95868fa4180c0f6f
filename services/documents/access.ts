import { getPassportAccess } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import { authorise, mayRead, Problem, type Actor, type Tx } from '#kernel'
import type { Document } from './documents.ts'
import type { DocumentsHost } from './host.ts'
import { findDocument, lockDocument, lockPassport, movedTo } from './store.ts'

/** Whose a passport is and who reads it; undefined for one that is not there. */
export const accessOf = (host: DocumentsHost, passportId: string) =>
  host.ask(getPassportAccess, { passportId }).catch(error => {
    if (error instanceof Problem && error.kind === 'not_found') return undefined
    throw error
  })

/** The document for one who may read it: as its owner, or as a reader of its passport. */
export async function readable(host: DocumentsHost, actor: Actor, docId: string): Promise<Document> {
  const document = await findDocument(host.db, docId)
  const readers = await readersFor(host, actor, docId, document)
  authorise(actor, 'read', document && { owner: document.owner, readers }, 'document_unknown')
  return document!
}

/** The document for one who may change it, locked; a reader of its passport learns that it is there. */
export async function editable(tx: Tx, actor: Actor, readers: readonly Owner[], docId: string): Promise<Document> {
  const document = await lockDocument(tx, docId)
  authorise(actor, 'write', document && { owner: document.owner, readers }, 'document_unknown')
  return document!
}

/**
 * Who beside its owner reads a document. What is not there is asked for too, so that it takes as long as what is
 * somebody else's.
 */
export async function readersFor(
  host: DocumentsHost,
  actor: Actor,
  docId: string,
  document: Document | undefined,
): Promise<readonly Owner[]> {
  if (document && mayRead(actor, document)) return []
  return (await accessOf(host, document?.passportId ?? docId))?.readers ?? []
}

/** Who owns what is attached to the passport. Fails with `passport_unknown`, and for one who may only read it. */
export async function ownerByPassport(host: DocumentsHost, actor: Actor, passportId: string): Promise<Owner> {
  const access = await accessOf(host, passportId)
  authorise(actor, 'write', access, 'passport_unknown')
  return access!.owner
}

/** Whose the passport is now, if it has moved since `owner` was asked for. Fails with `passport_unknown` for one gone. */
export async function ownerNow(tx: Tx, passportId: string, owner: Owner): Promise<Owner> {
  if (!(await lockPassport(tx, passportId))) throw new Problem('not_found', 'passport_unknown')
  return (await movedTo(tx, passportId)) ?? owner
}

/**
 * Refuses with `document_kept` to take away, or to put another file in the place of, what belongs to a passport that is
 * published or archived.
 */
export async function requireReplaceable(host: DocumentsHost, document: Document | undefined): Promise<void> {
  // One whose file was harmful has no content to keep.
  if (!document?.passportId || document.scan === 'infected') return
  const status = (await accessOf(host, document.passportId))?.status ?? 'draft'
  if (status !== 'draft')
    throw new Problem('conflict', 'document_kept', {
      detail:
        `The passport of this document is ${status}, and keeps what it was ${status} with: its content stays available ` +
        'until the battery has been recycled (Regulation (EU) 2023/1542, Art. 77(4) and (8)). Add a further document.',
      passportId: document.passportId,
    })
}
