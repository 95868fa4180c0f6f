import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers, type Message } from '@platformatic/kafka'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { newId, Problem } from '../../kernel/index.ts'
import { open, start, type TestPlatform } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { startEngine, type Engine } from '../../tools/engines/engine.ts'
import { EngineMissing } from '../../tools/engines/recipe.ts'
import { kafkaTool } from '../../tools/engines/kafka.ts'
import { everythingHappens } from '../journeys/everything.ts'
import { Noted, notes, readers, seen, settleNow, until, write, type Reading } from '../kernel/toys.ts'
import { engine } from './engine.ts'

type Settings = Record<string, string>
type Text = Pick<Message<string, string, string, string>, 'topic' | 'partition' | 'key' | 'value' | 'headers'>

const subscription = 'readers: remember (note.taken)'

/** Notes and readers over Kafka. */
async function notesOverKafka(t: TestContext, environment: Settings, reading?: Reading) {
  const services = [await notes(t), await readers(t, reading)]
  return { services, p: await start(t, services, { environment }) }
}

/** A Kafka that the test may kill. */
async function ownKafka(t: TestContext, port?: number): Promise<{ kafka: Engine; environment: Settings }> {
  await engine(t, 'kafka')
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-kafka-'))
  const kafka = await startEngine('kafka', { folder, ...(port && { port }) })
  t.after(async () => {
    await kafka.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return { kafka, environment: { ...kafka.settings, KAFKA_PARTITIONS: '2' } }
}

async function admin<T>(settings: Settings, work: (admin: Admin) => Promise<T>): Promise<T> {
  const client = new Admin({ clientId: 'test', bootstrapBrokers: [settings.KAFKA_BROKERS!] })
  return await work(client).finally(() => client.close())
}

/** Everything in these topics, by a client that knows nothing of Ohmnibus; resolves when it has `count` messages. */
async function consume(settings: Settings, topics: readonly string[], count: number): Promise<Text[]> {
  const consumer = new Consumer({
    clientId: 'somebody',
    groupId: newId(),
    bootstrapBrokers: [settings.KAFKA_BROKERS!],
    deserializers: stringDeserializers,
  })
  const messages: Text[] = []
  try {
    const stream = await consumer.consume({
      topics: topics.map(topic => (settings.KAFKA_TOPIC_PREFIX ?? '') + topic),
      mode: 'earliest',
      autocommit: false,
      maxWaitTime: 100,
    })
    stream.on('data', message => messages.push(message))
    await until(() => messages.length >= count, 15)
  } finally {
    await consumer.close(true)
  }
  return messages
}

/** The same with the console consumer that comes with Kafka. */
async function consumeAtConsole(settings: Settings, topics: readonly string[], count: number): Promise<Text[]> {
  const names = topics.map(topic => (settings.KAFKA_TOPIC_PREFIX + topic).replaceAll('.', String.raw`\.`))
  const shown = ['print.headers=true', 'headers.separator=|', 'print.key=true', 'print.partition=true']
  const what = ['--include', names.join('|'), '--from-beginning', '--max-messages', `${count}`, '--timeout-ms', '15000']
  const how = shown.flatMap(property => ['--formatter-property', property])
  const main = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
  const tool = await kafkaTool(main, ['--bootstrap-server', settings.KAFKA_BROKERS!, ...what, ...how])
  const [printed, complaints] = await Promise.all([text(tool.stdout), text(tool.stderr)])
  assert.match(complaints, new RegExp(`^Processed a total of ${count} messages$`, 'm'))
  return printed
    .trimEnd()
    .split('\n')
    .map(line => {
      const [partition, headers, key, value] = line.split('\t') as [string, string, string, string]
      const named = new Map(
        headers.split('|').map(header => /^([^:]*):(.*)$/.exec(header)!.slice(1) as [string, string]),
      )
      // It prints no topic.
      const topic = `${settings.KAFKA_TOPIC_PREFIX}${named.get('ce_type')}`
      return { topic, partition: Number(partition.replace('Partition:', '')), key, value, headers: named }
    })
}

/**
 * These events, and whatever happened while they were read, without those that were sent twice, as topics that have just
 * been made may have it: AsyncAPI says how a reader knows them, by a sequence that is not above the last one of its
 * partition.
 */
async function readOnce(read: typeof consume, settings: Settings, topics: readonly string[], ids: readonly string[]) {
  for (let wanted = ids.length; ;) {
    const messages = await read(settings, topics, wanted)
    const last = new Map<string, number>()
    const once = messages.filter(({ topic, partition, headers }) => {
      const [place, sequence] = [`${topic} ${partition}`, Number(headers.get('ce_sequence'))]
      const isNew = sequence > (last.get(place) ?? 0)
      if (isNew) last.set(place, sequence)
      return isNew
    })
    const found = new Set(once.map(idOf))
    const missing = ids.filter(id => !found.has(id)).length
    if (missing === 0 || wanted > 3 * ids.length) return once
    wanted = messages.length + missing
  }
}

const idOf = ({ headers }: Text): string => headers.get('ce_id')!

/**
 * Writes to some pages, each after the other, until told to stop; resolves with how many notes each page has and the
 * slowest answer.
 */
function traffic(p: TestPlatform, pages = 6) {
  let going = true
  let slowestMs = 0
  const writers = Array.from({ length: pages }, async (_, page) => {
    let count = 0
    for (; going; count++) {
      const began = Date.now()
      await write(p.http, `page ${page}`, [String(count)])
      slowestMs = Math.max(slowestMs, Date.now() - began)
      await new Promise(done => setTimeout(done, 3))
    }
    return count
  })
  return async () => {
    going = false
    return { counts: await Promise.all(writers), slowestMs }
  }
}

/** Resolves once the readers have seen all notes of each page; fails unless each was there once and in order. */
async function allSeen(p: TestPlatform, counts: readonly number[], seconds = 30): Promise<void> {
  const total = counts.reduce((sum, count) => sum + count, 0)
  await until(async () => (await seen(p)).length >= total, seconds)
  const rows = await seen(p)
  for (const [page, count] of counts.entries())
    assert.deepEqual(
      rows.filter(row => row.startsWith(`page ${page} `)),
      Array.from({ length: count }, (_, i) => `page ${page} ${i}`),
    )
  assert.equal(rows.length, total)
}

const metric = async (p: TestPlatform, line: RegExp): Promise<number> => {
  const { body } = await p.http.inject('/metrics')
  return Number(line.exec(body)?.[1] ?? Number.NaN)
}

for (const [who, read] of Object.entries({
  'a client that nobody here wrote': consume,
  'the console consumer of Kafka': consumeAtConsole,
}))
  test(`${who} reads each event once, with the headers, key and value that AsyncAPI promises`, async t => {
    const settings = await engine(t, 'kafka')
    const p = await everythingHappens(await choose(), { environment: settings })
    t.after(p.close)
    const { channels, components } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../docs/api/asyncapi.json'), 'utf8'),
    )
    const log = () =>
      p.db('kernel')`select event_id, topic, key, position::float8 as position from kernel.log order by position`
    const ids = (await log()).map(row => row.event_id as string)
    const messages = await readOnce(read, settings, Object.keys(channels), ids).catch(error => {
      if (error instanceof EngineMissing && process.env.CI !== 'true') t.skip(error.message)
      throw error
    })
    const rows = await log()
    const [found, known] = [messages.map(idOf), new Set(rows.map(row => row.event_id))]
    assert.equal(new Set(found).size, found.length, 'each once')
    assert.deepEqual([ids.filter(id => !found.includes(id)), found.filter(id => !known.has(id))], [[], []])

    const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true }))
    const schemas = new Map(
      Object.keys(channels).map(topic => {
        const { headers, payload } = components.messages[topic]
        return [topic, { headers: ajv.compile(headers), payload: ajv.compile(payload) }]
      }),
    )
    const last = new Map<string, number>()
    for (const { topic: name, partition, key, value, headers } of messages) {
      const topic = name.slice(settings.KAFKA_TOPIC_PREFIX!.length)
      const row = rows.find(row => row.event_id === headers.get('ce_id'))!
      const { headers: areHeaders, payload: isPayload } = schemas.get(topic)!
      assert.ok(areHeaders(Object.fromEntries(headers)), `${topic}: ${ajv.errorsText(areHeaders.errors)}`)
      assert.ok(isPayload(JSON.parse(value)), `${topic}: ${ajv.errorsText(isPayload.errors)}`)
      assert.deepEqual([row.topic, row.key, String(row.position)], [topic, key, headers.get('ce_sequence')])
      assert.deepEqual([JSON.parse(value).eventId, key], [headers.get('ce_id'), headers.get('ce_subject')])
      assert.ok(row.position > (last.get(`${name} ${partition}`) ?? 0), 'in the order of the log')
      last.set(`${name} ${partition}`, row.position)
    }
  })

test('the key of an event lies where clients in Java put it', async t => {
  const settings: Settings = { ...(await engine(t, 'kafka')), KAFKA_PARTITIONS: '6' }
  const { p } = await notesOverKafka(t, settings)
  // Of Kafka's own test of its hash.
  const places = { '21': 0, foobar: 0, 'a-little-bit-long-string': 2, 'a-little-bit-longer-string': 5, abc: 3 }
  for (const page of Object.keys(places)) await write(p.http, page, ['héllo'])
  await p.settle()
  const messages = await consume(settings, [Noted.topic], 5)
  assert.deepEqual(Object.fromEntries(messages.map(({ key, partition }) => [key, partition])), places)
})

test('two processes that relay by turns, each cut off in the middle of sending, and one that sends everything again: each effect is there once and in order', async t => {
  const settings = await engine(t, 'kafka')
  const { p, services } = await notesOverKafka(t, settings)
  await p.another(services)
  const stop = traffic(p)
  const kernel = p.db('kernel')
  for (let turn = 0; turn < 6; turn++) {
    const before = (await kernel`select position from kernel.relay`)[0]!.position
    await until(async () => (await kernel`select position from kernel.relay`)[0]!.position > before, 10)
    // What a relay does that has sent and died before it could say so.
    if (turn % 2 === 0) await kernel`update kernel.relay set position = position / 2`
    await kernel`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = ${7305218802 % 2 ** 32}
      and database = (select oid from pg_database where datname = current_database())`
  }
  const { counts } = await stop()
  await allSeen(p, counts)
  await p.settle()
  const ends = await admin(settings, client =>
    client.listOffsets({
      topics: [
        {
          name: settings.KAFKA_TOPIC_PREFIX + Noted.topic,
          partitions: [0, 1].map(partitionIndex => ({ partitionIndex, timestamp: -1n })),
        },
      ],
    }),
  )
  const sent = ends[0]!.partitions.reduce((sum, { offset }) => sum + Number(offset), 0)
  assert.ok(sent > counts.reduce((sum, count) => sum + count, 0), 'some were sent twice')
})

test('while Kafka is killed, and killed again as it comes back, nobody who writes waits; then everything arrives, once and in order', async t => {
  const { kafka, environment } = await ownKafka(t)
  const { p } = await notesOverKafka(t, environment)
  const stop = traffic(p)
  await until(async () => (await seen(p)).length > 50)
  kafka.kill()
  await kafka.ended
  const away = (await seen(p)).length
  await kafka.restart()
  await until(async () => (await seen(p)).length > away, 30)
  kafka.kill()
  await kafka.restart()
  const { counts, slowestMs } = await stop()
  await allSeen(p, counts)
  assert.ok(slowestMs < 2_000, `${slowestMs} ms`)
  t.diagnostic(`${counts.reduce((sum, count) => sum + count, 0)} events, the slowest answer took ${slowestMs} ms`)
})

test('a platform that starts before its Kafka does its work, and what it publishes arrives when Kafka does', async t => {
  const { kafka, environment } = await ownKafka(t)
  await kafka.stop()
  const { p } = await notesOverKafka(t, environment)
  await write(p.http, 'page 0', ['0', '1'])
  await kafka.restart()
  await allSeen(p, [2])
})

test('processes come and go under load, and each effect is there once and in order', async t => {
  const { p, services } = await notesOverKafka(t, await engine(t, 'kafka'))
  const stop = traffic(p)
  for (let turn = 0; turn < 3; turn++) {
    const other = await p.another(services)
    const reached = (await seen(p)).length
    await until(async () => (await seen(p)).length > reached + 30, 10)
    await other.close()
  }
  const { counts } = await stop()
  await allSeen(p, counts)
})

test('a reader whose connection is cut in the middle of a batch takes nothing of it for done, and does it again', async t => {
  let reached = () => {}
  let release = () => {}
  const inside = new Promise<void>(resolve => (reached = resolve))
  const held = new Promise<void>(resolve => (release = resolve))
  const { p } = await notesOverKafka(t, await engine(t, 'kafka'), async ({ text }) => {
    if (text !== '5') return
    reached()
    await held
  })
  await write(
    p.http,
    'page 0',
    Array.from({ length: 10 }, (_, i) => String(i)),
  )
  await inside
  await p.db('kernel')`select pg_terminate_backend(pid) from pg_stat_activity
    where usename = 'readers' and state like 'idle in transaction%' and datname = current_database()`
  release()
  await allSeen(p, [10])
  assert.deepEqual([...(await p.platform.eventLogs[0]!.deadLetters({ limit: 10 }))], [])
})

test('what others put into a topic is passed over, counted and told, and holds nothing up', async t => {
  const settings = await engine(t, 'kafka')
  const { p } = await notesOverKafka(t, settings)
  await write(p.http, 'page 0', ['0'])
  await p.settle()
  const [own] = await consume(settings, [Noted.topic], 1)
  const headers = Object.fromEntries(own!.headers)
  const producer = new Producer({
    clientId: 'somebody',
    bootstrapBrokers: [settings.KAFKA_BROKERS!],
    serializers: stringSerializers,
  })
  const topic = settings.KAFKA_TOPIC_PREFIX + Noted.topic
  const strange = [
    { value: 'no JSON' },
    { value: '{}' },
    { value: own!.value },
    { value: own!.value, headers: { ...headers, ce_sequence: '9007199254740993' } },
    { value: own!.value, headers: { ...headers, ce_type: 'note.burnt', ce_sequence: '4000' } },
    { value: own!.value.replace(headers.ce_id!, 'x'), headers: { ...headers, ce_id: 'x', ce_sequence: '4000' } },
  ]
  await producer.send({ messages: strange.map(message => ({ topic, key: 'page 0', ...message })) })
  // One without a value, as compaction has it.
  await producer.send({ messages: [{ topic, key: 'page 0' }] })
  await producer.close()
  await write(p.http, 'page 0', ['1'])
  await allSeen(p, [2])
  assert.equal(
    await metric(p, /^ohmnibus_kafka_foreign_messages_total\{topic="note.taken"\} (\d+)/m),
    strange.length + 1,
  )
  assert.deepEqual([...(await p.platform.eventLogs[0]!.deadLetters({ limit: 10 }))], [])
})

test('where Kafka has lost what is to be read next, or begins anew, reading goes on, and nothing is done twice', async t => {
  const settings = await engine(t, 'kafka')
  const { p, services } = await notesOverKafka(t, settings)
  const kernel = p.db('kernel')
  const topic = settings.KAFKA_TOPIC_PREFIX + Noted.topic
  const restarted = async (between: () => Promise<unknown>) => {
    await other.close()
    await between()
    other = await p.another(services)
  }
  await p.platform.close()
  let other = await p.another(services)
  const next = async (text: string) => {
    await write(other, 'page 0', [text])
    await allSeen(p, [Number(text) + 1])
  }
  await next('0')
  await next('1')

  // Beyond the end, as after a Kafka that lost its disk came back.
  await restarted(() => kernel`update kernel.cursors set at_offset = 1000 where partition >= 0`)
  await next('2')

  // Before the beginning, as after a service was away for longer than Kafka keeps events.
  await restarted(async () => {
    await kernel`update kernel.cursors set at_offset = 0 where partition >= 0`
    await admin(settings, client =>
      client.deleteRecords({
        topics: [{ name: topic, partitions: [0, 1].map(partition => ({ partition, offset: -1n })) }],
      }),
    )
  })
  await next('3')

  // Made anew under those who read and send.
  await admin(settings, client => client.deleteTopics({ topics: [topic] }))
  await next('4')
  await next('5')

  // And while nobody looked.
  await restarted(() => admin(settings, client => client.deleteTopics({ topics: [topic] })))
  await next('6')
})

test('events that are too large together, and one that is larger than Kafka takes by itself, arrive', async t => {
  const { p } = await notesOverKafka(t, await engine(t, 'kafka'))
  // All in one commit, so that the relay finds them at once.
  await p.db('kernel')`insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
    select gen_random_uuid(), 'note.taken', 'notes', 'large', ${'0'.repeat(32)}, '{"userId":null,"role":"system"}',
      json_build_object('page', 'large', 'number', n, 'text', repeat('ä', case n when 20 then 1200000 else 50000 end)) from generate_series(1, 40) n`
  p.platform.eventLogs[0]!.committed(['note.taken'])
  await until(async () => (await seen(p)).length === 40, 20)
  const rows = await p.db('readers')`select number, length(text) as length from seen order by position`
  assert.deepEqual(
    rows.map(({ number, length }) => [number, length]),
    Array.from({ length: 40 }, (_, i) => [i + 1, i === 19 ? 1_200_000 : 50_000]),
  )
})

test('what failed for good is told in the topic of dead letters, once', async t => {
  const settings = await engine(t, 'kafka')
  const { p } = await notesOverKafka(t, settings, ({ text }) => {
    if (text === 'poison') throw new Error('cannot stand it\nat all')
  })
  await write(p.http, 'one', ['poison', 'after'])
  await settleNow(p)
  const [letter] = await consume(settings, ['dead-letters'], 1)
  const [event] = await p.published(Noted)
  assert.deepEqual(JSON.parse(letter!.value), event)
  assert.deepEqual(
    ['ce_type', 'ce_source', 'ohmnibus_subscription', 'ohmnibus_error'].map(name => letter!.headers.get(name)),
    [Noted.topic, 'urn:ohmnibus:readers', subscription, 'Error: cannot stand it'],
  )
  await until(
    async () => (await p.db('kernel')`select from kernel.dead_letters where told_at is not null`).length === 1,
  )
})

test('figures tell what is under way, and health who sends', async t => {
  const settings = await engine(t, 'kafka')
  let open = false
  const { p } = await notesOverKafka(t, settings, () => {
    if (!open) throw new Problem('unavailable', 'later')
  })
  await write(p.http, 'one', ['a', 'b'])
  const lag = () => metric(p, /^ohmnibus_kafka_lag\{service="readers",topic="note.taken"\} (\d+)/m)
  await until(async () => (await lag()) === 2)
  await until(async () => (await metric(p, /^ohmnibus_kafka_oldest_unhandled_seconds\{service="readers"\} (\S+)/m)) > 0)
  assert.equal(await metric(p, /^ohmnibus_relay_unsent\{.*\} (\d+)/m), 0)
  assert.equal(await metric(p, /^ohmnibus_relay_leader\{.*\} (\d+)/m), 1)
  open = true
  await p.settle()
  assert.equal(await lag(), 0)
  const { engines } = (await p.http.inject('/health')).json()
  assert.deepEqual([engines.kafka, engines.relay], ['ok', 'ok'])
})

test('services in databases of their own hear of each other, over two relays', async t => {
  const settings = await engine(t, 'kafka')
  const services = [await notes(t), await readers(t)]
  const [a, b] = [
    await open([services[0]!], { environment: settings }),
    await open([services[1]!], { environment: settings }),
  ]
  t.after(async () => {
    await a.close()
    await b.close()
  })
  await write(a.http, 'page 0', ['0', '1', '2'])
  await allSeen(b, [3])
  assert.equal((await b.db('kernel')`select from kernel.log`).length, 0)
})
