import Type from 'typebox'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { signedIn } from '#kernel'
import { nullable } from '../fields.ts'
import type { UsersHost } from '../host.ts'
import { findProfile } from '../profiles/store.ts'
import { countWishes, listWishes } from '../wishes/store.ts'
import { PurchaseView, viewPurchase } from '../purchases/routes.ts'
import { countPurchases, listPurchases } from '../purchases/store.ts'
import { countSubscriptions, listSubscriptions } from '../subscriptions/store.ts'
import { SubscriptionView, viewAll } from '../subscriptions/view.ts'
import { viewWishes, WishView } from '../wishes/routes.ts'
import { latestCharges, sumCharges } from './charges.ts'

const Many = Type.Integer({ minimum: 0, examples: [3] })
const Energy = Type.Integer({ minimum: 0, examples: [18_400] })
const shown = 5
const isLive = new Set(['trialing', 'active', 'past-due', 'paused'])
const monthMs = 30 * 86_400_000

const Dashboard = Type.Object(
  {
    displayName: nullable(Type.String({ maxLength: 200, examples: ['Ada'] })),
    orders: Type.Object({ count: Many, open: Many, latest: Type.Array(PurchaseView) }),
    wishlist: Type.Object({ count: Many, cheaper: Many, latest: Type.Array(WishView) }),
    subscriptions: Type.Object({ live: Many, pastDue: Many, latest: Type.Array(SubscriptionView) }),
    charging: Type.Object({
      sums: Type.Array(Type.Object({ currency: Currency, sessions: Many, energyWh: Energy, totalMinor: Minor }), {
        description: 'Of the last thirty days',
      }),
      latest: Type.Array(
        Type.Object({
          sessionId: Id,
          chargerId: Type.String({ examples: ['CP-1'] }),
          energyWh: Energy,
          currency: Currency,
          totalMinor: Minor,
          endedAt: Instant,
        }),
      ),
    }),
  },
  { title: 'UserDashboard' },
)

/** What one has here, on one screen. */
export function dashboardRoutes({ db, http, now }: UsersHost): void {
  http.get(
    '/dashboard',
    {
      config: { access: signedIn },
      schema: { summary: 'What one has here, and what happened last', response: { 200: Dashboard } },
    },
    async ({ actor: { userId } }) => {
      const at = now()
      const [profile, count, wishes, charges, sums, states, subscriptions, orders, purchases] = await Promise.all([
        findProfile(db, userId),
        countWishes(db, userId),
        listWishes(db, userId, 100, undefined),
        latestCharges(db, userId, shown),
        sumCharges(db, userId, new Date(at.getTime() - monthMs)),
        countSubscriptions(db, userId),
        listSubscriptions(db, userId, shown, undefined),
        countPurchases(db, userId),
        listPurchases(db, userId, {}, shown),
      ])
      return {
        displayName: profile?.displayName ?? null,
        orders: { ...orders, latest: purchases.map(viewPurchase) },
        wishlist: {
          count,
          cheaper: wishes.filter(({ toldMinor, gone }) => toldMinor !== null && !gone).length,
          latest: await viewWishes(db, wishes.slice(0, shown), at),
        },
        subscriptions: {
          live: states.reduce((sum, { state, count }) => (isLive.has(state) ? sum + count : sum), 0),
          pastDue: states.find(({ state }) => state === 'past-due')?.count ?? 0,
          latest: await viewAll(db, subscriptions),
        },
        charging: {
          sums: sums.map(({ energyWh, totalMinor, ...sum }) => ({
            ...sum,
            energyWh: Number(energyWh),
            totalMinor: Number(totalMinor),
          })),
          latest: charges.map(({ energyWh, totalMinor, endedAt, ...charge }) => ({
            ...charge,
            energyWh: Number(energyWh),
            totalMinor: Number(totalMinor),
            endedAt: endedAt.toISOString(),
          })),
        },
      }
    },
  )
}
