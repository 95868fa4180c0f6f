import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { newId } from '#kernel'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { addressOf, placesOf, routesOf, someOf, type Asked } from './routes.ts'

/** What a text is made of that makes careless patterns try again and again. */
const units = [
  ' ',
  '\t',
  ' a',
  'a b ',
  'Bearer ',
  ...'a A 0 - . @ a@ a. a- 1, , ; = " "" \\ / ../ % %41 < <!-- [ ( * _ # ` :: 0: T W/ q=1, en;q=0,'.split(' '),
]
const wide = ['\u0001', '\n', '\u200b', '\u202e', 'é', 'e\u0301', 'ﷺ', '🚗', '\u2028']
/** With something at the end that does not fit, which is where such a pattern begins to go back. */
const textsOf = (bytes: number, of: readonly string[], ending = '!'): string[] =>
  of.map(unit => {
    const times = Math.floor(bytes / Buffer.byteLength(JSON.stringify(unit).slice(1, -1)))
    return unit.repeat(Math.max(1, times)) + ending
  })
const numbersOf = (bytes: number): string[] => {
  const zeros = '0'.repeat(bytes)
  return [
    `0.1${zeros}1`,
    `1${zeros}`,
    `1${zeros}1`,
    `-0.${zeros}1`,
    `1e-${zeros}1`,
    `0.${'1'.repeat(bytes)}e${zeros}5`,
    `1.${zeros}e5`,
  ]
}
const listsOf = (bytes: number): string[] => [
  `[${'{},'.repeat(bytes / 3)}{}]`,
  `[${'"a",'.repeat(bytes / 4)}"a"]`,
  `{${Array.from({ length: bytes / 12 }, (_, index) => `"k${index}":1`).join(',')}}`,
  `{"a":${'[['.repeat(30)}${'1,'.repeat(bytes / 2 - 100)}1${']]'.repeat(30)}}`,
]

const headers = (
  'accept accept-encoding accept-language authorization baggage content-type cookie forwarded idempotency-key ' +
  'if-match if-none-match if-range last-event-id origin range referer sec-fetch-site traceparent tracestate ' +
  'user-agent x-forwarded-for x-request-id x-ohmnibus-client x-ohmnibus-deadline x-ohmnibus-service'
).split(' ')
/** What a header may hold, in the room that there is for all of them. */
const headerTexts = textsOf(15_000, units)

/** Forms of both kinds: of very many fields, of very long ones, and what only begins as one. */
function formsOf(fields: readonly string[], bytes: number): (readonly [type: string, payload: string])[] {
  const many = (unit: string): string => unit.repeat(bytes / unit.length)
  const [plain, parts] = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']
  const part = (name: string, value: string) =>
    `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const texts = textsOf(bytes, [...units, ...wide])
  return [
    ...['a&', 'a=1&', 'a[b]=%41&', '%', '='].map(unit => [plain, many(unit)] as const),
    ...['--x\r\n', '\r\n', '-', '\r\n--', part('a', '1'), part('a"; filename="b', '')].map(
      unit => [parts, `${many(unit)}--x--\r\n`] as const,
    ),
    [parts, `--x\r\ncontent-disposition: form-data; name="${many('a;')}"\r\n\r\n1\r\n--x--\r\n`],
    [parts, `--x\r\n${many('a: b\r\n')}\r\n1\r\n--x--\r\n`],
    ...fields.flatMap(name =>
      someOf(texts).flatMap(text => [
        [plain, `${encodeURIComponent(name)}=${encodeURIComponent(text).slice(0, bytes)}`] as const,
        [parts, `${part(name, text)}--x--\r\n`] as const,
      ]),
    ),
  ]
}

/** How long the thread of the event loop worked for a request, in milliseconds: the best of a few tries. */
async function workOf(p: TestPlatform, request: InjectOptions, enough: number): Promise<number> {
  let least = Infinity
  for (let tries = 0; tries < 4 && least > enough; tries++) {
    // Of the processor, not of the clock: other work may be beside it.
    const before = process.threadCpuUsage()
    await p.http.inject(request)
    const { user, system } = process.threadCpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

/**
 * Sends every kind of long value to every place of a route, and tells where that took `more` milliseconds longer than
 * the route takes with none of them: figures of all services are long by themselves.
 */
async function slowPlaces(p: TestPlatform, route: Asked, more: number, bytes: number, own: Record<string, string>) {
  const slow: string[] = []
  const at = addressOf(route, () => newId())
  const most = more + (await workOf(p, { url: at, method: route.method as 'GET', headers: own }, 1))
  const ask = async (what: string, request: InjectOptions): Promise<void> => {
    if (slow.length === 3) return
    const ms = await workOf(
      p,
      { ...request, method: route.method as 'GET', headers: { ...own, ...request.headers } },
      most,
    )
    if (ms > most) slow.push(`${route.name} ${what}: ${Math.round(ms)} ms`)
  }
  for (const name of route.params)
    for (const text of someOf(textsOf(250, units)))
      await ask(`:${name}`, { url: addressOf(route, other => (other === name ? text : newId())) })
  for (const name of [...Object.keys(route.query), 'unknown'])
    for (const text of someOf(textsOf(5_000, [...units, ...wide])))
      await ask(`?${name}=${text.slice(0, 12)}…`, { url: at, query: { [name]: text } })
  for (const query of someOf(['a=1&', 'limit=1&', '&', 'a[]=&', 'a[b]=&']))
    await ask(`?${query}`, { url: `${at}?${query.repeat(15_000 / query.length)}` })
  if (route.method === 'GET' && route.isPublic)
    for (const name of headers)
      for (const text of someOf(headerTexts))
        await ask(`${name}: ${text.slice(0, 12)}…`, { url: at, headers: { [name]: text } })
  // Pages read them before they know what they are to hold.
  if (route.method !== 'GET' && (route.isPublic || route.fields.length > 0))
    for (const [type, payload] of formsOf(route.fields, 30_000))
      await ask(`${type} ${payload.slice(0, 40)}…`, { url: at, headers: { 'content-type': type }, payload })
  if (route.body) {
    const texts = textsOf(bytes, [...units, ...wide], '\u0001').map(text => JSON.stringify(text))
    const values = [...texts, ...numbersOf(bytes), ...listsOf(bytes)]
    for (const { pointer, put } of [{ pointer: '', put: (text: string) => text }, ...placesOf(route.example)])
      for (const value of someOf(values))
        await ask(`${pointer} ${value.slice(0, 12)}…`, {
          url: at,
          headers: { 'content-type': 'application/json' },
          payload: put(value),
        })
  }
  return slow
}

test(
  'no bytes of a stranger take 50 ms of the event loop more than a request without them, wherever they go',
  { timeout: 900_000 },
  async t => {
    const p = await start(t, await choose())
    const slow: string[] = []
    for (const route of routesOf(p))
      // Of what needs a token nothing but the head is read.
      slow.push(
        ...(await slowPlaces(p, route.isPublic ? route : { ...route, body: undefined, fields: [] }, 50, 60_000, {})),
      )
    assert.deepEqual(slow, [])
  },
)

// Anybody may register, and be made a vendor or an operator: Markdown, texts of products, passports, lines of imports.
test(
  'nor do the bytes of somebody who is signed in, as an ordinary person with any role but admin',
  { timeout: 1_800_000 },
  async t => {
    const p = await start(t, await choose())
    const slow: string[] = []
    const people = (['user', 'vendor', 'operator', 'technician'] as const).map(role => p.signedIn({ role }))
    for (const route of routesOf(p)) {
      if (route.isPublic || (!route.body && route.fields.length === 0)) continue
      const url = addressOf(route, () => newId())
      for (const headers of people) {
        const { statusCode } = await p.http.inject({ url, method: route.method as 'POST', headers })
        if (statusCode === 403) continue
        // What stands in the address and the query was measured without a token. More is done with what is let in, each
        // byte once: what looks at one again and again takes seconds.
        slow.push(...(await slowPlaces(p, { ...route, params: [], query: {} }, 100, 60_000, headers)))
        break
      }
    }
    assert.deepEqual(slow, [])
  },
)
