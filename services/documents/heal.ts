import type { DocumentsHost } from './service.ts'
import { knownKeys, listFiles, markMissing } from './store.ts'

const batch = 500
/** Younger files may belong to a transaction that is about to commit. */
const youth = 60 * 60_000

/** There from the start, so that nobody takes a figure that is not there for one that is fine. */
export const missingFigure = (metrics: DocumentsHost['metrics']) =>
  metrics.gauge('ohmnibus_documents_missing_files', 'Documents whose file is not there')

/**
 * Brings files and rows together again after a crash between the two: files nobody knows are removed once they are an
 * hour old, documents whose file is not there are marked and told to the operator, and found again when it is back.
 */
export async function healFiles({
  db,
  files,
  log,
  metrics,
  now,
}: DocumentsHost): Promise<{ removed: number; missing: number }> {
  const missingFiles = missingFigure(metrics)
  let removed = 0
  let keys: string[] = []
  const removeUnknown = async (): Promise<void> => {
    const known = await knownKeys(db, keys)
    for (const key of keys.filter(candidate => !known.has(candidate))) {
      await files.remove(key)
      removed++
    }
    keys = []
  }
  for await (const { key, writtenAt } of files.list('documents/')) {
    if (now().getTime() - writtenAt.getTime() < youth) continue
    keys.push(key)
    if (keys.length === batch) await removeUnknown()
  }
  await removeUnknown()

  let missing = 0
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await listFiles(db, after, batch)
    for (const { id, fileKey, missing: marked } of rows) {
      const lost = (await files.size(fileKey)) === undefined
      if (lost) missing++
      if (lost === marked) continue
      await db.transaction(tx => markMissing(tx, id, fileKey, lost ? now() : null))
      log[lost ? 'error' : 'info'](
        { docId: id },
        lost ? 'the file of a document is not there' : 'the file of a document is back',
      )
    }
    if (rows.length < batch) break
    after = rows.at(-1)!.id
  }
  missingFiles.set(missing)
  if (removed > 0) log.warn({ removed }, 'removed files that no document has')
  return { removed, missing }
}
