import { createPublicKey, hash, verify as isSigned, type webcrypto } from 'node:crypto'

/**
 * Checks what `GET /api/passports/{id}/proof` answers. It stands by itself, with nothing but what comes with Node, so that
 * one can read it through and believe it; docs/guides/history.md says the same in words.
 */

type Jwk = webcrypto.JsonWebKey & { kid?: string }

interface Item {
  link: {
    passport: string
    chain: string
    version: number
    at: string
    roots: Record<string, string>
    previous: string | null
    [more: string]: unknown
  }
  hash: string
  disclosed: { part: string; salt: string; said: unknown }[]
  actor?: { userId: string | null; role: string }
}
interface Seal {
  day: string
  leaf: { version: number; hash: string; [more: string]: unknown }
  way: { side: string; hash: string }[]
  jws: string
}
/** What one request answered. */
export interface ProofPage {
  passport: string
  chain: string
  items: Item[]
  seal: Seal | null
  nextCursor: string | null
}

export interface Verdict {
  /** Each in a sentence that names the version. */
  wrong: string[]
  /** What could not be told from this. */
  open: string[]
  versions: number
  sealed: string | null
}

/** JSON as RFC 8785 has it, of texts, whole numbers, lists and objects. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`
}

const sha256 = (value: unknown): string => hash('sha256', canonical(value))
const node = (sign: number, ...parts: (string | Buffer)[]): string =>
  hash('sha256', Buffer.concat([Buffer.of(sign), ...parts.map(part => Buffer.from(part as string, 'hex'))]))

/** `pages` of one history, in any order; `keys` of the platform, and pages that somebody kept from before. */
export function verifyHistory(
  pages: ProofPage[],
  { keys, kept = [] }: { keys?: Jwk[]; kept?: ProofPage[] } = {},
): Verdict {
  const items = pages.flatMap(page => page.items).sort((a, b) => a.link.version - b.link.version)
  const wrong = [...pages.flatMap(of => strangers(of, pages[0]!)), ...items.flatMap(inside), ...between(items)]
  const open: string[] = []
  const first = items[0]
  if (first && first.link.previous !== null)
    open.push(`What was before version ${first.link.version} is not in this proof.`)
  for (const { link, disclosed } of items) {
    const hidden = Object.keys(link.roots).filter(part => !disclosed.some(one => one.part === part))
    if (hidden.length > 0) open.push(`Version ${link.version} does not tell its values of ${hidden.join(', ')}.`)
  }
  const byVersion = new Map(items.map(item => [item.link.version, item.hash]))
  for (const { link, hash: former } of kept.flatMap(page => page.items)) {
    const now = byVersion.get(link.version)
    if (now === undefined) open.push(`Version ${link.version}, which was kept, is not in this proof.`)
    else if (now !== former)
      wrong.push(`Version ${link.version} is not the one that was kept: history was written anew.`)
  }
  const newest = items.at(-1)?.link.version ?? 0
  if (kept.some(page => page.items.some(({ link }) => link.version > newest)))
    wrong.push(`Versions after ${newest}, which were kept, are gone.`)
  const seal = pages.find(page => page.seal)?.seal ?? null
  if (seal) {
    checkSeal(seal, byVersion, keys, wrong, open)
    for (const { link } of items)
      if (link.version > seal.leaf.version && link.at.slice(0, 10) <= seal.day)
        open.push(
          `Version ${link.version} is of ${link.at.slice(0, 10)}, which was sealed without it: a clock was slow, or it was put in afterwards.`,
        )
  } else open.push('No checkpoint has sealed this history yet.')
  return { wrong, open, versions: items.length, sealed: seal?.day ?? null }
}

const strangers = ({ passport, chain }: ProofPage, first: ProofPage): string[] =>
  passport === first.passport && chain === first.chain ? [] : ['The pages are of different histories.']

/** Whether a version is what its hash says, and what it tells what its roots say. */
function inside({ link, hash: said, disclosed, actor }: Item): string[] {
  const wrong: string[] = []
  if (sha256(link) !== said) wrong.push(`Version ${link.version} is not what its hash says: it was changed.`)
  for (const { part, salt, said } of disclosed)
    if (sha256({ said, salt }) !== link.roots[part])
      wrong.push(`What version ${link.version} tells of ${part} is not what its root says: it was changed.`)
  const salt = disclosed.find(({ part }) => part === 'own')?.salt
  if (actor && salt && sha256({ ...actor, salt }) !== link.actor)
    wrong.push(`Version ${link.version} was made by somebody else than it tells.`)
  return wrong
}

/** Whether each version is bound to the one before. */
function between(items: readonly Item[]): string[] {
  return items.flatMap(({ link }, at) => {
    const before = items[at - 1]
    const wrong: string[] = []
    if (link.passport !== items[0]!.link.passport || link.chain !== items[0]!.link.chain)
      wrong.push(`Version ${link.version} is of another history.`)
    if (!before) return link.version === 1 && link.previous ? [...wrong, 'Something was before version 1.'] : wrong
    if (link.version !== before.link.version + 1)
      wrong.push(
        `Between version ${before.link.version} and version ${link.version} something is missing, or is there twice.`,
      )
    else if (link.previous !== before.hash)
      wrong.push(`Version ${link.version} does not follow version ${before.link.version}.`)
    if (Date.parse(link.at) < Date.parse(before.link.at))
      wrong.push(`Version ${link.version} is older than the one before.`)
    return wrong
  })
}

function checkSeal(
  { day, leaf, way, jws }: Seal,
  hashes: ReadonlyMap<number, string>,
  keys: Jwk[] | undefined,
  wrong: string[],
  open: string[],
): void {
  const there = hashes.get(leaf.version)
  if (there === undefined) open.push(`Version ${leaf.version}, which is sealed, is not in this proof.`)
  else if (there !== leaf.hash) wrong.push(`Version ${leaf.version} is not the one that was sealed on ${day}.`)
  let root = hash('sha256', Buffer.concat([Buffer.of(0), Buffer.from(canonical(leaf))]))
  for (const { side, hash: neighbour } of way)
    root = side === 'left' ? node(1, neighbour, root) : node(1, root, neighbour)
  const { said, problem } = signedBy(jws, keys)
  if (said?.root !== root || said.day !== day) wrong.push(`The checkpoint of ${day} has not sealed this history.`)
  if (!keys) open.push(`The signature of the checkpoint of ${day} was not checked: no keys were given.`)
  else if (problem) wrong.push(`The checkpoint of ${day} ${problem}`)
}

interface Said {
  readonly day: string
  readonly root: string
  readonly previous: { readonly day: string; readonly sha256: string } | null
}

/** What a checkpoint says, and what is wrong with its signature. */
function signedBy(jws: string, keys: Jwk[] = []): { said?: Said; problem?: string } {
  const [head = '', body = '', signature = ''] = jws.split('.')
  try {
    const [{ kid, alg }, said] = [head, body].map(part => JSON.parse(Buffer.from(part, 'base64url').toString()))
    const jwk = keys.find(key => key.kid === kid)
    if (!jwk) return { said, problem: 'is signed with a key that was not given.' }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const isGood =
      alg === 'EdDSA' && isSigned(null, Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))
    return { said, ...(!isGood && { problem: 'is not signed by who it says.' }) }
  } catch {
    return { problem: 'is no checkpoint.' }
  }
}

/** One of `GET /api/passports/checkpoints`. */
export interface Checkpoint {
  readonly day: string
  readonly jws: string
}

/**
 * Checks the checkpoints that there are: signed, each bound to the one before, and none of those gone or another one now that
 * somebody `kept`. That is how a database shows that was set back.
 */
export function verifyCheckpoints(
  checkpoints: readonly Checkpoint[],
  { keys, kept = [] }: { keys?: Jwk[]; kept?: readonly Checkpoint[] } = {},
): { wrong: string[]; open: string[] } {
  const [wrong, open]: [string[], string[]] = [[], []]
  const all = checkpoints.toSorted((a, b) => (a.day < b.day ? -1 : 1))
  for (const [at, { day, jws }] of all.entries()) {
    const { said, problem } = signedBy(jws, keys)
    if (keys && problem) wrong.push(`The checkpoint of ${day} ${problem}`)
    if (!said) continue
    if (said.day !== day) wrong.push(`The checkpoint of ${day} is that of ${said.day}.`)
    const before = all[at - 1]
    if (before && (said.previous?.day !== before.day || said.previous.sha256 !== hash('sha256', before.jws)))
      wrong.push(`The checkpoint of ${day} does not follow that of ${before.day}.`)
    if (!before && said.previous) open.push(`What was before ${day} is not among these checkpoints.`)
  }
  if (!keys) open.push('No signature was checked: no keys were given.')
  const now = new Map(all.map(({ day, jws }) => [day, jws]))
  for (const { day, jws } of kept)
    if (!now.has(day)) wrong.push(`The checkpoint of ${day}, which was kept, is gone: the database was set back.`)
    else if (now.get(day) !== jws)
      wrong.push(`The checkpoint of ${day} is not the one that was kept: history was written anew.`)
  return { wrong, open }
}
