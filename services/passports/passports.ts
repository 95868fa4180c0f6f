import { isDeepStrictEqual } from 'node:util'
import { authorise, mayRead, Problem, type Actor, type Owned } from '#kernel'
import type { Granularity } from '#law'
import type { PassportData, PassportStatus } from '#contracts/passports'
import type { EventActor, Owner } from '#contracts/shared'
import type { Seen } from './audiences/views.ts'
import { expectedOf, lacking, pointerOf, valueIn, type ColumnName } from './columns.ts'

/** A battery passport in one of its versions. */
export interface Passport extends Owned {
  readonly id: string
  readonly granularity: Granularity
  /** The model or the batch whose values it begins with. */
  readonly parentId: string | null
  /** Of its battery: as its model says, else as its data does. */
  readonly category: string | null
  /** Of its owner's own, where it has one: see `baseOf`. */
  readonly publicHost?: string | null
  /** Whether who asks has a legitimate interest, by its owner's word. */
  readonly interested?: boolean
  /** Whether who asks acts for an organisation that was verified as an authority. */
  readonly byAuthority?: boolean
  /** What views other than the owner's count of it; null of a draft. */
  readonly seen: Seen | null
  readonly status: PassportStatus
  /** Counts each change, also of the status. */
  readonly version: number
  readonly data: PassportData
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** What of a passport tells whose it is. */
export interface Held extends Owned {
  readonly id: string
  readonly identifier: string | null
  readonly version: number
}

/** One change of a passport, as its history tells it. */
export interface Version {
  readonly version: number
  readonly status: PassportStatus
  /** Without an id where nobody made it but the law of a day; see audiences/turning.ts. */
  readonly actor: Pick<EventActor, 'userId' | 'role'>
  readonly at: Date
  /** JSON pointers into the data; none for the first version and for a change of status. */
  readonly updatedFields: readonly string[]
  /** Why a published model was corrected. */
  readonly reason?: string
  /** Whose it became, where it changed hands. */
  readonly owner?: Owner
  /** What binds it in the history of who reads it, in hex; null until that is done. */
  readonly hash: string | null
}

export const draft = (
  id: string,
  owner: Owner,
  data: PassportData,
  at: Date,
  { granularity = 'item', parent }: { granularity?: Granularity; parent?: Passport } = {},
): Passport => ({
  id,
  owner,
  granularity,
  parentId: parent?.id ?? null,
  category: parent?.category ?? valueIn('category', data),
  seen: null,
  status: 'draft',
  version: 1,
  data,
  createdAt: at,
  updatedAt: at,
})

/** The next version with this data, and what differs; the same passport when nothing does. */
export function revise(
  passport: Passport,
  data: PassportData,
  at: Date,
  reason?: string,
): { revised: Passport; updatedFields: string[] } {
  if (passport.status === 'archived') throw archived('An archived passport is not changed any more.')
  if (passport.status === 'published') keepPublished(passport, data, reason)
  const updatedFields = changedFields(passport.data, data)
  return { revised: updatedFields.length > 0 ? next(passport, { data }, at) : passport, updatedFields }
}

export function publish(passport: Passport, at: Date): Passport {
  if (passport.status === 'published')
    throw new Problem('conflict', 'passport_published', { detail: 'The passport is published already.' })
  if (passport.status === 'archived') throw archived('An archived passport is not published again.')
  const missing = lacking(leastOf(passport), passport.data)
  if (missing.length > 0) throw incomplete(missing, passport.data, 'A passport is published with at least')
  return next(passport, { status: 'published' }, at)
}

/** What a passport says at the least when it is published; who made the battery is its owner. */
const least = ['identifier', 'category', 'model'] as const

/** A model is no battery and has no code on it; what it says its batches and items need not say again. */
const leastOf = ({ granularity, parentId }: Passport): readonly ColumnName[] =>
  granularity === 'model' ? ['category', 'model'] : parentId ? ['identifier'] : least

/** The battery bears the identifier, and what was published does not vanish; corrections come as versions. */
function keepPublished(passport: Passport, data: PassportData, reason?: string): void {
  const before = passport.data
  const identifier = valueIn('identifier', before)
  const corrected = valueIn('identifier', data)
  if (identifier !== null && corrected !== identifier && !(reason && corrected !== null))
    throw new Problem('conflict', 'identifier_kept', {
      detail:
        `A published passport keeps its identifier, ${JSON.stringify(identifier)}: the code on the battery leads to it ` +
        '(Regulation (EU) 2023/1542, Art. 77(3)). A misprint is corrected with a `reason`; what was printed still leads here.',
      errors: [{ pointer: `/data${pointerOf('identifier', before)}`, detail: 'must stay as it was published' }],
    })
  const lost = lacking(leastOf(passport), data).filter(name => valueIn(name, before) !== null)
  if (lost.length > 0) throw incomplete(lost, before, 'A published passport keeps at least')
}

function incomplete(missing: readonly ColumnName[], data: PassportData, why: string): Problem {
  const errors = missing.map(name => ({
    pointer: `/data${pointerOf(name, data)}`,
    detail: `is missing: the ${name} of the battery, ${expectedOf(name)}`,
  }))
  return new Problem('unprocessable', 'passport_incomplete', {
    detail:
      `${why} the identifier, the category and the model of its battery ` +
      `(Regulation (EU) 2023/1542, Art. 77 and Annex XIII). Missing: ${missing.join(', ')}.`,
    errors,
  })
}

/** The passport of a person, in the hands of an organisation. */
export function move(passport: Held, owner: Owner): Held {
  if (passport.owner.kind === 'organisation')
    throw new Problem('conflict', 'passport_of_organisation', {
      detail: 'Only passports of people are moved; this one belongs to an organisation already.',
      passportId: passport.id,
    })
  return { ...passport, owner, version: passport.version + 1 }
}

export function archive(passport: Passport, at: Date): Passport {
  if (passport.status === 'archived')
    throw archived('It cannot be deleted: it has to be kept until the battery has been recycled.')
  return next(passport, { status: 'archived' }, at)
}

const archived = (why: string): Problem =>
  new Problem('conflict', 'passport_archived', {
    detail: `${why} A passport that was published is kept (Regulation (EU) 2023/1542, Art. 77).`,
  })

const next = (passport: Passport, change: Partial<Passport>, at: Date): Passport =>
  // The clocks of two processes differ; history never runs backwards.
  ({
    ...passport,
    ...change,
    // A model's word goes before what its items say.
    ...(change.data && (!passport.parentId || !passport.category) && { category: valueIn('category', change.data) }),
    version: passport.version + 1,
    updatedAt: at > passport.updatedAt ? at : passport.updatedAt,
  })

/**
 * The passport for who reads what its owner reads; what others see of it audiences/answer.ts decides. Fails with
 * `passport_unknown`, for somebody else's as for one that is not there.
 */
export function visibleTo(reader: Actor | undefined, passport: Passport | undefined): Passport {
  if (!reader) throw new Problem('not_found', 'passport_unknown')
  authorise(reader, 'read', passport, 'passport_unknown')
  return passport!
}

/** The passport, for somebody who may change it. */
export function editableBy(actor: Actor, passport: Passport | undefined): Passport {
  // Part of a published one is for everybody to read.
  if (passport && passport.status !== 'draft' && !mayRead(actor, passport))
    throw new Problem('forbidden', 'editor_required', {
      detail: 'You may read part of this, but only editors of its owner may change it.',
    })
  authorise(actor, 'write', passport, 'passport_unknown')
  return passport!
}

/** A passport as the API answers it. */
export const view = (passport: Passport) => ({
  id: passport.id,
  data: passport.data,
  status: passport.status,
  version: passport.version,
  owner: passport.owner,
  identifier: valueIn('identifier', passport.data),
  createdAt: passport.createdAt.toISOString(),
  updatedAt: passport.updatedAt.toISOString(),
  // As clients of before know it: of an item that stands alone nothing more is said.
  ...((passport.granularity !== 'item' || passport.parentId) && {
    granularity: passport.granularity,
    parentId: passport.parentId,
  }),
})

/** What every event about a passport tells; most add something. */
export const told = (passport: Passport | Held) => ({
  passport: { id: passport.id },
  identifier: 'data' in passport ? valueIn('identifier', passport.data) : passport.identifier,
  owner: passport.owner,
  version: passport.version,
})

/** So that a list of changes stays one that people and consumers can read: pointers, and characters in all of them. */
const most = { fields: 1000, characters: 65_536 }

/**
 * RFC 6901 pointers of the leaves that differ, items of arrays by their index. Too many are named by their parents
 * instead.
 */
export function changedFields(before: unknown, after: unknown): string[] {
  for (let depth = Infinity; depth > 0;) {
    const fields = differences(before, after, depth)
    if (fields.length <= most.fields && fields.join('').length <= most.characters) return fields
    depth = Math.max(...fields.map(pointer => pointer.split('/').length - 1)) - 1
  }
  return ['']
}

/** Leaves that differ, or their parents at `depth`; gives up soon after there are more than can be named. */
function differences(before: unknown, after: unknown, depth: number): string[] {
  const fields: string[] = []
  let characters = 0
  const compare = (one: unknown, other: unknown, pointer: string, level: number): void => {
    const keys = level < depth ? keysInside(one, other) : []
    if (keys.length === 0 && !isDeepStrictEqual(one, other)) {
      fields.push(pointer)
      characters += pointer.length
    }
    for (const key of keys) {
      if (fields.length > most.fields || characters > most.characters) return
      const [inOne, inOther] = [member(one, key), member(other, key)]
      if (inOne !== inOther)
        compare(inOne, inOther, `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`, level + 1)
    }
  }
  compare(before, after, '', 0)
  return fields
}

/** The keys of two objects or two arrays, or of the one that is there where the other is missing; none for leaves. */
function keysInside(one: unknown, other: unknown): (string | number)[] {
  const pair = [one, other].filter(value => value !== undefined)
  if (pair.every(Array.isArray)) return [...Array(Math.max(...pair.map(({ length }) => length))).keys()]
  if (!pair.every(value => isContainer(value) && !Array.isArray(value))) return []
  return [...new Set(pair.flatMap(value => Object.keys(value as object)))]
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

const member = (value: unknown, key: string | number): unknown =>
  isContainer(value) && Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined
