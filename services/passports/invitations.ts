import { findPerson, getPerson, UserEmailChanged, UserRegistered } from '#contracts/identity'
import { PassportReaderInvited, PassportShared } from '#contracts/passports'
import { Problem, type Tx } from '#kernel'
import type { FindReader, PassportsHost } from './host.ts'
import { told } from './passports.ts'
import { findAddressed, listWaiting, markInvited, openTo, type Addressed } from './readers.ts'
import { findHeld } from './store.ts'

/**
 * What becomes of addresses that passports were opened to. Apart from the request, so that neither what it answers nor
 * how long it takes tells whether an address is somebody's.
 */
export function invitations({ ask, db, job, now, on }: PassportsHost): FindReader {
  async function open(tx: Tx<'passports'>, one: Addressed, userId: string): Promise<void> {
    const held = await findHeld(tx, one.passportId)
    if (held && (await openTo(tx, one, userId)))
      await tx.publish(PassportShared, {
        ...told(held),
        reader: { kind: 'person', id: userId },
        shared: true,
        byAddress: true,
      })
  }

  // Whoever proves the address while we ask has it opened by the event.
  const proven = async ({ email, userId }: { email: string; userId: string }, tx: Tx<'passports'>): Promise<void> => {
    for (const one of await listWaiting(tx, email)) await open(tx, one, userId)
  }
  const about = { id: 'readers', purpose: 'open what was shared with an address to who has proven it' } as const
  on(UserRegistered, { ...about, from: 'now' }, proven)
  on(UserEmailChanged, { ...about, from: 'now' }, proven)

  return job('find reader', async ({ id }: { id: string }) => {
    const one = await findAddressed(db, id)
    if (!one) return
    const { email, userId } = await ask(findPerson, { email: one.email })
    const locale = await ask(getPerson, { userId: one.invitedBy }).then(
      inviter => inviter.locale,
      error => (error instanceof Problem && error.code === 'user_unknown' ? 'en' : Promise.reject(error)),
    )
    await db.transaction(async tx => {
      if (userId) return await open(tx, one, userId)
      const held = await findHeld(tx, one.passportId)
      if (!held || !(await markInvited(tx, id, email, now()))) return
      const { identifier: _, ...facts } = told(held)
      await tx.publish(PassportReaderInvited, { ...facts, invitationId: id, email, locale })
    })
  })
}
