import type { KafkaRecord, MessageToProduce } from '@platformatic/kafka'
import type { EventRow } from '../events/transport.ts'
import { newTraceId, readTraceparent, traceNote, traceparent } from '../telemetry/context.ts'

/** An event as it stands in the event log or among the dead letters; what is JSON there goes out as it is. */
export interface LogRow extends Omit<EventRow, 'actor' | 'data' | 'offset'> {
  owner: string
  actor: string
  data: string
}

export type TextMessage = MessageToProduce<string, string, string, string>

/** The message of an event, in a topic: the envelope and the data flat, the headers as CloudEvents 1.0 has them. */
export const messageOf = (row: LogRow, topic: string): TextMessage => ({
  topic,
  key: row.key,
  // The data of an event has at least its key.
  value:
    `{"eventId":"${row.event_id}","timestamp":"${row.published_at.toISOString()}","actor":${row.actor},` +
    row.data.slice(row.data.indexOf('{') + 1),
  timestamp: BigInt(row.published_at.getTime()),
  headers: {
    ce_specversion: '1.0',
    ce_id: row.event_id,
    ce_type: row.topic,
    ce_source: `urn:ohmnibus:${row.owner}`,
    ce_subject: row.key,
    ce_time: row.published_at.toISOString(),
    ce_sequence: String(row.position),
    'content-type': 'application/json',
    traceparent: traceparent(row.trace_id),
  },
})

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Undefined for what is no such message: one of these could neither be handled nor kept as a dead letter. */
export function eventOf({ key, value, headers }: KafkaRecord, topic: string, offset: number): EventRow | undefined {
  try {
    const header = (name: string): string | undefined =>
      headers.find(([key]) => key?.toString() === name)?.[1]?.toString()
    const { eventId, timestamp, actor, ...data } = JSON.parse(value!.toString()) as {
      eventId: string
      timestamp: string
      actor: EventRow['actor']
    }
    const position = Number(header('ce_sequence'))
    const publishedAt = new Date(timestamp)
    const isNumbered = Number.isSafeInteger(position) && position >= 1
    const isOurs = header('ce_type') === topic && header('ce_id') === eventId && uuid.test(eventId)
    if (!isOurs || !isNumbered || !key || !actor || Number.isNaN(publishedAt.getTime())) return undefined
    return {
      position,
      offset,
      topic,
      event_id: eventId,
      key: key.toString(),
      trace_id: traceNote(readTraceparent(header('traceparent')) ?? { traceId: newTraceId() }),
      actor,
      data,
      published_at: publishedAt,
    }
  } catch {
    return undefined
  }
}
