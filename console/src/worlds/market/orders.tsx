import { Group, Stack, Title } from '@mantine/core'
import type { components } from '../../api/api.gen'
import { ask } from '../../api/client.ts'
import { Facts } from '../../blocks/detail.tsx'
import { Doing } from '../../blocks/doing.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import type { Schema } from '../../blocks/schema.ts'
import { detailScreen, listScreen } from '../../blocks/screens.tsx'
import { State, Value } from '../../blocks/values.tsx'
import { usePerson } from '../../shell/person.tsx'
import { nameOf, useTexts, type Catalogue } from '../../texts/texts.tsx'
import { SalesChart } from './sales-chart.tsx'
import { Short } from '../../blocks/short.tsx'

const way = { to: '/orders', name: (texts: Catalogue) => texts.market.orders }
const empty = (texts: Catalogue) => ({ title: texts.market.emptyTitle, text: texts.market.emptyOrders })

const list = listOf('/api/orders', {
  columns: plain('orderId status:state paymentStatus:state totalMinor:money refundedMinor:money? createdAt:instant'),
  open: ({ id }) => `/orders/${id}`,
  empty,
})
export const Orders = listScreen(way.name, list)

const sales = listOf('/api/orders/sales', {
  columns: plain('orderNumber state:state totalMinor:money commissionMinor:money shippingOption?'),
  idOf: ({ partId }) => partId,
  open: ({ orderId }) => `/orders/${orderId}`,
  empty,
})
export const Sales = listScreen(texts => texts.market.sales, sales, undefined, <SalesChart />)

type OrderAnswer = components['schemas']['Order']

export const Order = detailScreen({
  path: '/api/orders/{id}',
  list: way,
  title: ({ orderId }) => orderId,
  state: ({ status }) => status,
  tabs: (order, texts) => [
    { id: 'parts', name: texts.market.items, content: () => <Parts order={order} /> },
    { id: 'about', name: texts.shell.details, content: () => <About order={order} /> },
    { id: 'history', name: texts.passports.history, content: () => <Log order={order} /> },
  ],
})

const line = { type: 'string', maxLength: 80 } as const
const shipping: Schema = { type: 'object', properties: { carrier: line, tracking: line } }
/** In the minor unit exactly, as the platform counts. */
const refunding: Schema = {
  type: 'object',
  required: ['reason'],
  properties: {
    reason: { type: 'string', minLength: 1, maxLength: 500 },
    amountMinor: { type: 'integer', minimum: 1 },
  },
}

/** What of an order each seller sells, and what who sells it does with it. */
function Parts({ order }: { order: OrderAnswer }) {
  const texts = useTexts()
  const sells = ['vendor', 'admin'].includes(usePerson().role)
  const { currency, items, parts } = order
  return (
    <Stack gap="xl">
      {parts.map(({ partId, state, totalMinor, refundedMinor, shippingOption }) => (
        <section key={partId}>
          <Group mb="sm">
            <Title order={2} size="h4">
              <Value kind="money" value={totalMinor} currency={currency} />
            </Title>
            <State value={state} />
            {shippingOption}
            {sells &&
              state === 'processing' &&
              items.some(item => item.partId === partId && item.sent < item.quantity) && (
                <Doing
                  name={texts.market.ship}
                  schema={shipping}
                  save={({ body, headers }) =>
                    ask('POST', `/api/orders/${order.id}/shipments`, { body: { ...body, partId }, headers })
                  }
                />
              )}
            {sells && order.paymentStatus === 'paid' && refundedMinor < totalMinor && (
              <Doing
                name={texts.market.refund}
                schema={refunding}
                save={({ body, headers }) =>
                  ask('POST', `/api/orders/${order.id}/refund`, { body: { ...body, partId }, headers })
                }
              />
            )}
          </Group>
          <Short
            name={texts.market.items}
            rows={items.filter(item => item.partId === partId)}
            idOf={({ lineId }) => lineId}
            columns={[
              { id: 'productName', name: nameOf(texts, 'name') },
              ...plain('sku quantity sent'),
              ...['totalMinor', 'refundedMinor', 'commissionMinor'].map(id => ({
                id,
                kind: 'money' as const,
                currency,
              })),
            ]}
          />
        </section>
      ))}
    </Stack>
  )
}

function About({ order }: { order: OrderAnswer }) {
  const { currency } = order
  const money = (id: string, value: number) => ({ id, kind: 'money' as const, value, currency })
  return (
    <Facts
      facts={[
        { id: 'paymentStatus', kind: 'state', value: order.paymentStatus },
        money('subtotalMinor', order.subtotalMinor),
        money('discountMinor', order.discountMinor),
        money('shippingMinor', order.shippingMinor),
        money('taxMinor', order.taxMinor),
        money('totalMinor', order.totalMinor),
        money('refundedMinor', order.refundedMinor),
        { id: 'createdAt', kind: 'instant', value: order.createdAt },
      ]}
    />
  )
}

/** What happened to it, in its order. */
function Log({ order }: { order: OrderAnswer }) {
  const texts = useTexts()
  return (
    <Short
      name={texts.shell.details}
      rows={order.log}
      columns={[
        { id: 'at', kind: 'instant' },
        { id: 'kind', name: nameOf(texts, 'event'), kind: 'word' },
      ]}
    />
  )
}
