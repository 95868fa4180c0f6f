import { imports } from '#imports/imports'
import { defineService } from '#kernel'
import { openBatches } from './batch.ts'
import { openCertificates } from './certificates/open.ts'
import { reachable } from './chargers/paths.ts'
import { openCommands } from './commands/open.ts'
import { asksLater, needs, publishes, settings } from './host.ts'
import { answerHoldings } from './holdings.ts'
import { openMeans } from './means.ts'
import { handlers } from './messages/handlers.ts'
import { openWire } from './log/wire.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { openGateway } from './rpc/gateway.ts'
import { openPorts } from './rpc/ports.ts'
import { routes } from './routes.ts'
import { simulatorRoutes } from './simulator/routes.ts'
import { answerOthers } from './answers.ts'
import { keepUp } from './upkeep.ts'

/** Chargers: their connections, what they say, and what they are told. */
export const ocpp = defineService({
  name: 'ocpp',
  about: 'Chargers over OCPP 1.6, 2.0.1 and 2.1: connections, messages, commands and tokens.',
  problems,
  folder: import.meta.dirname,
  personal,
  includes: [imports],
  needs,
  asksLater,
  settings,
  publishes,
  async start(given) {
    const host = { ...given, http: reachable(given.http) }
    const batches = openBatches(host)
    const means = await openMeans(host)
    const wire = openWire(host, chargerId => gateway.connectionOf(chargerId) !== undefined)
    const gateway = await openGateway({ host, batches, means, handlers, overheard: wire.overheard })
    openCommands(host, gateway)
    openCertificates(host, means.authority)
    await openPorts(host, gateway, means.authority)
    keepUp(host)
    simulatorRoutes(host, gateway)
    routes(host, wire)
    answerOthers(host)
    answerHoldings(host)
  },
})
