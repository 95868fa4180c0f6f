import Type, { type Static } from 'typebox'
import { Currency, Instant, Minor } from '#contracts/shared'
import { withRole } from '#kernel'
import { countWaiting } from '../approvals/store.ts'
import type { AdminHost } from '../host.ts'
import { countsOf, type Count, type Kind } from './things.ts'

const HowMany = Type.Integer({ minimum: 0, examples: [12] })
const ByState = Type.Record(Type.String(), Type.Integer(), { examples: [{ active: 12, pending: 3 }] })
const Amounts = Type.Array(
  Type.Object({ currency: Currency, totalMinor: Minor, lately: { ...Minor, description: 'Of it in the last days' } }),
)

const Dashboard = Type.Object(
  {
    people: Type.Object({ total: HowMany, lately: HowMany, disabled: HowMany }),
    organisations: Type.Object({ total: HowMany, lately: HowMany }),
    passports: Type.Object({ total: HowMany, byStatus: ByState }),
    stations: Type.Object({ total: HowMany, connected: HowMany }),
    sessions: Type.Object({
      running: HowMany,
      ended: HowMany,
      lately: HowMany,
      energyWh: Type.Integer({ minimum: 0, examples: [1_840_000] }),
      energyWhLately: Type.Integer({ minimum: 0, examples: [92_000] }),
      booked: { ...Amounts, description: 'What drivers were charged' },
    }),
    incidents: Type.Object({ open: HowMany, byPriority: ByState }),
    tickets: Type.Object({ open: HowMany, byStatus: ByState, openByPriority: ByState }),
    bookings: Type.Object({ ahead: HowMany, lately: HowMany, byStatus: ByState }),
    documents: Type.Object({ total: HowMany, sizeBytes: Type.Integer({ minimum: 0, examples: [1_840_000] }) }),
    articles: Type.Object(
      { published: HowMany, byKind: ByState },
      { description: 'That people published; nobody told of those that come with the platform' },
    ),
    approvals: Type.Object({ waiting: { ...HowMany, description: 'Requests that wait for a second admin' } }),
    vendors: Type.Object({ total: HowMany, pending: HowMany, byStatus: ByState }),
    products: Type.Object({ total: HowMany, pending: HowMany, byStatus: ByState }),
    orders: Type.Object({
      total: HowMany,
      byStatus: ByState,
      paid: { ...Amounts, description: 'What buyers paid' },
      refunded: { ...Amounts, description: 'What of it went back' },
    }),
    days: Type.Integer({ examples: [30], description: 'How many days are the last days' }),
    at: Instant,
  },
  { title: 'AdminDashboard' },
)

const days = 30

/** All worlds on one page. */
export function dashboardRoute({ db, http, now }: AdminHost): void {
  http.get(
    '/dashboard',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'How the whole platform stands',
        description: 'From events, a moment after they happened. Money is by currency, in minor units.',
        response: { 200: Dashboard },
      },
    },
    async (): Promise<Static<typeof Dashboard>> => {
      const at = now()
      const since = new Date(at.getTime() - days * 86_400_000).toISOString().slice(0, 10)
      const [counts, waiting] = await Promise.all([countsOf(db, since), countWaiting(db)])
      return { ...dashboardOf(counts, at), approvals: { waiting } }
    },
  )
}

function dashboardOf(counts: readonly Count[], at: Date): Omit<Static<typeof Dashboard>, 'approvals'> {
  const of = (kind: Kind, state?: string) =>
    counts.filter(one => one.kind === kind && (state === undefined || one.state === state))
  const sum = (rows: readonly Count[], field: 'number' | 'amount' | 'lately' | 'latelyAmount' = 'number') =>
    rows.reduce((total, row) => total + row[field], 0)
  const grouped = (rows: readonly Count[], field: 'state' | 'facet') =>
    Object.fromEntries([...Map.groupBy(rows, row => row[field])].map(([name, found]) => [name, sum(found)]))
  const by = (kind: Kind, field: 'state' | 'facet' = 'state') => grouped(of(kind), field)
  const openTickets = of('ticket').filter(({ state }) => state !== 'resolved' && state !== 'closed')
  const amounts = (kind: Kind) =>
    of(kind).map(({ facet: currency, amount: totalMinor, latelyAmount: lately }) => ({ currency, totalMinor, lately }))
  return {
    people: {
      total: sum(of('person')),
      lately: sum(of('person'), 'lately'),
      disabled: sum(of('disabled')),
    },
    organisations: { total: sum(of('organisation')), lately: sum(of('organisation'), 'lately') },
    passports: { total: sum(of('passport')), byStatus: by('passport') },
    stations: { total: sum(of('station')), connected: sum(of('connection')) },
    sessions: {
      running: sum(of('session', 'running')),
      ended: sum(of('session', 'ended')),
      lately: sum(of('session', 'ended'), 'lately'),
      energyWh: sum(of('session', 'ended'), 'amount'),
      energyWhLately: sum(of('session', 'ended'), 'latelyAmount'),
      booked: amounts('charge'),
    },
    incidents: { open: sum(of('incident')), byPriority: by('incident', 'facet') },
    tickets: { open: sum(openTickets), byStatus: by('ticket'), openByPriority: grouped(openTickets, 'facet') },
    bookings: {
      ahead: sum(of('booking', 'reserved')),
      lately: sum(of('booking'), 'lately'),
      byStatus: by('booking'),
    },
    documents: { total: sum(of('document')), sizeBytes: sum(of('document'), 'amount') },
    articles: { published: sum(of('article')), byKind: by('article', 'facet') },
    vendors: { total: sum(of('vendor')), pending: sum(of('vendor', 'pending')), byStatus: by('vendor') },
    products: { total: sum(of('product')), pending: sum(of('product', 'pending')), byStatus: by('product') },
    orders: {
      total: sum(of('order')),
      byStatus: by('order'),
      paid: amounts('payment'),
      refunded: amounts('refund'),
    },
    days,
    at: at.toISOString(),
  }
}
