import { UserRoleChanged } from '#contracts/identity'
import { VendorApproved } from '#contracts/vendors'
import type { Tx } from '#kernel'
import type { Identity } from '../identity.ts'
import { revokeTokens } from '../sessions/sessions.ts'
import { lockUser, updateUser } from './store.ts'

/** Who is let in to sell may: who asked, and of an organisation all that may change what it has. */
export function letVendorsSell({ host }: Identity): void {
  host.on(
    VendorApproved,
    { id: 'vendor-role', purpose: 'let those sell who an admin lets', from: 'now' },
    async ({ owner, applicantId }, tx) => {
      const members =
        owner.kind === 'person'
          ? []
          : await tx<{ userId: string }[]>`
              select user_id as "userId" from members where organisation_id = ${owner.id} and role <> 'viewer'`
      // In one order, so that nobody waits for who waits for them.
      const people = new Set([...members.map(({ userId }) => userId), ...(applicantId ? [applicantId] : [])])
      for (const userId of [...people].sort()) await raise(tx, userId, host.now())
    },
  )
}

/** Whoever has another role already keeps it. */
async function raise(tx: Tx<'identity'>, userId: string, at: Date): Promise<void> {
  const former = await lockUser(tx, userId, 'change')
  if (former?.role !== 'user') return
  const { version } = await updateUser(tx, userId, { role: 'vendor' })
  await tx.publish(UserRoleChanged, { userId, role: 'vendor', formerRole: 'user', version })
  await revokeTokens(tx, userId, at)
}
