import type { MaintenanceHost } from './host.ts'

/** How much there is to do. */
export function figures({ db, metrics }: MaintenanceHost): void {
  metrics.gauge('ohmnibus_maintenance_incidents_open', 'Incidents that are open', ['source'], async gauge => {
    const rows = await db<{ source: string; count: number }[]>`
      select source, count(*)::int as count from incidents where closed_at is null group by source`
    gauge.reset()
    for (const { source, count } of rows) gauge.set({ source }, count)
  })
  metrics.gauge(
    'ohmnibus_maintenance_tickets_open',
    'Tickets that are not resolved',
    ['priority', 'late'],
    async gauge => {
      const rows = await db<{ priority: string; late: string; count: number }[]>`
      select priority, (escalation = 2)::text as late, count(*)::int as count from tickets
      where state not in ('resolved', 'closed') group by 1, 2`
      gauge.reset()
      for (const { priority, late, count } of rows) gauge.set({ priority, late }, count)
    },
  )
}
