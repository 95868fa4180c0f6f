import { DocumentDeleted, DocumentUpdated, getDocumentFile, listDocumentsOf } from '#contracts/documents'
import { holdingsOf } from '#contracts/holdings'
import { PassportDeleted, PassportMoved } from '#contracts/passports'
import { provedBy } from '#law'
import { openTo } from './access.ts'
import { told } from './documents.ts'
import type { DocumentsHost, RemoveFile } from './host.ts'
import {
  countDocuments,
  deleteDocument,
  findDocument,
  listDocuments,
  moveDocuments,
  passportDeleted,
  passportMoved,
} from './store.ts'

/** Documents go with their passport, and to whom it goes. */
export function reactions(host: DocumentsHost, removeFile: RemoveFile): void {
  host.on(
    PassportDeleted,
    { id: 'passport-gone', purpose: 'delete the documents of a passport that is gone', from: 'beginning' },
    async ({ passport, timestamp }, tx) => {
      for (const document of await passportDeleted(tx, passport.id, new Date(timestamp))) {
        await deleteDocument(tx, document.id)
        await tx.publish(DocumentDeleted, told(document))
        await tx.enqueue(removeFile, { fileKey: document.fileKey })
      }
    },
  )

  host.on(
    PassportMoved,
    { id: 'passport-moved', purpose: 'hand over the documents of a passport that moved', from: 'beginning' },
    async ({ passport, owner, version }, tx) => {
      const ids = (await passportMoved(tx, passport.id, owner, version)).map(({ id }) => id)
      for (const moved of await moveDocuments(tx, ids, owner, host.now()))
        await tx.publish(DocumentUpdated, told(moved))
    },
  )
}

/** What other services ask about documents. */
export function answers(host: DocumentsHost): void {
  host.answer(holdingsOf('documents'), async ({ organisationId }) => {
    const wanted = {
      owners: [organisationId],
      passportId: undefined,
      kind: undefined,
      language: undefined,
      created: {},
    }
    return { documents: await countDocuments(host.db, wanted) }
  })

  host.answer(getDocumentFile, async ({ docId }) => {
    const document = await findDocument(host.db, docId)
    const scanned = host.settings.CLAMAV_HOST !== undefined
    const none = { scanned, fileKey: null, owner: null, sizeBytes: null, sha256: null }
    if (!document) return { state: 'unknown' as const, ...none }
    const { scan, fileKey, owner, sizeBytes, sha256 } = document
    if (scan === 'waiting' || scan === 'infected') return { state: scan, ...none }
    return { state: 'released' as const, scanned, fileKey, owner, sizeBytes, sha256 }
  })

  host.answer(listDocumentsOf, async ({ passportId, open }) => {
    const anyOf = {
      owners: undefined,
      kind: undefined,
      language: undefined,
      created: {},
      open: open && openTo({ ...open, asAdmin: false }, host.now()),
    }
    const documents = await listDocuments(host.db, { passportId, released: true, ...anyOf }, 100, undefined)
    return {
      documents: documents.map(({ id, title, fileName, sizeBytes, kind, contentType, language, attribute }) => ({
        docId: id,
        title,
        fileName,
        sizeBytes,
        kind,
        contentType,
        language,
        attribute: provedBy({ kind, attribute }),
      })),
    }
  })
}
