import { watchTrouble } from './chargers/trouble.ts'
import type { OcppHost } from './host.ts'
import { keepMessages } from './log/retention.ts'

/** What is to be done as time goes by, whoever says what. */
export function keepUp(host: OcppHost): void {
  keepMessages(host)
  watchTrouble(host)
}
