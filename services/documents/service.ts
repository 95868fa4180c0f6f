import { DocumentDeleted, DocumentUpdated, DocumentUploaded } from '#contracts/documents'
import { defineService } from '#kernel'
import { healFiles, missingFigure } from './heal.ts'
import { needs, settings, type RemoveFile } from './host.ts'
import { problems } from './problems.ts'
import { answers, reactions } from './reactions.ts'
import { routes } from './routes.ts'

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

    reactions(host, removeFile)
    answers(host)
    missingFigure(host.metrics)
    host.every(
      '6 hours',
      'find files without a document and documents without a file',
      async () => void (await healFiles(host)),
    )
  },
})
