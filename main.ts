import { dotenv, readConfig } from './kernel/config/config.ts'
import { misspelt } from './kernel/config/spelling.ts'
import { endOnRejections } from './kernel/run/rejections.ts'
import { run, type Platform } from './kernel/run/run.ts'
import { all, choose } from './services/all.ts'
import { banner, refusal } from './banner.ts'
import { seedDemo } from './seed.ts'

/** The whole platform: picks services, starts them, says where they are, and stops them when told to. */
try {
  const names = Object.keys(all)
  const config = readConfig(process.env, dotenv(), names)
  const services = await choose(config.OHMNIBUS_SERVICES)
  config.notices.push(...misspelt(config.environment, services, names))
  const platform = await run(services, config, {
    progress: message => console.error(`${message} …`),
    everywhere: names,
  })
  endOnRejections(platform.log)

  const stopping = stopsOnSignal(platform)
  const address = await platform.listen().catch(async error => {
    await platform.close()
    throw error
  })
  await seedDemo(platform).catch(error => {
    if (!stopping.aborted) throw error
  })
  if (!stopping.aborted) banner(platform, address)
} catch (error) {
  console.error(refusal(error))
  process.exit(1)
}

/** Ends the process in good order at the first signal, and at once when somebody is impatient; tells that it stops. */
function stopsOnSignal(platform: Platform): AbortSignal {
  const stopping = new AbortController()
  let since = 0
  const stop = async (): Promise<void> => {
    // npm passes a Ctrl-C on that the terminal has sent already: only one that comes later is impatience.
    if (since > 0) return void (Date.now() - since > 500 && process.exit(130))
    since = Date.now()
    stopping.abort()
    setTimeout(() => process.exit(1), 4_800).unref()
    await platform.close()
    process.exit(0)
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  return stopping.signal
}
