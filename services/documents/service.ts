import { DocumentDeleted, DocumentRefused, DocumentUpdated, DocumentUploaded } from '#contracts/documents'
import { defineService } from '#kernel'
import { broughtFiles } from './brought-files.ts'
import { healFiles, missingFigure } from './heal.ts'
import { needs, settings, type RemoveFile } from './host.ts'
import { forgetWhoLeaves } from './leaving.ts'
import { pages } from './pages.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { answers, reactions } from './reactions.ts'
import { handOverReadings } from './readings.ts'
import { routes } from './routes.ts'
import { guardLinks, openScans } from './scans.ts'

/** Documents: files of any kind, alone or beside a passport, stored whole or not at all. */
export const documents = defineService({
  name: 'documents',
  about: 'Files of any kind, alone or beside a passport.',
  problems,
  folder: import.meta.dirname,
  personal,
  needs,
  publishes: [DocumentUploaded, DocumentUpdated, DocumentRefused, DocumentDeleted],
  settings,
  start(host) {
    const removeFile: RemoveFile = host.job(
      'remove file',
      async ({ fileKey }: { fileKey: string }) => await host.files.remove(fileKey),
    )
    const scans = openScans(host, removeFile)
    guardLinks(host)
    routes(host, removeFile, scans.scanFile)
    broughtFiles(host, removeFile, scans.scanFile)
    pages(host)
    reactions(host, removeFile)
    forgetWhoLeaves(host, removeFile)
    answers(host)
    missingFigure(host.metrics)
    host.every('1 minute', 'look after documents that wait for the virus scanner', scans.tend)
    host.every('1 hour', 'hand over who read documents to the access log', () => handOverReadings(host))
    host.every(
      '6 hours',
      'find files without a document and documents without a file',
      async () => void (await healFiles(host)),
    )
  },
})
