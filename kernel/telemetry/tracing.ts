import type { Context as Place, Span, SpanKind, Tracer } from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config/config.ts'
import { context, readTraceparent, traceNote, within, type Trace } from './context.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { Problem } from '../problem.ts'
import { version } from '../version.ts'
import { inTime } from '../waiting.ts'

/**
 * Named as OpenTelemetry's semantic conventions do. Nothing of persons, no secrets, no contents: traces leave the
 * platform.
 */
export type Attributes = Record<string, string | number | boolean | undefined>

export type Kind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

interface Recorder {
  readonly users: number
  begin(name: string, kind: Kind, attributes: Attributes, parent: Trace): Span
  close(): Promise<void>
}

/**
 * Of the process, as OpenTelemetry has it: spans of all its platforms go one way. Undefined while tracing is off, which
 * then costs nothing.
 */
let recorder: Recorder | undefined

/**
 * Spans that wait for the collector; what comes beyond is dropped. Two seconds of a busy process, some 20 MB at most.
 */
const queueSize = 8_192
const kinds: Record<Kind, SpanKind> = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 }

/** Traces go to the collector from now on, where the settings name one. Resolves with what ends it, within 1.5 s. */
export async function startTracing(options: {
  config: Config
  services: readonly string[]
  log: Log
  metrics: Metrics
}): Promise<() => Promise<void>> {
  if (!options.config.OTEL_EXPORTER_OTLP_ENDPOINT) return async () => {}
  recorder = recorder ? { ...recorder, users: recorder.users + 1 } : await openRecorder(options)
  return async () => {
    if (!recorder) return
    const { users, close } = recorder
    recorder = users > 1 ? { ...recorder, users: users - 1 } : undefined
    if (users === 1) await close()
  }
}

/** The libraries are loaded here and not before: whoever does without traces does without them. */
async function openRecorder({ config, services, log, metrics }: Parameters<typeof startTracing>[0]): Promise<Recorder> {
  const [api, sdk, resources, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ])
  const counted = metrics.counter('ohmnibus_trace_spans_total', 'Spans of traces by what became of them', ['outcome'])
  for (const outcome of ['exported', 'failed', 'dropped']) counted.inc({ outcome }, 0)
  const exporter = new OTLPTraceExporter({
    url: `${config.OTEL_EXPORTER_OTLP_ENDPOINT!.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: 5_000,
    concurrencyLimit: 2,
  })
  let waiting = 0
  let delivered = true
  const batches = new sdk.BatchSpanProcessor({
    maxQueueSize: queueSize,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 1_000,
    exportTimeoutMillis: 10_000,
    exporter: {
      export(spans, done) {
        exporter.export(spans, result => {
          waiting -= spans.length
          const fine = result.code === 0
          counted.inc({ outcome: fine ? 'exported' : 'failed' }, spans.length)
          if (delivered && !fine)
            log.warn({ cause: result.error?.message }, 'the collector does not take traces; they are dropped')
          delivered = fine
          done(result)
        })
      },
      shutdown: () => exporter.shutdown(),
    },
  })
  let traceId = ''
  const ids = new sdk.RandomIdGenerator()
  const provider = new sdk.TracerProvider({
    resource: resources
      .resourceFromAttributes({
        'service.name': services.length === 1 ? `ohmnibus-${services[0]}` : 'ohmnibus',
        'service.namespace': 'ohmnibus',
        'service.version': version,
        'service.instance.id': crypto.randomUUID(),
        'deployment.environment.name': config.mode,
      })
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come first.
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(config.OTEL_TRACES_SAMPLER_ARG) }),
    // A trace is known by its id before it has a span.
    idGenerator: { generateTraceId: () => traceId, generateSpanId: () => ids.generateSpanId() },
    spanProcessors: [
      {
        onStart() {},
        onEnd(span) {
          if (waiting >= queueSize) return counted.inc({ outcome: 'dropped' })
          waiting++
          batches.onEnd(span)
        },
        forceFlush: () => batches.forceFlush(),
        shutdown: () => batches.shutdown(),
      },
    ],
  })
  const tracer: Tracer = provider.getTracer('ohmnibus', version)
  const placeOf = ({ traceId, spanId, sampled }: Trace, isRemote: boolean): Place =>
    spanId
      ? api.trace.setSpanContext(api.ROOT_CONTEXT, { traceId, spanId, traceFlags: sampled ? 1 : 0, isRemote })
      : api.ROOT_CONTEXT
  return {
    users: 1,
    begin(name, kind, attributes, parent) {
      traceId = parent.traceId
      return tracer.startSpan(
        name,
        { kind: kinds[kind], attributes },
        placeOf(parent, kind === 'server' || kind === 'consumer'),
      )
    },
    async close() {
      await inTime(1_500, () => provider.shutdown()).catch(() => {})
    },
  }
}

/** Does `work` as a span of the trace under way; plainly where there is none, or nobody keeps it. */
export function span<T>(name: string, kind: Kind, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  if (!recorder) return work()
  const parent = context()
  return parent.sampled ? record(recorder, name, kind, attributes, parent, work) : work()
}

/** The same for work that may be the first of its trace: what an event, a job or the clock begins. */
export function entry<T>(name: string, kind: Kind, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  if (!recorder) return work()
  const parent = context()
  return parent.sampled === false ? work() : record(recorder, name, kind, attributes, parent, work)
}

async function record<T>(
  { begin }: Recorder,
  name: string,
  kind: Kind,
  attributes: Attributes,
  parent: Trace,
  work: () => Promise<T>,
): Promise<T> {
  const span = begin(name, kind, attributes, parent)
  try {
    return await within(standing(span), work)
  } catch (error) {
    fail(span, errorType(error))
    throw error
  } finally {
    span.end()
  }
}

/** An engine whose calls of these methods are spans, as `mail send`; itself while tracing is off. */
export function traced<T extends object>(engine: T, name: string, methods: readonly (keyof T & string)[]): T {
  if (!recorder) return engine
  const spanning = methods.map(method => {
    const call = engine[method] as (...given: unknown[]) => Promise<unknown>
    return [method, (...given: unknown[]) => span(`${name} ${method}`, 'client', {}, () => call.apply(engine, given))]
  })
  return Object.assign(Object.create(engine), Object.fromEntries(spanning))
}

/** The note to keep with an event that is being published: what reacts to it is a part of the span of its sending. */
export function sending(topic: string, eventId: string, at: Trace): string {
  if (!recorder || !at.sampled) return traceNote(at)
  const span = recorder.begin(`send ${topic}`, 'producer', messaging('send', topic, eventId), at)
  span.end()
  return traceNote(standing(span))
}

/** What the conventions want to know of an event on its way. */
export const messaging = (
  operation: 'send' | 'process',
  topic: string,
  eventId: string,
  group?: string,
): Attributes => ({
  'messaging.system': 'ohmnibus',
  'messaging.operation.type': operation,
  'messaging.operation.name': operation,
  'messaging.destination.name': topic,
  'messaging.message.id': eventId,
  'messaging.consumer.group.name': group,
})

const requests = new WeakMap<FastifyRequest, Span>()

/** Each request is a span; a caller's trace goes on. Before all other hooks, so that it sees what they do. */
export function traceRequests(app: FastifyInstance): void {
  if (!recorder) return
  app.addHook('onRequest', (request, _reply, done) => {
    // The route, never the path: what stands in a path may name or admit a person.
    const route = request.routeOptions.url
    const span = recorder?.begin(
      route ? `${request.method} ${route}` : request.method,
      'server',
      {
        'http.request.method': request.method,
        'http.route': route,
        'url.path': route,
        'url.scheme': request.protocol,
        'network.protocol.version': request.raw.httpVersion,
      },
      traceOfHead(request),
    )
    if (span) requests.set(request, span)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const span = requests.get(request)
    span?.setAttribute('http.response.status_code', reply.statusCode)
    if (span && reply.statusCode >= 500) fail(span, String(reply.statusCode))
    span?.end()
    done()
  })
}

const traceOfHead = (request: FastifyRequest): Trace =>
  readTraceparent(request.headers.traceparent) ?? { traceId: request.id, spanId: undefined, sampled: undefined }

/** Where in which trace the work for a request stands. */
export function traceOf(request: FastifyRequest): Trace {
  const span = recorder && requests.get(request)
  return span ? standing(span) : traceOfHead(request)
}

const standing = (span: Span): Trace => {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return { traceId, spanId, sampled: (traceFlags & 1) === 1 }
}

/** Only the kind of error: messages quote what people sent. */
function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: 2 })
}

function errorType(error: unknown): string {
  if (error instanceof Problem) return error.code
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  return typeof code === 'string' && code !== '' ? code : typeof name === 'string' ? name : 'error'
}
