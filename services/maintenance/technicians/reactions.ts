import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import type { Tx } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { listOpenOf } from '../tickets/store.ts'
import { act } from '../tickets/working.ts'
import { forgetReports, forgetTechnician, lockTechniciansFor, lockTechniciansOf, updateTechnician } from './store.ts'
import type { Technician } from './technicians.ts'

/** Removes a technician: what they had to do and is not resolved is handed back. */
export async function removeTechnician(
  host: MaintenanceHost,
  tx: Tx<'maintenance'>,
  technician: Technician,
  actor: { userId: string } | null,
): Promise<void> {
  await updateTechnician(tx, { ...technician, deletedAt: host.now(), version: technician.version + 1 })
  for (const ticket of await listOpenOf(tx, technician.id))
    await act(host, tx, ticket, 'hand-back', { actor, more: { technicianId: null, assigneeId: null } })
}

/** Who leaves the platform is sent nowhere, and what they said is forgotten. */
export function technicianReactions(host: MaintenanceHost): void {
  host.on(
    UserDeleted,
    { id: 'leave', purpose: 'hand back what people had to do who are gone', from: 'beginning', afterFailure: 'pass' },
    async ({ userId }, tx) => {
      for (const technician of await lockTechniciansOf(tx, userId)) await removeTechnician(host, tx, technician, null)
      await forgetTechnician(tx, userId)
      await forgetReports(tx, userId)
      await tx`update sla set escalate_person = null where escalate_person = ${userId}`
    },
  )
  host.on(
    OrganisationDeleted,
    {
      id: 'organisation-gone',
      purpose: 'send nobody for organisations that are gone',
      from: 'beginning',
      afterFailure: 'pass',
    },
    async ({ organisationId }, tx) => {
      for (const technician of await lockTechniciansFor(tx, organisationId))
        await removeTechnician(host, tx, technician, null)
      await tx`delete from sla where owner_id = ${organisationId}`
    },
  )
}
