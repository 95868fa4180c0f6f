import { Readable } from 'node:stream'
import { DocumentUploaded, getDocumentFile } from '#contracts/documents'
import { ChargerFileRemoved, ChargerFileStored } from '#contracts/ocpp'
import type { Owner } from '#contracts/shared'
import { newId, Problem, type Job, type Tx } from '#kernel'
import { findCharger } from '../chargers/store.ts'
import type { OcppHost } from '../host.ts'
import {
  customerText,
  deleteTransfer,
  findTransferById,
  noteCustomerFile,
  noteFiled,
  type Stored,
  type Transfer,
} from './store.ts'

/** Files what a charger has stored of a customer, which came in messages. */
export type FileCustomer = Job<{ id: string }>

/** Tells that a file is here whole, for documents to take it in. */
export async function tellStored(tx: Tx<'ocpp'>, transfer: Transfer, file: Omit<Stored, 'contentType'>, at: Date) {
  const charger = await findCharger(tx, transfer.chargerId)
  const asker: Owner | undefined = transfer.askedBy ? { kind: 'person', id: transfer.askedBy } : undefined
  const owner = charger?.owner ?? asker
  if (!owner) return
  const { fileKey, fileName, sizeBytes, sha256 } = file
  await tx.publish(ChargerFileStored, {
    fileId: transfer.id,
    chargerId: transfer.chargerId,
    kind: transfer.kind,
    owner,
    fileKey,
    fileName,
    sizeBytes,
    sha256,
    at: at.toISOString(),
  })
}

/** Removes a transfer with what it brought, wherever that lies. */
export async function removeTransfer({ db, files }: OcppHost, transfer: Transfer): Promise<void> {
  const { id: fileId, chargerId, fileKey, filedAt } = transfer
  await db.transaction(async tx => {
    await deleteTransfer(tx, transfer)
    if (fileKey) await tx.publish(ChargerFileRemoved, { fileId, chargerId })
  })
  if (fileKey && !filedAt) await files.remove(fileKey)
}

/** Where a file lies now. Fails where nobody may have it yet, or it is harmful. */
export async function whereIs({ ask }: OcppHost, { id, fileKey, filedAt }: Transfer): Promise<string | null> {
  const filed = await ask(getDocumentFile, { docId: id })
  if (filed.state === 'released') return filed.fileKey
  if (filed.state === 'infected')
    throw new Problem('conflict', 'charger_file_infected', {
      detail: 'A virus scanner found something in the file, which was removed.',
    })
  if (filed.state === 'waiting' || (filed.scanned && !filedAt))
    throw new Problem('conflict', 'charger_file_waiting', {
      detail: 'The file has not been looked at by the virus scanner yet. Try again in a moment.',
      retryAfter: 5,
    })
  // Somebody has deleted the document.
  if (filedAt) throw new Problem('not_found', 'file_missing')
  return fileKey
}

/** Once documents have a file it does not lie here any more. */
export function followFiling(host: OcppHost): void {
  const removeFile: Job<{ fileKey: string }> = host.job('remove file', async ({ fileKey }: { fileKey: string }) =>
    host.files.remove(fileKey),
  )
  host.on(
    DocumentUploaded,
    { id: 'filed', purpose: 'let go of files of chargers that documents have taken in', from: 'beginning' },
    async ({ docId }, tx) => {
      const fileKey = await noteFiled(tx, docId, host.now())
      if (fileKey) await tx.enqueue(removeFile, { fileKey })
    },
  )
}

export const customerFiling = (host: OcppHost): FileCustomer =>
  host.job('file what a charger has of a customer', async ({ id }: { id: string }) => {
    const { db, files, now, settings } = host
    const transfer = await findTransferById(db, id)
    if (!transfer || transfer.fileKey) return
    const text = await customerText(db, transfer.chargerId, transfer.requestId)
    if (text === '') return
    const fileKey = `ocpp/${id}/${newId()}`
    const content = await files.write(fileKey, Readable.from([Buffer.from(text)]), {
      maxBytes: settings.OCPP_MAX_UPLOAD,
    })
    const isFirst = await db.transaction(async tx => {
      if (!(await noteCustomerFile(tx, id, fileKey, content))) return false
      await tellStored(tx, transfer, { ...content, fileKey, fileName: transfer.fileName! }, now())
      return true
    })
    if (!isFirst) await files.remove(fileKey)
  })
