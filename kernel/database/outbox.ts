import type { EventContract } from '../../contracts/define.ts'
import { stringify } from '../http/strict-json.ts'
import { newId } from '../ids.ts'
import { context, type Trace } from '../telemetry/context.ts'
import { sending } from '../telemetry/tracing.ts'
import type { Db } from './database.ts'

/** One event on its way into the event log. */
export interface Outgoing {
  readonly event: EventContract
  readonly data: Record<string, unknown>
  readonly actor: unknown
  readonly trace: Trace
}

/** An event of `owner`, noted until the transaction ends, with who acts and whose request it belongs to. */
export function outgoing(owner: string, event: EventContract, data: Record<string, unknown>): Outgoing {
  if (event.owner !== owner) throw new Error(`${owner} may not publish ${event.topic}, which belongs to ${event.owner}`)
  const trace = context()
  return { event, data, actor: trace.actor, trace }
}

const text = (tx: Db, value: unknown) => tx.typed(stringify(value) as never, 705)

/**
 * At the end of the transaction, so that the time between taking a position in the event log and committing it is
 * short.
 */
export function append(tx: Db, outgoing: readonly Outgoing[]): Promise<unknown> {
  // A text of no type, made before anything is sent: what the driver cannot serialise is left out, and the commit behind
  // it done all the same. One statement whatever their number: the server knows it from before.
  const rows = outgoing.map(({ event, data, actor, trace }) => {
    const id = newId()
    return {
      event_id: id,
      topic: event.topic,
      owner: event.owner,
      // A path into data of any shape.
      key: String(event.key.split('.').reduce((at: any, step) => at?.[step], data)),
      trace_id: sending(event.topic, id, trace),
      actor,
      data,
    }
  })
  // Executed here and now: a query that is only awaited goes out a turn later, after the commit. Their places follow
  // their order. One alone, as most are, needs no list to be read again.
  const [one] = rows
  if (rows.length === 1)
    return tx`
      insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
      values (${one!.event_id}, ${one!.topic}, ${one!.owner}, ${one!.key}, ${one!.trace_id},
        ${text(tx, one!.actor)}, ${text(tx, one!.data)})`.execute()
  return tx`
    insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
    select event_id, topic, owner, key, trace_id, actor, data
    from json_to_recordset(${text(tx, rows)}) as event
      (event_id uuid, topic text, owner text, key text, trace_id text, actor json, data json)`.execute()
}
