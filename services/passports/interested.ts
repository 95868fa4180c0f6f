import { PassportPublished, PassportShared, type PassportStatus } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import type { Tx } from '#kernel'
import type { PassportsHost } from './host.ts'
import { told, type Held, type Passport } from './passports.ts'
import { listInterested } from './readers.ts'
import { findHeld } from './store.ts'

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

/** Those who were let in by their interest while it was a draft hear of a passport that is published. */
export function hearOfPublished({ on }: PassportsHost): void {
  on(
    PassportPublished,
    {
      id: 'interested',
      purpose: 'tell those who have a legitimate interest of a passport that was a draft',
      from: 'now',
      afterFailure: 'pass',
    },
    async ({ passport, version }, tx) => {
      const held = await findHeld(tx, passport.id)
      if (!held) return
      for (const reader of await listInterested(tx, passport.id, version)) await tellInterested(tx, held, reader, true)
    },
  )
}
