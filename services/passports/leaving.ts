import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import { PassportDeleted } from '#contracts/passports'
import type { Job } from '#kernel'
import type { PassportsHost } from './host.ts'
import { told } from './passports.ts'
import { deletePassport, findHeld } from './store.ts'

const some = 50

/**
 * Drafts of who deletes their account go, with their versions: nobody else ever could read them. What they published
 * stays, archived or not, and so does who made each version: a battery is followed for as long as it is there
 * (Regulation (EU) 2023/1542, Art. 77(8)), and its history proves nothing with a hole in it. The id says who it was no
 * more. They read nothing of others any more, and no address of theirs is kept.
 */
export function forgetWhoLeaves(host: PassportsHost): void {
  const drop: Job<{ ownerId: string }> = host.job(
    'delete drafts of who left',
    async ({ ownerId }: { ownerId: string }) => {
      await host.db.transaction(async tx => {
        await tx`delete from imports where user_id = ${ownerId} and ended_at is not null`
        await tx`
          delete from serialisations where owner_kind = 'person' and owner_id = ${ownerId} and ended_at is not null`
        // Models after their items, which begin with them; one that an order still works on waits for it.
        const rows = await tx<{ id: string }[]>`
          select id from passports p where owner_id = ${ownerId} and owner_kind = 'person' and status = 'draft'
            and not exists (select from passports child where child.parent_id = p.id)
            and not exists (select from serialisations s where s.parent_id = p.id)
          order by id limit ${some}`
        for (const { id } of rows) {
          const held = await findHeld(tx, id)
          if (!held) continue
          await deletePassport(tx, id, host.now())
          await tx.publish(PassportDeleted, { ...told(held), version: held.version + 1 })
        }
        if (rows.length > 0) await tx.enqueue(drop, { ownerId }, { key: `drafts of ${ownerId}` })
      })
    },
    { urgency: 'bulk' },
  )
  host.on(
    UserDeleted,
    { id: 'forget', purpose: 'forget who left, and delete their drafts', from: 'beginning' },
    async ({ userId, email }, tx) => {
      await tx`delete from readers where reader_id = ${userId} and kind = 'person'`
      await tx`delete from interest_requests where asker_id = ${userId} or asked_by = ${userId}`
      await tx`delete from addressed_readers where reader_id = ${userId} or email = ${email}`
      await tx`delete from import_mappings where owner_id = ${userId} and owner_kind = 'person'`
      await tx.enqueue(drop, { ownerId: userId }, { key: `drafts of ${userId}` })
      // And what was being made by then.
      const later = new Date(host.now().getTime() + 3_600_000)
      await tx.enqueue(drop, { ownerId: userId }, { key: `later drafts of ${userId}`, runAt: later })
    },
  )
  // It held no passport any more: what is left is what it was let see, and what it told the platform of itself.
  host.on(
    OrganisationDeleted,
    { id: 'forget', purpose: 'forget what an organisation might read that is gone', from: 'beginning' },
    async ({ organisationId }, tx) => {
      await tx`delete from readers where reader_id = ${organisationId} and kind = 'organisation'`
      await tx`delete from interest_requests where asker_id = ${organisationId}`
      await tx`delete from import_mappings where owner_id = ${organisationId} and owner_kind = 'organisation'`
      await tx`delete from settings where owner_id = ${organisationId} and owner_kind = 'organisation'`
      await tx`delete from operators where organisation_id = ${organisationId}`
    },
  )
}
