import type { Log } from '../telemetry/log.ts'
import { inTime } from '../waiting.ts'

/** What has been opened, to be closed. */
export interface Closing {
  /** `work` ends what stands on nothing that is added later. */
  push(work: () => unknown): void
  /**
   * Ends all in reverse, within five seconds; who fails or hangs keeps nobody else from a clean end. May be repeated.
   */
  close(): Promise<void>
}

/** Below five seconds, after which whoever runs us may kill us. */
const allMs = 4_700
const oneMs = 3_000
/** What was opened first has this for itself: an embedded server that must not outlive us. */
const lastMs = 1_500

export function openClosing(log: Log): Closing {
  const closers: (() => unknown)[] = []
  let closing: Promise<void> | undefined

  async function closeAll(): Promise<void> {
    const deadline = performance.now() + allMs
    for (let closer = closers.pop(); closer; closer = closers.pop()) {
      const left = deadline - performance.now()
      // However many hang, a third of what is left stays for those after them.
      const ms = closers.length > 0 ? Math.min(oneMs, (Math.max(0, left - lastMs) * 2) / 3) : left
      try {
        await inTime(ms, closer, () => new Error(`it did not end within ${Math.round(ms)} ms`))
      } catch (error) {
        log.warn({ err: error }, 'something did not close cleanly')
      }
    }
  }

  return { push: work => void closers.push(work), close: () => (closing ??= closeAll()) }
}
