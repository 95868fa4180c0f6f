import { readFileSync } from 'node:fs'
import { readConfig } from '../../kernel/config/config.ts'
import type { Settings } from '../../kernel/config/settings.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { run, type Platform } from '../../kernel/run/run.ts'
import { all, choose } from '../../services/all.ts'
import { withClockwork } from '../journeys/clockwork.ts'

/** A process that runs one platform after the other, as its parent says; see `processes.ts`. */
export type Order = { id: number } & (
  | { do: 'start'; environment: Settings; clock?: string | undefined }
  | { do: 'settle' }
  | { do: 'strike'; service: string; like: string }
  | { do: 'stop' }
)

let platform: Platform | undefined
let clockwork: ReturnType<typeof withClockwork> | undefined

const acts = {
  async start({ environment, clock }: { environment: Settings; clock?: string }): Promise<string> {
    const config = readConfig(environment)
    const log = openLog({ level: process.env.OHMNIBUS_TEST_LOG ?? 'silent' })
    clockwork = withClockwork(await choose(config.OHMNIBUS_SERVICES))
    platform = await run(clockwork.services, config, {
      log,
      periodic: false,
      everywhere: Object.keys(all),
      // All of them go by one clock, which stands in a file.
      ...(clock && { now: () => new Date(readFileSync(clock, 'utf8')) }),
    })
    return await platform.listen().catch(async error => {
      await platform!.close()
      throw error
    })
  },
  strike: async ({ service, like }: { service: string; like: string }) =>
    await clockwork!.strikeAt(service, new RegExp(like)),
  settle: async () => await platform!.settle(),
  stop: async () => await platform?.close(),
}

process.on('message', (order: Order) => {
  const act = acts[order.do] as (order: Order) => Promise<unknown>
  act(order).then(
    value => process.send!({ id: order.id, value }),
    error => process.send!({ id: order.id, fault: error.stack ?? String(error) }),
  )
})
// Nobody is there any more who could want anything.
process.on('disconnect', () => process.exit())
