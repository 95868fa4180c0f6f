import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import type { Job, Tx } from '#kernel'
import { deleteProduct, type Workshop } from './products/changing.ts'
import { lockProduct } from './products/store.ts'
import { alone } from './stock/store.ts'

const some = 50

/** Who leaves sells nothing any more, and what they wrote of products is nobody's in particular. */
export function forgetWhoLeaves(workshop: Workshop): void {
  const { host } = workshop
  const withdraw: Job<{ ownerId: string }> = host.job(
    'withdraw products',
    async ({ ownerId }: { ownerId: string }) => {
      await host.db.transaction(async tx => {
        const rows = await tx<{ id: string }[]>`
          select id from products where owner_id = ${ownerId} and deleted_at is null order by id limit ${some}`
        for (const { id } of rows) {
          const product = await lockProduct(tx, id)
          if (product) await deleteProduct(workshop, tx, product)
        }
        if (rows.length === some) await tx.enqueue(withdraw, { ownerId }, { key: `withdraw ${ownerId}` })
      })
    },
    { urgency: 'bulk' },
  )
  const leave = (tx: Tx<'marketplace'>, ownerId: string) =>
    tx.enqueue(withdraw, { ownerId }, { key: `withdraw ${ownerId}` })

  host.on(
    UserDeleted,
    { id: 'forget', purpose: 'forget who reviewed what, and withdraw what they sold', from: 'beginning' },
    async ({ userId }, tx) => {
      await alone(tx, userId)
      await tx`insert into leavers (user_id) values (${userId}) on conflict do nothing`
      await tx`delete from purchases where user_id = ${userId}`
      await tx`update reviews set user_id = null, author = null where user_id = ${userId}`
      await leave(tx, userId)
    },
  )

  host.on(
    OrganisationDeleted,
    { id: 'organisation-gone', purpose: 'withdraw what an organisation sold that is gone', from: 'beginning' },
    async ({ organisationId }, tx) => await leave(tx, organisationId),
  )
}
