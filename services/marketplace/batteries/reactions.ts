import { ProductRejected, ProductUpdated } from '#contracts/marketplace'
import { getPassportFacts, PassportMoved, PassportStatusChanged, PassportUpdated } from '#contracts/passports'
import { Problem, type Job, type Tx } from '#kernel'
import type { Workshop } from '../products/changing.ts'
import { told } from '../products/product.ts'
import { lockProduct, updateProduct } from '../products/store.ts'
import { fileProduct } from '../search/filing.ts'

/** A battery is listed by who is responsible for its passport, and shows what that says now. */
export function batteryReactions({ host, catalogue }: Workshop): void {
  const look: Job<{ passportId: string }> = host.job(
    'look at passport',
    async ({ passportId }: { passportId: string }) => {
      const found = await host.ask(getPassportFacts, { passportId }).catch((error: unknown) => {
        if (error instanceof Problem && error.kind === 'not_found') return undefined
        throw error
      })
      const tree = await catalogue.tree()
      await host.db.transaction(async tx => {
        const [row] = await tx<
          { id: string }[]
        >`select id from products where passport_id = ${passportId} and deleted_at is null`
        const before = row && (await lockProduct(tx, row.id))
        if (!before) return
        const isOurs = found?.status === 'published' && found.owner.id === before.owner.id
        const facts = found?.facts ?? before.passport
        const status = isOurs || before.status === 'draft' ? before.status : 'rejected'
        if (status === before.status && JSON.stringify(facts) === JSON.stringify(before.passport)) return
        const reason =
          status === before.status
            ? before.reason
            : 'The passport of the battery is not published by its vendor any more.'
        const after = { ...before, status, reason, passport: facts, version: before.version + 1, updatedAt: host.now() }
        await updateProduct(tx, after)
        await fileProduct(tx, after, { tree, popularFrom: host.settings.SHOP_POPULAR_FROM })
        await tx.publish(ProductUpdated, told(after))
        if (status !== before.status) await tx.publish(ProductRejected, { ...told(after), reason })
      })
    },
  )

  const lookAgain = async (tx: Tx<'marketplace'>, passportIds: readonly string[]): Promise<void> => {
    const listed = await tx<{ id: string }[]>`
      select passport_id as id from products where passport_id = any(${passportIds as string[]}) and deleted_at is null`
    for (const { id } of listed) await tx.enqueue(look, { passportId: id }, { key: `passport ${id}` })
  }

  host.onMany(
    PassportUpdated,
    { id: 'passport', purpose: 'show what the passport of a battery says now', from: 'now', restMs: 200 },
    async (events, tx) =>
      await lookAgain(
        tx,
        events.map(({ passport }) => passport.id),
      ),
  )
  for (const [event, id, purpose] of [
    [PassportStatusChanged, 'passport-status', 'sell no battery whose passport is archived'],
    [PassportMoved, 'passport-moved', "sell no battery that is another one's"],
  ] as const)
    host.on(event, { id, purpose, from: 'now' }, async ({ passport }, tx) => await lookAgain(tx, [passport.id]))
}
