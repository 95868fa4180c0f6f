import type { OcppHost } from '../host.ts'
import type { Authority } from './authority.ts'
import { renewCertificates } from './renewal.ts'
import { certificateRoutes } from './routes.ts'

/** What operators do with certificates of chargers, and what is done for them. */
export function openCertificates(host: OcppHost, authority: Authority): void {
  certificateRoutes(host, authority)
  renewCertificates(host)
}
