import type { Log } from '../telemetry/log.ts'
import { inTime } from '../waiting.ts'

/** What has been opened, to be closed. */
export interface Closing {
  /** `work` ends what stands on nothing that is added later. */
  push(work: () => unknown): void
  /** Ends all in reverse, within five seconds; who fails or hangs keeps nobody else from a clean end. Safe to call twice. */
  close(): Promise<void>
}

/** Below five seconds, after which whoever runs us may kill us. */
const allMs = 4_600
const oneMs = 3_000

export function openClosing(log: Log): Closing {
  const closers: (() => unknown)[] = []
  let closing: Promise<void> | undefined

  async function closeAll(): Promise<void> {
    const deadline = performance.now() + allMs
    for (const closer of closers.reverse())
      try {
        // However many hang, a third of what is left stays for those after them.
        const ms = Math.min(oneMs, (Math.max(0, deadline - performance.now()) * 2) / 3)
        await inTime(ms, closer, () => new Error(`it did not end within ${Math.round(ms)} ms`))
      } catch (error) {
        log.warn({ err: error }, 'something did not close cleanly')
      }
  }

  return { push: work => void closers.push(work), close: () => (closing ??= closeAll()) }
}
