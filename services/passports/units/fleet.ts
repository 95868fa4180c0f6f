import Type from 'typebox'
import { Id } from '#contracts/shared'
import {
  anyone,
  cursorOf,
  isId,
  listQuery,
  Page,
  page,
  partiesOf,
  Problem,
  signedIn,
  type Actor,
  type Db,
} from '#kernel'
import {
  allCategories,
  categories,
  cellOf,
  dataPoints,
  passportFrom,
  ruleSetOf,
  ruleSetOn,
  ruleSets,
  type Cell,
} from '#law'
import { dayOf } from '../audiences/views.ts'
import type { PassportsHost } from '../host.ts'
import { readinessOf } from './readiness.ts'
import { findLine } from './store.ts'

const Day = Type.String({ format: 'date', examples: ['2027-02-18'] })
const Text = Type.String()

const CellView = Type.Object(
  {
    dataPoint: Type.Integer({ examples: [19] }),
    name: Type.String({ examples: ['The capacity'] }),
    article: Type.String({ examples: ['Annex VI A(6)'] }),
    category: Type.String({ examples: ['EV'] }),
    status: Type.Enum(['M', 'C', 'O', 'N'], {
      description: 'Mandatory, conditional, optional, not to be filled',
      examples: ['M'],
    }),
    kind: Type.Optional(Text),
    condition: Type.Optional(Text),
    trigger: Type.Optional(Type.String({ description: 'What has to happen first, where no date is known' })),
    from: Type.Optional(Day),
    until: Type.Optional(Day),
  },
  { title: 'RuleCell' },
)
const SetView = Type.Object(
  {
    id: Type.String({ examples: ['ec-2.0'] }),
    title: Text,
    reference: Text,
    published: Day,
    appliesFrom: Day,
    supersedes: Type.Optional(Text),
  },
  { title: 'RuleSet' },
)

const told = ({ why: _, ...cell }: Cell) => {
  const { name, article } = dataPoints.find(({ nr }) => nr === cell.dataPoint)!
  return { ...cell, name, article: cell.article ?? article }
}

const setOf = (id: string) => {
  const set = ruleSetOf(id)
  if (!set) throw new Problem('not_found', 'rule_set_unknown', { detail: 'There is no such rule set.' })
  return set
}

const FleetItem = Type.Object(
  {
    id: Id,
    identifier: Type.Unsafe<string | null>({ type: ['string', 'null'], examples: ['BP-2024-011'] }),
    granularity: Type.Enum(['model', 'batch', 'item'], { examples: ['item'] }),
    category: Type.Union([Text, Type.Null()], { examples: ['EV'] }),
    scope: Type.String({ examples: ['required'], description: 'Whether it has to have a passport that day' }),
    ready: Type.Boolean({ examples: [false] }),
    missing: Type.Array(
      Type.Object(
        {
          dataPoint: Type.Integer({ examples: [11] }),
          name: Text,
          article: Text,
          finding: Type.Enum(['missing', 'invalid'], { examples: ['missing'] }),
          attributes: Type.Array(Text),
        },
        { title: 'FleetMissing' },
      ),
      { description: 'What is mandatory and is not there, by article' },
    ),
    changes: Type.Optional(
      Type.Object(
        {
          ready: Type.Boolean(),
          due: Type.Array(
            Type.Object(
              {
                dataPoint: Type.Integer({ examples: [19] }),
                name: Text,
                article: Text,
                status: Type.Enum(['M', 'C'], { examples: ['C'] }),
                condition: Type.Optional(Text),
              },
              { title: 'FleetDue' },
            ),
            { description: 'What is missing only then, also where a condition decides' },
          ),
        },
        { title: 'FleetChange', description: 'On the day of `compare`' },
      ),
    ),
  },
  { title: 'FleetReadiness' },
)

interface Member {
  readonly id: string
  readonly identifier: string | null
  readonly granularity: 'model' | 'batch' | 'item'
}

const ownerOf = (actor: Actor): string => actor.organisation?.id ?? partiesOf(actor)[0]!

async function members(db: Db, ownerId: string, category: string | undefined, limit: number, after?: string) {
  return await db<Member[]>`
    select id, coalesce(identifier_whole, identifier) as identifier, granularity from passports
    where owner_id = ${ownerId} and status <> 'archived' and id > ${after ?? '00000000-0000-0000-0000-000000000000'}
      ${category ? db`and category = ${category}` : db``}
    order by id limit ${limit}`
}

/** How a passport stands on a day, and what of that differs on another. */
async function standing(db: Db, one: Member, on: string, compare: string | undefined) {
  const line = await findLine(db, one.id, true)
  const { scope, category, ready, items } = readinessOf(line, on)
  const isLacking = ({ finding }: (typeof items)[number]): boolean => finding === 'missing' || finding === 'invalid'
  const lacking = items.filter(isLacking)
  const then = compare === undefined ? undefined : readinessOf(line, compare)
  return {
    ...one,
    category,
    scope,
    ready,
    missing: lacking
      .filter(({ status }) => status === 'M')
      .map(({ dataPoint, name, article, finding, attributes }) => ({
        dataPoint,
        name,
        article,
        finding: finding as 'missing',
        attributes,
      })),
    ...(then && {
      changes: {
        ready: then.ready,
        due: then.items
          .filter(item => isLacking(item) && lacking.every(({ dataPoint }) => dataPoint !== item.dataPoint))
          .map(({ dataPoint, name, article, status, condition }) => ({
            dataPoint,
            name,
            article,
            status: status as 'M',
            ...(condition && { condition }),
          })),
      },
    }),
  }
}

const most = 1000
const Count = Type.Integer({ minimum: 0, examples: [12] })
const Days = {
  on: Type.Optional({ ...Day, description: 'By the rules of this day; today where none is said' }),
  compare: Type.Optional({ ...Day, description: 'And what changes on this one', examples: ['2027-08-18'] }),
  category: Type.Optional(Type.Enum([...allCategories], { examples: ['EV'] })),
}

/** What the law asks and when, and how all passports of an owner stand by it. */
export function fleetRoutes({ http, db, now }: PassportsHost): void {
  http.get(
    '/rules',
    {
      config: { access: anyone },
      schema: {
        summary: 'The rule sets, and which cells of the one of today change on a day that is known',
        response: {
          200: Type.Object(
            {
              passportFrom: Type.Object({ date: Day, article: Text }, { title: 'RuleDate' }),
              current: Type.String({ examples: ['ec-2.0'] }),
              sets: Type.Array(SetView),
              calendar: Type.Array(CellView, { description: 'Those that begin or end on a day, the earliest first' }),
            },
            { title: 'RuleSets' },
          ),
        },
      },
    },
    async () => {
      const current = ruleSetOn(dayOf(now()))
      const dayIn = ({ from, until }: Cell): string => from ?? until ?? ''
      return {
        passportFrom: { date: passportFrom.date, article: passportFrom.article },
        current: current.id,
        sets: ruleSets.map(({ cells: _, ...set }) => set),
        calendar: current.cells
          .filter(cell => dayIn(cell) !== '')
          .sort((one, other) => dayIn(one).localeCompare(dayIn(other)))
          .map(told),
      }
    },
  )

  http.get(
    '/rules/:setId',
    {
      config: { access: anyone },
      schema: {
        summary: 'What a rule set asks of each category on a day, or what differs from another set',
        refuses: ['rule_set_unknown'],
        params: Type.Object({ setId: Type.String({ maxLength: 50, examples: ['ec-2.0'] }) }),
        querystring: Type.Object(
          {
            on: Type.Optional(Day),
            against: Type.Optional(
              Type.String({
                maxLength: 50,
                examples: ['ec-1.0'],
                description: 'Only cells whose status differs from this set',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object(
            {
              set: SetView,
              on: Day,
              cells: Type.Array(
                Type.Object(
                  {
                    ...CellView.properties,
                    was: Type.Optional(Type.String({ description: 'The status in the other set', examples: ['N'] })),
                  },
                  { title: 'RuleCellChanged' },
                ),
              ),
            },
            { title: 'Rules' },
          ),
        },
      },
    },
    async ({ params, query: { on = dayOf(now()), against } }) => {
      const { cells: _, ...set } = setOf(params.setId)
      const other = against === undefined ? undefined : setOf(against)
      const cells = dataPoints.flatMap(({ nr }) =>
        categories.flatMap(category => {
          const cell = cellOf(setOf(params.setId), nr, category, on)
          const was = other && cellOf(other, nr, category, on)?.status
          return cell && (!other || was !== cell.status) ? [{ ...told(cell), ...(was && { was }) }] : []
        }),
      )
      return { set, on, cells }
    },
  )

  http.get(
    '/readiness',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What each passport of oneself or of the organisation lacks on a day, by article',
        description: 'Without those that are archived, in the order of their ids.',
        querystring: listQuery(Days),
        response: { 200: Page(FleetItem) },
      },
    },
    async ({ actor, query: { limit, after, on = dayOf(now()), compare, category } }) => {
      const cursor = cursorOf(after, isId)?.[0] as string | undefined
      const found = await members(db, ownerOf(actor), category, limit + 1, cursor)
      const { items, nextCursor } = page(
        found,
        limit,
        ({ id }) => [id],
        one => one,
      )
      const standings = []
      for (const one of items) standings.push(await standing(db, one, on, compare))
      return { items: standings, nextCursor }
    },
  )

  http.get(
    '/readiness/summary',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many passports are ready on a day, by category, and what most of them lack',
        description: `Of the first ${most}; \`complete\` says whether these are all.`,
        querystring: Type.Object(Days, { additionalProperties: false }),
        response: {
          200: Type.Object(
            {
              on: Day,
              ruleSet: Type.String({ examples: ['ec-2.0'] }),
              complete: Type.Boolean({ examples: [true] }),
              categories: Type.Array(
                Type.Object(
                  {
                    category: Type.Union([Text, Type.Null()], { examples: ['EV'] }),
                    passports: Count,
                    ready: Count,
                    readyThen: Type.Optional({ ...Count, description: 'On the day of `compare`' }),
                  },
                  { title: 'FleetCategory' },
                ),
              ),
              missing: Type.Array(
                Type.Object(
                  { dataPoint: Type.Integer({ examples: [11] }), name: Text, article: Text, passports: Count },
                  { title: 'FleetGap' },
                ),
                { description: 'What is mandatory and lacking, what most lack first' },
              ),
            },
            { title: 'FleetSummary' },
          ),
        },
      },
    },
    async ({ actor, query: { on = dayOf(now()), compare, category } }) => {
      const found = await members(db, ownerOf(actor), category, most + 1)
      const rows = new Map<
        string | null,
        { category: string | null; passports: number; ready: number; readyThen: number }
      >()
      const gaps = new Map<number, { dataPoint: number; name: string; article: string; passports: number }>()
      for (const member of found.slice(0, most)) {
        const one = await standing(db, member, on, compare)
        const row = rows.getOrInsertComputed(one.category, () => ({
          category: one.category,
          passports: 0,
          ready: 0,
          readyThen: 0,
        }))
        row.passports++
        if (one.ready) row.ready++
        if (one.changes?.ready) row.readyThen++
        for (const { dataPoint, name, article } of one.missing)
          gaps.getOrInsertComputed(dataPoint, () => ({ dataPoint, name, article, passports: 0 })).passports++
      }
      return {
        on,
        ruleSet: ruleSetOn(on).id,
        complete: found.length <= most,
        categories: [...rows.values()].map(({ readyThen, ...row }) => ({ ...row, ...(compare && { readyThen }) })),
        missing: [...gaps.values()].sort((a, b) => b.passports - a.passports || a.dataPoint - b.dataPoint),
      }
    },
  )
}
