import {
  countDocumentsOf,
  DocumentDeleted,
  DocumentUpdated,
  DocumentUploaded,
  listDocumentsOf,
} from '#contracts/documents'
import { PassportDeleted, PassportMoved } from '#contracts/passports'
import { defineService } from '#kernel'
import { handOver, told } from './documents.ts'
import { healFiles, missingFigure } from './heal.ts'
import { needs, settings, type RemoveFile } from './host.ts'
import { problems } from './problems.ts'
import { routes } from './routes.ts'
import {
  countDocuments,
  deleteDocument,
  listDocuments,
  passportDeleted,
  passportMoved,
  updateDocument,
} from './store.ts'

/** Documents: files of any kind, alone or beside a passport, stored whole or not at all. */
export const documents = defineService({
  name: 'documents',
  about: 'Files of any kind, alone or beside a passport.',
  problems,
  folder: import.meta.dirname,
  needs,
  publishes: [DocumentUploaded, DocumentUpdated, DocumentDeleted],
  settings,
  start(host) {
    const removeFile: RemoveFile = host.job(
      'remove file',
      async ({ fileKey }: { fileKey: string }) => await host.files.remove(fileKey),
    )
    routes(host, removeFile)

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
        for (const document of await passportMoved(tx, passport.id, owner, version)) {
          const moved = handOver(document, owner, host.now())
          await updateDocument(tx, moved)
          await tx.publish(DocumentUpdated, told(moved))
        }
      },
    )

    host.answer(countDocumentsOf, async ({ ownerId }) => {
      const wanted = { owners: [ownerId], passportId: undefined, kind: undefined, language: undefined, created: {} }
      return { count: await countDocuments(host.db, wanted) }
    })

    host.answer(listDocumentsOf, async ({ passportId }) => {
      const wanted = { passportId, owners: undefined, kind: undefined, language: undefined, created: {} }
      const documents = await listDocuments(host.db, wanted, 100, undefined)
      return {
        documents: documents.map(({ id, title, fileName, sizeBytes }) => ({ docId: id, title, fileName, sizeBytes })),
      }
    })

    missingFigure(host.metrics)
    host.every(
      '6 hours',
      'find files without a document and documents without a file',
      async () => void (await healFiles(host)),
    )
  },
})
