import { EventActor, Id, Instant } from '../../contracts/shared.ts'
import { exampleOf } from '../../kernel/http/examples.ts'
import { deadLetters } from '../../kernel/kafka/relay.ts'
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
    servers: {
      kafka: {
        host: 'localhost:9092',
        protocol: 'kafka',
        description:
          'As KAFKA_BROKERS names it. KAFKA_TOPIC_PREFIX stands before the address of each channel; without it there is nothing before.',
        bindings: { kafka: { bindingVersion } },
      },
    },
    defaultContentType: 'application/json',
    channels: {
      ...keyed(({ event, promise }) => channel(event.topic, promise, event.owner)),
      [deadLetters]: channel(
        deadLetters,
        'What a service could not handle, once it has given up trying; a person may replay it.',
        'kernel',
      ),
    },
    operations: {
      ...keyed(({ event }) => ({
        action: 'send',
        summary: `The service ${event.owner} tells it.`,
        ...about(event.topic),
      })),
      ...Object.fromEntries(
        events.flatMap(({ event: { topic } }) =>
          (readers.get(topic) ?? []).map(({ service, purpose }) => [
            `${service}-reads-${topic}`,
            { action: 'receive', summary: `The service ${service} reads it: ${purpose}.`, ...about(topic) },
          ]),
        ),
      ),
      [deadLetters]: { action: 'send', summary: 'Whichever service could not handle an event.', ...about(deadLetters) },
    },
    components: {
      messages: {
        ...keyed(messageOf),
        [deadLetters]: deadLetter,
      },
    },
  }
}

const bindingVersion = '0.5.0'

const channel = (topic: string, description: string, owner: string) => ({
  address: topic,
  description,
  tags: [{ name: owner }],
  messages: { [topic]: { $ref: `#/components/messages/${topic}` } },
  bindings: { kafka: { topicConfiguration: { 'cleanup.policy': ['delete'] }, bindingVersion } },
})

const about = (topic: string) => ({
  channel: { $ref: `#/channels/${topic}` },
  messages: [{ $ref: `#/channels/${topic}/messages/${topic}` }],
})

const envelope = { eventId: Id, timestamp: Instant, actor: EventActor }

const key = (description: string) => ({ kafka: { key: { type: 'string', description }, bindingVersion } })

function messageOf({ event, promise }: DescribedEvent) {
  const payload = {
    type: 'object',
    required: [...Object.keys(envelope), ...((event.data.required as string[] | undefined) ?? [])],
    properties: { ...envelope, ...event.data.properties },
  }
  const headers = headersOf({ const: event.topic }, { const: `urn:ohmnibus:${event.owner}` })
  return {
    name: event.topic,
    title: event.topic,
    summary: promise,
    contentType: 'application/json',
    headers,
    payload,
    bindings: key(`\`${event.key}\` of the data`),
    examples: [
      { name: event.topic, headers: exampleOf(headers), payload: exampleOf(payload) as Record<string, unknown> },
    ],
  }
}

/** CloudEvents 1.0, Kafka binding, binary mode; and W3C trace context. */
const headersOf = (type: object, source: object) => ({
  type: 'object',
  required: [
    'ce_id',
    'ce_type',
    'ce_source',
    'ce_specversion',
    'ce_time',
    'ce_subject',
    'ce_sequence',
    'content-type',
    'traceparent',
  ],
  properties: {
    ce_id: { ...Id, description: 'As `eventId`' },
    ce_type: { type: 'string', ...type },
    ce_source: { type: 'string', ...source },
    ce_specversion: { type: 'string', const: '1.0' },
    ce_time: { ...Instant, description: 'As `timestamp`' },
    ce_subject: {
      type: 'string',
      description: 'As the key of the message',
      examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'],
    },
    ce_sequence: {
      type: 'string',
      pattern: '^[1-9]\\d*$',
      description: 'Grows within a partition; a message whose number is not above the last one was sent twice',
      examples: ['4711'],
    },
    'content-type': { type: 'string', const: 'application/json' },
    traceparent: {
      type: 'string',
      description: 'W3C trace context of the request that led to it',
      examples: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    },
  },
})

const deadLetter = (() => {
  const { required, properties, type } = headersOf(
    { description: 'The topic it came from', examples: ['passport.created'] },
    { description: 'The service that could not handle it', examples: ['urn:ohmnibus:notifications'] },
  )
  const headers = {
    type,
    required: [...required, 'ohmnibus_subscription', 'ohmnibus_error'],
    properties: {
      ...properties,
      ohmnibus_subscription: {
        type: 'string',
        description: 'The name of the subscription, under which it is in the list of dead letters',
        examples: ['notifications: tell (passport.created)'],
      },
      ohmnibus_error: {
        type: 'string',
        description: 'The first line of the last error',
        examples: ['Error: no such template'],
      },
    },
  }
  const payload = { type: 'object', required: Object.keys(envelope), properties: envelope, additionalProperties: true }
  return {
    name: deadLetters,
    title: deadLetters,
    summary: 'The event as it came, with who could not handle it and why.',
    contentType: 'application/json',
    headers,
    payload,
    bindings: key('As that of the event'),
    examples: [
      { name: deadLetters, headers: exampleOf(headers), payload: exampleOf(payload) as Record<string, unknown> },
    ],
  }
})()
