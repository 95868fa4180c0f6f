import { ApplicationReceived, ApplicationRemoved } from '#contracts/content'
import { DocumentDeleted, DocumentUploaded } from '#contracts/documents'
import { PhotoTaken } from '#contracts/maintenance'
import { ChargerFileRemoved, ChargerFileStored } from '#contracts/ocpp'
import type { Owner } from '#contracts/shared'
import type { Job, Tx, Pace } from '#kernel'
import { fresh, safeName, told, uploaded, type Document } from './documents.ts'
import type { DocumentsHost, RemoveFile, ScanFile } from './host.ts'
import {
  broughtFileRemoved,
  deleteDocument,
  findDocument,
  insertDocument,
  lockBroughtFile,
  lockDocument,
} from './store.ts'
import { store } from './upload.ts'

/** A file that another service has stored, as it is taken in. */
interface Brought {
  fileId: string
  /** What the document is called, beside the name of the file. */
  about: string
  kind: string
  owner: Owner
  fileKey: string
  fileName: string
  sizeBytes: number
  sha256: string
}

/** Nobody sends it: it lies here already. */
const unhurried: Pace = {
  wait: step => step,
  async *over(source) {
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value
  },
}

/** Makes a file that lies here already a document, once. */
function taking(host: DocumentsHost, scanFile: ScanFile | undefined): Job<Brought> {
  const { db, files, now } = host
  return host.job('take in a file', async ({ fileId, ...brought }: Brought) => {
    if (await findDocument(db, fileId)) return
    const { sizeBytes, sha256 } = brought
    const file = await files.read(brought.fileKey, undefined, { sizeBytes, sha256 })
    // It was removed meanwhile.
    if (!file) return
    // Whatever types people may upload: a charger asked for its log sends it once.
    const stored = await store(host, { pace: unhurried, file, docId: fileId, maxBytes: sizeBytes }, () => {})
    const at = now()
    const fileName = safeName(brought.fileName)
    const document: Document = {
      id: fileId,
      owner: brought.owner,
      passportId: null,
      fileName,
      title: `${brought.about}: ${fileName}`.slice(0, 200),
      kind: brought.kind,
      attribute: null,
      language: null,
      ...stored,
      ...fresh(Boolean(scanFile), at),
      version: 1,
      createdAt: at,
      updatedAt: at,
    }
    const isKept = await db.transaction(async tx => {
      if (!(await lockBroughtFile(tx, fileId)) || (await lockDocument(tx, fileId))) return false
      await insertDocument(tx, document)
      await tx.publish(DocumentUploaded, uploaded(document))
      if (scanFile) await tx.enqueue(scanFile, { fileKey: stored.fileKey }, { key: stored.fileKey })
      return true
    })
    if (!isKept) await files.remove(stored.fileKey)
  })
}

/**
 * Takes in what chargers, technicians and applicants bring, as documents of who looks after them: kept, scanned and shown
 * as any other.
 */
export function broughtFiles(host: DocumentsHost, removeFile: RemoveFile, scanFile: ScanFile | undefined): void {
  const takeIn = taking(host, scanFile)

  host.on(
    ChargerFileStored,
    { id: 'charger-file', purpose: 'take in what chargers bring', from: 'beginning' },
    async ({ fileId, chargerId, kind, owner, fileKey, fileName, sizeBytes, sha256 }, tx) => {
      const about = { about: chargerId, kind: `charger-${kind}`, owner }
      const brought = { fileId, ...about, fileKey, fileName, sizeBytes, sha256 }
      await tx.enqueue(takeIn, brought, { key: fileId })
    },
  )

  host.on(
    PhotoTaken,
    { id: 'photo', purpose: 'take in photos of what technicians do', from: 'beginning' },
    async ({ fileId, place, owner, fileKey, fileName, sizeBytes, sha256 }, tx) => {
      const about = { about: place, kind: 'ticket-photo', owner }
      const brought = { fileId, ...about, fileKey, fileName, sizeBytes, sha256 }
      await tx.enqueue(takeIn, brought, { key: fileId })
    },
  )

  host.on(
    ApplicationReceived,
    { id: 'application-file', purpose: 'take in what applicants bring', from: 'beginning' },
    async ({ applicationId: fileId, owner, title, file }, tx) => {
      if (file) await tx.enqueue(takeIn, { fileId, about: title, kind: 'application', owner, ...file }, { key: fileId })
    },
  )

  const remove = async (tx: Tx<'documents'>, fileId: string, at: string) => {
    const document = await broughtFileRemoved(tx, fileId, new Date(at))
    if (!document) return
    await deleteDocument(tx, document.id)
    await tx.publish(DocumentDeleted, told(document))
    await tx.enqueue(removeFile, { fileKey: document.fileKey })
  }

  host.on(
    ChargerFileRemoved,
    {
      id: 'charger-file-gone',
      purpose: 'delete what a charger brought and is to be kept no longer',
      from: 'beginning',
    },
    ({ fileId, timestamp }, tx) => remove(tx, fileId, timestamp),
  )

  host.on(
    ApplicationRemoved,
    {
      id: 'application-gone',
      purpose: 'delete what came with an application that is kept no longer',
      from: 'beginning',
    },
    ({ applicationId, timestamp }, tx) => remove(tx, applicationId, timestamp),
  )
}
