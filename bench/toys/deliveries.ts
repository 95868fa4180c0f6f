import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../kernel/database/database.ts'
import { paced } from '../measure.ts'
import { ToyMade } from './service.ts'

/** Events of the toys in one database, and what became of them by PostgreSQL's own commit times. */
export function openDeliveries(sql: Pool) {
  let from = 0

  /** What was before does not count. */
  async function begin(): Promise<void> {
    await sql`truncate toys.seen`
    const [log] = await sql<{ newest: number }[]>`select coalesce(max(position), 0)::float8 as newest from kernel.log`
    from = log!.newest
  }

  /** Resolves once the reactions to so many events have been committed. */
  async function reacted(count: number): Promise<void> {
    while ((await sql`select count(*)::int as seen from toys.seen`)[0]!.seen < count) await sleep(50)
  }

  return {
    /** Begins anew and commits `count` events at once. Resolves with the position of the last. */
    async publish(count: number, topic = ToyMade.topic): Promise<number> {
      await begin()
      return await sql.begin(async tx => {
        const [last] = await tx<{ position: number }[]>`
          with made as (
            insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
            select id, ${topic}, 'toys', id::text, ${'0'.repeat(32)}, '{"userId":null,"role":"system"}',
              json_build_object('toyId', id, 'colour', 'red')
            from (select uuidv7() as id from generate_series(1, ${count}::int)) made returning position
          ) select max(position)::float8 as position from made`
        await tx`notify ohmnibus_events, 'bench'`
        return last!.position
      })
    },
    reacted,
    /** Seconds from the commit of what was published at once to the commit of its last reaction. */
    async seconds(): Promise<number> {
      const [taken] = await sql<{ seconds: number }[]>`
        select extract(epoch from max(pg_xact_commit_timestamp(seen.xmin)) - max(pg_xact_commit_timestamp(log.xmin)))::float8 as seconds
        from toys.seen join kernel.log using (event_id) where topic = ${ToyMade.topic} and position > ${from}`
      return taken!.seconds
    },
    /**
     * Milliseconds from the commit of each event to that of its reaction, while somebody publishes at `rate` a second.
     */
    async delays(url: string, { rate, seconds }: { rate: number; seconds: number }): Promise<number[]> {
      const publishFor = async (seconds: number): Promise<void> => {
        await begin()
        const made = await paced(url, { method: 'POST', paths: ['/api/toys'] }, { rate, seconds })
        await reacted(made.length)
      }
      // A process that has not served this path yet compiles it first.
      await publishFor(1)
      await publishFor(seconds)
      const rows = await sql<{ ms: number }[]>`
        select 1000 * extract(epoch
          from pg_xact_commit_timestamp(seen.xmin) - pg_xact_commit_timestamp(log.xmin))::float8 as ms
        from toys.seen join kernel.log using (event_id) where topic = ${ToyMade.topic} and position > ${from}`
      return rows.map(({ ms }) => ms)
    },
  }
}
