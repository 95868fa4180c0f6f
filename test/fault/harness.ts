import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../kernel/database/database.ts'
import { openDatabase } from '../../kernel/database/open.ts'
import type { FileStore } from '../../kernel/files/files.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { healFiles } from '../../services/documents/heal.ts'
import type { DocumentsHost } from '../../services/documents/host.ts'
import { baseline, client, codeIn, linkIn, mailsIn, register, type Answer, type Client } from '../journeys/client.ts'
import { randomFrom } from '../journeys/random.ts'
import { until } from './product.ts'

export interface Outcome {
  /**
   * Each bad thing: how often it happened, the longest time without an acknowledged write, the slowest return to work.
   */
  disturbances: Record<string, { times: number; silentMs: number; readyMs: number }>
  passports: number
  documents: number
  /** How many answers were lost or refused on the way, and asked for again. */
  repeated: number
  settledMs: number
  /** What must not be; empty when all is well. */
  faults: string[]
}

/** Who is told of a passport of this owner: in the application, and by mail. */
interface Owner {
  writer: Client
  told: Person[]
}

interface Person {
  who: Client
  email: string
}

interface Attempt {
  owner: Owner
  data: Record<string, unknown>
}

interface Upload {
  who: Client
  sha256: string
}

/** What clients were promised. */
interface Ledger {
  passports: Map<string, Attempt>
  documents: Map<string, Upload>
  repeated: number
  faults: string[]
  /** Since when those who have no answer yet ask, by `performance.now()`. */
  waiting: Set<number>
  /** When something was acknowledged last, and the longest time between two since somebody asked. */
  acknowledged: number
  silentMs: number
  output: Site['output']
}

const password = 'quiet trains at dawn'

/** A platform that runs somewhere, and the bad things that can happen there. */
export interface Site {
  readonly address: string
  /** Where messages are written as files. */
  readonly mails: string
  readonly files: FileStore
  /** One bad thing from beginning to end; resolves with what it was, in a word or two. */
  disturb(random: () => number): Promise<string>
  /** Resolves once requests are answered again, with the milliseconds that took. */
  ready(): Promise<number>
  /** Resolves once every event has had its effect and every job is done. */
  settled(): Promise<void>
  /** As a superuser in the database of a service. */
  peek<T>(service: string, look: (db: Pool) => Promise<T>, role?: string): Promise<T>
  /** What went wrong that clients do not see. */
  readonly faults: string[]
  /** Ends everything as an operator would, and leaves nothing behind. */
  close(): Promise<void>
  /** What its processes printed last; every line with `about` in it, where that is said. */
  output(about?: string): string
}

export const admin = { email: 'admin@example.com', password: 'lightning on the moor' }

/** Whom processes under fire tell their figures. */
export const prometheus = { authorization: 'Bearer the-figures' }

/** Whom a site under fire asks for anything; without the others it is there again sooner. */
export const underFireServices = { OHMNIBUS_SERVICES: 'gateway,identity,documents,notifications,passports' }

/** Settings that every site under fire has. */
export const underFireSettings = {
  RATE_LIMIT_FACTOR: '1000',
  METRICS_TOKEN: 'the-figures',
  LOG_LEVEL: 'warn',
  JWT_ACCESS_EXPIRY: '23h',
  // Each mail by itself, to be counted.
  NOTIFICATION_DIGEST: '0s',
  ADMIN_EMAIL: admin.email,
  ADMIN_PASSWORD: admin.password,
}

/**
 * Disturbs a site again and again at moments that `seed` chooses, while clients go on writing. Then holds what there is
 * against what clients were promised. The site is closed in the end.
 */
export async function underFire({
  site,
  goesOn,
  seed,
  progress = () => {},
}: {
  site: Site
  /** Whether there is to be another disturbance, after so many. */
  goesOn: (disturbances: number) => boolean
  seed: number
  progress?: (line: string) => void
}): Promise<Outcome> {
  const random = randomFrom(seed)
  const ledger: Ledger = {
    passports: new Map(),
    documents: new Map(),
    repeated: 0,
    faults: site.faults,
    output: site.output,
    waiting: new Set(),
    acknowledged: Date.now(),
    silentMs: 0,
  }
  const disturbances: Outcome['disturbances'] = {}
  let count = 0
  let told = 0
  let storm = true
  try {
    await site.ready()
    const people = await settleIn(site)
    // What starts takes its time; from here on somebody asks.
    ledger.acknowledged = Date.now()
    const clients = [
      ...people.owners.flatMap(owner => [1, 2].map(() => createPassports(owner, ledger, () => storm))),
      ...[...people.owners, ...people.owners].map(({ writer }, index) =>
        uploadDocuments(writer, ledger, randomFrom(seed + index), () => storm),
      ),
    ]
    while (goesOn(count)) {
      // On a busy machine kills can come quicker than a request is through: it is let through once, or is a fault.
      while (Math.min(...ledger.waiting) < performance.now() - 20_000) await sleep(50)
      ledger.silentMs = 0
      const what = await site.disturb(random)
      for (const fault of ledger.faults.slice(told)) progress(`until ${what}: ${fault}`)
      told = ledger.faults.length
      const known = (disturbances[what] ??= { times: 0, silentMs: 0, readyMs: 0 })
      known.times++
      if (++count % 10 === 0)
        progress(
          `${count} disturbances, ${ledger.passports.size} passports, ${ledger.documents.size} documents, ${ledger.faults.length} faults`,
        )
      // The next one may come before this one is over, or after a while at work.
      if (random() < 0.75) {
        known.readyMs = Math.max(known.readyMs, await site.ready())
        await sleep(20 + random() * 400)
      } else await sleep(random() * 1_200)
      known.silentMs = Math.max(known.silentMs, ledger.silentMs, Date.now() - ledger.acknowledged)
    }
    await site.ready()
    storm = false
    await Promise.all(clients)
    const calm = Date.now()
    await site.settled().catch((error: Error) => ledger.faults.push(`${error.message}\n${site.output()}`))
    const settledMs = Date.now() - calm
    await check(site, people, ledger)
    const { repeated, faults } = ledger
    return {
      disturbances,
      settledMs,
      repeated,
      faults,
      passports: ledger.passports.size,
      documents: ledger.documents.size,
    }
  } finally {
    storm = false
    await site.close()
  }
}

/** An admin with things of their own, and an organisation of two whose owner writes. */
async function settleIn({ address, mails }: Site) {
  const root: Person = { who: client(address), email: admin.email }
  // The gateway may not have heard yet of one that has become ready just now, and says so.
  await until('sign-in', async () => (await root.who.ask('POST /api/auth/login', admin)).status !== 503, 30_000)
  root.who.use(await root.who.get(200, 'POST /api/auth/login', admin))
  const mailTo = async (email: string, event: string) => {
    const find = async () => (await mailsIn(mails)).find(mail => mail.to === email && mail.event === event)
    await until(`the mail to ${email}`, async () => Boolean(await find()), 10_000)
    return (await find())!
  }
  const join = async (name: string): Promise<Person> => {
    const [who, email] = [client(address), `${name.toLowerCase()}@example.com`]
    await register(who, '/api/auth', { email, password, name }, async () => codeIn(await mailTo(email, 'send-otp')))
    return { who, email }
  }
  const [ada, grace] = [await join('Ada'), await join('Grace')]
  const { id } = await ada.who.get(201, 'POST /api/auth/organisations', { name: 'Voltaic GmbH' })
  await ada.who.get(201, `POST /api/auth/organisations/${id}/invitations`, { email: grace.email, role: 'admin' })
  const token = linkIn(await mailTo(grace.email, 'organisation.member-invited'))
    .pathname.split('/')
    .at(-1)
  await grace.who.get(200, 'POST /api/auth/invitations/accept', { token })
  ada.who.use(await ada.who.get(200, `POST /api/auth/organisations/${id}/switch`))

  const owners: Owner[] = [
    { writer: root.who, told: [root] },
    { writer: ada.who, told: [ada, grace] },
  ]
  return { root, everybody: [root, ada, grace], owners, mails }
}

type People = Awaited<ReturnType<typeof settleIn>>

/** Asks until there is an answer; what says "not now" is asked again with the same words. */
async function insist(ledger: Ledger, what: string, ask: () => Promise<Answer>): Promise<Answer | undefined> {
  const since = performance.now()
  ledger.waiting.add(since)
  try {
    for (; performance.now() < since + 90_000; await sleep(25)) {
      const answer = await ask().catch((error: Error) => error)
      if (answer instanceof Error && !(answer instanceof TypeError)) throw answer
      if (!(answer instanceof Error)) {
        const later =
          answer.status === 503 || (answer.status === 409 && answer.body.code === 'idempotency_key_in_flight')
        if (!later && answer.status === 201) {
          ledger.silentMs = Math.max(ledger.silentMs, Date.now() - ledger.acknowledged)
          ledger.acknowledged = Date.now()
          return answer
        }
        if (!later)
          return void ledger.faults.push(
            `${what} was answered ${answer.status} ${JSON.stringify(answer.body)}\n${ledger.output(answer.body?.traceId)}`,
          )
      }
      ledger.repeated++
    }
    ledger.faults.push(`${what} had no answer within 90 s`)
    return undefined
  } finally {
    ledger.waiting.delete(since)
  }
}

async function createPassports(owner: Owner, ledger: Ledger, going: () => boolean): Promise<void> {
  while (going()) {
    const key = randomUUID()
    // Without an identifier nothing but the key keeps a repeated request from making a second one.
    const data = { ...baseline(key), generalInformation: { batteryMass: 450 }, mark: key }
    const answer = await insist(ledger, `passport ${key}`, () =>
      owner.writer.ask('POST /api/passports', { data }, { 'idempotency-key': key }),
    )
    if (answer && ledger.passports.has(answer.body.id))
      ledger.faults.push(`passport ${answer.body.id} was the answer to two keys`)
    if (answer) ledger.passports.set(answer.body.id, { owner, data })
    await sleep(15)
  }
}

/** Some in one piece, some slowly, so that a kill finds them half sent. */
async function uploadDocuments(who: Client, ledger: Ledger, random: () => number, going: () => boolean): Promise<void> {
  while (going()) {
    const content = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(Math.floor(random() ** 2 * 1_500_000))])
    const [pieces, pause] = random() < 0.5 ? [1, 0] : [10, 15]
    const answer = await insist(ledger, 'an upload', () => upload(who, content, pieces, pause))
    if (answer)
      ledger.documents.set(answer.body.docId, { who, sha256: createHash('sha256').update(content).digest('hex') })
    await sleep(30)
  }
}

async function upload(who: Client, content: Buffer, pieces: number, pause: number): Promise<Answer> {
  const boundary = 'the-boundary-of-this-form'
  async function* body() {
    yield Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="test.pdf"\r\ncontent-type: application/pdf\r\n\r\n`,
    )
    for (let piece = 0; piece < pieces; piece++) {
      yield content.subarray(
        Math.floor((piece * content.length) / pieces),
        Math.floor(((piece + 1) * content.length) / pieces),
      )
      if (pause) await sleep(pause)
    }
    yield Buffer.from(`\r\n--${boundary}--\r\n`)
  }
  const answer = await fetch(new URL('/api/documents/upload', who.address), {
    method: 'POST',
    headers: { ...who.headers, 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: ReadableStream.from(body()),
    duplex: 'half',
  })
  return { status: answer.status, headers: answer.headers, body: await answer.json() }
}

/** What the platform looks for every few hours, as if these files were old enough. */
async function heal(site: Site): Promise<{ missing: number }> {
  const now = () => new Date(Date.now() + 2 * 3_600_000)
  return await site.peek(
    'documents',
    async pool => {
      const host = {
        db: openDatabase(pool, 'documents'),
        files: site.files,
        log: openLog({ level: 'silent' }),
        metrics: openMetrics(),
        now,
      }
      return await healFiles(host as unknown as DocumentsHost)
    },
    'documents',
  )
}

async function check(site: Site, people: People, ledger: Ledger): Promise<void> {
  const { faults } = ledger
  const { root, everybody, owners, mails } = people
  const say = (fault: string | false): void => void (fault && faults.push(fault))

  // Passports: those that were promised, as they were given, and no others.
  for (const owner of owners) {
    const there = await all(
      owner.writer,
      owner.writer === root.who
        ? `/api/passports?owner=${(await root.who.get(200, 'GET /api/auth/profile')).id}`
        : '/api/passports',
    )
    const promised = new Set([...ledger.passports].filter(([, attempt]) => attempt.owner === owner).map(([id]) => id))
    for (const id of promised.difference(new Set(there.map(({ id }) => id))))
      say(`passport ${id} was promised and is gone`)
    for (const { id } of there) say(!promised.has(id) && `passport ${id} is there and nobody was told`)
    await each(promised, async id => {
      const { body } = await owner.writer.ask(`GET /api/passports/${id}`)
      say(
        JSON.stringify(body.data) !== JSON.stringify(ledger.passports.get(id)!.data) &&
          `passport ${id} is not what it was: ${JSON.stringify(body)}`,
      )
    })
  }

  // Documents: those that were promised, and all others an event tells of, whole.
  const uploaded = await site.peek(
    'documents',
    db => db<{ id: string; sha256: string }[]>`
    select data->>'docId' as id, data->>'sha256' as sha256 from kernel.log where topic = 'document.uploaded'`,
  )
  const told = new Set(uploaded.map(({ id }) => id))
  for (const id of ledger.documents.keys()) say(!told.has(id) && `document ${id} was promised and no event tells of it`)
  await each(uploaded, async ({ id, sha256 }) => {
    const { status, body } = await root.who.ask(`GET /api/documents/${id}?download=1`)
    const found = status === 200 ? createHash('sha256').update(body).digest('hex') : `status ${status}`
    say(found !== (ledger.documents.get(id)?.sha256 ?? sha256) && `document ${id} downloads as ${found}`)
  })

  // Files: each belongs to a row, and nothing half written is left.
  const { missing } = await heal(site)
  say(missing > 0 && `${missing} documents have no file`)
  const rows = await site.peek('documents', async db =>
    (await db<{ text: string }[]>`select d::text as text from documents.documents d`)
      .map(({ text }) => text)
      .join('\n'),
  )
  for await (const { key } of site.files.list('documents/'))
    say(!rows.includes(key.split('/').at(-1)!) && `the file ${key} belongs to no document`)
  for (const name of readdirSync(mails)) say(!name.endsWith('.txt') && `${name} was left behind among the mails`)

  // Messages: one a passport and recipient, in the application and as a file, and by mail to who did not make it.
  const filed = async (channel: 'email' | 'in-app') => {
    const written = (await mailsIn(mails, channel)).filter(({ event }) => event === 'passport.created')
    return Map.groupBy(written, mail => `${mail.to} ${linkIn(mail).pathname}`)
  }
  const [mailed, recorded] = [await filed('email'), await filed('in-app')]
  for (const person of everybody) {
    const list = (await all(person.who, '/api/notifications')).filter(({ event }) => event === 'passport.created')
    const shown = Map.groupBy(list, ({ link }) => new URL(link).pathname)
    for (const [id, { owner }] of ledger.passports) {
      const isTold = owner.told.includes(person) ? 1 : 0
      const expected = [isTold, isTold, owner.writer === person.who ? 0 : isTold]
      const counts = [
        shown.get(`/passports/${id}`)?.length ?? 0,
        recorded.get(`${person.email} /passports/${id}`)?.length ?? 0,
        mailed.get(`${person.email} /passports/${id}`)?.length ?? 0,
      ]
      say(
        counts.join() !== expected.join() &&
          `${person.email} has ${counts} notifications, files of them and mails about passport ${id} instead of ${expected}`,
      )
    }
  }
  const dead = await root.who.get(200, 'GET /api/events/dead-letters')
  say(dead.items.length > 0 && `there are dead letters: ${JSON.stringify(dead.items)}`)
}

/** Some at a time: an hour leaves tens of thousands. */
async function each<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items].values()
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}

/** Every item of a list, page by page. */
async function all(who: Client, path: string): Promise<any[]> {
  const items: any[] = []
  for (let after: string | null = ''; after !== null;) {
    const page: { items: any[]; nextCursor: string | null } = await who.get(
      200,
      `GET ${path}${path.includes('?') ? '&' : '?'}limit=100${after && `&after=${after}`}`,
    )
    items.push(...page.items)
    after = page.nextCursor
  }
  return items
}
