import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectHttp2, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import Type from 'typebox'
import { anyone, defineService } from '../../kernel/index.ts'
import { folderWith } from './toys.ts'

/** Of certificates and whatever else a test of them writes; gone with the process. */
export const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-tls-'))
process.once('exit', () => rmSync(folder, { recursive: true }))

/** A certificate of its own making, once a name. */
function made(name: string, days = 90): { cert: string; key: string } {
  const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  const subject = '-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1'
  const about = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days ${days} ${subject} -keyout ${files.key} -out ${files.cert}`
  execFileSync('openssl', about.split(' '), { stdio: 'ignore' })
  return files
}

export const first = made('first')
export const second = made('second', 60)
export const settingsOf = ({ cert, key }: typeof first) => ({
  TLS_CERT_FILE: cert,
  TLS_KEY_FILE: key,
  PUBLIC_URL: 'https://localhost',
})
/** Whom clients trust. */
export const ca = [first, second].map(({ cert }) => readFileSync(cert, 'utf8'))

/** Answers what it is told, how it is asked, and after a while. */
export const echo = async (t: TestContext) =>
  defineService({
    name: 'echo',
    folder: await folderWith(t),
    start({ http }) {
      const open = { access: anyone }
      http.post(
        '/',
        { config: open, schema: { summary: 'Echo', body: Type.Object({ text: Type.String() }) } },
        ({ body }) => body,
      )
      http.get('/', { config: open, schema: { summary: 'How it is seen' } }, request => ({
        host: request.host,
        protocol: request.protocol,
        version: request.raw.httpVersion,
      }))
      http.get('/slow', { config: open, schema: { summary: 'Slow' } }, async () => {
        await moment(400)
        return { slow: true }
      })
    },
  })

/** A connection over HTTP/2. */
export function session(t: TestContext, base: string): ClientHttp2Session {
  const client = connectHttp2(base, { ca }).on('error', () => {})
  t.after(() => client.destroy())
  return client
}

interface Got {
  status: number
  headers: Record<string, unknown>
  body: Buffer
  /** Of any shape: what it must be is what the tests assert. */
  json: any
}

/** One request over HTTP/2. */
export async function ask(
  client: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: Buffer | string,
): Promise<Got> {
  const stream = client.request(headers, { endStream: body === undefined })
  let head: Record<string, unknown> = {}
  const pieces: Uint8Array[] = []
  stream.on('response', response => (head = response)).on('data', piece => pieces.push(Buffer.from(piece)))
  if (body !== undefined) stream.end(body)
  await once(stream, 'close')
  const bytes = Buffer.concat(pieces)
  const json = /json/.test(String(head['content-type'])) && bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined
  return { status: Number(head[':status']), headers: head, body: bytes, json }
}
