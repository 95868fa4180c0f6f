import type { Owner } from '#contracts/shared'
import { Problem, type Db, type Tx } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import type { Escalation } from './escalation.ts'

/** How long tickets of an owner may take; what is null is as the platform has it. */
export interface Sla {
  readonly workingHours: string | null
  readonly holidays: readonly string[] | null
  readonly criticalS: number | null
  readonly highS: number | null
  readonly normalS: number | null
  readonly lowS: number | null
  /** Whom to tell too of a ticket that is late. */
  readonly escalateTo: Escalation | null
  readonly version: number
}

export const usual: Sla = {
  workingHours: null,
  holidays: null,
  criticalS: null,
  highS: null,
  normalS: null,
  lowS: null,
  escalateTo: null,
  version: 0,
}

export async function findSla(db: Db, ownerId: string): Promise<Sla> {
  const [row] = await db<Sla[]>`
    select working_hours as "workingHours", holidays::text[] as holidays, critical_s as "criticalS", high_s as "highS",
      normal_s as "normalS", low_s as "lowS", version,
      case when escalate_person is not null then json_build_object('personId', escalate_person)
        when escalate_role is not null then json_build_object('role', escalate_role) end as "escalateTo"
    from sla where owner_id = ${ownerId}`
  return row ?? usual
}

/** Takes the place of what was said before. Fails with `version_stale` where somebody else was quicker. */
export async function putSla(tx: Tx, owner: Owner, sla: Sla): Promise<void> {
  const { workingHours, holidays, criticalS, highS, normalS, lowS, escalateTo, version } = sla
  const { personId = null, role = null } = (escalateTo ?? {}) as { personId?: string; role?: string }
  const written = await tx`
    insert into sla (owner_id, owner_kind, working_hours, holidays, critical_s, high_s, normal_s, low_s, escalate_person,
      escalate_role, version)
    values (${owner.id}, ${owner.kind}, ${workingHours}, ${holidays as string[] | null}::text[]::date[], ${criticalS},
      ${highS}, ${normalS}, ${lowS}, ${personId}, ${role}, ${version})
    on conflict (owner_id) do update set working_hours = excluded.working_hours, holidays = excluded.holidays,
      critical_s = excluded.critical_s, high_s = excluded.high_s, normal_s = excluded.normal_s, low_s = excluded.low_s,
      escalate_person = excluded.escalate_person, escalate_role = excluded.escalate_role, version = excluded.version
    where sla.version = excluded.version - 1 returning owner_id`
  if (written.length === 0) throw new Problem('stale', 'version_stale')
}

/** By which settings the clock of an owner's tickets runs. */
export async function clockOf(
  { settings }: Pick<MaintenanceHost, 'settings'>,
  db: Db,
  owner: Owner | null,
): Promise<Pick<MaintenanceHost, 'settings'>> {
  if (!owner) return { settings }
  const { workingHours, holidays, criticalS, highS, normalS, lowS } = await findSla(db, owner.id)
  const ms = (seconds: number | null, otherwise: number): number => (seconds === null ? otherwise : seconds * 1000)
  return {
    settings: {
      ...settings,
      MAINTENANCE_WORKING_HOURS: workingHours ?? settings.MAINTENANCE_WORKING_HOURS,
      MAINTENANCE_HOLIDAYS: holidays ? [...holidays] : settings.MAINTENANCE_HOLIDAYS,
      MAINTENANCE_SLA_CRITICAL: ms(criticalS, settings.MAINTENANCE_SLA_CRITICAL),
      MAINTENANCE_SLA_HIGH: ms(highS, settings.MAINTENANCE_SLA_HIGH),
      MAINTENANCE_SLA_NORMAL: ms(normalS, settings.MAINTENANCE_SLA_NORMAL),
      MAINTENANCE_SLA_LOW: ms(lowS, settings.MAINTENANCE_SLA_LOW),
    },
  }
}
