import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import type { Verdict } from './smtp.ts'

/** A mail as their API takes it (`POST /v3/mail/send`). */
interface SendgridMail {
  from: { name: string; email: string }
  subject: string
  personalizations: { to: { email: string }[] }[]
  content: { type: string; value: string }[]
  headers: Record<string, string>
  custom_args: Record<string, string>
  tracking_settings: object
}

/** A double of SendGrid's HTTP API in this process. `judge` is asked for each mail, with how many came before it. */
export async function sendgridApi(t: TestContext, judge: (before: number) => Verdict = () => 'take') {
  const taken: SendgridMail[] = []
  let seen = 0
  const answer = (response: ServerResponse, status: number): void => {
    const body =
      status < 300
        ? ''
        : JSON.stringify({ errors: [{ message: 'not like this, says the test', field: null, help: null }] })
    response.setHeader('x-ratelimit-reset', Math.floor(Date.now() / 1000) + 17)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== 'Bearer SG.right') return answer(response, 401)
    if (request.method === 'GET' && request.url === '/v3/scopes') return answer(response, 200)
    if (request.method !== 'POST' || request.url !== '/v3/mail/send') return answer(response, 404)
    const mail = (await json(request)) as SendgridMail
    const verdict = judge(seen++)
    if (verdict === 'hang up') return void request.socket.destroy()
    if (verdict === 'say nothing') return
    if (verdict !== 'take') return answer(response, verdict)
    taken.push(mail)
    answer(response, 202)
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { taken, environment: { SENDGRID_API_KEY: 'SG.right', SENDGRID_BASE_URL: url } }
}
