import type { Db } from '../../kernel/database/database.ts'

/** A service that reads an event, and what for. */
export interface Reader {
  readonly service: string
  readonly purpose: string
}

export type Readers = ReadonlyMap<string, readonly Reader[]>

/** Who reads each topic, as the services subscribed when they started. `db` sees the tables of the kernel. */
export async function readersOf(db: Db): Promise<Readers> {
  const readers = await db<(Reader & { topic: string })[]>`
    select service, topic, purpose from kernel.subscriptions order by topic collate "C", service collate "C"`
  return Map.groupBy(readers, ({ topic }) => topic)
}
