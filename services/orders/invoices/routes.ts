import Type from 'typebox'
import { Id } from '#contracts/shared'
import { partiesOf, Problem, signedIn, type Actor } from '#kernel'
import { asPdf, asUbl, findInvoice, type Invoice } from '#money/invoices'
import type { OrdersHost } from '../host.ts'

/** Invoices and credit notes of orders, for who buys and who sells. */
export function invoiceRoutes({ db, http }: OrdersHost): void {
  async function seen(actor: Actor, id: string): Promise<Invoice> {
    const found = await findInvoice(db, id)
    const parties = partiesOf(actor)
    const may =
      found && (actor.role === 'admin' || parties.includes(found.seller.id) || parties.includes(found.buyer.id ?? ''))
    if (!may) throw new Problem('not_found', 'invoice_unknown')
    return found
  }
  const route = (
    path: string,
    summary: string,
    type: string,
    name: string,
    body: (one: Invoice) => Promise<Buffer | string>,
  ) =>
    http.get(
      path,
      {
        config: { access: signedIn },
        schema: { summary, refuses: ['invoice_unknown'], produces: [type], params: Type.Object({ id: Id }) },
      },
      async ({ actor, params }, reply) => {
        const invoice = await seen(actor, params.id)
        return reply
          .type(type)
          .header('cache-control', 'private, no-store')
          .header('content-disposition', `attachment; filename="${invoice.number.replaceAll(/[^\w.-]/g, '_')}.${name}"`)
          .send(await body(invoice))
      },
    )
  route('/invoices/:id/pdf', 'An invoice or a credit note as PDF', 'application/pdf', 'pdf', asPdf)
  route('/invoices/:id/ubl', 'An invoice or a credit note as UBL', 'application/xml', 'xml', async one => asUbl(one))
}
