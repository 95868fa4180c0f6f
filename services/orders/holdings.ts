import { holdingsOf } from '#contracts/holdings'
import type { OrdersHost } from './host.ts'

/** What buyers wait for of an organisation. */
export function answerHoldings({ answer, db }: OrdersHost): void {
  answer(holdingsOf('orders'), async ({ organisationId }) => {
    const [row] = await db<{ openSales: number; openReturns: number }[]>`
      select (select count(*)::int from order_parts where vendor_id = ${organisationId} and state in ('pending', 'processing', 'shipped')) as "openSales",
      (select count(*)::int from returns where vendor_id = ${organisationId} and state in ('requested', 'approved')) as "openReturns"`
    return row!
  })
}
