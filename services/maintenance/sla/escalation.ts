import { listMembers } from '#contracts/identity'
import type { OrganisationRole, Owner } from '#contracts/shared'
import type { Db } from '#kernel'
import type { MaintenanceHost } from '../host.ts'

/** Whom an operator wants to hear of tickets that are late: one person, or all of a role in their organisation. */
export type Escalation = { readonly personId: string } | { readonly role: OrganisationRole }

/** More of one role are no longer somebody who sees to it. */
const mostTold = 100

/**
 * The people whom an escalation reaches now: members of the organisation; of who operates for themselves, their
 * technicians. Who has left is told of nothing.
 */
export async function reachedBy(
  { db, ask }: Pick<MaintenanceHost, 'db' | 'ask'>,
  owner: Owner,
  escalation: Escalation,
): Promise<string[]> {
  if (owner.kind === 'person')
    return 'personId' in escalation && (await isTechnicianOf(db, owner.id, escalation.personId))
      ? [escalation.personId]
      : []
  const { members } = await ask(listMembers, { organisationId: owner.id })
  return members
    .filter(({ userId, role, disabled }) =>
      disabled ? false : 'personId' in escalation ? userId === escalation.personId : role === escalation.role,
    )
    .slice(0, mostTold)
    .map(({ userId }) => userId)
}

async function isTechnicianOf(db: Db, ownerId: string, userId: string): Promise<boolean> {
  const rows = await db`
    select from technicians where owner_id = ${ownerId} and user_id = ${userId} and deleted_at is null limit 1`
  return rows.length > 0
}

/** Whom to tell of tickets that are late by then, by whose they are. */
export async function escalatedAt(host: Pick<MaintenanceHost, 'db' | 'ask'>, at: Date): Promise<Map<string, string[]>> {
  const wanted = await host.db<{ owner: Owner; personId: string | null; role: OrganisationRole | null }[]>`
    select json_build_object('kind', s.owner_kind, 'id', s.owner_id) as owner, s.escalate_person as "personId",
      s.escalate_role as role
    from sla s
    where (s.escalate_person is not null or s.escalate_role is not null) and exists (
      select from tickets t
      where t.owner_id = s.owner_id and t.sla_since is not null and t.escalation < 2 and t.due_at <= ${at})`
  const reached = await Promise.all(
    wanted.map(async ({ owner, personId, role }) => {
      const escalation = personId === null ? { role: role! } : { personId }
      return [owner.id, await reachedBy(host, owner, escalation)] as const
    }),
  )
  return new Map(reached)
}
