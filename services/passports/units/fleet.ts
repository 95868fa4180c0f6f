import { Readable } from 'node:stream'
import Type from 'typebox'
import { Id } from '#contracts/shared'
import { anyone, cursorOf, isId, listQuery, Page, page, partiesOf, signedIn, type Actor, type Db } from '#kernel'
import {
  allCategories,
  categories,
  cellOf,
  dataPoints,
  draftSets,
  passportFrom,
  ruleSetOn,
  ruleSets,
  type Cell,
  type DraftSet,
  type RuleSet,
} from '#law'
import { dayOf } from '../audiences/views.ts'
import type { PassportsHost } from '../host.ts'
import { kinds, lookAtNew, standingOf, type Counted, type Group, type Kind } from './counting.ts'
import { readinessOf } from './readiness.ts'
import { csvOf, pdfOf } from './report.ts'
import { requireRuleSet } from './sets.ts'
import { settingsOf, type Settings } from './settings-store.ts'
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
    state: Type.Enum(['in_force', 'draft'], { description: 'A draft never decides', examples: ['in_force'] }),
    published: Type.Optional(Day),
    appliesFrom: Type.Optional(Day),
    supersedes: Type.Optional(Text),
  },
  { title: 'RuleSet' },
)

const told = ({ why: _, asked: _asked, ...cell }: Cell) => {
  const { name, article } = dataPoints.find(({ nr }) => nr === cell.dataPoint)!
  return { ...cell, name, article: cell.article ?? article }
}

const headOf = ({ cells: _, ...set }: RuleSet | DraftSet) => ({
  ...set,
  state: set.published === undefined ? ('draft' as const) : ('in_force' as const),
})

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
async function standing(db: Db, one: Member, on: string, compare: string | undefined, settings: Settings) {
  const line = await findLine(db, one.id, true)
  const { scope, category, ready, items } = readinessOf(line, on, settings)
  const isLacking = ({ finding }: (typeof items)[number]): boolean => finding === 'missing' || finding === 'invalid'
  const lacking = items.filter(isLacking)
  const then = compare === undefined ? undefined : readinessOf(line, compare, settings)
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

const Count = Type.Integer({ minimum: 0, examples: [12] })
const Days = {
  on: Type.Optional({ ...Day, description: 'By the rules of this day; today where none is said' }),
  compare: Type.Optional({ ...Day, description: 'And what changes on this one', examples: ['2027-08-18'] }),
  category: Type.Optional(Type.Enum([...allCategories], { examples: ['EV'] })),
}

const By = Type.Optional(Type.Enum([...kinds], { description: 'What `groups` are of', examples: ['model'] }))
const Counts = {
  passports: Count,
  ready: Count,
  readyThen: Type.Optional({ ...Count, description: 'On the day of `compare`' }),
}
const Summary = Type.Object(
  {
    on: Day,
    ruleSet: Type.String({ examples: ['ec-2.0'] }),
    complete: Type.Boolean({ examples: [true] }),
    by: Type.Enum([...kinds], { examples: ['category'] }),
    groups: Type.Array(
      Type.Object(
        {
          key: Type.Union([Text, Type.Null()], {
            description: 'Category, model, or id of the owner',
            examples: ['EV'],
          }),
          ...Counts,
        },
        { title: 'FleetGroup' },
      ),
      { description: 'The largest first, a thousand at most' },
    ),
    categories: Type.Array(
      Type.Object(
        { category: Type.Union([Text, Type.Null()], { examples: ['EV'] }), ...Counts },
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
)

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
        sets: [...ruleSets, ...draftSets].map(headOf),
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
        refuses: ['rule_set_unknown', 'rule_set_removed'],
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
      const set = await requireRuleSet(db, params.setId, now())
      const other = against === undefined ? undefined : await requireRuleSet(db, against, now())
      const cells = dataPoints.flatMap(({ nr }) =>
        categories.flatMap(category => {
          const cell = cellOf(set, nr, category, on)
          const was = other && cellOf(other, nr, category, on)?.status
          return cell && (!other || was !== cell.status) ? [{ ...told(cell), ...(was && { was }) }] : []
        }),
      )
      return { set: headOf(set), on, cells }
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
      const settings = await settingsOf(db, ownerOf(actor))
      for (const one of items) standings.push(await standing(db, one, on, compare, settings))
      return { items: standings, nextCursor }
    },
  )

  http.get(
    '/readiness/summary',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many passports are ready on a day, by category or otherwise, and what most of them lack',
        description:
          'Of all of them; `complete` is false while many are new and not looked at yet. Admins who ask by organisation ' +
          'see all organisations.',
        querystring: Type.Object({ ...Days, by: By }, { additionalProperties: false }),
        response: { 200: Summary },
      },
    },
    async ({ actor, query }) => await summaryOf(db, countedFor(actor, query)),
  )

  http.get(
    '/readiness/report',
    {
      config: { access: signedIn },
      schema: {
        summary: 'The same as a file: CSV with a line for each passport, or PDF with the numbers',
        description: 'No cell is a formula where it is opened.',
        produces: ['text/csv', 'application/pdf'],
        querystring: Type.Object(
          {
            ...Days,
            by: By,
            format: Type.Enum(['csv', 'pdf'], { default: 'csv', examples: ['csv'] }),
          },
          { additionalProperties: false },
        ),
      },
    },
    async ({ actor, query }, reply) => {
      const of = countedFor(actor, query)
      const { format } = query
      reply.header('cache-control', 'private, no-store')
      await lookAtNew(db, of)
      reply.header('content-disposition', `attachment; filename="readiness-${of.on}.${format}"`)
      if (format === 'pdf') return reply.type('application/pdf').send(await pdfOf(db, of, of.by))
      return reply.type('text/csv; charset=utf-8').send(Readable.from(csvOf(db, of)))
    },
  )

  function countedFor(actor: Actor, { on = dayOf(now()), by = 'category', compare, category }: SummaryQuery) {
    const isAll = by === 'organisation' && actor.role === 'admin'
    return { ownerId: isAll ? undefined : ownerOf(actor), on, compare, category, by }
  }
}

interface SummaryQuery {
  readonly on?: string | undefined
  readonly compare?: string | undefined
  readonly category?: string | undefined
  readonly by?: Kind | undefined
}

async function summaryOf(db: PassportsHost['db'], of: Counted & { by: Kind }) {
  const { complete, groups, categories, gaps } = await standingOf(db, of, of.by)
  const shown = ({ readyThen, ...group }: Group) => ({ ...group, ...(of.compare && { readyThen }) })
  return {
    on: of.on,
    ruleSet: ruleSetOn(of.on).id,
    complete,
    by: of.by,
    groups: groups.map(shown),
    categories: categories.map(shown).map(({ key, ...group }) => ({ category: key, ...group })),
    missing: [...gaps],
  }
}
