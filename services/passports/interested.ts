import { PassportShared, type PassportStatus } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import type { Tx } from '#kernel'
import { told, type Held, type Passport } from './passports.ts'
import { listInterested } from './readers.ts'

/**
 * Tells somebody that a passport was opened to them by their legitimate interest, or closed again. Of a draft nothing is
 * said: they read it once it is published, and hear of it then.
 */
export async function tellInterested(
  tx: Tx<'passports'>,
  passport: Passport | (Held & { readonly status: PassportStatus }),
  reader: Owner,
  shared: boolean,
): Promise<void> {
  if (passport.status !== 'draft') await tx.publish(PassportShared, { ...told(passport), reader, shared })
}

/** Those who were let in by their interest while it was a draft hear of a passport as it is published. */
export async function tellAllInterested(tx: Tx<'passports'>, passport: Passport): Promise<void> {
  for (const reader of await listInterested(tx, passport.id, passport.updatedAt))
    await tellInterested(tx, passport, reader, true)
}
