import type { OcppVersion } from '#contracts/ocpp'
import type { Batches } from '../batch.ts'
import type { OcppHost } from '../host.ts'
import type { Handlers, Means } from '../messages/handler.ts'
import { actions } from '../messages/schemas.ts'
import type { Peer } from '../peer.ts'

/** One charger's end of the wire, as who receives and who sends see it. */
export interface Line {
  readonly peer: Peer
  readonly host: OcppHost
  readonly batches: Batches
  /** Of the version that is spoken. */
  readonly handlers: Handlers
  readonly means: Means
  /** Says a frame; nothing happens once the connection is gone. */
  send(text: string): void
}

/** Counts messages; names that chargers make up are no labels. */
export function messagesCounted({ metrics }: OcppHost) {
  const counter = metrics.counter('ohmnibus_ocpp_messages_total', 'Messages between chargers and the platform', [
    'direction',
    'version',
    'action',
    'outcome',
  ])
  return (direction: 'received' | 'sent', version: OcppVersion, action: string, outcome: string): void =>
    counter.inc({ direction, version, action: actions().has(action) ? action : 'other', outcome })
}
