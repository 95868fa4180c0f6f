import type { Actor, Tx } from '#kernel'
import { PassportPublished, PassportStatusChanged } from '#contracts/passports'
import { seenAfter } from './audiences/seen.ts'
import { claimIdentifier } from './codes/store.ts'
import type { PassportsHost } from './host.ts'
import { requireOperator } from './operators/operators.ts'
import { told, type Passport } from './passports.ts'
import { updatePassport } from './store.ts'
import { requirePublishedParents } from './units/changing.ts'

/** Keeps a passport whose status changed, and tells of it. */
export async function changeStatus(
  tx: Tx<'passports'>,
  former: Passport,
  passport: Passport,
  actor: Actor,
): Promise<void> {
  await updatePassport(tx, { ...passport, seen: seenAfter(former, passport) }, actor)
  await tx.publish(PassportStatusChanged, { ...told(passport), status: passport.status, formerStatus: former.status })
}

/**
 * Keeps a passport that was a draft and is published. Fails with `economic_operator_required`, `parent_draft` and
 * `battery_identifier_taken`.
 */
export async function writePublished(
  host: Pick<PassportsHost, 'platform'>,
  tx: Tx<'passports'>,
  former: Passport,
  published: Passport,
  actor: Actor,
): Promise<void> {
  await requireOperator(host, tx, published.owner)
  await claimIdentifier(tx, published)
  await requirePublishedParents(tx, published)
  await tx.publish(PassportPublished, told(published))
  await changeStatus(tx, former, published, actor)
}
