import Type, { type Static, type TOptional, type TString } from 'typebox'
import {
  createdIn,
  createdQuery,
  cursorOf,
  fail,
  isId,
  isInstant,
  isText,
  listQuery,
  mostCounted,
  page,
  partiesOf,
  timeOf,
  type Actor,
  type Db,
} from '#kernel'
import { PassportStatus } from '#contracts/passports'
import { Id, Instant, Owner } from '#contracts/shared'
import { dayOf } from './audiences/views.ts'
import { isAuthority } from './operators/store.ts'
import { allColumns, beginningOf, longestIdentifier, wordsOf, type Searchable } from './columns.ts'

/** A passport in a list: what it is found by, without its data, of which one page could hold a hundred megabytes. */
export const PassportSummary = Type.Object(
  {
    id: Id,
    ...Object.fromEntries(
      allColumns.map(({ name, kind, examples }) => [name, { ...kind.schema, examples: [...examples] }]),
    ),
    status: PassportStatus,
    version: Type.Integer({ examples: [1] }),
    owner: Owner,
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'PassportSummary' },
)

/** What a list can be put in order by: an expression that has its indexes, and which keys a cursor may bring for it. */
interface Order {
  readonly sql: string
  readonly type: string
  readonly least?: string
  isKey(key: unknown): boolean
}

const isBeginning = (key: unknown): boolean => isText(key) && beginningOf(key as string) === key

const orders: Record<string, Order> = {
  createdAt: { sql: 'created_at', type: 'timestamptz', isKey: isInstant },
  updatedAt: { sql: 'updated_at', type: 'timestamptz', isKey: isInstant },
  ...Object.fromEntries(
    allColumns
      .filter(({ sort }) => sort)
      .map(({ name, sql, kind: { least, type, read } }): [string, Order] => [
        name,
        {
          sql: `coalesce(${sql}, '${least}')`,
          type,
          least,
          isKey: key => key === least || (type === 'text' ? isBeginning(key) : read(key) === key),
        },
      ]),
  ),
}

const filterable = allColumns.filter(({ filter }) => filter)
const word = { minLength: 1, maxLength: 256, pattern: '^[^\\u0000]*$' }
const filterFields: Record<string, TOptional<TString>> = Object.fromEntries(
  filterable.map(({ name, kind, examples, anyCase, whole }) => [
    name,
    Type.Optional(
      Type.String({
        ...word,
        ...(whole && { maxLength: longestIdentifier }),
        description: `Only with ${anyCase ? 'this, whatever its case' : 'exactly this'}: ${kind.expects}`,
        examples: [...examples],
      }),
    ),
  ]),
)

export const searchFilters = {
  ...filterFields,
  status: Type.Optional(PassportStatus),
  owner: Type.Optional(Id),
  q: Type.Optional(
    Type.String({ ...word, description: 'Words that all occur in its short texts', examples: ['lm3 lithium'] }),
  ),
  ...createdQuery,
  changedSince: Type.Optional({ ...Instant, description: 'Only what was made or changed then or later' }),
  readiness: Type.Optional(
    Type.Enum(['ready', 'not_ready'], {
      description:
        'Only those of which nothing is missing that the law makes mandatory, or those of which something is; of passports ' +
        'that one reads as their owner does. A new draft is found by it after a minute or two.',
    }),
  ),
  readinessOn: Type.Optional(
    Type.String({
      format: 'date',
      examples: ['2027-08-18'],
      description: 'By the rules of this day, as they are now; today where none is said',
    }),
  ),
}

export const searchQuery = listQuery({
  ...searchFilters,
  sort: Type.Enum(
    Object.keys(orders).flatMap(name => [name, `-${name}`]),
    { default: '-createdAt', description: 'The least first; with `-` the greatest' },
  ),
})

type SearchQuery = Static<typeof searchQuery>
type Filters = Omit<SearchQuery, 'limit' | 'after' | 'sort'>

interface Row extends Searchable {
  id: string
  /** Whether anything was shared with who asks, or they are an authority, where that was asked. */
  hasShares?: boolean
  status: Static<typeof PassportStatus>
  version: number
  ownerKind: Owner['kind']
  ownerId: string
  createdAt: Date
  updatedAt: Date
}

const fields = [
  'id',
  'status',
  'version',
  'owner_kind as "ownerKind"',
  'owner_id as "ownerId"',
  'created_at as "createdAt"',
  'updated_at as "updatedAt"',
  ...allColumns.map(({ name, sql, whole, kind }) => {
    const value = whole ? `coalesce(${whole}, ${sql})` : sql
    return `${value}${kind.type === 'date' ? '::text' : ''} as "${name}"`
  }),
].join(', ')

/**
 * As what passports are found: others than the owner search the words that they see, and know the number and the time of
 * what they saw change.
 */
type Sight = 'owner' | 'authority' | 'interest' | 'both'

/** Of a statement over what the owner sees, the same over what somebody else sees. */
const asSeen = (sight: Sight, text: string): string =>
  sight === 'owner'
    ? text
    : text
        .replace(/\bwords @@/g, `${sight === 'both' ? '(words_authority || words_interest)' : `words_${sight}`} @@`)
        .replace(
          /\bupdated_at\b/g,
          // What either sees change, both do.
          sight === 'both' ? 'greatest(authority_at, interest_at, created_at)' : `coalesce(${sight}_at, created_at)`,
        )
        .replace(/(?<![\w.'])version(?=,)/g, `coalesce((seen -> '${sight}' ->> 'version')::int, 1) as version`)

/** Notes a value of the statement and gives its place: `$1`. */
type Parameter = (value: string | true) => string

/**
 * A page of the passports that the actor may read. What it costs depends on the page, not on how many passports there
 * are.
 */
export async function searchPassports(db: Db, actor: Actor, given: SearchQuery, now = new Date()) {
  const query = dated(given, now)
  const { limit, sort } = query
  const { name, order } = orderOf(query)
  return page(
    await rowsFor(db, actor, query, now),
    limit,
    row => [sort, keyOf(row[name as Exclude<keyof Row, 'hasShares'>] ?? order.least!), row.id],
    ({ ownerKind, ownerId, createdAt, updatedAt, hasShares: _, ...row }) => ({
      ...row,
      owner: { kind: ownerKind, id: ownerId },
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    }),
  )
}

const dated = <Query extends Filters>(query: Query, now: Date): Query => ({ readinessOn: dayOf(now), ...query })

function orderOf({ sort }: SearchQuery) {
  const name = sort.replace('-', '')
  const [direction, beyond] = sort === name ? ['asc', '>'] : ['desc', '<']
  return { name, order: orders[name]!, direction: direction!, beyond: beyond! }
}

/**
 * With most people nobody has shared anything, and they are no authority: that comes along with what is their own, and no
 * more is asked.
 */
async function rowsFor(db: Db, actor: Actor, query: SearchQuery, now: Date): Promise<Row[]> {
  if (!['admin', 'authority'].includes(actor.role) && !query.owner) {
    const own = await rowsOf(db, query, async $ => {
      const places = partiesOf(actor).map($)
      const hasShares = `exists (select from readers where reader_id in (${places})) or ${authorityIn(places)}`
      return {
        scopes: places.map(place => ({ sight: 'owner', where: `owner_id = ${place}` })),
        also: `, ${hasShares} as "hasShares"`,
      }
    })
    if (own[0]?.hasShares === false) return own
  }
  return await rowsOf(db, query, $ => scopesOf(db, actor, query.owner, $, now))
}

async function rowsOf(db: Db, query: SearchQuery, scoped: ($: Parameter) => Promise<Scopes>): Promise<Row[]> {
  const { order, direction, beyond } = orderOf(query)
  const values: (string | true)[] = []
  const $: Parameter = value => `$${values.push(value)}`

  const { few, any } = filtersOf(query, $)
  const conditions = [...few, ...any, ...positionOf(query, order, beyond, $)]
  const { scopes: all, manyShares, also = '' } = await scoped($)
  const scopes = asOwner(all, query)
  if (scopes.length === 0) return []
  // What is rare is found another way than what is common, so a search for any value is planned for that value, and so
  // are many shares. All else is planned once, as long as there is so little of it that nobody can fill the server's
  // memory with plans.
  const isUsual = few.length === 0 || query.sort === '-createdAt'
  const isOfOneValue = any.length === 1 && few.length === 0 && query.sort === '-createdAt' && !query.after
  const prepare = !manyShares && (any.length === 0 ? isUsual : isOfOneValue)
  if (prepare && any.length > 0) conditions.push(`(${$(true)}::boolean or ${neverPlannedOnce})`)
  // A literal, since the planner cannot weigh a parameter; of two sizes, so that there are few statements.
  const size = query.limit <= 20 ? 21 : 101
  const branches = scopes.map(({ sight, where }) =>
    asSeen(
      sight,
      `(
    select ${fields}, ${order.sql} as sort_key${also} from passports where ${[where, ...conditions].join(' and ')}
    order by ${order.sql} ${direction}, id ${direction} limit ${size})`,
    ),
  )
  const text =
    branches.length === 1
      ? branches[0]!
      : `${branches.join(' union all ')} order by sort_key ${direction}, id ${direction} limit ${size}`
  return await db.unsafe<Row[]>(text, values, { prepare })
}

/**
 * What is never done: with the value before it known to be true the planner leaves it out, and a plan for any value seems
 * too dear to it ever to be kept. So the server reads a statement once, and plans it for each value.
 */
const neverPlannedOnce = '(select count(*) from generate_series(1, 1000000000)) > 0'

const keyOf = (value: string | number | Date): string | number =>
  value instanceof Date ? value.toISOString() : typeof value === 'string' ? beginningOf(value) : value

/** How many passports that the actor may read fit; no more than `mostCounted + 1` of each owner are looked at. */
export async function countPassports(db: Db, actor: Actor, given: Filters, now = new Date()): Promise<number> {
  const query = dated(given, now)
  const values: (string | true)[] = []
  const $: Parameter = value => `$${values.push(value)}`
  const { few, any } = filtersOf(query, $)
  const scopes = asOwner((await scopesOf(db, actor, query.owner, $, now)).scopes, query)
  if (scopes.length === 0) return 0
  const branches = scopes.map(({ sight, where }) =>
    asSeen(sight, `(select from passports where ${[where, ...few, ...any].join(' and ')} limit ${mostCounted + 1})`),
  )
  const text = `select count(*)::int as count from (${branches.join(' union all ')}) found`
  const [row] = await db.unsafe<{ count: number }[]>(text, values, { prepare: false })
  return row!.count
}

/** Whose passports: conditions, for each of which one index finds a page. The last one is for what was shared. */
interface Scopes {
  readonly scopes: readonly { readonly sight: Sight; readonly where: string }[]
  readonly manyShares?: boolean
  /** A column beside the others. */
  readonly also?: string
}

async function scopesOf(db: Db, actor: Actor, owner: string | undefined, $: Parameter, now: Date): Promise<Scopes> {
  const owned = (place: string): Scopes['scopes'][number] => ({ sight: 'owner', where: `owner_id = ${place}` })
  // `version > 0` always holds. It opens the indexes over all owners, which the planner would else walk to find those
  // of one.
  if (actor.role === 'admin') return { scopes: [owner ? owned($(owner)) : { sight: 'owner', where: 'version > 0' }] }
  const parties = partiesOf(actor)
  if (owner && parties.includes(owner)) return { scopes: [owned($(owner))] }

  const many = 100
  const [person, organisation = person!] = parties
  const shares = await db`select from readers where reader_id in (${person!}, ${organisation}) limit ${many}`
  const asAuthority = actor.role === 'authority' || (await isByAuthority(db, actor))
  if (owner && shares.length === 0 && !asAuthority) return { scopes: [] }
  const places = parties.map($)
  const own = owner ? [] : places.map(owned)
  if (shares.length === 0 && !asAuthority) return { scopes: own }
  const others = `${owner ? `owner_id = ${$(owner)}` : 'version > 0'} and owner_id not in (${places})`
  // By the clock that reading goes by, or a list names what cannot be opened any more.
  const at = $(now.toISOString())
  const read = (audience: 'owner' | 'interest'): string =>
    `select passport_id from readers where reader_id in (${places}) and audience = '${audience}'
      and (until_at is null or until_at > ${at}::timestamptz)`
  // Whoever is the owner's reader reads all; an authority all that is published, and of what it has an interest in, both.
  const scopes: Scopes['scopes'] = [
    ...own,
    { sight: 'owner', where: `${others} and id in (${read('owner')})` },
    {
      sight: asAuthority ? 'both' : 'interest',
      where: `${others} and status <> 'draft' and id in (${read('interest')}) and id not in (${read('owner')})`,
    },
    ...(asAuthority
      ? [
          {
            sight: 'authority' as const,
            where: `${others} and status <> 'draft' and id not in (${read('owner')}) and id not in (${read('interest')})`,
          },
        ]
      : []),
  ]
  return { scopes, manyShares: shares.length === many }
}

const authorityIn = (organisations: readonly string[]): string =>
  `exists (select from operators where organisation_id in (${organisations}) and 'authority' = any(kinds))`

/** Whether somebody acts for an organisation that was verified as an authority. */
async function isByAuthority(db: Db, { organisation }: Actor): Promise<boolean> {
  if (!organisation) return false
  const [row] = await db<{ is: boolean }[]>`select ${isAuthority(db, organisation.id)} as is`
  return row!.is
}

/**
 * Whether passports are ready, of those that who asks reads as their owner does: from others it would tell what they do not
 * see.
 */
const asOwner = (scopes: Scopes['scopes'], { readiness }: Filters): Scopes['scopes'] =>
  readiness ? scopes.filter(({ sight }) => sight === 'owner') : scopes

/**
 * Conditions: on one of a few values of ours, which may stand in the text, and on any value that a client sends, which
 * may not.
 */
function filtersOf(query: Filters, $: Parameter): { few: string[]; any: string[] } {
  const few = query.status ? [`status = '${query.status}'`] : []
  const any = query.q ? [`words @@ ${$(wordsOf(query.q).join(' & '))}::tsquery`] : []
  const { from, to } = createdIn(query)
  if (from) any.push(`created_at >= ${$(from.toISOString())}`)
  if (to) any.push(`created_at < ${$(to.toISOString())}`)
  if (query.changedSince) any.push(`updated_at >= ${$(timeOf(query.changedSince).toISOString())}`)
  if (query.readiness) {
    const on = $(query.readinessOn!)
    any.push(`exists (select from assessments a where a.passport_id = passports.id and a.owner_id = passports.owner_id
      and a.ready = ${query.readiness === 'ready'} and a.from_on <= ${on}::text::date and a.until_on > ${on}::text::date)`)
  }
  for (const { name, sql, kind, anyCase, whole } of filterable) {
    const given = (query as Record<string, unknown>)[name]
    if (given === undefined) continue
    const value =
      kind.read(given) ??
      fail('invalid', 'request_invalid', { errors: [{ pointer: `/${name}`, detail: `must be ${kind.expects}` }] })
    if (kind.few) few.push(`${sql} = '${value}'`)
    else if (whole) {
      const beginning = beginningOf(value as string)
      any.push(`${sql} = ${$(beginning)}`)
      any.push(beginning === value ? `${whole} is null` : `${whole} = ${$(value as string)}`)
    } else if (anyCase) any.push(`lower(${sql}) = lower(${$(value as string)})`)
    else any.push(`${sql} = ${$(value as string)}`)
  }
  return { few, any }
}

function positionOf({ after, sort }: SearchQuery, { sql, type, isKey }: Order, beyond: string, $: Parameter): string[] {
  const cursor = cursorOf(after, of => of === sort, isKey, isId)
  return cursor ? [`(${sql}, id) ${beyond} (${$(String(cursor[1]))}::text::${type}, ${$(String(cursor[2]))})`] : []
}
