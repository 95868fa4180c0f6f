import { readConfig } from '../kernel/config/config.ts'
import { migrate } from '../kernel/database/migrate.ts'
import { run } from '../kernel/run/run.ts'
import { choose } from '../services/all.ts'
import { books } from './books/service.ts'
import { toys } from './toys/service.ts'
import type { Order } from './world.ts'

/**
 * The platform as it is started for people, but with limits out of the way, and, where its settings name no database,
 * on one that is given.
 */
const order = JSON.parse(process.argv[2]!) as Order
const config = readConfig({
  PORT: '0',
  HOST: '127.0.0.1',
  OHMNIBUS_DATA: order.dataFolder,
  RATE_LIMIT_FACTOR: '1000000',
  JWT_ACCESS_EXPIRY: '1d',
  LOG_LEVEL: 'warn',
  ...order.settings,
})
/** Made to be measured. */
const own = [toys, books]
const services = [
  ...(await choose(order.services.filter(name => own.every(service => service.name !== name)))),
  ...own.filter(({ name }) => order.services.includes(name)),
]
const at = { host: order.host, port: order.port, database: order.database }
const given = config.DATABASE_URL ? undefined : { at, admin: order.superuser }
if (given) await migrate(at, order.superuser, services)
const platform = await run(services, config, { database: given, open: true })
const address = await platform.listen()
process.once('disconnect', () => void platform.close().then(() => process.exit(0)))
process.send!(address)
