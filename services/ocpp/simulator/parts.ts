import { openCards, type Plugs } from './cards.ts'
import { openCertificate } from './certificate.ts'
import { openFirmware } from './firmware.ts'
import type { Inside } from './inside.ts'
import { openLogs } from './logs.ts'

/** What a simulated charger consists of beside its plugs and its line. */
export const partsOf = (inside: Inside, plugs: Plugs) => ({
  cards: openCards(inside, plugs),
  firmware: openFirmware(inside),
  certificate: openCertificate(inside),
  logs: openLogs(inside),
})
