import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A span as a collector sees it, with its attributes flat. */
export interface Seen {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: Record<string, unknown>
  status: { code?: number; message?: string }
  start: bigint
  end: bigint
}

/** Takes traces over OTLP/HTTP in JSON. `judge` says what is answered; it may take its time. */
export async function collector(t: TestContext, judge: () => Promise<number> | number = () => 200) {
  const spans: Seen[] = []
  const resources: Record<string, unknown>[] = []
  let asked = 0
  const server = createServer(async (request, response) => {
    asked++
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const status = await judge()
    if (status === 200 && request.url === '/v1/traces')
      for (const { resource, scopeSpans } of JSON.parse(Buffer.concat(chunks).toString()).resourceSpans) {
        resources.push(flat(resource.attributes))
        for (const scope of scopeSpans)
          for (const { attributes, startTimeUnixNano, endTimeUnixNano, ...span } of scope.spans)
            spans.push({
              ...span,
              attributes: flat(attributes),
              start: BigInt(startTimeUnixNano),
              end: BigInt(endTimeUnixNano),
            })
      }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    spans,
    resources,
    asked: () => asked,
    parentOf: (span: Seen): Seen | undefined => spans.find(({ spanId }) => spanId === span.parentSpanId),
  }
}

const flat = (attributes: { key: string; value: Record<string, unknown> }[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
