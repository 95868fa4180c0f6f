import Type, { type Static } from 'typebox'
import { Id, Instant } from '#contracts/shared'
import { newId, Problem, signedIn, type Actor, type Db, type Job, type Tx } from '#kernel'
import { dataPoints, anySetOf, ruleSetOn, ruleSets } from '#law'
import { dayOf } from '../audiences/views.ts'
import type { PassportsHost } from '../host.ts'
import { familiesOf } from './assessments.ts'
import { lackingBy } from './readiness.ts'
import { decidesFor } from './settings.ts'
import { settingsOfAll } from './settings-store.ts'
import { requireRuleSet } from './sets.ts'

const some = 200
/** Of those that would be ready no more, as many are named. */
const mostNamed = 100

interface Row {
  readonly id: string
  readonly ownerId: string | null
  readonly userId: string
  readonly set: string
  readonly against: string
  readonly on: string
  readonly state: 'running' | 'done'
  readonly checked: number
  readonly readyNow: number
  readonly readyThen: number
  readonly gained: number
  readonly lost: number
  /** By data point, how many would lack it and do not, and the other way round. */
  readonly points: Record<string, [more: number, fewer: number]>
  readonly losing: readonly string[]
  readonly createdAt: Date
  readonly endedAt: Date | null
}

const Count = Type.Integer({ minimum: 0, examples: [12] })
const Day = Type.String({ format: 'date', examples: ['2027-02-18'] })
const CheckView = Type.Object(
  {
    id: Id,
    set: Type.String({ examples: ['draft-art-8'] }),
    against: Type.String({ description: 'The set that decides on the day', examples: ['ec-2.0'] }),
    on: Day,
    state: Type.Enum(['running', 'done'], { examples: ['done'] }),
    checked: Count,
    readyNow: Count,
    readyThen: { ...Count, description: 'By the other set' },
    gained: { ...Count, description: 'Ready only by the other set' },
    lost: { ...Count, description: 'Ready no more by the other set' },
    points: Type.Array(
      Type.Object(
        {
          dataPoint: Type.Integer({ examples: [20] }),
          name: Type.String(),
          article: Type.String(),
          more: { ...Count, description: 'Passports that would lack it' },
          fewer: { ...Count, description: 'Passports that would lack it no more' },
        },
        { title: 'RuleCheckPoint' },
      ),
    ),
    losing: Type.Array(Id, { description: 'Of those that would be ready no more, the first hundred' }),
    createdAt: Instant,
    endedAt: Type.Union([Instant, Type.Null()]),
  },
  { title: 'RuleCheck' },
)

const shown = ({
  points,
  losing,
  createdAt,
  endedAt,
  ownerId: _,
  userId: _u,
  ...row
}: Row): Static<typeof CheckView> => ({
  ...row,
  points: dataPoints.flatMap(({ nr, name, article }) => {
    const [more, fewer] = points[nr] ?? []
    return more === undefined || fewer === undefined ? [] : [{ dataPoint: nr, name, article, more, fewer }]
  }),
  losing: [...losing],
  createdAt: createdAt.toISOString(),
  endedAt: endedAt?.toISOString() ?? null,
})

async function findCheck(db: Db, id: string, forChange = false): Promise<Row | undefined> {
  const [row] = await db<Row[]>`
    select id, owner_id as "ownerId", user_id as "userId", rule_set as set, against, on_day::text as "on", state, checked,
      ready_now as "readyNow", ready_then as "readyThen", gained, lost, points, losing, created_at as "createdAt",
      ended_at as "endedAt"
    from rule_checks where id = ${id} ${forChange ? db`for update` : db``}`
  return row
}

/** Holds all passports of an owner to a rule set that does not decide, before it does. */
export function ruleCheckRoutes(host: PassportsHost): void {
  const { http, db, now } = host
  const check = checksRules(host)

  http.post(
    '/rules/checks',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Find what another rule set would change of all passports of oneself or of the organisation',
        description:
          'A job: none of them is changed. By an owner or an admin of the organisation; admins who act for none check all ' +
          'passports.',
        gives: ['Location'],
        refuses: ['editor_required', 'rule_set_unknown', 'rule_set_removed'],
        body: Type.Object({
          set: Type.String({ maxLength: 50, examples: ['draft-art-8'] }),
          on: Type.Optional({ ...Day, description: 'By both sets as they are on this day; today where none is said' }),
        }),
        response: { 202: CheckView },
      },
    },
    async ({ actor, body: { set, on = dayOf(now()) } }, reply) => {
      const ownerId = scopeOf(actor)
      await requireRuleSet(db, set, now())
      const id = newId()
      const row = await db.transaction(async tx => {
        await tx`
          insert into rule_checks (id, owner_id, user_id, rule_set, against, on_day, created_at)
          values (${id}, ${ownerId}, ${actor.userId}, ${set}, ${ruleSetOn(on).id}, ${on}::text::date, ${now()})`
        await tx.enqueue(check, { id, after: null })
        return (await findCheck(tx, id))!
      })
      return await reply.code(202).header('location', `/api/passports/rules/checks/${id}`).send(shown(row))
    },
  )

  http.get(
    '/rules/checks/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How far a check of a rule set is, and what the set would change',
        refuses: ['rule_check_unknown'],
        params: Type.Object({ id: Id }),
        response: { 200: CheckView },
      },
    },
    async ({ actor, params }) => {
      const row = await findCheck(db, params.id)
      const isTheirs =
        row && (actor.role === 'admin' || row.userId === actor.userId || row.ownerId === actor.organisation?.id)
      if (!isTheirs) throw new Problem('not_found', 'rule_check_unknown')
      return shown(row)
    },
  )
}

/** Whose passports somebody checks; null for everybody's. */
const scopeOf = (actor: Actor): string | null =>
  actor.role === 'admin' && !actor.organisation ? null : decidesFor(actor).id

type Check = Job<{ id: string; after: string | null }>

function checksRules(host: PassportsHost): Check {
  const again: Check = host.job(
    'check a rule set',
    ({ id, after }) =>
      host.db.transaction(async tx => {
        const last = await checkSome(tx, id, after, host.now())
        if (last !== null) await tx.enqueue(again, { id, after: last })
      }),
    { urgency: 'bulk' },
  )
  return again
}

/** The last of those that were looked at; null where it is over. */
async function checkSome(tx: Tx, id: string, after: string | null, at: Date): Promise<string | null> {
  const row = await findCheck(tx, id, true)
  // Either may have been removed meanwhile; what was found until then stands.
  const [set, against] = [row && anySetOf(row.set), row && ruleSets.find(one => one.id === row.against)]
  if (!row || row.state === 'done') return null
  const found = await tx<{ id: string }[]>`
    select id from passports
    where status <> 'archived' and id > ${after ?? '00000000-0000-0000-0000-000000000000'}
      ${row.ownerId === null ? tx`` : tx`and owner_id = ${row.ownerId}`}
    order by id limit ${some}`
  const ids = set && against ? found.map(one => one.id) : []
  const families = await familiesOf(tx, ids)
  const settings = await settingsOfAll(tx, [...new Set(families.map(({ one }) => one.ownerId))])
  const points = structuredClone(row.points)
  const losing = [...row.losing]
  let [readyNow, readyThen, gained, lost] = [row.readyNow, row.readyThen, row.gained, row.lost]
  for (const { one, line } of families) {
    const [now, then] = [against!, set!].map(by => lackingBy(line, row.on, by, settings.get(one.ownerId))) as [
      number[],
      number[],
    ]
    for (const point of new Set([...now, ...then])) {
      const tally = (points[point] ??= [0, 0])
      if (!now.includes(point)) tally[0]++
      if (!then.includes(point)) tally[1]++
      if (tally[0] + tally[1] === 0) delete points[point]
    }
    if (now.length === 0) readyNow++
    if (then.length === 0) readyThen++
    if (now.length > 0 && then.length === 0) gained++
    if (now.length === 0 && then.length > 0) lost++
    if (now.length === 0 && then.length > 0 && losing.length < mostNamed) losing.push(one.id)
  }
  const isOver = ids.length < some
  await tx`
    update rule_checks set checked = checked + ${families.length}, ready_now = ${readyNow}, ready_then = ${readyThen},
      gained = ${gained}, lost = ${lost}, points = ${tx.json(points as never)}, losing = ${losing}::uuid[],
      state = ${isOver ? 'done' : 'running'}, ended_at = ${isOver ? at : null}
    where id = ${id}`
  return isOver ? null : ids.at(-1)!
}
