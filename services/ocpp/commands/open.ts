import { mirrorDevices } from '../device/mirror.ts'
import { deviceRoutes } from '../device/routes.ts'
import type { OcppHost } from '../host.ts'
import type { Gateway } from '../rpc/gateway.ts'
import { tellCosts } from '../prices/costs.ts'
import { priceRoutes } from '../prices/routes.ts'
import { tellTariffs } from '../prices/tariffs.ts'
import { openTransfers } from '../transfers/open.ts'
import { runCampaigns } from '../firmware/campaigns.ts'
import { firmwareRoutes } from '../firmware/routes.ts'
import { localListRoutes } from '../local-list/routes.ts'
import { syncLists } from '../local-list/sync.ts'
import { openCalling } from './call.ts'
import { deliverCommands } from './deliver.ts'
import { openEndings } from './endings.ts'
import { openHurry } from './hurry.ts'
import { takeRequests } from './requested.ts'
import { commandRoutes } from './routes.ts'
import { schemaRoutes } from './schemas.ts'

/** What operators tell chargers, and what is known of the devices that they are. */
export function openCommands(host: OcppHost, gateway: Gateway): void {
  const endings = openEndings(host)
  const hurry = openHurry(host, gateway.id, {
    waits: command => deliver.hurry(command),
    ended: ({ chargerId, id }) => void endings.look(chargerId, id).catch(() => {}),
  })
  const deliver = deliverCommands(host, gateway, hurry.ended)
  const call = openCalling(host, endings, hurry.waits)
  const syncList = syncLists(host, call)
  mirrorDevices(host, syncList)
  commandRoutes(host, call)
  schemaRoutes(host)
  takeRequests(host)
  deviceRoutes(host, call)
  openTransfers(host, call)
  tellTariffs(host, call)
  tellCosts(host)
  priceRoutes(host)
  localListRoutes(host, syncList)
  firmwareRoutes(host, call)
  runCampaigns(host)
}
