import { stringify, type Db, type Tx } from '#kernel'

/** What is told of a thing that is counted. */
export interface Told {
  readonly kind: Kind
  readonly id: string
  /** Of two tellings of one thing the one that is later holds: of numbers the greater, of texts the one behind. */
  readonly rank: number | string
  /** Null: it is gone, or nothing to count. */
  readonly state: string | null
  readonly facet?: string
  readonly amount?: number
  /** RFC 3339. */
  readonly at: string
}

export type Kind =
  | 'person'
  | 'disabled'
  | 'organisation'
  | 'passport'
  | 'station'
  | 'connection'
  | 'session'
  | 'charge'
  | 'vendor'
  | 'product'
  | 'order'
  | 'payment'
  | 'refund'
  | 'incident'
  | 'ticket'
  | 'booking'
  | 'document'
  | 'article'

/** Behind every other rank. */
export const forGood = '~'

/** Numbers in the order of texts. */
const rankOf = (rank: number | string): string => (typeof rank === 'number' ? String(rank).padStart(16, '0') : rank)

/** Keeps what is told, where nothing later was: in any order, and as often as it comes, the end is the same. */
export async function tell(tx: Tx, told: readonly Told[]): Promise<void> {
  if (told.length === 0) return
  const rows = told.map(({ rank, facet = '', amount = 0, at, ...one }) => ({
    ...one,
    rank: rankOf(rank),
    facet,
    amount,
    day: at.slice(0, 10),
  }))
  await tx`
    insert into things
    select distinct on (kind, id) *
    from json_populate_recordset(null::things, ${tx.typed(stringify(rows) as never, 705)})
    order by kind, id, rank desc
    on conflict (kind, id) do update
      set rank = excluded.rank, state = excluded.state, facet = excluded.facet, amount = excluded.amount,
        day = excluded.day
      where things.rank < excluded.rank`
}

export interface Count {
  readonly kind: Kind
  readonly state: string
  readonly facet: string
  readonly number: number
  readonly amount: number
  /** Of those that came into this state since a day. */
  readonly lately: number
  readonly latelyAmount: number
}

/** A row for each kind, state and facet; `since` is a day. */
export const countsOf = (db: Db, since: string) => db<Count[]>`
  select kind, state, facet, sum(number)::float8 as number, sum(amount)::float8 as amount,
    coalesce(sum(number) filter (where day >= ${since}), 0)::float8 as lately,
    coalesce(sum(amount) filter (where day >= ${since}), 0)::float8 as "latelyAmount"
  from counts group by kind, state, facet order by kind, state, facet`
