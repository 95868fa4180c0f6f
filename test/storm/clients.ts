import { Agent, request } from 'node:http'

/** Signs in as often as it is told, all at once, and says what was answered: how often, and how often without saying when to come back. */
const [address, count, credentials] = process.argv.slice(2) as [string, string, string]
const agent = new Agent({ maxSockets: Infinity })
const answered: Record<string, number> = {}
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(credentials) }
await Promise.all(
  Array.from(
    { length: Number(count) },
    () =>
      new Promise<void>(resolve => {
        const note = (what: string | number): void => {
          answered[what] = (answered[what] ?? 0) + 1
          resolve()
        }
        request(new URL('/api/auth/login', address), { method: 'POST', agent, headers })
          .on('error', error => note(error.message))
          .on('response', answer => {
            const { statusCode, headers: given } = answer.resume()
            answer.on('end', () =>
              note(statusCode === 503 && !(Number(given['retry-after']) >= 1) ? 'no time' : statusCode!),
            )
          })
          .end(credentials)
      }),
  ),
)
console.log(JSON.stringify(answered))
