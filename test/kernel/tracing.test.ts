import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test, type TestContext } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import Type from 'typebox'
import { call } from '../../contracts/define.ts'
import { anyone, defineService } from '../../kernel/index.ts'
import { newTraceId, readNote, readTraceparent, traceNote, traceparent } from '../../kernel/telemetry/context.ts'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { engine } from '../engines/engine.ts'
import { smtpServer } from '../engines/smtp.ts'
import { collector, type Seen } from './collector.ts'
import { folderWith, notes, readers, until, write } from './toys.ts'

// No part of it could be a part of an id by chance, as the three letters of Ada are.
const person = { email: 'grace.hopper@example.com', password: 'quiet trains at dawn', name: 'Grace Hopper' }

async function registration(t: TestContext, headers: Record<string, string> = {}, environment = {}) {
  const { port } = await smtpServer(t)
  const seen = await collector(t)
  const p = await start(t, await choose(['identity', 'notifications']), {
    environment: { ...seen.environment, SMTP_HOST: '127.0.0.1', SMTP_PORT: String(port), ...environment },
  })
  const answer = await p.http.inject({
    method: 'POST',
    url: '/api/auth/register?from=newsletter',
    headers,
    payload: person,
  })
  assert.equal(answer.statusCode, 202)
  await p.settle()
  await p.platform.close()
  return { ...seen, traceId: String(answer.headers['x-request-id']) }
}

const loaded: string[] = []
registerHooks({
  resolve(specifier, at, next) {
    if (specifier.startsWith('@opentelemetry/')) loaded.push(specifier)
    return next(specifier, at)
  },
})

test('a platform loads OpenTelemetry when it has a collector, and not before', async t => {
  const plain = await start(t, [await notes(t)])
  await write(plain.http, 'one', ['a'])
  await plain.platform.close()
  assert.deepEqual(loaded, [] as string[])
  await start(t, [await notes(t)], { environment: (await collector(t)).environment })
  assert.ok(loaded.includes('@opentelemetry/sdk-trace'))
})

test('one trace tells of a registration from the request to the mail, and nothing of the person', async t => {
  const { spans, resources, parentOf, traceId } = await registration(t)
  const own = spans.filter(span => span.traceId === traceId)
  const named = (name: string): Seen =>
    own.find(span => span.name === name) ?? assert.fail(`${name} is not among ${own.map(span => span.name).join(', ')}`)
  const path = (span: Seen): string[] => {
    const parent = parentOf(span)
    return [...(parent ? path(parent) : []), span.name]
  }

  const request = named('POST /api/auth/register')
  assert.deepEqual([request.parentSpanId ?? '', request.kind], ['', 2])
  assert.deepEqual(request.attributes, {
    'http.request.method': 'POST',
    'http.route': '/api/auth/register',
    'url.path': '/api/auth/register',
    'url.scheme': 'http',
    'network.protocol.version': '1.1',
    'http.response.status_code': 202,
  })
  assert.deepEqual(path(named('send send-otp')), [request.name, 'transaction identity', 'send send-otp'])
  const reaction = own.find(span => span.name === 'process send-otp' && span.kind === 5)!
  assert.deepEqual(path(reaction), [...path(named('send send-otp')), 'process send-otp'])
  assert.equal(reaction.attributes['messaging.message.id'], named('send send-otp').attributes['messaging.message.id'])
  const mail = path(named('mail send'))
  assert.deepEqual(mail.slice(0, 4), path(reaction))
  assert.match(mail.slice(4).join(' → '), /^(run notifications\.\S+ → )+(transaction notifications → )?.*mail send$/)
  const call = named('call identity.get_code')
  assert.equal(parentOf(call)!.name, parentOf(named('mail send'))!.name)

  for (const span of own) {
    const parent = parentOf(span)
    assert.ok(
      span === request || (parent && parent.traceId === traceId && parent.start <= span.start),
      `${span.name} hangs in the air`,
    )
    assert.equal(span.status.code ?? 0, 0)
  }
  assert.deepEqual(
    [resources[0]!['service.name'], resources[0]!['deployment.environment.name']],
    ['ohmnibus', 'evaluation'],
  )
  const told = JSON.stringify(spans, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  for (const secret of ['grace', 'hopper', 'newsletter', 'trains', '127.0.0.1'])
    assert.ok(!told.toLowerCase().includes(secret), secret)
})

test('over Kafka the trace is the same', async t => {
  const { spans, parentOf, traceId } = await registration(t, {}, await engine(t, 'kafka'))
  const own = spans.filter(span => span.traceId === traceId)
  const reaction = own.find(({ name }) => name === 'process send-otp')!
  assert.equal(parentOf(reaction)!.name, 'send send-otp')
  assert.ok(own.some(({ name }) => name === 'mail send'))
})

test('a question to another process is a part of the trace, on both sides', async t => {
  const seen = await collector(t)
  const getAnswer = call('oracle', 'get_answer', Type.Object({}), Type.Object({ answer: Type.Integer() }))
  const folder = await folderWith(t)
  const oracle = defineService({
    name: 'oracle',
    folder,
    start: ({ answer }) => answer(getAnswer, async () => ({ answer: 42 })),
  })
  const pilgrim = defineService({
    name: 'pilgrim',
    folder,
    needs: [getAnswer],
    start: ({ http, ask }) =>
      http.get('/', { config: { access: anyone }, schema: { summary: 'Ask' } }, () => ask(getAnswer, {})),
  })
  const there = await start(t, [oracle], seen)
  const here = await start(t, [pilgrim], {
    environment: { ...seen.environment, ORACLE_SERVICE_URL: await there.listen() },
  })
  const { headers, statusCode } = await here.http.inject('/api/pilgrim')
  assert.equal(statusCode, 200)
  await here.platform.close()
  await there.platform.close()
  const chain = ['GET /api/pilgrim', 'call oracle.get_answer', 'POST /internal/calls/:name']
  const found = chain.map(name =>
    seen.spans.find(span => span.name === name && span.traceId === headers['x-request-id'])!,
  )
  assert.deepEqual(
    found.map(span => [span.name, span.kind, seen.parentOf(span)?.name]),
    [
      [chain[0], 2, undefined],
      [chain[1], 3, chain[0]],
      [chain[2], 2, chain[1]],
    ],
  )
})

test("a client's trace goes on, kept or not as the client says, whatever share is kept of others", async t => {
  const [trace, parent] = [newTraceId(), 'b7ad6b7169203331']
  const kept = await registration(t, { traceparent: `00-${trace}-${parent}-01` }, { OTEL_TRACES_SAMPLER_ARG: '0' })
  assert.equal(kept.traceId, trace)
  assert.equal(kept.spans.find(({ name }) => name === 'POST /api/auth/register')!.parentSpanId, parent)
  assert.ok(kept.spans.some(({ name }) => name === 'mail send'))
  assert.deepEqual(
    [...new Set(kept.spans.map(({ traceId }) => traceId))],
    [trace],
    'and of what nobody asked for nothing',
  )

  const left = await registration(t, { traceparent: `00-${trace}-${parent}-00` }, { OTEL_TRACES_SAMPLER_ARG: '1' })
  assert.equal(left.traceId, trace)
  assert.deepEqual(
    left.spans.filter(({ traceId }) => traceId === trace),
    [],
  )
})

test('what fails is told by its kind and not by its words', async t => {
  const seen = await collector(t)
  const p = await start(
    t,
    [
      await notes(t),
      await readers(t, ({ text }) => {
        if (text === 'poison') throw Object.assign(new Error('ada@example.com cannot stand it'), { code: 'SICK' })
      }),
    ],
    { environment: seen.environment },
  )
  await write(p.http, 'one', ['fine', 'poison'])
  await write(p.http, 'one', ['changed'], true)
  await until(() => p.http.inject('/metrics').then(({ body }) => /ohmnibus_events_failed_total\{.*\} [1-9]/.test(body)))
  await p.platform.close()
  const failed = seen.spans.filter(({ status }) => status.code === 2)
  assert.deepEqual(
    [...new Set(failed.map(({ name, attributes }) => `${name}: ${attributes['error.type']}`))].sort(),
    ['POST /api/notes: 500', 'process note.taken: SICK', 'transaction notes: Error'].sort(),
  )
  for (const { status } of failed) assert.equal(status.message, undefined)
})

test('without a collector ids flow all the same: into events, jobs and what goes out', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  const [trace, parent] = [newTraceId(), 'b7ad6b7169203331']
  const post = (headers: Record<string, string>) =>
    p.http.inject({ method: 'POST', url: '/api/notes', headers, payload: { page: 'one', texts: ['a'] } })
  assert.equal((await post({ traceparent: `00-${trace}-${parent}-01` })).headers['x-request-id'], trace)
  const { headers } = await post({})
  assert.deepEqual(
    (await p.db('kernel')`select trace_id from kernel.log order by position`).map(row => row.trace_id),
    [`${trace}-${parent}-01`, headers['x-request-id']],
  )
})

test('a note keeps where a trace stands; what is no note begins a trace of its own', () => {
  const [traceId, spanId] = [newTraceId(), 'b7ad6b7169203331']
  for (const trace of [
    { traceId, spanId, sampled: true },
    { traceId, spanId, sampled: false },
    { traceId, spanId: undefined, sampled: undefined },
  ]) {
    assert.deepEqual(readNote(traceNote(trace)), trace)
    const { sampled = false, ...passed } = readTraceparent(traceparent(traceNote(trace)))!
    assert.deepEqual([passed.traceId, sampled], [traceId, trace.sampled ?? false])
    if (trace.spanId) assert.equal(passed.spanId, spanId)
  }
  for (const none of ['', 'x', '0'.repeat(32), `${traceId}f`])
    assert.match(readNote(none).traceId, /^(?!0+$)[0-9a-f]{32}$/)
})

test('only a traceparent that W3C calls valid is believed', () => {
  const [trace, span] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']
  assert.deepEqual(readTraceparent(`00-${trace}-${span}-01`), { traceId: trace, spanId: span, sampled: true })
  assert.equal(readTraceparent(`00-${trace}-${span}-02`)!.sampled, false)
  assert.equal(readTraceparent(`cc-${trace}-${span}-01-what-the-future-brings`)!.traceId, trace)
  for (const invalid of [
    undefined,
    '',
    [`00-${trace}-${span}-01`],
    `00-${trace}-${span}`,
    `00-${trace}-${span}-01-more`,
    `ff-${trace}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}-1`,
  ])
    assert.equal(readTraceparent(invalid), undefined, String(invalid))
})

const troubles: Record<string, () => Promise<number> | number> = {
  'that hangs': () => moment(60_000, 200, { ref: false }),
  'that refuses': () => 503,
}
for (const [what, judge] of Object.entries(troubles))
  test(`a collector ${what} holds nothing up, not even the end; what it misses is counted`, async t => {
    const seen = await collector(t, judge)
    const p = await start(t, [await notes(t)], { environment: seen.environment })
    const pace = async (): Promise<number> => {
      const begun = performance.now()
      await Promise.all(Array.from({ length: 50 }, () => p.http.inject('/health/live')))
      return performance.now() - begun
    }
    await pace()
    await until(() => seen.asked() > 0)
    assert.ok((await pace()) < 1_000)
    await Promise.all(
      Array.from({ length: 200 }, () => Promise.all(Array.from({ length: 50 }, () => p.http.inject('/health/live')))),
    )
    const { body } = await p.http.inject('/metrics')
    assert.match(body, /ohmnibus_trace_spans_total\{outcome="dropped"\} [1-9]/)
    assert.match(body, /ohmnibus_trace_spans_total\{outcome="exported"\} 0/)
    const begun = Date.now()
    await p.platform.close()
    assert.ok(Date.now() - begun < 3_500)
  })

test('a collector that is away holds nothing up either', async t => {
  const p = await start(t, [await notes(t)], { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' } })
  await write(p.http, 'one', ['a'])
  const begun = Date.now()
  await p.platform.close()
  assert.ok(Date.now() - begun < 3_500)
})
