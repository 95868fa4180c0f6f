import type { Db } from '../../kernel/database/database.ts'

/** A service that reads an event, and what for. */
export interface Reader {
  readonly service: string
  readonly purpose: string
}

export type Readers = ReadonlyMap<string, readonly Reader[]>

/** Who reads each topic, as the services subscribed when they started. `db` sees the tables of the kernel. */
export async function readersOf(db: Db): Promise<Readers> {
  const rows = await db<{ name: string; service: string; topic: string }[]>`
    select name, service, topic from kernel.subscriptions order by topic collate "C", name collate "C"`
  const readers = rows.map(({ name, service, topic }) => {
    const [before, after] = [`${service}: `, ` (${topic})`]
    if (!name.startsWith(before) || !name.endsWith(after))
      throw new Error(`The subscription "${name}" does not say what it is for`)
    return { topic, service, purpose: name.slice(before.length, -after.length) }
  })
  return Map.groupBy(readers, ({ topic }) => topic)
}
