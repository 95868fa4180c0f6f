import type { CommandEnded } from '#contracts/ocpp'
import type { EventActor } from '#contracts/shared'
import type { EventData } from '#contracts/define'
import { stringify, type Db, type Span, type Tx } from '#kernel'

type Outcome = EventData<typeof CommandEnded>['outcome']

/** A call to a charger, as somebody asked for it. */
export interface Command {
  readonly id: string
  readonly chargerId: string
  readonly action: string
  readonly payload: object
  readonly requestId: string | null
  readonly askedBy: EventActor
  readonly askedAt: Date
  /** Later it is not sent any more. */
  readonly until: Date
  readonly connectionId: string | null
  readonly sentAt: Date | null
  readonly endedAt: Date | null
  readonly outcome: Outcome | null
  readonly answer: unknown
  readonly errorCode: string | null
  readonly errorDescription: string | null
}

const columns = (db: Db) => db`
  id, charger_id as "chargerId", action, payload, request_id as "requestId", asked_by as "askedBy",
  asked_at as "askedAt", until, connection_id as "connectionId", sent_at as "sentAt", ended_at as "endedAt", outcome,
  answer, error_code as "errorCode", error_description as "errorDescription"`

type NewCommand = Pick<
  Command,
  'id' | 'chargerId' | 'action' | 'payload' | 'requestId' | 'askedBy' | 'askedAt' | 'until' | 'connectionId'
>

/** False where the request was taken up already. */
export async function insertCommand(tx: Tx, command: NewCommand): Promise<boolean> {
  const { id, chargerId, action, payload, requestId, askedBy, askedAt, until, connectionId } = command
  const added = await tx`
    insert into commands (id, charger_id, action, payload, request_id, asked_by, asked_at, until, connection_id)
    values (${id}, ${chargerId}, ${action}, ${tx.json(payload as never)}, ${requestId}, ${tx.json(askedBy)},
      ${askedAt}, ${until}, ${connectionId})
    on conflict (request_id) do nothing returning id`
  return added.length > 0
}

export async function findCommand(db: Db, chargerId: string, id: string): Promise<Command | undefined> {
  const [row] = await db<Command[]>`
    select ${columns(db)} from commands where id = ${id} and charger_id = ${chargerId}`
  return row
}

/** Many at once; those whose request was not taken up before. */
export async function insertCommands(tx: Tx, commands: readonly NewCommand[]): Promise<Set<string>> {
  const rows = commands.map(command => ({
    id: command.id,
    charger_id: command.chargerId,
    action: command.action,
    payload: command.payload,
    request_id: command.requestId,
    asked_by: command.askedBy,
    asked_at: command.askedAt,
    until: command.until,
    connection_id: command.connectionId,
  }))
  // Texts of no type: the driver's JSON would be quoted once more.
  const added = await tx<{ id: string }[]>`
    insert into commands select * from json_populate_recordset(null::commands, ${tx.typed(stringify(rows) as never, 705)})
    on conflict (request_id) do nothing returning id`
  return new Set(added.map(({ id }) => id))
}

/**
 * The next that waits for each of these chargers, what people ask before what the platform does, and that only where
 * `own`: whoever gets it sends it, and nobody else does. One that `isOlder` was meant for a connection before this.
 */
export const takeCommands = (
  tx: Tx,
  lines: readonly { readonly chargerId: string; readonly connectionId: string; readonly own: boolean }[],
  at: Date,
) => tx<(Command & { isOlder: boolean })[]>`
  update commands set sent_at = ${at}, connection_id = n.connection
  from (
    select w.id as next, l.connection, w.connection_id is distinct from l.connection as older
    from unnest(${lines.map(({ chargerId }) => chargerId)}::text[],
      ${lines.map(({ connectionId }) => connectionId)}::uuid[],
      ${lines.map(({ own }) => Number(own))}::int[]) as l (charger, connection, own)
    cross join lateral (
      select w.id, w.connection_id from commands w
      where w.charger_id = l.charger and w.ended_at is null and w.sent_at is null and w.until > ${at}
        and (l.own = 1 or coalesce(w.asked_by ->> 'role', '') <> 'system')
      order by (w.asked_by ->> 'role' = 'system') is true, w.id limit 1) w) n
  where id = n.next and sent_at is null and ended_at is null
  returning ${columns(tx)}, n.older as "isOlder"`

/** How a call has ended. */
export interface End {
  readonly outcome: Outcome
  readonly answer?: unknown
  readonly errorCode?: string | undefined
  readonly errorDescription?: string | undefined
}

/** Undefined where it had ended before. */
export async function endCommand(tx: Tx, id: string, at: Date, end: End): Promise<Command | undefined> {
  const { outcome, answer, errorCode = null, errorDescription = null } = end
  const [row] = await tx<Command[]>`
    update commands set ended_at = ${at}, outcome = ${outcome}, error_code = ${errorCode},
      error_description = ${errorDescription}, answer = ${answer === undefined ? null : tx.json(answer as never)}
    where id = ${id} and ended_at is null
    returning ${columns(tx)}`
  return row
}

export const rewritePayload = (tx: Tx, id: string, payload: object) => tx`
  update commands set payload = ${tx.json(payload as never)} where id = ${id}`

/**
 * Ends what nobody will any more: not sent in time, or sent by a process that is gone or has lost the charger. What is
 * about to be written by who has the answer is left a few seconds.
 */
export const endAbandoned = (tx: Tx, at: Date, callMs: number) => tx<Command[]>`
  update commands c set ended_at = ${at}, outcome = 'timeout'
  where c.id in (
    select o.id from commands o left join chargers ch on ch.id = o.charger_id
    where o.ended_at is null and (
      (o.sent_at is null and o.until < ${at})
      or o.sent_at < ${at}::timestamptz - ${callMs + 5_000} * interval '1 millisecond'
      or (coalesce(o.sent_at, o.asked_at) < ${at}::timestamptz - interval '5 seconds'
        and o.connection_id is distinct from ch.connection_id))
    order by o.id limit 500 for update of o skip locked)
  returning ${columns(tx)}`

/** Which commands a list has. */
export interface Wanted {
  readonly chargerId: string
  readonly action?: string | undefined
  readonly outcome?: Outcome | 'open' | undefined
  readonly created: Span
}

const matching = (db: Db, { chargerId, action, outcome, created: { from, to } }: Wanted) => db`
  charger_id = ${chargerId}
  ${action === undefined ? db`` : db`and lower(action) = lower(${action})`}
  ${outcome === undefined ? db`` : outcome === 'open' ? db`and ended_at is null` : db`and outcome = ${outcome}`}
  ${from ? db`and asked_at >= ${from}` : db``} ${to ? db`and asked_at < ${to}` : db``}`

/** The newest first. */
export const listCommands = (db: Db, wanted: Wanted, limit: number, before: string | undefined) => db<Command[]>`
  select ${columns(db)} from commands
  where ${matching(db, wanted)} ${before ? db`and id < ${before}` : db``}
  order by id desc limit ${limit}`

export async function countCommands(db: Db, wanted: Wanted, most: number): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from (select from commands where ${matching(db, wanted)} limit ${most}) c`
  return row!.count
}
