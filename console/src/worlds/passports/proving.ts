import type { components } from '../../api/api.gen'

/**
 * Whether a history is as it was written, found out in the browser of who asks: as docs/guides/history.md says, and as
 * `ohmnibus verify` does without one.
 */

export type Proof = components['schemas']['PassportProof'] | components['schemas']['PassportAccessProof']
type Key = components['schemas']['CheckpointKey']

export interface Verdict {
  readonly step: 'hashes' | 'values' | 'order' | 'sealed' | 'signed'
  readonly state: 'ok' | 'invalid' | 'open'
  /** Of which it is not so. */
  readonly versions: readonly number[]
}

/** JSON as RFC 8785 has it, of texts, whole numbers, lists and objects. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`
}

const bytesIn = (text: string) => new TextEncoder().encode(text)
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
const decoded = (text: string) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), sign => sign.charCodeAt(0))
const said = (part: string) => JSON.parse(new TextDecoder().decode(decoded(part))) as Record<string, string>

async function sha256(...parts: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await new Blob([...parts]).arrayBuffer())
  return Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('')
}
const hashOf = (value: unknown): Promise<string> => sha256(bytesIn(canonical(value)))

/** `proof` with all its items. */
export async function verify(proof: Proof, keys: readonly Key[]): Promise<readonly Verdict[]> {
  const items = [...proof.items].sort((a, b) => a.link.version - b.link.version)
  const [changed, untrue, loose] = [new Set<number>(), new Set<number>(), new Set<number>()]
  for (const [at, { link, hash, disclosed }] of items.entries()) {
    const { version, previous, roots } = link
    if ((await hashOf(link)) !== hash) changed.add(version)
    for (const { part, salt, said: told } of disclosed)
      if ((await hashOf({ said: told, salt })) !== (roots as Record<string, string>)[part]) untrue.add(version)
    const before = items[at - 1]
    const follows = before
      ? before.link.version + 1 === version && before.hash === previous && before.link.at <= link.at
      : version === 1 && previous === null
    if (!follows) loose.add(version)
  }
  const verdict = (step: Verdict['step'], wrong: ReadonlySet<number>): Verdict => ({
    step,
    state: wrong.size > 0 ? 'invalid' : 'ok',
    versions: [...wrong],
  })
  return [
    verdict('hashes', changed),
    verdict('values', untrue),
    verdict('order', loose),
    ...(await sealed(proof, keys)),
  ]
}

async function sealed({ seal, items }: Proof, keys: readonly Key[]): Promise<readonly Verdict[]> {
  if (!seal) return [{ step: 'sealed', state: 'open', versions: [] }]
  const { leaf, way, jws, day } = seal
  const [head = '', body = '', signature = ''] = jws.split('.')
  let root = await sha256(Uint8Array.of(0), bytesIn(canonical(leaf)))
  for (const { side, hash } of way) {
    const [left, right] = side === 'left' ? [hash, root] : [root, hash]
    root = await sha256(Uint8Array.of(1), bytesOf(left), bytesOf(right))
  }
  const isOurs = items.every(({ link, hash }) => link.version !== leaf.version || hash === leaf.hash)
  const holds = isOurs && said(body).root === root && said(body).day === day
  const key = keys.find(({ kid }) => kid === said(head).kid)
  return [
    { step: 'sealed', state: holds ? 'ok' : 'invalid', versions: holds ? [] : [leaf.version] },
    { step: 'signed', state: key ? await signedBy(key, `${head}.${body}`, signature) : 'invalid', versions: [] },
  ]
}

async function signedBy({ kty, crv, x }: Key, text: string, signature: string): Promise<Verdict['state']> {
  try {
    const key = await crypto.subtle.importKey('jwk', { kty, crv, x }, 'Ed25519', false, ['verify'])
    return (await crypto.subtle.verify('Ed25519', key, decoded(signature), bytesIn(text))) ? 'ok' : 'invalid'
  } catch {
    // A browser that does not know these keys.
    return 'open'
  }
}
