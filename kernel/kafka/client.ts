import type { Config } from '../config/config.ts'

/** How to speak to Kafka. */
export interface KafkaSettings {
  /** Before the names of topics and groups. */
  readonly prefix: string
  readonly partitions: number
  readonly replicas: number
  /** How long Kafka keeps events, in milliseconds; -1 for ever. */
  readonly retentionMs: number
  /** Options of a client that is called so in Kafka's own logs. */
  client(name: string): { clientId: string; bootstrapBrokers: string[]; connectTimeout: number; requestTimeout: number }
}

export function kafkaSettings(config: Config): KafkaSettings {
  const { KAFKA_BROKERS, KAFKA_TLS, KAFKA_SASL, KAFKA_USERNAME, KAFKA_PASSWORD, EVENT_RETENTION } = config
  return {
    prefix: config.KAFKA_TOPIC_PREFIX,
    partitions: config.KAFKA_PARTITIONS,
    replicas: config.KAFKA_REPLICATION,
    // Kafka does not ask whether somebody has still to read what it drops: a service that is away for some days finds
    // everything.
    retentionMs: EVENT_RETENTION === undefined ? -1 : Math.max(EVENT_RETENTION, 7 * 86_400_000),
    client: name => ({
      clientId: `ohmnibus-${name}`,
      bootstrapBrokers: KAFKA_BROKERS,
      connectTimeout: 5_000,
      requestTimeout: 20_000,
      ...(KAFKA_TLS && { tls: {} }),
      ...(KAFKA_SASL && {
        sasl: { mechanism: KAFKA_SASL as 'PLAIN', username: KAFKA_USERNAME!, password: KAFKA_PASSWORD! },
      }),
    }),
  }
}
