import { newId, Problem, verbatim, within, type Actor, type Job, type Tx } from '#kernel'
import { sees } from '#law'
import { PassportSerialisationEnded, PassportSerialised, type PassportData } from '#contracts/passports'
import { seenAfter } from '../audiences/seen.ts'
import { dayOf, reachOfView } from '../audiences/views.ts'
import { claimMany, takenOf } from '../codes/store.ts'
import type { PassportsHost } from '../host.ts'
import { requireOperator } from '../operators/operators.ts'
import { draft, editableBy, type Passport } from '../passports.ts'
import { findInherited, findPassport } from '../store.ts'
import { insertAlike } from '../units/assessments.ts'
import { readinessOf, requireReady } from '../units/readiness.ts'
import { settingsOf } from '../units/settings-store.ts'
import { findLine, holdParent } from '../units/store.ts'
import { fitParent, requireLevels } from '../units/units.ts'
import { numbered, serialsOf, type Spec } from './serials.ts'
import {
  dataOf,
  endSerialisation,
  insertItems,
  insertRefused,
  lockSerialisation,
  noteProgress,
  type Mould,
  type Serialisation,
} from './store.ts'

const chunk = 1000

export type MakeItems = Job<{ id: string }>

/** Makes the items of an order, a thousand a transaction, which also keeps how far it is. */
export function makesItems(host: PassportsHost): MakeItems {
  const { db, now, log } = host
  return host.job<{ id: string }>(
    'make items',
    async ({ id }, { last, signal }) => {
      try {
        while (!signal.aborted && (await makeSome(host, id)));
        // The rest is for the process that comes next.
        if (signal.aborted) throw new Problem('unavailable', 'stopping')
      } catch (error) {
        const isRefused = error instanceof Problem && error.kind !== 'unavailable'
        if (!isRefused && !last) throw error
        const why = isRefused ? error.message : 'It could not be done; see the log of the platform.'
        await db.transaction(tx => endSerialisation(tx, id, 'failed', now(), why))
        log.warn({ serialisation: id, err: error }, 'an order for items failed')
        if (!isRefused) throw error
      }
    },
    { urgency: 'bulk', tries: 5 },
  )
}

/**
 * Thrown to have a chunk undone of which somebody else published a code meanwhile. They have committed, or the claim would
 * still wait for them: made again, the chunk finds whose the code is, and refuses the row.
 */
const outrun = new Error('a code went to another battery meanwhile')

/** Whether there is more to do. */
async function makeSome(host: PassportsHost, id: string): Promise<boolean> {
  const { db } = host
  const order = await db.transaction(tx => lockSerialisation(tx, id))
  if (!order?.spec) return false
  const { userId, role } = order.actor
  return await within({ actor: { userId, role } }, async () => {
    try {
      return await db.transaction(async tx => {
        const order = await lockSerialisation(tx, id)
        return order?.spec ? await makeChunk(host, tx, order, order.spec) : false
      })
    } catch (error) {
      if (error === outrun) return true
      throw error
    }
  })
}

async function makeChunk(host: PassportsHost, tx: Tx<'passports'>, order: Serialisation, spec: Spec): Promise<boolean> {
  const { id, done, modelId, owner } = order
  const at = host.now()
  const { good: all, refused } = numbered(spec, serialsOf(spec), done, chunk)
  // What is or was printed on another battery is nobody else's.
  const claimed = spec.publish ? await takenOf(tx, identifiersOf(all)) : new Set<string>()
  const good = all.filter(({ identifier }) => !claimed.has(identifier))
  const parent = await parentOf(host, tx, order)
  const mould = await mouldOf(tx, parent, order, spec, at)
  // In the order of the serials, as lists and sheets of labels have them.
  const ids = good.map(() => newId(at.getTime())).sort()
  const written = good.length > 0 ? await insertItems(tx, ids, good, mould, order.actor) : new Set<string>()
  const isWritten = (_: unknown, index: number): boolean => written.has(ids[index]!)
  const taken = [
    ...good.filter((item, index) => !isWritten(item, index)),
    ...all.filter(item => !good.includes(item)),
  ].map(({ row, serial, identifier }) => ({
    row,
    serial,
    code: 'battery_identifier_taken' as const,
    detail: claimed.has(identifier)
      ? 'A code that is or was printed on another battery has this identifier.'
      : 'Another passport of the owner has the battery identifier.',
  }))
  await insertRefused(tx, id, [...refused, ...taken])
  const after = {
    ...order,
    done: Math.min(order.total, done + chunk),
    created: order.created + written.size,
    failed: order.failed + refused.length + taken.length,
  }
  await noteProgress(tx, after)
  const items = good.flatMap(({ identifier, serial }, index) =>
    written.has(ids[index]!) ? [{ passportId: ids[index]!, identifier, serial }] : [],
  )
  const named = items.map(({ passportId, identifier }) => ({ id: passportId, identifier }))
  if (spec.publish && !(await claimMany(tx, named, at))) throw outrun
  await assessItems(tx, items, mould)
  if (items.length > 0)
    await tx.publish(PassportSerialised, {
      serialisationId: id,
      modelId,
      batchId: order.parentId === modelId ? null : order.parentId,
      owner,
      category: parent.category,
      published: spec.publish,
      items,
    })
  if (after.done < order.total) return true
  await endSerialisation(tx, id, 'done', at)
  const { created, failed } = after
  const model = mould.inherited.model ?? null
  await tx.publish(PassportSerialisationEnded, { serialisationId: id, modelId, model, owner, created, failed })
  host.log.info({ serialisation: id, created, failed }, 'an order for items is done')
  return false
}

/** They say the same, but for their identifiers and serials, which all of them have. */
async function assessItems(
  tx: Tx,
  items: readonly { passportId: string; identifier: string; serial: string }[],
  { passport, parent, rest }: Mould,
): Promise<void> {
  const [first] = items
  if (!first) return
  const { owner, version } = passport
  const said = verbatim<PassportData>(dataOf(first.identifier, first.serial, rest))
  const line = [{ ...passport, data: said }, ...(await findLine(tx, parent.id, true))]
  const made = items.map(({ passportId }) => ({ id: passportId, owner, version }))
  await insertAlike(tx, made, line)
}

const identifiersOf = (items: readonly { identifier: string }[]): string[] => items.map(({ identifier }) => identifier)

/** What the items begin with, as it is now: it may have been archived or moved since the order came. */
async function parentOf(
  host: PassportsHost,
  tx: Tx,
  { parentId, owner, actor, spec }: Serialisation,
): Promise<Passport> {
  await holdParent(tx, parentId)
  const found = await findPassport(tx, parentId, actor)
  const isTheirs = found?.owner.id === owner.id
  return mayBegin(host, tx, actor, isTheirs ? found : undefined, spec!)
}

/** Fails with what keeps items from beginning with this passport. */
export async function mayBegin(
  host: PassportsHost,
  tx: Tx,
  actor: Actor,
  found: Passport | undefined,
  spec: Spec,
): Promise<Passport> {
  const data = sample(spec)
  const parent = fitParent('item', data, editableBy(actor, found))
  const line = await findLine(tx, parent.id, true)
  requireLevels('item', data, line)
  if (spec.publish) await requireOperator(host, tx, parent.owner)
  if (spec.publish) {
    const item = { id: parent.id, granularity: 'item' as const, data, updatedAt: host.now() }
    const settings = await settingsOf(tx, parent.owner.id)
    requireReady(settings, readinessOf([item, ...line], dayOf(host.now()), settings))
  }
  if (spec.publish && line.some(({ status }) => status === 'draft'))
    throw new Problem('conflict', 'parent_draft', {
      detail: 'Publish the model first, and the batch: who reads an item reads those with it.',
      parentId: parent.id,
    })
  return parent
}

/** What one item of the order would say. */
export const sample = (spec: Spec): PassportData => verbatim<PassportData>(dataOf('?', '?', spec.values))

async function mouldOf(tx: Tx, parent: Passport, order: Serialisation, spec: Spec, at: Date): Promise<Mould> {
  const data = verbatim<PassportData>(`{"attributes":{${spec.values}}}`)
  const empty = draft(order.id, order.owner, data, at, { parent })
  const inherited = await findInherited(tx, parent.id)
  const day = dayOf(at)
  const passport: Passport = spec.publish ? { ...empty, status: 'published' } : empty
  return {
    passport: { ...passport, seen: seenAfter(empty, passport) },
    inherited,
    rest: spec.values,
    parent,
    shows: (view, attribute) => sees(reachOfView(view), attribute, parent.category, day),
  }
}
