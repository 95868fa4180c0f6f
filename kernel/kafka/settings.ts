import Type, { type Static } from 'typebox'
import { Setting } from '../config/settings.ts'

export const settings = Type.Object({
  KAFKA_BROKERS: Setting.list(
    'Apache Kafka that events travel over, as host:port, comma-separated (the event log in PostgreSQL).',
  ),
  KAFKA_BROKER: Setting.list('KAFKA_BROKERS by its other name.'),
  KAFKA_TOPIC_PREFIX: Setting.text(
    'Stands before the name of every topic and group, where several platforms share a Kafka.',
    {
      default: '',
      pattern: '^[A-Za-z0-9._-]{0,100}$',
      form: 'made of up to 100 letters, digits, dots, underscores and hyphens',
    },
  ),
  KAFKA_PARTITIONS: Setting.integer('Partitions of topics that are made.', { default: 6, minimum: 1, maximum: 1_000 }),
  KAFKA_REPLICATION: Setting.integer("Copies of topics that are made; -1 leaves it to the brokers' default.", {
    default: -1,
    minimum: -1,
    maximum: 100,
  }),
  KAFKA_TLS: Setting.flag('Whether Kafka is spoken to over TLS.', { default: false }),
  KAFKA_SASL: Type.Optional(
    Setting.text('How to sign in at Kafka: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (not at all).', {
      pattern: '^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$',
      form: 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512',
    }),
  ),
  KAFKA_USERNAME: Type.Optional(Setting.text('Name to sign in with at Kafka.')),
  KAFKA_PASSWORD: Type.Optional(Setting.secret('Password for it.')),
})

/** Brokers by whichever name they were given. */
export const brokersOf = ({ KAFKA_BROKERS, KAFKA_BROKER }: Static<typeof settings>): string[] =>
  KAFKA_BROKERS.length > 0 ? KAFKA_BROKERS : KAFKA_BROKER

/** What is wrong with these taken together. */
export const faultsOf = (given: Static<typeof settings>): string[] => [
  ...brokersOf(given)
    .filter(broker => !/^[^\s:/]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i.test(broker))
    .map(broker => `KAFKA_BROKERS: "${broker}" is not of the form host:port`),
  ...(given.KAFKA_SASL && !(given.KAFKA_USERNAME && given.KAFKA_PASSWORD)
    ? ['KAFKA_SASL: needs KAFKA_USERNAME and KAFKA_PASSWORD beside it']
    : []),
]
