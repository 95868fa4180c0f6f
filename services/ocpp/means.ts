import { openAuthority } from './certificates/authority.ts'
import { openOutside } from './certificates/outside.ts'
import type { OcppHost } from './host.ts'
import type { Means } from './messages/handler.ts'
import { openNumbers } from './numbers.ts'
import { customerFiling } from './transfers/filing.ts'
import { readRoots } from './tokens/contracts.ts'

/** What handlers of messages have of the service. */
export async function openMeans(host: OcppHost): Promise<Means> {
  return {
    host,
    heartbeat: Math.round(host.settings.OCPP_HEARTBEAT / 1000),
    nextNumber: await openNumbers(host),
    contractRoots: await readRoots(host.settings.OCPP_CONTRACT_CA_FILE),
    authority: await openAuthority(host),
    outside: openOutside(host),
    fileCustomer: customerFiling(host),
  }
}
