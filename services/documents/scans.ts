import { DocumentRefused } from '#contracts/documents'
import { Problem } from '#kernel'
import { refuse, requireReleased, told } from './documents.ts'
import type { DocumentsHost, RemoveFile, ScanFile } from './host.ts'
import { openScanner } from './scanner.ts'
import {
  countWaiting,
  findByFile,
  lockByFile,
  noteScanner,
  queueFiles,
  releaseWaiting,
  updateDocument,
} from './store.ts'

const minute = 60_000
/** How many files a minute are put in line again, or for the first time though they have been there for long. */
const mostQueued = 500

/** What a scanner has to do with documents, and what becomes of them where there is none. */
export function openScans(host: DocumentsHost, removeFile: RemoveFile) {
  const { db, files, log, now } = host
  const { CLAMAV_HOST, CLAMAV_PORT } = host.settings
  const scanner = CLAMAV_HOST ? openScanner({ host: CLAMAV_HOST, port: CLAMAV_PORT }) : undefined
  if (scanner) host.check('scanner', () => scanner.version())
  host.metrics.gauge(
    'ohmnibus_documents_waiting_for_scan',
    'Documents whose file nobody gets before the virus scanner has looked at it',
    [],
    async gauge => gauge.set(await countWaiting(db)),
  )

  /** A verdict is about one file: nothing happens where the document has another by now, or is gone. */
  const note = (fileKey: string, found: string | undefined): Promise<void> =>
    db.transaction(async tx => {
      const document = await lockByFile(tx, fileKey)
      if (!document || document.scan === 'infected') return
      if (found === undefined) return await updateDocument(tx, { ...document, scan: 'clean' })
      const at = now()
      const refused = refuse(document, found, at)
      await updateDocument(tx, refused)
      await tx.publish(DocumentRefused, { ...told(refused), found, foundAt: at.toISOString() })
      await tx.enqueue(removeFile, { fileKey })
      log.warn({ docId: document.id, found }, 'a document is refused: its file is infected')
    })

  /** Of one that is away for all: jobs that would wait for it hold places that others need. */
  let awayUntil = 0
  async function look(fileKey: string, signal: AbortSignal): Promise<void> {
    const document = await findByFile(db, fileKey)
    if (document?.scan !== 'waiting' && document?.scan !== 'off') return
    if (!scanner) {
      if (document.scan === 'off') return
      throw new Problem('unavailable', 'scanner_unavailable', { detail: 'CLAMAV_HOST is not set for this process.' })
    }
    if (performance.now() < awayUntil)
      throw new Problem('unavailable', 'scanner_unavailable', { detail: 'The virus scanner did not answer just now.' })
    const { sizeBytes, sha256 } = document
    const found = await scanner
      .scan(async () => {
        const content = await files.read(fileKey, undefined, { sizeBytes, sha256 })
        return content ?? Promise.reject(new Problem('not_found', 'document_file_missing', { docId: document.id }))
      }, signal)
      .catch(error => {
        if (error instanceof Problem && error.code === 'scanner_unavailable') awayUntil = performance.now() + minute / 4
        throw error
      })
    await note(fileKey, found)
  }
  const scanFile: ScanFile = host.job('scan file', ({ fileKey }, { signal }) => look(fileKey, signal), {
    urgency: 'bulk',
  })

  /** Puts files in line whose job is at its end while they still wait, and those that were there before the scanner. */
  async function queue(): Promise<void> {
    await db.transaction(tx => noteScanner(tx, now()))
    // While it is away the jobs there are try again by themselves.
    const answers = await scanner!.version().catch(() => undefined)
    if (answers === undefined) return
    awayUntil = 0
    const at = now()
    const before = (ms: number) => new Date(at.getTime() - ms)
    await db.transaction(async tx => {
      const times = { at, waitingSince: before(5 * minute), othersSince: before(24 * 60 * minute) }
      const keys = await queueFiles(tx, { limit: mostQueued, ...times })
      for (const fileKey of keys) await tx.enqueue(scanFile, { fileKey }, { key: fileKey })
    })
  }

  /** A setting that got lost at one start must not give out at once what waits. */
  async function release(): Promise<void> {
    const hourAgo = new Date(now().getTime() - 60 * minute)
    const released = await db.transaction(tx => releaseWaiting(tx, hourAgo))
    if (released > 0)
      log.warn({ released }, 'documents are given out unscanned: for an hour no process has had a virus scanner')
  }

  return { scanFile: scanner && scanFile, tend: scanner ? queue : release }
}

/** A link is as old as its file, and what is known of that changes. */
export function guardLinks({ db, files }: DocumentsHost): void {
  files.guard('documents', ['document_in_quarantine', 'document_infected'], async key => {
    const document = await findByFile(db, key)
    // Not of a document that is gone, nor one whose place another took: nobody looks at it any more.
    if (!document) throw new Problem('not_found', 'file_missing')
    requireReleased(document)
  })
}
