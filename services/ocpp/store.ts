import type { ConnectorStatus, OcppVersion } from '#contracts/ocpp'
import { stringify, type Db, type Tx } from '#kernel'
import { multirange, rangesOf, type Transaction } from './peer.ts'
import { resultFrame } from './rpc/frames.ts'

/** A message and its answer, as kept. */
export interface MessageRow {
  readonly id: string
  readonly at: Date
  readonly charger_id: string
  readonly direction: 'received' | 'sent'
  readonly ocpp_version: OcppVersion
  readonly message_id: string
  readonly action: string
  readonly payload: unknown
  readonly outcome: 'answered' | 'error' | 'timeout' | 'unsent'
  readonly answer?: unknown
  readonly error_code?: string | undefined
  readonly error_description?: string | undefined
}

export interface ConnectorRow {
  readonly charger_id: string
  readonly evse: number
  readonly connector: number
  readonly status: ConnectorStatus
  readonly error_code: string | null
  readonly info: string | null
  readonly at: Date
}

/** Rows of the tables that everything writes to. */
export interface Rows {
  readonly messages: readonly MessageRow[]
  readonly connectors: readonly ConnectorRow[]
  readonly transactions: readonly (Transaction & { readonly chargerId: string; readonly receivedAt: Date })[]
}

/** Statements that write rows of many: one a table, whatever their number. */
export function writeRows(tx: Tx, all: readonly Partial<Rows>[]): Promise<unknown>[] {
  const messages = all.flatMap(rows => rows.messages ?? [])
  const connectors = newestOf(all.flatMap(rows => rows.connectors ?? []))
  // Each as its charger left it: a statement writes a row once.
  const transactions = [...new Map(all.flatMap(rows => rows.transactions ?? []).map(row => [row.id, row])).values()]
  const statements: Promise<unknown>[] = []
  // Texts of no type: the driver's JSON would be quoted once more.
  const rowsOf = (rows: readonly unknown[]) => tx.typed(stringify(rows) as never, 705)
  if (messages.length > 0)
    statements.push(
      tx`insert into messages select * from json_populate_recordset(null::messages, ${rowsOf(messages)})`.execute(),
    )
  if (connectors.length > 0)
    statements.push(
      tx`
        insert into connectors as c select * from json_populate_recordset(null::connectors, ${rowsOf(connectors)})
        on conflict (charger_id, evse, connector) do update set status = excluded.status,
          error_code = excluded.error_code, info = excluded.info, at = excluded.at
        where c.at <= excluded.at`.execute(),
    )
  if (transactions.length > 0)
    statements.push(
      tx`
        insert into transactions as t
        select * from json_populate_recordset(null::transactions, ${rowsOf(transactions.map(stored))})
        on conflict (id) do update set evse = excluded.evse, connector = excluded.connector, token = excluded.token,
          taken = t.taken + excluded.taken, begun_at = coalesce(t.begun_at, excluded.begun_at),
          ended_at = coalesce(t.ended_at, excluded.ended_at)`.execute(),
    )
  return statements
}

/** A connector as it was last, by the charger's clock. */
function newestOf(rows: readonly ConnectorRow[]): ConnectorRow[] {
  const newest = new Map<string, ConnectorRow>()
  for (const row of rows) {
    const key = JSON.stringify([row.charger_id, row.evse, row.connector])
    const before = newest.get(key)
    if (!before || before.at <= row.at) newest.set(key, row)
  }
  return [...newest.values()]
}

const stored = (row: Rows['transactions'][number]) => ({
  id: row.id,
  charger_id: row.chargerId,
  reference: row.reference,
  start_key: row.startKey,
  evse: row.evse,
  connector: row.connector,
  token: row.token,
  taken: multirange(row.taken),
  begun_at: row.begunAt,
  received_at: row.receivedAt,
  ended_at: row.endedAt,
})

interface StoredTransaction extends Omit<Transaction, 'taken'> {
  chargerId: string
  taken: string
}

const transactionColumns = (db: Db) => db`
  t.id, t.charger_id as "chargerId", t.reference, t.start_key as "startKey", t.evse, t.connector, t.token,
  t.taken::text as taken, t.begun_at as "begunAt", t.ended_at as "endedAt"`

const readTransaction = ({ chargerId: _, taken, ...row }: StoredTransaction): Transaction => ({
  ...row,
  taken: rangesOf(taken),
})

/** Open transactions of a charger and the last that ended, oldest first. */
export async function listTransactions(db: Db, chargerId: string, ended: number): Promise<Transaction[]> {
  const rows = await db<StoredTransaction[]>`
    select ${transactionColumns(db)} from (
      (select * from transactions where charger_id = ${chargerId} and ended_at is null order by id desc limit 100)
      union all
      (select * from transactions where charger_id = ${chargerId} and ended_at is not null order by id desc
        limit ${ended})) t
    order by t.id`
  return rows.map(readTransaction)
}

interface Sought {
  readonly chargerId: string
  readonly key: string
}
const seek = (db: Db, sought: readonly Sought[], column: string) => db<StoredTransaction[]>`
  select ${transactionColumns(db)} from transactions t
  join unnest(${sought.map(({ chargerId }) => chargerId)}::text[], ${sought.map(({ key }) => key)}::text[])
    as s (charger_id, key) on t.charger_id = s.charger_id and t.${db(column)} = s.key`

/** By `chargerId\nkey`. */
export async function findTransactions(db: Db, sought: readonly Sought[]): Promise<Map<string, Transaction>> {
  const rows = await seek(db, sought, 'reference')
  return new Map(rows.map(row => [`${row.chargerId}\n${row.reference}`, readTransaction(row)]))
}

export async function findStarted(db: Db, sought: readonly Sought[]): Promise<Map<string, Transaction>> {
  const rows = await seek(db, sought, 'start_key')
  return new Map(rows.map(row => [`${row.chargerId}\n${row.startKey}`, readTransaction(row)]))
}

/** A call of a charger and the frame that answered it. */
export interface Answered {
  readonly messageId: string
  readonly action: string
  readonly payload: unknown
  readonly frame: string
}

/** The last calls of a charger that were answered, oldest first. */
export async function lastAnswers(db: Db, chargerId: string, limit: number): Promise<Answered[]> {
  const rows = await db<(Omit<Answered, 'frame'> & { answer: unknown })[]>`
    select message_id as "messageId", action, payload, answer from messages
    where charger_id = ${chargerId} and direction = 'received' and outcome = 'answered' order by id desc limit ${limit}`
  return rows.reverse().map(({ answer, ...row }) => ({ ...row, frame: resultFrame(row.messageId, answer) }))
}

/** The first of a thousand numbers that nobody else has. */
export async function takeNumbers(tx: Tx): Promise<number> {
  const [row] = await tx<{ first: number }[]>`select nextval('transaction_numbers')::float8 as first`
  return row!.first
}
