import { Table } from '@mantine/core'
import type { components } from '../../api/api.gen'
import { Facts } from '../../blocks/detail.tsx'
import { listOf } from '../../blocks/list/declaration.ts'
import { detailScreen, listScreen } from '../../blocks/screens.tsx'
import { Value } from '../../blocks/values.tsx'
import type { Catalogue } from '../../texts/en.ts'
import { nameOf, useTexts } from '../../texts/texts.tsx'
import { SalesChart } from './sales-chart.tsx'

const way = { to: '/orders', name: (texts: Catalogue) => texts.market.orders }
const empty = (texts: Catalogue) => ({ title: texts.market.emptyTitle, text: texts.market.emptyOrders })

const list = listOf('/api/orders', {
  columns: [
    { id: 'orderId' },
    { id: 'status', kind: 'state' },
    { id: 'paymentStatus', kind: 'state' },
    { id: 'totalMinor', kind: 'money', currency: ({ currency }) => currency },
    { id: 'refundedMinor', kind: 'money', currency: ({ currency }) => currency, aside: true },
    { id: 'createdAt', kind: 'instant' },
  ],
  open: ({ id }) => `/orders/${id}`,
  empty,
})
export const Orders = listScreen(way.name, list)

const sales = listOf('/api/orders/sales', {
  columns: [
    { id: 'orderId' },
    { id: 'state', kind: 'state' },
    { id: 'totalMinor', kind: 'number' },
    { id: 'commissionMinor', kind: 'number' },
    { id: 'shippingOption', aside: true },
  ],
  idOf: ({ partId }) => partId,
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
    { id: 'about', name: texts.shell.details, content: () => <About order={order} /> },
    { id: 'history', name: texts.passports.history, content: () => <Log order={order} /> },
  ],
})

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
        { id: 'items', kind: 'json', value: order.items },
      ]}
    />
  )
}

/** What happened to it, in its order. */
function Log({ order }: { order: OrderAnswer }) {
  const texts = useTexts()
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{nameOf(texts, 'at')}</Table.Th>
          <Table.Th>{nameOf(texts, 'event')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {order.log.map(({ at, kind }) => (
          <Table.Tr key={at + kind}>
            <Table.Td>
              <Value kind="instant" value={at} />
            </Table.Td>
            <Table.Td>
              <Value kind="word" value={kind} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
