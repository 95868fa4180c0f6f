import type { Database, Pool } from '../database/database.ts'
import type { Replays } from '../service.ts'

/** The reactions of a service, handled again as one; `rewind` is of one subscription. */
export const replaysOf = (
  service: string,
  pool: Pool,
  database: Database<'kernel'>,
  rewind: (subscription: string) => Promise<unknown>,
): Replays => ({
  standing: async () =>
    await pool<{ subscription: string; partition: number; offset: number }[]>`
      select c.subscription, c.partition, c.at_offset::float8 as offset
      from kernel.cursors c join kernel.subscriptions s on s.name = c.subscription
      where s.service = ${service} and s.orphaned_at is null order by 1, 2`,
  async begin() {
    const names = await database<{ name: string }[]>`
      select name from kernel.subscriptions where service = ${service} and orphaned_at is null order by name`
    for (const { name } of names) await rewind(name)
  },
  async reached(standing) {
    const cursors = await pool<{ subscription: string; partition: number; offset: number }[]>`
      select subscription, partition, at_offset::float8 as offset from kernel.cursors
      where subscription = any(${standing.map(({ subscription }) => subscription)})`
    const key = (at: { subscription: string; partition: number }): string => `${at.subscription} ${at.partition}`
    const now = new Map(cursors.map(cursor => [key(cursor), cursor.offset]))
    return standing.every(place => (now.get(key(place)) ?? -1) >= place.offset)
  },
})
