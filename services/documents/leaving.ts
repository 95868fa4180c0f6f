import { DocumentDeleted } from '#contracts/documents'
import { UserDeleted } from '#contracts/identity'
import type { Job } from '#kernel'
import { told } from './documents.ts'
import type { DocumentsHost, RemoveFile } from './host.ts'
import { deleteDocument, lockDocuments } from './store.ts'

const some = 50

/**
 * Documents that stand alone go with the account of whose they are: nobody else can reach them. Those of a draft go with
 * it; those of a published passport stay with that, which has to have them for as long as the battery is there.
 */
export function forgetWhoLeaves(host: DocumentsHost, removeFile: RemoveFile): void {
  const drop: Job<{ ownerId: string }> = host.job(
    'delete documents of who left',
    async ({ ownerId }: { ownerId: string }) => {
      await host.db.transaction(async tx => {
        const rows = await tx<{ id: string }[]>`
          select id from documents where owner_id = ${ownerId} and owner_kind = 'person' and passport_id is null
          order by created_at, id limit ${some}`
        const ids = rows.map(({ id }) => id)
        for (const document of await lockDocuments(tx, ids)) {
          await deleteDocument(tx, document.id)
          await tx.publish(DocumentDeleted, told(document))
          await tx.enqueue(removeFile, { fileKey: document.fileKey })
        }
        if (rows.length > 0) await tx.enqueue(drop, { ownerId }, { key: `papers of ${ownerId}` })
      })
    },
    { urgency: 'bulk' },
  )
  host.on(
    UserDeleted,
    { id: 'forget', purpose: 'delete what stands alone of who left', from: 'beginning' },
    async ({ userId }, tx) => {
      await tx.enqueue(drop, { ownerId: userId }, { key: `papers of ${userId}` })
      // And what was on its way by then.
      const later = new Date(host.now().getTime() + 3_600_000)
      await tx.enqueue(drop, { ownerId: userId }, { key: `later papers of ${userId}`, runAt: later })
    },
  )
}
