import { hash, randomBytes } from 'node:crypto'
import canonicalize from 'canonicalize'
import { stringify, type Actor } from '#kernel'
import { pointOf, withheld, type Value } from '#law'
import type { PassportData, PassportStatus } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import { saidIn } from '../audiences/said.ts'
import { allViews, dayOf, type Seen, type View } from '../audiences/views.ts'
import type { Passport } from '../passports.ts'

/** Whose history it is: the owner's has every version, each other one those that changed what it shows. */
export type Chain = 'owner' | View
/** What is proven by itself: a point of Annex XIII, or all that was given, which is the owner's. */
export type Part = '1' | '2' | '3' | '4' | 'own'
export const parts = ['own', '1', '2', '3', '4'] as const satisfies readonly Part[]

/** The points that each history speaks of. */
export const partsOf: Readonly<Record<Chain, readonly Part[]>> = {
  owner: parts,
  public: ['1'],
  authority: ['1', '2', '3'],
  interest: ['1', '2', '4'],
  both: ['1', '2', '3', '4'],
}

/** What a version is bound by. All its values are texts and whole numbers, so that everybody writes them alike. */
export interface Link {
  readonly passport: string
  readonly chain: Chain
  readonly version: number
  readonly at: string
  readonly status: PassportStatus
  /** A digest of who made it; in the owner's history. */
  readonly actor?: string
  readonly reason?: string
  /** Whose it became, where it changed hands. */
  readonly owner?: Owner
  /** What it begins with, at the version that this history had of it. */
  readonly parent?: { readonly id: string; readonly version: number }
  readonly roots: Readonly<Partial<Record<Part, string>>>
  readonly previous: string | null
}

/** What attributes of each point said; all that was given is text. */
export type SaidBy = Readonly<Record<'1' | '2' | '3' | '4', Readonly<Record<string, Value>>>>

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer')

/** SHA-256 of the one way to write it (RFC 8785). */
export const hashOf = (value: object): Buffer => sha256(canonicalize(value)!)

const saltSize = 16
/** One for each part; `count` of a draft is 1, as nobody but its owner sees anything of it. */
export const newSalts = (count: number = parts.length): Buffer => randomBytes(saltSize * count)
export function saltOf(salts: Buffer, part: Part): string {
  const from = parts.indexOf(part) * saltSize
  return salts.subarray(from, from + saltSize).toString('base64url')
}

/** The root over what a part says: without its salt nobody can try out what that may be. */
export const rootOver = (said: unknown, salt: string): string => hashOf({ said, salt }).toString('hex')

export const actorDigest = (userId: string | null, role: string, salt: string): string =>
  hashOf({ role, salt, userId }).toString('hex')

/** What of the data is proven under each point, as it is read on a day; what is not to be filled yet is under none. */
export function saidByPoint(data: PassportData, category: string | null, at: Date): SaidBy {
  const said: Record<string, Record<string, Value>> = { 1: {}, 2: {}, 3: {}, 4: {} }
  for (const [id, value] of saidIn(data).values) {
    const point = pointOf(id)
    if (point !== undefined && !withheld(id, category, dayOf(at))) said[point]![id] = value
  }
  return said as SaidBy
}

export interface First {
  readonly passportId: string
  readonly data: PassportData
  readonly at: Date
  readonly actor: { readonly userId: string; readonly role: string }
  readonly parent: { readonly id: string; readonly version: number } | undefined
}

/** The beginning of a history, which is a draft: for each that is made, so that it has to be quick. */
export function firstOf({ passportId, data, at, actor, parent }: First): { hash: Buffer; salts: Buffer } {
  const salts = newSalts(1)
  const salt = saltOf(salts, 'own')
  const link: Link = {
    passport: passportId,
    chain: 'owner',
    version: 1,
    at: at.toISOString(),
    status: 'draft',
    actor: actorDigest(actor.userId, actor.role, salt),
    ...(parent && { parent: { id: parent.id, version: parent.version } }),
    roots: { own: rootOver(stringify(data), salt) },
    previous: null,
  }
  return { hash: hashOf(link), salts }
}

/** A version as it is kept, with what its history needs. */
export interface Kept {
  readonly passportId: string
  readonly version: number
  readonly status: PassportStatus
  readonly actorId: string | null
  readonly actorRole: string
  readonly at: Date
  /** The data as it was given. */
  readonly text: string
  readonly seen: Seen | null
  readonly reason: string | null
  readonly owner: Owner | null
  readonly parentId: string | null
  readonly parentVersion: number | null
  readonly parentSeen: Seen | null
  readonly salts: Buffer
  readonly said: SaidBy | null
}

/** Whether a version is one of a history: of a view's where that view saw it change. */
export const isIn = (chain: Chain, { seen }: Pick<Kept, 'seen'>): boolean =>
  chain === 'owner' || seen?.[chain].fields !== undefined

/** What of a version is proven by one part; undefined where nobody but the owner sees anything of it. */
export const saidOf = ({ text, said }: Kept, part: Part): unknown => (part === 'own' ? text : said?.[part])

type Roots = Link['roots']

const rootsOf = (kept: Kept): Roots =>
  Object.fromEntries(
    parts.flatMap(part => {
      const said = saidOf(kept, part)
      return said === undefined ? [] : [[part, rootOver(said, saltOf(kept.salts, part))]]
    }),
  )

/** What a version is bound by in a history that it is in; `previous` is the hash of the version before in it. */
export function linkOf(chain: Chain, kept: Kept, previous: string | null, roots: Roots = rootsOf(kept)): Link {
  const { passportId, status, reason, owner, parentId, salts } = kept
  const count = chain === 'owner' ? undefined : kept.seen![chain]
  const parent = chain === 'owner' ? kept.parentVersion : kept.parentSeen?.[chain].version
  return {
    passport: passportId,
    chain,
    version: count?.version ?? kept.version,
    at: count?.at ?? kept.at.toISOString(),
    status,
    ...(chain === 'owner' && { actor: actorDigest(kept.actorId, kept.actorRole, saltOf(salts, 'own')) }),
    ...(chain === 'owner' && reason && { reason }),
    ...(owner && { owner }),
    ...(parentId && parent && { parent: { id: parentId, version: parent } }),
    roots: Object.fromEntries(partsOf[chain].flatMap(part => (roots[part] ? [[part, roots[part]]] : []))),
    previous,
  }
}

/** For each view the hash of the last version that it saw, in hex. */
export type ViewHashes = Partial<Record<View, string>>

/** What binds a version to the one before it, in every history that it is in. */
export function bindingOf(
  kept: Kept,
  former: { readonly hash: string | null; readonly views: ViewHashes | null },
): { hash: Buffer; views: ViewHashes | null } {
  const roots = rootsOf(kept)
  const hash = hashOf(linkOf('owner', kept, former.hash, roots))
  if (!kept.said) return { hash, views: null }
  const views: ViewHashes = { ...former.views }
  for (const view of allViews)
    if (isIn(view, kept)) views[view] = hashOf(linkOf(view, kept, former.views?.[view] ?? null, roots)).toString('hex')
  return { hash, views }
}

/** Begins the histories of many that say the same but for some texts; `passport` is what all of them are. */
export function beginnings({ passport, parent, actor }: { passport: Passport; parent: Passport; actor: Actor }) {
  const { status, version, data, category, updatedAt: at, seen } = passport
  const common = status === 'draft' ? null : saidByPoint(data, category, at)
  return (passportId: string, text: string, own: Record<string, string>) => {
    const salts = newSalts(common ? undefined : 1)
    const said = common && withTexts(common, own, category, at)
    const kept: Kept = {
      passportId,
      version,
      status,
      at,
      text,
      seen,
      salts,
      said,
      actorId: actor.userId,
      actorRole: actor.role,
      reason: null,
      owner: null,
      parentId: parent.id,
      parentVersion: parent.version,
      parentSeen: parent.seen,
    }
    return { ...bindingOf(kept, { hash: null, views: null }), salts, said }
  }
}

function withTexts(common: SaidBy, own: Record<string, string>, category: string | null, at: Date): SaidBy {
  const said: Record<string, Record<string, Value>> = { ...common }
  for (const [id, value] of Object.entries(own)) {
    const point = pointOf(id)
    if (point !== undefined && !withheld(id, category, dayOf(at)))
      said[point] = { ...said[point], [id]: { value, unit: null, givenValue: value, givenUnit: null } }
  }
  return said as unknown as SaidBy
}
