import Type from 'typebox'
import { Instant } from '#contracts/shared'
import { Problem, fresh, withRole } from '#kernel'
import {
  building,
  giveUp,
  hasLess,
  insertBuilding,
  noteRewound,
  setTimeZone,
  show,
  shown,
  sweep,
  unwound,
  type Building,
} from './generations.ts'
import type { AnalyticsHost } from './host.ts'
import { nullable } from './series/routes.ts'

const RebuildView = Type.Object(
  {
    running: Type.Boolean({ examples: [true] }),
    begunAt: nullable({ ...Instant, description: 'Of one that is running' }),
    timeZone: Type.String({ description: 'Of the days of what is shown', examples: ['UTC'] }),
  },
  { title: 'FiguresRebuild' },
)

/**
 * Figures made anew from all that ever happened, beside those that are shown: the reactions begin at the beginning and
 * write another generation, which is shown once they have come to where they stood.
 */
export async function rebuilding(host: AnalyticsHost): Promise<void> {
  const { acted, http, db, every, now, replays, settings } = host
  await db.transaction(tx => setTimeZone(tx, settings.ANALYTICS_TIME_ZONE))
  const config = { access: withRole('admin') }
  const view = async () => {
    const [made, read] = [await building(db), await shown(db)]
    return { running: !!made, begunAt: made?.begunAt.toISOString() ?? null, timeZone: read.timeZone }
  }

  http.post(
    '/rebuild',
    {
      config: { access: fresh(withRole('admin'), '5 minutes') },
      schema: {
        summary: 'Make all figures anew from the event log, beside those that are shown',
        description:
          'What is shown stands still meanwhile. A log that does not go back as far as what is shown makes nothing ' +
          'better: what was made is thrown away then, unless `evenIfLess` is said.',
        refuses: ['rebuild_running'],
        body: Type.Object({ evenIfLess: Type.Optional(Type.Boolean({ examples: [false] })) }),
        response: { 202: RebuildView },
      },
    },
    async ({ actor, body }, reply) => {
      const standing = await replays.standing()
      const made = { standing, begunAt: now(), timeZone: settings.ANALYTICS_TIME_ZONE, evenIfLess: !!body.evenIfLess }
      await db.transaction(async tx => {
        if (!(await insertBuilding(tx, made))) throw new Problem('conflict', 'rebuild_running')
        await acted(tx, actor, 'figures.rebuilt', 'figures', { evenIfLess: made.evenIfLess })
      })
      await rewind(host)
      return reply.code(202).send(await view())
    },
  )

  http.get(
    '/rebuild',
    { config, schema: { summary: 'Whether all figures are being made anew', response: { 200: RebuildView } } },
    view,
  )

  every('10 seconds', 'show figures that were made anew', () => goOn(host))
}

/** The reactions begin anew where they have to; again, where that was broken off. */
async function rewind({ db, replays }: AnalyticsHost): Promise<void> {
  const number = await unwound(db)
  if (number === undefined) return
  await replays.begin()
  await db.transaction(tx => noteRewound(tx, number))
}

async function goOn(host: AnalyticsHost): Promise<void> {
  await rewind(host)
  const made = await building(host.db)
  if (made && (await host.replays.reached(made.standing))) await finish(host, made)
  await sweep(host.db)
}

async function finish(host: AnalyticsHost, { number, begunAt, evenIfLess }: Building): Promise<void> {
  const { db, log } = host
  if (evenIfLess || !(await hasLess(db, number))) {
    await db.transaction(tx => show(tx, number))
    log.info({ begunAt }, 'figures were made anew')
    return
  }
  log.warn({ begunAt }, 'the event log does not go back as far as the figures: they stay as they were')
  await db.transaction(tx => giveUp(tx, number))
  await rewind(host)
}
