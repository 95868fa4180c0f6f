import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Admin } from '@platformatic/kafka'
import { cached } from './cache.ts'
import { fetchJars, findJava } from './java.ts'
import { freePort, type Place, type Recipe } from './recipe.ts'
import { launch } from './launch.ts'

const version = '4.4.0'
const toolsVersion = '4.3.1'

/** One node of Apache Kafka, broker and controller in one. Topics are made by who needs them, never by use. */
export async function kafka({ folder, port, proxied }: Place): Promise<Recipe> {
  const { java, release } = findJava()
  const home = await cached(`kafka-${version}`, fetchJars('kafka.pom.xml'))
  const [properties, logging, data] = ['server.properties', 'log4j2.properties', 'data'].map(name =>
    join(folder, name),
  ) as [string, string, string]
  const brokers = `127.0.0.1:${port}`
  const controller = `127.0.0.1:${await freePort()}`
  fs.writeFileSync(properties, lines({ ...settings, ...listeners(brokers, controller, proxied), 'log.dirs': data }))
  fs.writeFileSync(logging, lines(warnings))
  // Small and quick to start.
  const jvm = [
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xlog:disable',
    `-Dlog4j2.configurationFile=${logging}`,
  ]
  const program = ['-cp', join(home, '*')]
  return {
    settings: { KAFKA_BROKERS: brokers },
    async start() {
      if (!fs.existsSync(join(data, 'meta.properties'))) {
        const id = randomBytes(16).toString('base64url')
        // One id in 64 begins with a dash, which as a word of its own would be taken for another option.
        const format = ['kafka.tools.StorageTool', 'format', `--cluster-id=${id}`, '-c', properties]
        const { status, stdout, stderr } = spawnSync(java, [...jvm, ...program, ...format], { encoding: 'utf8' })
        if (status !== 0) throw new Error(`Kafka could not format ${data}:\n${stdout}${stderr}`)
      }
      const archive = classArchive(home, release)
      const life = await launch(java, [...jvm, archive.option, ...program, 'kafka.Kafka', properties], {
        folder,
        ready: () => makesTopics(brokers),
      })
      void life.ended.then(archive.keep)
      return life
    },
  }
}

/**
 * Runs one of Kafka's own console tools by the name of its class, as a child of this process. Fails with
 * `EngineMissing`.
 */
export async function kafkaTool(
  main: string,
  args: readonly string[],
): Promise<ChildProcessByStdio<null, Readable, Readable>> {
  const { java } = findJava()
  const home = await cached(`kafka-tools-${toolsVersion}`, fetchJars('kafka-tools.pom.xml'))
  const jvm = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(home, '*')]
  return spawn(java, [...jvm, main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

const settings = {
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.listener.names': 'CONTROLLER',
  'auto.create.topics.enable': false,
  'delete.topic.enable': true,
  'group.initial.rebalance.delay.ms': 0,
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 8,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 8,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'share.coordinator.state.topic.num.partitions': 8,
  'log.segment.bytes': 16 * 1024 * 1024,
  'log.index.size.max.bytes': 1024 * 1024,
  'file.delete.delay.ms': 1000,
  // A broker that was killed is taken back within seconds.
  'broker.session.timeout.ms': 3000,
  'broker.heartbeat.interval.ms': 500,
}

/** Clients go on with the address that the broker tells them, so who comes through a proxy is told the proxy's. */
const listeners = (brokers: string, controller: string, proxied: Place['proxied']) => ({
  listeners: `PLAINTEXT://${brokers},CONTROLLER://${controller}${proxied ? `,PROXIED://127.0.0.1:${proxied.listen}` : ''}`,
  'advertised.listeners': `PLAINTEXT://${brokers}${proxied ? `,PROXIED://127.0.0.1:${proxied.advertise}` : ''}`,
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'PLAINTEXT',
  'controller.quorum.voters': `1@${controller}`,
})

const warnings = {
  'rootLogger.level': 'WARN',
  'rootLogger.appenderRef.out.ref': 'out',
  'appender.out.type': 'Console',
  'appender.out.name': 'out',
  'appender.out.layout.type': 'PatternLayout',
  'appender.out.layout.pattern': '%d %p %m (%c)%n',
}

const lines = (properties: Record<string, string | number | boolean>): string =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')

/** Its port is open long before it works. */
async function makesTopics(broker: string): Promise<boolean> {
  const admin = new Admin({
    clientId: 'engines',
    bootstrapBrokers: [broker],
    retries: 0,
    timeout: 2000,
    connectTimeout: 1000,
  })
  const topics = [`ready-${randomUUID()}`]
  try {
    await admin.createTopics({ topics, partitions: 1, replicas: 1 })
    await admin.deleteTopics({ topics })
    return true
  } catch {
    return false
  } finally {
    await admin.close().catch(() => {})
  }
}

/**
 * What Java knows of the classes after a first, clean end, so that the next start need not find it out again: a third
 * less time.
 */
function classArchive(home: string, release: string): { option: string; keep: () => void } {
  const archive = join(home, `java-${release}.jsa`)
  if (fs.existsSync(archive)) return { option: `-XX:SharedArchiveFile=${archive}`, keep: () => {} }
  const part = `${archive}.${randomUUID()}`
  return {
    option: `-XX:ArchiveClassesAtExit=${part}`,
    keep: () => void (fs.existsSync(part) && fs.renameSync(part, archive)),
  }
}
