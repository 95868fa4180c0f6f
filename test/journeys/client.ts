import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The smallest passport that clients of the baseline send. */
export const baseline = (identifier: string) => ({
  generalInformation: {
    batteryIdentifier: identifier,
    batteryModel: { id: 'LM3-BAT-2024', modelName: 'GMC WZX1' },
    batteryMass: 450,
    batteryCategory: 'EV',
    manufacturingDate: '2024-01-15',
  },
  materialComposition: { batteryChemistry: 'LiFePO4', criticalRawMaterials: ['Lithium', 'Iron'] },
  carbonFootprint: { totalCarbonFootprint: 850, measurementUnit: 'kg CO2e' },
})

export interface Answer {
  status: number
  headers: Headers
  /** Of any shape, as every body here: what it must be is what the journeys assert. */
  body: any
}

/** Somebody at the other end of a socket. What is in `headers` goes along with every request: a token, cookies. */
export function client(address: string, headers: Record<string, string> = {}) {
  /** `POST /api/passports`, with JSON or a form. */
  async function ask(request: string, body?: object, more: Record<string, string> = {}): Promise<Answer> {
    const [method, path] = request.split(' ') as [string, string]
    const form = body instanceof FormData
    const answer = await fetch(new URL(path, address), {
      method,
      headers: { ...headers, ...more, ...(body && !form && { 'content-type': 'application/json' }) },
      ...(body && { body: form ? body : JSON.stringify(body) }),
      redirect: 'manual',
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    const json = /\bjson\b/.test(answer.headers.get('content-type') ?? '')
    return { status: answer.status, headers: answer.headers, body: json ? JSON.parse(bytes.toString()) : bytes }
  }

  return {
    address,
    headers,
    ask,
    /** The body of an answer that must have this status. */
    async get(status: number, request: string, body?: object, more?: Record<string, string>): Promise<any> {
      const answer = await ask(request, body, more)
      assert.equal(
        answer.status,
        status,
        `${request} answered ${answer.status}: ${JSON.stringify(answer.body).slice(0, 500)}`,
      )
      return answer.body
    },
    /** Goes on with the tokens of an answer that carries them. */
    use({ accessToken }: { accessToken: string }): void {
      headers.authorization = `Bearer ${accessToken}`
    },
  }
}

export type Client = ReturnType<typeof client>

/** Registers, proves the address with what `codeFor` finds, and stays signed in. */
export async function register(
  who: Client,
  auth: string,
  person: { email: string; password: string; name: string },
  codeFor: (email: string) => Promise<string>,
) {
  await who.get(202, `POST ${auth}/register`, person)
  const answer = await who.get(201, `POST ${auth}/verify-otp`, {
    email: person.email,
    otp: await codeFor(person.email),
    password: person.password,
  })
  who.use(answer)
  return answer as { user: { id: string; email: string }; accessToken: string; refreshToken: string }
}

/** A readable file that stands for a message. */
export interface Mail {
  file: string
  to: string
  subject: string
  event: string
  text: string
}

/** The mails in a folder, or what people were told in the application, oldest first. */
export async function mailsIn(folder: string, channel: 'email' | 'in-app' = 'email'): Promise<Mail[]> {
  const written = await readdir(folder).catch(() => [])
  const files = written.filter(file => file.endsWith('.txt') && file.includes(`-${channel}-`)).sort()
  return await Promise.all(
    files.map(async file => {
      const content = await readFile(join(folder, file), 'utf8')
      const [, to, subject, event, text] =
        /^To: (.*)\nSubject: (.*)\nEvent: (.*)\n\n([^]*)$/.exec(content) ??
        assert.fail(`${file} does not begin as it should: ${content}`)
      return { file, to: to!, subject: subject!, event: event!, text: text! }
    }),
  )
}

/** The one-time code and the links of a mail: each stands alone on a line. */
export const codeIn = ({ text }: Mail): string =>
  /^\d{6}$/m.exec(text)?.[0] ?? assert.fail(`no code stands alone on a line of ${text}`)
export const linkIn = ({ text }: Mail): URL =>
  new URL(/^https?:\/\/\S+$/m.exec(text)?.[0] ?? assert.fail(`no link stands alone on a line of ${text}`))

/** An open stream of notifications. `next` waits for one; undefined when the stream has ended. */
export async function stream(who: Client, lastEventId?: string) {
  const stop = new AbortController()
  const answer = await fetch(new URL('/api/notifications/stream', who.address), {
    headers: { ...who.headers, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]),
  })
  assert.equal(answer.status, 200)
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    hangUp: () => stop.abort(),
    async next(): Promise<{ id: string; notification: any } | undefined> {
      for (;;) {
        const end = text.indexOf('\n\n')
        if (end < 0) {
          const { value, done } = await reader.read()
          if (done) return undefined
          text += value
          continue
        }
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        const data = /^data: ?(.*)$/m.exec(block)?.[1]
        // Those with a name tell of the stream itself.
        if (data !== undefined && !/^event:/m.test(block))
          return { id: /^id: ?(.*)$/m.exec(block)![1]!, notification: JSON.parse(data) }
      }
    },
  }
}
