import { setTimeout as sleep } from 'node:timers/promises'
import type { Outage } from '../telemetry/outage.ts'
import { wakeable, type Wakeable } from '../waiting.ts'
import type { Topics } from './topics.ts'

const retryMs = 500

/** Does `open` until it succeeds, one at a time, and once more when it is woken meanwhile. */
export const opening = (
  open: () => Promise<void>,
  { topics, outage, stopped }: { topics: Topics; outage: Outage; stopped: () => boolean },
): Wakeable =>
  wakeable(async () => {
    if (stopped()) return false
    try {
      await open()
      return false
    } catch (error) {
      if (stopped()) return false
      topics.doubt()
      outage.failed('join', error)
      await sleep(retryMs)
      return true
    }
  })
