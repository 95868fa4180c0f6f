import type { PassportsHost } from '../host.ts'
import { historyRoutes } from './routes.ts'
import { chainAll, sealDays } from './sealing.ts'

/** History that can be proved: bound version by version, sealed day by day, told to each as far as they see. */
export async function history(host: PassportsHost): Promise<void> {
  historyRoutes(host)
  await chainAll(host)
  host.every('1 hour', 'seal the history of passports', () => sealDays(host))
}
