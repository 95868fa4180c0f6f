import { Problem, type Actor, type Job, type Tx } from '#kernel'
import type { Granularity } from '#law'
import { PassportUpdated, type PassportData } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import { seenAfter } from '../audiences/seen.ts'
import { claimIdentifier } from '../codes/store.ts'
import { valueIn } from '../columns.ts'
import type { PassportsHost } from '../host.ts'
import { revise, told, type Passport } from '../passports.ts'
import { findPassport, updatePassport } from '../store.ts'
import { assessAll } from './assessments.ts'
import { findLine, hasChildren, holdParent, parentsAmong, refold } from './store.ts'
import { fitParent, needsReason, requireLevels } from './units.ts'

/** What a new version of data may be refused with, beside what passports refuse by themselves. */
export const familyRefusals = ['parent_unknown', 'parent_unfit', 'level_forbids']
export const valueRefusals = [
  'attribute_unknown',
  'not_applicable_refused',
  'value_empty',
  'value_invalid',
  'value_implausible',
  'unit_missing',
  'unit_unknown',
  'unit_incompatible',
  'unit_inexact',
]

/** The parent of a new passport, that it fits. */
export async function parentFor(
  tx: Tx,
  parentId: string,
  { granularity, data, owner }: { granularity: Granularity; data: PassportData; owner: Owner },
  actor: Actor,
): Promise<Passport> {
  await holdParent(tx, parentId)
  const found = await findPassport(tx, parentId, actor)
  const parent = fitParent(granularity, data, found?.owner.id === owner.id ? found : undefined)
  requireLevels(granularity, data, await findLine(tx, parent.id, true))
  return parent
}

/** Fails with `parent_draft` where what it begins with is not for others to see yet. */
export async function requirePublishedParents(tx: Tx, passport: Passport): Promise<void> {
  if (!passport.parentId) return
  const line = await findLine(tx, passport.id, true)
  if (line.some(({ id, status }) => id !== passport.id && status === 'draft'))
    throw new Problem('conflict', 'parent_draft', {
      detail: 'Publish the passport it begins with first: who reads this one reads that one with it.',
      parentId: passport.parentId,
    })
}

export async function requireChildless(tx: Tx, passport: Passport): Promise<void> {
  if (await hasChildren(tx, passport.id))
    throw new Problem('conflict', 'passport_has_children', {
      detail: 'Batches or items begin with this passport, or are being made; delete those first.',
    })
}

const isRenamed = (before: Passport, after: Passport): boolean =>
  valueIn('identifier', before.data) !== valueIn('identifier', after.data)

/** What gives a passport that is locked new data; the same passport where nothing differs. */
export type Change = (
  tx: Tx<'passports'>,
  passport: Passport,
  data: PassportData,
  actor: Actor,
  reason: string | undefined,
  /** Where the reason is the platform's own, and no word of a person that an identifier was misprinted. */
  keepsIdentifier?: true,
) => Promise<Passport>

export function changes(host: PassportsHost): Change {
  const refolding = refoldJob(host)
  return async (tx, passport, data, actor, reason, keepsIdentifier) => {
    const { revised, updatedFields } = revise(passport, data, host.now(), keepsIdentifier ? undefined : reason)
    if (revised === passport) return passport
    if (passport.parentId) requireLevels(passport.granularity, data, (await findLine(tx, passport.id, true)).slice(1))
    if (!reason && needsReason(passport, passport.data, data))
      throw new Problem('unprocessable', 'reason_required', {
        detail: 'This corrects what all batteries of a published model say; what changes the product is a new model.',
        errors: [{ pointer: '/reason', detail: 'must say why' }],
      })
    const counted = { ...revised, seen: seenAfter(passport, revised) }
    await updatePassport(tx, counted, actor, updatedFields, reason)
    if (counted.status === 'published' && isRenamed(passport, counted)) await claimIdentifier(tx, counted)
    const about = { ...told(counted), passport: { id: counted.id, data: counted.data } }
    await tx.publish(PassportUpdated, { ...about, updatedFields })
    if (passport.granularity !== 'item') await refoldLater(tx, refolding, passport.id, null)
    return counted
  }
}

/** Brings what batches and items are found by, and whether they are ready, up to what their model says now. */
type Refold = Job<{ parentId: string; after: string | null }>

/** Short, as a process that is told to stop waits three seconds for it. */
const batch = 100

function refoldJob(host: PassportsHost): Refold {
  const again: Refold = host.job('refold children', ({ parentId, after }) =>
    host.db.transaction(async tx => {
      const ids = await refold(tx, parentId, after, batch)
      await assessAll(tx, ids)
      // A batch has items of its own.
      for (const id of await parentsAmong(tx, ids)) await refoldLater(tx, again, id, null)
      if (ids.length === batch) await refoldLater(tx, again, parentId, ids.at(-1)!)
    }),
  )
  return again
}

/** Once, however often it is corrected before: what it says then is what counts. */
const refoldLater = (tx: Tx<'passports'>, refolding: Refold, parentId: string, after: string | null) =>
  tx.enqueue(refolding, { parentId, after }, { key: `refold ${parentId} ${after ?? ''}` })
