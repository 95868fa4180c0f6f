import type { EventContract } from '../../contracts/define.ts'
import type { Database, Tx } from '../database/database.ts'
import { StartError } from '../problem.ts'
import type { Delivered, ReactionAbout, ReactionToMany } from '../service.ts'
import { readNote, within } from '../telemetry/context.ts'
import type { Log } from '../telemetry/log.ts'
import { entry, messaging } from '../telemetry/tracing.ts'
import type { EventRow } from './transport.ts'

/** A reaction of a service to a topic. */
export interface Declared {
  readonly service: string
  readonly topic: string
  readonly id: string
  readonly purpose: string
  readonly from: ReactionAbout['from']
  readonly waits: boolean
  readonly db: Database
  /** It takes one event at a time. */
  readonly single: boolean
  /** Between two of its batches. */
  readonly restMs: number
  readonly reaction: ReactionToMany<any, any> // of any service to any event
}

/** The same as the database knows it. */
export interface Subscription extends Declared {
  /** What others refer to it by; never changes. */
  readonly name: string
  /** Nothing that was published before is for it. */
  readonly begins: Date | undefined
}

/** How far a reaction has come, as operators see it. */
export interface SubscriptionState {
  subscription: string
  service: string
  topic: string
  /** Both unknown of one that no code has taken over since it had no id. */
  id: string | null
  purpose: string | null
  /** When it last handled something. */
  moved_at: Date | null
  /** Since when no code has it any more. */
  orphaned_at: Date | null
}

/** What the database knows of one. */
interface Known {
  name: string
  service: string
  topic: string
  id: string | null
  purpose: string | null
  begins_at: Date | null
  orphaned_at: Date | null
}

/** The lock of who finds its subscriptions in the database. */
const claiming = 7305218804
const checkMs = 60_000

/**
 * The subscriptions of the services that run here. What the database has of one of those, or of a service that is not
 * among `everywhere`, all that the code has, and that nobody here declares, is an orphan.
 */
export function openSubscriptions(options: {
  database: Database<'kernel'>
  log: Log
  services: readonly string[]
  everywhere?: readonly string[] | undefined
}) {
  const { database, log, services, everywhere } = options
  const declared: Declared[] = []
  const mine = new Map<string, Subscription>()
  const opened = performance.now()
  let checking: NodeJS.Timeout | undefined

  /** Marks orphans, and no longer what somebody here has. */
  const mark = () =>
    database.transaction(
      tx => tx`
        update kernel.subscriptions
        set orphaned_at = case when name = any(${[...mine.keys()]}) then null else now() end
        where (service = any(${[...services]}) or (${!!everywhere} and service <> all(${[...(everywhere ?? [])]})))
          and (orphaned_at is null) <> (name = any(${[...mine.keys()]}))`,
    )

  return {
    /** By name; known once started. */
    mine: mine as ReadonlyMap<string, Subscription>,
    declare(subscription: Declared): void {
      const { service, topic, id } = subscription
      const other = declared.find(known => known.service === service && known.topic === topic)
      if (other)
        throw new StartError(
          `${service} has two reactions to ${topic}, ${other.id} and ${id}. ` +
            'Let one do what is to be done: it is one transaction anyway.',
        )
      declared.push(subscription)
    },
    async start(): Promise<void> {
      const known = await database.transaction(async tx => claim(tx, declared, await before(tx, opened)))
      for (const subscription of known) mine.set(subscription.name, subscription)
      await mark()
      for (const { name, orphaned_at } of await database<Known[]>`
        select name, orphaned_at from kernel.subscriptions where orphaned_at is not null order by name`)
        log.warn({ subscription: name, since: orphaned_at }, 'no code has this subscription any more')
      // Another version, which runs beside this one, may know others: who stays has the last word.
      checking = setInterval(() => void mark().catch(() => {}), checkMs).unref()
    },
    stop: () => clearInterval(checking),
    /** By name; `after` is the last name seen. */
    async states({ limit, after = '' }: { limit: number; after?: string }): Promise<SubscriptionState[]> {
      return await database<SubscriptionState[]>`
        select s.name as subscription, s.service, s.topic, s.id, s.purpose, s.orphaned_at,
          max(c.updated_at) filter (where c.position > 0) as moved_at
        from kernel.subscriptions s left join kernel.cursors c on c.subscription = s.name
        where s.name > ${after} group by s.name order by s.name limit ${limit}`
    },
  }
}

/** An instant of the database's clock, not later than `opened` of this process's, however long the way there takes. */
async function before(tx: Tx<'kernel'>, opened: number): Promise<Date> {
  const [clock] = await tx<{ at: Date }[]>`select clock_timestamp() as at`
  return new Date(clock!.at.getTime() - Math.ceil(performance.now() - opened))
}

/** Finds each in the database, or makes it; at `silent` its service had not published anything yet. */
async function claim(tx: Tx<'kernel'>, declared: readonly Declared[], silent: Date): Promise<Subscription[]> {
  // Of processes that start together each finds what another has made.
  await tx`select pg_advisory_xact_lock(${claiming})`
  const known = await tx<Known[]>`
    select name, service, topic, id, purpose, begins_at, orphaned_at from kernel.subscriptions
    where service = any(${declared.map(({ service }) => service)})
    order by (select max(position) from kernel.cursors where subscription = name) desc nulls last`
  const claimed: Subscription[] = []
  for (const one of declared) {
    const { service, topic, id, purpose } = one
    let found = find(one, known)
    if (!found)
      [found] = await tx<Known[]>`
        insert into kernel.subscriptions (name, service, topic, id, purpose, begins_at)
        values (${`${service}: ${id} (${topic})`}, ${service}, ${topic}, ${id}, ${purpose},
          ${one.from === 'now' ? silent : null})
        returning *`
    else if (found.id !== id || found.purpose !== purpose)
      await tx`update kernel.subscriptions set id = ${id}, purpose = ${purpose} where name = ${found.name}`
    claimed.push({ ...one, name: found!.name, begins: found!.begins_at ?? undefined })
  }
  return claimed
}

/**
 * By its id. The first with an id takes over what its service had for the topic before there were ids, and goes on
 * where that was: where there were several, the one of the same words, or the one that had come furthest.
 */
function find({ service, topic, id, purpose }: Declared, known: readonly Known[]): Known | undefined {
  const former = known.filter(row => row.service === service && row.topic === topic)
  if (former.some(row => row.id !== null)) return former.find(row => row.id === id)
  return former.find(row => row.name === `${service}: ${purpose} (${topic})`) ?? former[0]
}

/** Lets a subscription handle events, for who caused the first of them and within its trace. */
export async function react(subscription: Subscription, rows: readonly EventRow[], tx: Tx): Promise<void> {
  const [first] = rows
  if (!first) return
  const attributes = {
    ...messaging('process', first.topic, first.event_id, subscription.name),
    ...(rows.length > 1 && { 'messaging.batch.message_count': rows.length }),
  }
  await within({ actor: first.actor, ...readNote(first.trace_id) }, () =>
    entry(`process ${first.topic}`, 'consumer', attributes, () => subscription.reaction(rows.map(envelope), tx)),
  )
}

/** An event as its readers get it. */
export const envelope = ({ event_id, actor, data, published_at }: EventRow): Delivered<EventContract> => ({
  eventId: event_id,
  timestamp: published_at.toISOString(),
  actor,
  ...data,
})

/** What a line of the log says of an event and who had it. */
export const about = ({ name }: Subscription, row: EventRow) => ({
  subscription: name,
  eventId: row.event_id,
  traceId: readNote(row.trace_id).traceId,
})
