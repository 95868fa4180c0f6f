import { dotenv, readConfig } from './kernel/config/config.ts'
import { misspelt } from './kernel/config/spelling.ts'
import { endOnRejections } from './kernel/run/rejections.ts'
import { run, type Platform } from './kernel/run/run.ts'
import { all, choose } from './services/all.ts'
import { doors } from './services/doors.ts'
import { banner, lacking, progress, refusal } from './banner.ts'
import { chargeDemo, seedDemo, stockDemo } from './seed.ts'

/** The whole platform: picks services, starts them, says where they are, and stops them when told to. */
let running: Platform | undefined
const stopping = stopsOnSignal()
try {
  const names = Object.keys(all)
  const config = readConfig(process.env, dotenv(), names)
  const services = await choose(config.OHMNIBUS_SERVICES)
  config.notices.push(...misspelt(config.environment, services, names), ...lacking(services, config, names))
  const platform = await run(services, config, {
    progress,
    // At once: what comes before the banner, Ctrl-C too, must not lose it.
    announced: (label, value) => console.log(`${label}: ${value}`),
    everywhere: names,
    doors,
  })
  running = platform
  endOnRejections(platform.log)
  const address = await platform.listen().catch(async error => {
    await platform.close()
    throw error
  })
  await seedDemo(platform).catch(error => {
    if (!stopping.aborted) throw error
  })
  if (!stopping.aborted) banner(platform, address)
  await chargeDemo(platform, address, stopping)
  await stockDemo(platform, stopping)
} catch (error) {
  console.error(refusal(error))
  process.exit(1)
}

/**
 * Ends the process in good order at the first signal, and at once when somebody is impatient or nothing is under way
 * yet; tells that it stops.
 */
function stopsOnSignal(): AbortSignal {
  const stopping = new AbortController()
  let since = 0
  const stop = async (_: NodeJS.Signals, number: number): Promise<void> => {
    if (!running) process.exit(128 + number)
    // npm passes a Ctrl-C on that the terminal has sent already: only one that comes later is impatience.
    if (since > 0) return void (Date.now() - since > 500 && process.exit(130))
    since = Date.now()
    stopping.abort()
    setTimeout(() => process.exit(1), 4_800).unref()
    await running.close()
    process.exit(0)
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  return stopping.signal
}
