import type { PassportsHost } from '../host.ts'
import type { Change } from '../units/changing.ts'
import { dppRoutes } from './routes.ts'
import { vocabulary } from './vocabulary.ts'

/** The edge of EN 18222 and EN 18223, and what their references lead to. */
export function dpp(host: PassportsHost, change: Change): void {
  dppRoutes(host, change)
  vocabulary(host)
}
