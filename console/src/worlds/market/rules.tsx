import { useNavigate } from '@tanstack/react-router'
import couponSchema from 'schema:post /api/orders/coupons'
import shippingSchema from 'schema:post /api/orders/shipping-options'
import commissionSchema from 'schema:post /api/vendors/commission-rules'
import { ask } from '../../api/client.ts'
import { Read, useRead } from '../../blocks/data.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { List } from '../../blocks/list/list.tsx'
import { plain } from '../../blocks/plain.ts'
import type { Schema } from '../../blocks/schema.ts'
import { Screen } from '../../blocks/screen.tsx'
import { createScreen, Editor, listScreen, WayButton } from '../../blocks/screens.tsx'
import { useTexts, type Catalogue } from '../../texts/texts.tsx'
import { calledOf, choiceOf, end, tree, way, type Category, type Say } from './catalogue.tsx'

const empty = (say: Say) => (texts: Catalogue) => ({ title: texts.market.emptyTitle, text: say(texts) })

const toCoupons = way('coupons', t => t.rules.coupons)
const coupons = listOf('/api/orders/coupons', {
  columns: [
    ...plain('code percent'),
    { id: 'amountMinor', kind: 'money', currency: ({ currency }) => currency ?? 'EUR' },
    ...plain('used:number maxUses:number active:boolean startsAt:instant endsAt:instant'),
  ],
  acts: [
    {
      name: t => t.rules.end,
      may: ({ active }) => active,
      warns: t => t.rules.endCoupon,
      run: end('/api/orders/coupons'),
    },
  ],
  empty: empty(t => t.rules.noCoupons),
})
export const Coupons = listScreen(
  toCoupons.name,
  coupons,
  way('coupons/new', t => t.rules.newCoupon),
)
export const NewCoupon = createScreen({
  title: t => t.rules.newCoupon,
  list: toCoupons,
  schema: couponSchema,
  post: '/api/orders/coupons',
  opened: () => toCoupons.to,
})

const toShipping = way('shipping', t => t.rules.shipping)
const shipping = listOf('/api/orders/shipping-options', {
  columns: plain(
    'name countries:list priceMinor:money perKgMinor:money? freeFromMinor:money maxWeightG:number? minDays:number maxDays:number',
  ),
  acts: [{ name: t => t.people.remove, warns: t => t.rules.endShipping, run: end('/api/orders/shipping-options') }],
  empty: empty(t => t.rules.noShipping),
})
export const Shipping = listScreen(
  toShipping.name,
  shipping,
  way('shipping/new', t => t.rules.newShipping),
)
export const NewShipping = createScreen({
  title: t => t.rules.newShipping,
  list: toShipping,
  schema: shippingSchema,
  post: '/api/orders/shipping-options',
  initial: { countries: ['DE'], currency: 'EUR' },
  opened: () => toShipping.to,
})

/** Names of who sells, as far as one page tells. */
function useVendors(): Record<string, string> {
  const { data } = useRead('/api/vendors/applications', {}, { limit: '100' })
  return Object.fromEntries(data?.data.items.map(({ vendorId, name }) => [vendorId, name]) ?? [])
}

const toCommissions = way('commissions', t => t.rules.commissions)

/** What the platform keeps of what is sold: each rule with whom and what it is about, by name. */
export function Commissions() {
  const texts = useTexts()
  const vendors = useVendors()
  const { data } = useRead(tree)
  const called = calledOf(data?.data.items ?? [])
  const list = listOf('/api/vendors/commission-rules', {
    columns: [
      { id: 'percent', kind: 'percent', value: ({ basisPoints }) => basisPoints / 100 },
      {
        id: 'fixed',
        kind: 'money',
        value: ({ fixed }) => fixed?.amountMinor,
        currency: ({ fixed }) => fixed?.currency ?? 'EUR',
      },
      { id: 'vendorId', value: ({ vendorId }) => (vendorId ? (vendors[vendorId] ?? vendorId) : texts.rules.everybody) },
      {
        id: 'categoryId',
        value: ({ categoryId }) => (categoryId ? (called[categoryId] ?? categoryId) : texts.rules.everything),
      },
      ...plain('from:instant until:instant'),
    ],
    acts: [
      {
        name: t => t.rules.end,
        may: ({ until }) => !until || new Date(until) > new Date(),
        warns: t => t.rules.endCommission,
        run: end('/api/vendors/commission-rules'),
      },
    ],
    empty: empty(t => t.rules.noCommissions),
  })
  return (
    <Screen
      title={texts.rules.commissions}
      acts={<WayButton {...way('commissions/new', t => t.rules.newCommission)} />}
    >
      <List list={list} />
    </Screen>
  )
}

export function NewCommission() {
  const texts = useTexts()
  const navigate = useNavigate()
  const vendors = useVendors()
  return (
    <Screen title={texts.rules.newCommission} within={texts.rules.commissions}>
      <Read path={tree}>
        {({ items }) => (
          <Editor
            name="commission rule"
            schema={commissionFor(items, vendors)}
            initial={nothing}
            button={texts.form.create}
            save={(body, headers) => ask('POST', '/api/vendors/commission-rules', { body: body as object, headers })}
            saved={() => void navigate({ to: toCommissions.to })}
          />
        )}
      </Read>
    </Screen>
  )
}

const nothing = { data: {} }

function commissionFor(all: readonly Category[], vendors: Readonly<Record<string, string>>): Schema {
  const { vendorId, categoryId, ...rest } = commissionSchema.properties ?? {}
  return {
    ...commissionSchema,
    properties: {
      ...rest,
      vendorId: { description: vendorId?.description ?? '', enum: Object.keys(vendors), called: vendors },
      categoryId: choiceOf(all, categoryId?.description),
    },
  }
}
