import { createHash } from 'node:crypto'
import { Readable, Transform } from 'node:stream'
import { Problem } from '../problem.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Content } from './files.ts'

/** Measures what streams through it; fails with `file_too_large`. */
export function openMeter(maxBytes: number): { meter: Transform; measured(): Content } {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const meter = new Transform({
    transform(chunk: Buffer, _, done) {
      sizeBytes += chunk.length
      hash.update(chunk)
      done(sizeBytes > maxBytes ? tooLarge(maxBytes) : null, chunk)
    },
  })
  return { meter, measured: () => ({ sizeBytes, sha256: hash.digest('hex') }) }
}

/** The bytes of `source`, the last of them only when it ended well and all are `content`, if that is given. */
export function heldTo(
  source: Readable,
  content: Content | undefined,
  otherwise: { damaged: () => Error; broken?: (error: unknown) => unknown },
): Readable {
  const { damaged, broken = error => error } = otherwise
  const held = async function* () {
    const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
    const hash = createHash('sha256')
    let sizeBytes = 0
    let last: Buffer | undefined
    for (;;) {
      // Nothing around `yield` is caught: there the reader's own errors would come.
      const { value } = await chunks.next().catch(error => {
        throw broken(error)
      })
      if (!value) break
      if (last) yield last
      if (content) hash.update(value)
      sizeBytes += value.length
      last = value
    }
    if (content && (sizeBytes !== content.sizeBytes || hash.digest('hex') !== content.sha256)) throw damaged()
    if (last) yield last
  }
  source.on('error', () => {}) // kept for who reads next
  // Who goes before the first byte ends the source too.
  return Readable.from(held(), { objectMode: false }).once('close', () => source.destroy())
}

/** Counts files that are not what was written, and has operators look. */
export function damageReport({ log, metrics }: { log: Log; metrics: Metrics }): (key: string) => void {
  const counter = metrics.counter(
    'ohmnibus_files_damaged_total',
    'Files that were not what was written when they were read',
  )
  return key => {
    counter.inc()
    log.error({ key }, 'a file is not what was written: restore it from a back-up')
  }
}

export const damaged = (key: string, onDamage: (key: string) => void): Problem => {
  onDamage(key)
  return new Problem('unavailable', 'file_damaged', { detail: 'The file is damaged. Operators have been told.' })
}

const tooLarge = (maxBytes: number) =>
  new Problem('too_large', 'file_too_large', { detail: `A file may have ${maxBytes} bytes at most.`, maxBytes })
