import { hash } from 'node:crypto'
import type { DocumentsHost } from './host.ts'
import { knownKeys, listFiles, markMissing } from './store.ts'

const batch = 500
/** Younger files may belong to a transaction that is about to commit. */
const youth = 60 * 60_000

/** There from the start, so that nobody takes a figure that is not there for one that is fine. */
export const missingFigure = (metrics: DocumentsHost['metrics']) =>
  metrics.gauge('ohmnibus_documents_missing_files', 'Documents whose file is not there')

/**
 * Brings files and rows together again after a crash between the two: files nobody knows are removed once they are an
 * hour old, documents whose file is not there are marked and told to the operator, and found again when it is back. The
 * storage is listed once, and asked about a single file only where the list lacks it.
 */
export async function healFiles(host: DocumentsHost): Promise<{ removed: number; missing: number }> {
  const stored = await removeUnknown(host)
  const missing = await markLost(host, stored.keys)
  missingFigure(host.metrics).set(missing)
  if (stored.removed > 0) host.log.warn({ removed: stored.removed }, 'removed files that no document has')
  return { removed: stored.removed, missing }
}

/** Removes files that no document has; gives the keys of all there are. */
async function removeUnknown({ db, files, now }: DocumentsHost): Promise<{ removed: number; keys: Keys }> {
  const keys = new Keys()
  let removed = 0
  let waiting: string[] = []
  const look = async (): Promise<void> => {
    const known = await knownKeys(db, waiting)
    for (const key of waiting.filter(candidate => !known.has(candidate))) {
      await files.remove(key)
      removed++
    }
    waiting = []
  }
  for await (const { key, writtenAt } of files.list('documents/')) {
    keys.add(key)
    if (now().getTime() - writtenAt.getTime() < youth) continue
    waiting.push(key)
    if (waiting.length === batch) await look()
  }
  await look()
  return { removed, keys }
}

/** Marks documents whose file is not among `stored`, and those whose file is again; how many have none. */
async function markLost({ db, files, log, now }: DocumentsHost, stored: Keys): Promise<number> {
  let missing = 0
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await listFiles(db, after, batch)
    for (const { id, fileKey, missing: marked } of rows) {
      // A list is of a while ago: a file that it lacks may have been written since.
      const lost = !stored.has(fileKey) && (await files.size(fileKey)) === undefined
      if (lost) missing++
      if (lost === marked) continue
      await db.transaction(tx => markMissing(tx, id, fileKey, lost ? now() : null))
      log[lost ? 'error' : 'info'](
        { docId: id },
        lost ? 'the file of a document is not there' : 'the file of a document is back',
      )
    }
    if (rows.length < batch) return missing
    after = rows.at(-1)!.id
  }
}

/** A set of keys by 64 bits of their hash: eight bytes a file, so that a million take eight megabytes. */
class Keys {
  #hashes = new BigUint64Array(1_024)
  #count = 0
  #sorted = true

  add(key: string): void {
    if (this.#count === this.#hashes.length) {
      const grown = new BigUint64Array(this.#count * 2)
      grown.set(this.#hashes)
      this.#hashes = grown
    }
    this.#hashes[this.#count++] = hashOf(key)
    this.#sorted = false
  }

  has(key: string): boolean {
    if (!this.#sorted) this.#hashes.subarray(0, this.#count).sort()
    this.#sorted = true
    const wanted = hashOf(key)
    let [low, high] = [0, this.#count]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#hashes[middle]! < wanted) low = middle + 1
      else high = middle
    }
    return low < this.#count && this.#hashes[low] === wanted
  }
}

const hashOf = (key: string): bigint => hash('sha256', key, 'buffer').readBigUInt64BE()
