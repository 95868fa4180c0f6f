import { dotenv, readConfig } from './kernel/config/config.ts'
import { misspelt } from './kernel/config/spelling.ts'
import { StartError } from './kernel/problem.ts'
import { endOnRejections } from './kernel/run/rejections.ts'
import { run } from './kernel/run/run.ts'
import { all, choose } from './services/all.ts'
import { banner } from './banner.ts'
import { seedDemo } from './seed.ts'

/** The whole platform: picks services, starts them, says where they are, and stops them when told to. */
try {
  const config = readConfig(process.env, dotenv(), Object.keys(all))
  const services = await choose(config.OHMNIBUS_SERVICES)
  config.notices.push(...misspelt(config.environment, services, Object.keys(all)))
  const platform = await run(services, config, {
    progress: message => console.error(`${message} …`),
    everywhere: Object.keys(all),
  })
  endOnRejections(platform.log)

  let stopping = 0
  const stop = async (): Promise<void> => {
    // npm passes a Ctrl-C on that the terminal has sent already: only one that comes later is impatience.
    if (stopping) return void (Date.now() - stopping > 500 && process.exit(130))
    stopping = Date.now()
    setTimeout(() => process.exit(1), 4_800).unref()
    await platform.close()
    process.exit(0)
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)

  const address = await platform.listen().catch(async error => {
    await platform.close()
    throw error
  })
  await seedDemo(platform).catch(error => {
    if (!stopping) throw error
  })
  if (!stopping) banner(platform, address)
} catch (error) {
  const { message, cause = error } = error as Error
  const lost = /^(57P|08|CONNECTION_|ECONN|EPIPE)/.test((cause as { code?: string }).code ?? '')
  const sentence = lost
    ? `PostgreSQL went away meanwhile (${(cause as Error).message}). Start again in a moment.`
    : message
  console.error(lost || error instanceof StartError ? `\nOhmnibus cannot start. ${sentence}\n` : error)
  process.exit(1)
}
