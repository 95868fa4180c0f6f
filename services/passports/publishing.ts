import type { Actor, Tx } from '#kernel'
import { PassportPublished, PassportStatusChanged } from '#contracts/passports'
import { seenAfter } from './audiences/seen.ts'
import { dayOf } from './audiences/views.ts'
import { claimIdentifier } from './codes/store.ts'
import type { PassportsHost } from './host.ts'
import { tellAllInterested } from './interested.ts'
import { requireOperator } from './operators/operators.ts'
import { told, type Passport } from './passports.ts'
import { updatePassport } from './store.ts'
import { requirePublishedParents } from './units/changing.ts'
import { openIn, readinessOf, requireReady, type Readiness } from './units/readiness.ts'
import { settingsOf } from './units/settings-store.ts'
import { findLine } from './units/store.ts'

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
 * Keeps a passport that was a draft and is published, and tells what it lacks by the law of the day. Fails with
 * `economic_operator_required`, `passport_not_ready`, `parent_draft` and `battery_identifier_taken`.
 */
export async function writePublished(
  host: Pick<PassportsHost, 'platform' | 'now'>,
  tx: Tx<'passports'>,
  former: Passport,
  published: Passport,
  actor: Actor,
): Promise<Readiness> {
  await requireOperator(host, tx, published.owner)
  const settings = await settingsOf(tx, published.owner.id)
  const readiness = readinessOf(await findLine(tx, published.id, true), dayOf(host.now()), settings)
  requireReady(settings, readiness)
  await claimIdentifier(tx, published)
  await requirePublishedParents(tx, published)
  await tx.publish(PassportPublished, told(published))
  await tellAllInterested(tx, published)
  await changeStatus(tx, former, published, actor)
  return openIn(readiness)
}
