import { attributes, readLink } from '../../law/index.ts'
import { asking, NoAnswer, type Answer, type Question } from './asking.ts'
import { lackingIn, leaksIn, toldBy, type Told } from './telling.ts'

/** What was asked, and what is to be said of it: `open` where it could not be told. */
export interface Finding {
  readonly topic: 'identifier' | 'encryption' | 'page' | 'reads' | 'by date' | 'points' | 'leaks'
  readonly question: string
  readonly verdict: 'yes' | 'no' | 'open'
  readonly detail?: string
}

export interface Report {
  readonly url: string
  readonly at: string
  /** By the rules of this day. */
  readonly on: string
  readonly category: string | null
  readonly requests: number
  readonly findings: readonly Finding[]
  /** Mandatory data points that everybody may see and that it does not tell. */
  readonly lacking: readonly { dataPoint: number; name: string; article: string; attributes: string[] }[]
  /** What it tells everybody and the law does not open to everybody. */
  readonly leaks: readonly { attribute: string; point: number }[]
}

export interface ProbeOptions {
  /** Where its EN 18222 is; `/v1` of the same host unless said. */
  readonly api?: string
  /** Whether the host of the address may be one of the own network. */
  readonly local?: boolean
  readonly now?: Date
  /** Milliseconds for all of it. */
  readonly patienceMs?: number
}

type Ask = ReturnType<typeof asking>

/**
 * Asks the passport that a code leads to what we ask of our own: as nobody in particular, with nothing but GET, HEAD and one
 * search by POST. Always resolves with a report, whatever the other side does.
 */
export async function probe(address: string, options: ProbeOptions = {}): Promise<Report> {
  const { local = false, now = new Date(), patienceMs = 120_000 } = options
  const url = new URL(address)
  const on = now.toISOString().slice(0, 10)
  const ask = asking(url, { local, signal: AbortSignal.timeout(patienceMs) })
  const findings: Finding[] = []
  const say = (topic: Finding['topic'], question: string, verdict: boolean | 'open', detail?: string): void =>
    void findings.push({
      topic,
      question,
      verdict: verdict === 'open' ? 'open' : verdict ? 'yes' : 'no',
      ...(detail && { detail }),
    })
  /** An answer; without one a finding that says why. */
  const attempt = async <T>(
    topic: Finding['topic'],
    question: string,
    work: () => Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      say(topic, question, false, error.message)
      return undefined
    }
  }

  identifier(url, say)
  await encryption(ask, url, say, attempt)
  const page = await attempt('page', 'The code opens a page', () =>
    ask.follow(url, { headers: { accept: 'text/html', 'accept-language': 'de' } }),
  )
  // Where nothing answers, nothing more is asked.
  const told: Told[] = []
  if (page) {
    await pageOf(ask, url, page, say, attempt)
    const api = apiOf(url, options.api)
    const known = await reads({ ask, url, api, say, attempt }, page)
    told.push(...known.told)
    if (known.dpp) await byDate({ ask, url, api, say, attempt }, known.dpp)
    if (known.dpp) await closed({ ask, url, api, say, attempt }, known.dpp, known.document)
  }
  const all = new Set(told.flatMap(({ attributes }) => [...attributes]))
  const category = told.map(one => one.category).find(Boolean) ?? null
  const leaks = leaksIn(all, category, on).map(({ id, point }) => ({ attribute: id, point }))
  if (told.length > 0)
    say(
      'leaks',
      'Nothing is told to everybody that the law keeps',
      leaks.length === 0,
      leaks.map(({ attribute }) => attribute).join(', '),
    )
  const lacking = category ? lackingIn(all, category, on) : []
  if (told.length > 0)
    say(
      'points',
      'It tells everybody what is mandatory for its category',
      category ? lacking.length === 0 : 'open',
      category ? lacking.map(({ dataPoint }) => `data point ${dataPoint}`).join(', ') : 'its category is not told',
    )
  return { url: url.href, at: now.toISOString(), on, category, requests: ask.count(), findings, lacking, leaks }
}

type Say = (topic: Finding['topic'], question: string, verdict: boolean | 'open', detail?: string) => void
type Attempt = <T>(topic: Finding['topic'], question: string, work: () => Promise<T>) => Promise<T | undefined>
interface Asked {
  readonly ask: Ask
  readonly url: URL
  readonly api: string
  readonly say: Say
  readonly attempt: Attempt
}

const apiOf = (url: URL, api: string | undefined): string => (api ?? `${url.origin}/v1`).replace(/\/$/, '')

/** What is printed: a link that names one battery and can be typed (EN 18219, GS1 Digital Link). */
function identifier(url: URL, say: Say): void {
  const [topic, question] = ['identifier', 'The code is a link that names one battery'] as const
  const isGs1 = /^\/(01|8004)\//.test(url.pathname)
  const named = isGs1 ? readLink(url.pathname) : undefined
  if (isGs1 && !named) say(topic, question, false, 'It looks like a GS1 Digital Link and is none: check its digits.')
  else if (named?.scheme === 'gtin' && !named.serial)
    say(topic, question, false, 'It names a product, not a battery of it.')
  else if (named) say(topic, question, true)
  else say(topic, question, 'open', 'It is no GS1 Digital Link: whether it is unique cannot be told from it.')
  if (named) say(topic, 'It is in its canonical form', named.canonical === url.pathname, named.canonical)
  say(topic, 'It carries no query and no fragment', url.search === '' && url.hash === '')
}

async function encryption(ask: Ask, url: URL, say: Say, attempt: Attempt): Promise<void> {
  const question = 'The code leads to an encrypted address'
  say('encryption', question, url.protocol === 'https:')
  if (url.protocol !== 'https:') return
  const spoken = await attempt('encryption', 'TLS can be spoken', () => ask.encryption())
  if (!spoken) return
  say('encryption', 'TLS 1.2 or newer is spoken', /^TLSv1\.[23]$/.test(spoken.protocol), spoken.protocol)
  say('encryption', 'HTTP/2 is spoken', spoken.http === 'HTTP/2', spoken.http)
  say('encryption', 'Its certificate is believed', spoken.distrust === null, spoken.distrust ?? undefined)
}

/** What somebody with a telephone meets. */
async function pageOf(
  ask: Ask,
  url: URL,
  page: Answer & { hops: string[] },
  say: Say,
  attempt: Attempt,
): Promise<void> {
  const { status, headers, text } = page
  say('page', 'The code opens a page', status === 200, String(status))
  const isHtml = /^text\/html\b/.test(headers['content-type'] ?? '')
  say('page', 'It is HTML', isHtml, headers['content-type'])
  say('page', 'It sets no cookie', headers['set-cookie'] === undefined)
  if (isHtml) {
    say(
      'page',
      'It can be read without script',
      !/<script\b/i.test(text) ||
        text
          .replace(/<script[^]*?<\/script>/gi, '')
          .replace(/<[^>]*>/g, '')
          .trim().length > 200,
    )
    const fetched = [
      ...text.matchAll(/<(?:script|img|iframe|link|source|video|audio)\b[^>]*?\b(?:src|href)=["']([^"']+)/gi),
    ]
    const foreign = fetched.flatMap(([, to]) => {
      const there = URL.canParse(to!, page.url) ? new URL(to!, page.url) : undefined
      return there && /^https?:$/.test(there.protocol) && there.origin !== new URL(page.url).origin
        ? [there.origin]
        : []
    })
    say('page', 'Nothing of it comes from elsewhere', foreign.length === 0, [...new Set(foreign)].join(', '))
    const its = /<html\b[^>]*\blang=["']?([\w-]+)/i.exec(text)?.[1] ?? headers['content-language'] ?? ''
    say('page', 'It is in the language that was asked for', /^de\b/i.test(String(its)), String(its))
  }
  const head = await attempt('page', 'HEAD is answered as GET', () =>
    ask.follow(url, { method: 'HEAD', headers: { accept: 'text/html' } }),
  )
  if (head) say('page', 'HEAD is answered as GET', head.status === status && head.text === '', String(head.status))
  const { etag } = headers
  if (etag === undefined) say('page', 'It says whether it has changed', false, 'It has no ETag.')
  else {
    const again = await attempt('page', 'It says whether it has changed', () =>
      ask.once(new URL(page.url), {
        headers: { accept: 'text/html', 'accept-language': 'de', 'if-none-match': String(etag) },
      }),
    )
    if (again) say('page', 'It says whether it has changed', again.status === 304, String(again.status))
  }
}

const jsonOf = ({ text, headers }: Answer): unknown => {
  if (!/\bjson\b/.test(headers['content-type'] ?? '')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Traces of what runs behind: JavaScript, Python, Java, SQL. */
const insides = /\bat [\w$.<>[\] ]+ \([^()\s]+:\d+:\d+\)|node:internal|Traceback \(most|Exception in thread|SQLSTATE/

/** What programs read, by the operations of EN 18222. */
async function reads(asked: Asked, page: Answer): Promise<{ told: Told[]; dpp?: string; document?: unknown }> {
  const { ask, url, api, say, attempt } = asked
  const told: Told[] = []
  const get = (topic: Finding['topic'], question: string, path: string, more: Question = {}) =>
    attempt(topic, question, () =>
      ask.follow(new URL(api + path), { headers: { accept: 'application/json' }, ...more }),
    )
  const linked = await attempt('reads', 'The same address has JSON for programs', () =>
    ask.follow(url, { headers: { accept: 'application/ld+json, application/json;q=0.9' } }),
  )
  const atCode = linked && linked.status === 200 ? jsonOf(linked) : undefined
  if (linked)
    say(
      'reads',
      'The same address has JSON for programs',
      atCode !== undefined,
      `${linked.status} ${linked.headers['content-type']}`,
    )
  if (atCode !== undefined) told.push(toldBy(atCode))
  const inPage = /urn:uuid:[0-9a-f-]{36}/i.exec(page.text)?.[0]
  const products = [...new Set([told[0]?.productId, url.href].filter(one => typeof one === 'string'))]

  let document: unknown
  for (const product of products) {
    const found = await get('reads', 'ReadDPPByProductId', `/dppsByProductId/${encodeURIComponent(product)}`)
    document = found?.status === 200 ? jsonOf(found) : undefined
    if (document !== undefined) break
  }
  say('reads', 'ReadDPPByProductId answers by what is on the battery', document !== undefined)
  if (document !== undefined) told.push(toldBy(document))
  const dpp = told.map(({ passportId }) => passportId).find(Boolean) ?? inPage
  if (!dpp) {
    say('reads', 'ReadDPPById', 'open', 'Which id it has cannot be told.')
    return { told, document }
  }
  const at = `/dpps/${encodeURIComponent(dpp)}`
  for (const [question, path] of [
    ['ReadDPPById', at],
    ['ReadDPPById, the tree of elements', `${at}?representation=full`],
  ] as const) {
    const answer = await get('reads', question, path)
    if (!answer) continue
    const body = answer.status === 200 ? jsonOf(answer) : undefined
    say('reads', question, body !== undefined, String(answer.status))
    if (body === undefined) continue
    told.push(toldBy(body))
    document ??= body
  }
  const ids = await get('reads', 'ReadDPPIdsByProductIds', '/dppsByProductIds', {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: JSON.stringify({ productIds: products }),
  })
  if (ids)
    say('reads', 'ReadDPPIdsByProductIds finds it', ids.status === 200 && ids.text.includes(dpp), String(ids.status))
  const nobody = 'urn:uuid:00000000-0000-4000-8000-000000000000'
  const unknown = await get('reads', 'What is not there is 404', `/dpps/${encodeURIComponent(nobody)}`)
  if (unknown) {
    say('reads', 'What is not there is not there', [401, 404].includes(unknown.status), String(unknown.status))
    say('leaks', 'A refusal tells nothing of the inside', !insides.test(unknown.text))
  }
  return { told, dpp, document }
}

/** What it was: on a date, before there was one, and without a zone, which nobody can tell. */
async function byDate({ ask, api, say, attempt }: Asked, dpp: string): Promise<void> {
  const at = (date: string) =>
    new URL(`${api}/dppsByIdAndDate/${encodeURIComponent(dpp)}?date=${encodeURIComponent(date)}`)
  for (const [question, date, statuses] of [
    ['ReadDPPVersionByIdAndDate answers what it is now', new Date().toISOString(), [200]],
    ['Before there was one there is none', '2001-01-01T00:00:00Z', [401, 404]],
    ['A time without a zone is refused', '2027-02-18T08:30:00', [400, 422]],
    ['What is no date is refused', 'yesterday', [400, 422]],
  ] as const) {
    const answer = await attempt('by date', question, () =>
      ask.once(at(date), { headers: { accept: 'application/json' } }),
    )
    if (answer) say('by date', question, (statuses as readonly number[]).includes(answer.status), String(answer.status))
  }
}

/** Elements that the law keeps: refused to everybody, whether or not anything stands there. */
async function closed({ ask, api, say, attempt }: Asked, dpp: string, document: unknown): Promise<void> {
  const elementAt = (path: string) =>
    new URL(`${api}/dpps/${encodeURIComponent(dpp)}/elements/${encodeURIComponent(path)}`)
  const headers = { accept: 'application/json' }
  const [open] = firstElement(document)
  if (open) {
    const answer = await attempt('reads', 'ReadDataElement', () => ask.once(elementAt(open), { headers }))
    if (answer)
      say('reads', 'ReadDataElement answers what everybody may see', answer.status === 200, `${open}: ${answer.status}`)
  }
  const statuses = new Set<number>()
  for (const { group, id, point } of attributes.filter(one => one.point !== 1 && one.otherwise !== 'computed')) {
    const question = 'Elements that the law keeps are closed, filled or not'
    const answer = await attempt('leaks', question, () => ask.once(elementAt(`$['${group}']['${id}']`), { headers }))
    if (!answer) return
    statuses.add(answer.status)
    if (answer.status === 200) {
      say('leaks', question, false, `${id} (point ${point}) is answered to everybody`)
      return
    }
  }
  const same = statuses.size === 1 && ![...statuses].some(status => status >= 500)
  say('leaks', 'Elements that the law keeps are closed, filled or not', same, [...statuses].join(', '))
}

/** The path of something that a compressed document says. */
function firstElement(document: unknown): string[] {
  if (typeof document !== 'object' || document === null) return []
  for (const [group, inside] of Object.entries(document))
    if (typeof inside === 'object' && inside !== null && !Array.isArray(inside))
      for (const id of Object.keys(inside)) return [`$['${group}']['${id}']`]
  return []
}

/** The report in lines for people. */
export function linesOf({ url, category, on, requests, findings, lacking, leaks }: Report): string[] {
  const signs = { yes: 'ok  ', no: 'NO  ', open: '?   ' }
  const tally = (verdict: Finding['verdict']): number => findings.filter(one => one.verdict === verdict).length
  return [
    `${url} (${category ?? 'category unknown'}), by the rules of ${on}:`,
    ...findings.map(
      ({ topic, question, verdict, detail }) =>
        `${signs[verdict]} ${topic}: ${question}${verdict !== 'yes' && detail ? ` (${detail})` : ''}`,
    ),
    ...lacking.map(({ dataPoint, name, article }) => `     lacks ${dataPoint}, ${name} (${article})`),
    ...leaks.map(({ attribute, point }) => `     tells everybody ${attribute}, which is of point ${point}`),
    `${tally('yes')} well, ${tally('no')} not, ${tally('open')} cannot be told; ${requests} requests.`,
  ]
}
