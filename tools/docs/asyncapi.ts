import { EventActor, Id, Instant } from '../../contracts/shared.ts'
import { exampleOf } from '../../kernel/openapi.ts'
import type { DescribedEvent } from './contracts.ts'
import type { Readers } from './readers.ts'

/** The AsyncAPI 3.0 document: a channel a topic, with its messages as Kafka carries them. */
export function asyncapi(events: readonly DescribedEvent[], readers: Readers, version: string) {
  const keyed = <T>(make: (described: DescribedEvent) => T): Record<string, T> =>
    Object.fromEntries(events.map(described => [described.event.topic, make(described)]))
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Ohmnibus events',
      version,
      description:
        'What happened, as the services of Ohmnibus tell it. Each event is delivered at least once, in order for its key within its topic; ' +
        '`eventId` is the same each time. Fields that are published stay.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: keyed(({ event, promise }) => ({
      address: event.topic,
      description: promise,
      tags: [{ name: event.owner }],
      messages: { [event.topic]: { $ref: `#/components/messages/${event.topic}` } },
    })),
    operations: {
      ...keyed(({ event }) => ({ action: 'send', summary: `The service ${event.owner} tells it.`, ...about(event.topic) })),
      ...Object.fromEntries(
        events.flatMap(({ event: { topic } }) =>
          [...Map.groupBy(readers.get(topic) ?? [], ({ service }) => service)].map(([service, subscriptions]) => {
            const purposes = subscriptions.map(({ purpose }) => purpose).join('; ')
            return [
              `${service}-reads-${topic}`,
              { action: 'receive', summary: `The service ${service} reads it: ${purposes}.`, ...about(topic) },
            ]
          }),
        ),
      ),
    },
    components: {
      messages: keyed(({ event, promise }) => {
        const payload = {
          type: 'object',
          required: ['eventId', 'timestamp', 'actor', ...((event.data.required as string[] | undefined) ?? [])],
          properties: { eventId: Id, timestamp: Instant, actor: EventActor, ...event.data.properties },
        }
        const data = exampleOf(payload) as Record<string, unknown>
        return {
          name: event.topic,
          title: event.topic,
          summary: promise,
          contentType: 'application/json',
          headers: headersOf(event.topic, event.owner),
          payload,
          bindings: { kafka: { key: { type: 'string', description: `\`${event.key}\` of the data` }, bindingVersion: '0.5.0' } },
          examples: [{ name: event.topic, headers: exampleOf(headersOf(event.topic, event.owner)), payload: data }],
        }
      }),
    },
  }
}

const about = (topic: string) => ({
  channel: { $ref: `#/channels/${topic}` },
  messages: [{ $ref: `#/channels/${topic}/messages/${topic}` }],
})

/** CloudEvents 1.0, Kafka binding, binary mode; and W3C trace context. */
const headersOf = (topic: string, owner: string) => ({
  type: 'object',
  required: ['ce_id', 'ce_type', 'ce_source', 'ce_specversion', 'ce_time', 'ce_subject', 'content-type'],
  properties: {
    ce_id: { ...Id, description: 'As `eventId`' },
    ce_type: { type: 'string', const: topic },
    ce_source: { type: 'string', const: `/services/${owner}` },
    ce_specversion: { type: 'string', const: '1.0' },
    ce_time: { ...Instant, description: 'As `timestamp`' },
    ce_subject: { type: 'string', description: 'As the key of the message', examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'] },
    'content-type': { type: 'string', const: 'application/json' },
    traceparent: {
      type: 'string',
      description: 'W3C trace context of the request that led to it',
      examples: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    },
  },
})
