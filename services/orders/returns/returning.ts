import { getDocumentFile } from '#contracts/documents'
import {
  ReturnDecided,
  ReturnReceived,
  ReturnRequested,
  WithdrawalDeclared,
  type ReturnReason,
} from '#contracts/orders'
import { newId, partiesOf, Problem, type Actor, type Tx } from '#kernel'
import type { OrdersHost } from '../host.ts'
import { look, unknown, type Seen } from '../orders/access.ts'
import { lockOrder, logged, noteOrder, type Order, type Part, type Whole } from '../orders/store.ts'
import { aboutOrder } from '../orders/view.ts'
import { itemOf, takeBackPieces } from '../paying/ending.ts'
import type { Paying } from '../paying/paying.ts'
import { giveBack } from '../paying/refunds.ts'
import { leftOf, returnableUntil, worthOf, type Terms } from './rules.ts'
import { findReturn, insertReturn, noteReturn, returnsOf, type Return, type ReturnedLine } from './store.ts'

/** What a buyer wants to give back, all of one part. */
export interface ReturnWish {
  readonly lines: readonly ReturnedLine[]
  readonly reason: ReturnReason
  readonly note?: string | undefined
  readonly photos?: readonly string[] | undefined
}

export type Step =
  | { readonly act: 'approve' | 'refuse'; readonly answer: string | null }
  | { readonly act: 'withdraw' }
  | { readonly act: 'receive'; readonly restock: boolean; readonly answer: string | null }

/** Of an order, withdrawn and refused ones too: each calls a vendor. */
const mostReturns = 20

type Request = Parameters<OrdersHost['db']['once']>[0]

/** What buyers give back, from the wish to the money; each fails as its route says. */
export function openReturning(host: OrdersHost, paying: Paying) {
  const { db, now, settings } = host
  const terms: Terms = { returnDays: settings.ORDERS_RETURN_DAYS, warrantyDays: settings.ORDERS_WARRANTY_DAYS }

  /** Photos are documents of who asks: nobody shows what is another's. */
  async function checkPhotos(actor: Actor, photos: readonly string[]): Promise<void> {
    for (const docId of photos) {
      const { state, owner } = await host.ask(getDocumentFile, { docId })
      if (state === 'unknown' || !owner || !partiesOf(actor).includes(owner.id))
        throw new Problem('unprocessable', 'photo_unknown', { docId })
    }
  }

  return {
    terms,
    async request(request: Request, actor: Actor, orderId: string, wish: ReturnWish): Promise<Return> {
      const { whole: before, as } = await look(db, actor, orderId)
      if (as !== 'buyer') unknown()
      await checkPhotos(actor, wish.photos ?? [])
      const { id } = await db.once(request, async tx => {
        const whole = (await lockOrder(tx, before.order.id))!
        return { id: await begin(tx, whole, wish, terms, now()) }
      })
      return (await findReturn(db, before.order.id, id))!
    },
    /** Withdrawn by its buyer, all else done by its vendor or an admin. Done again it changes nothing. */
    async step(request: Request, actor: Actor, orderId: string, returnId: string, step: Step): Promise<Return> {
      const seen = await look(db, actor, orderId)
      const { id } = seen.whole.order
      mayStep(seen, actor, await findReturn(db, id, returnId), step)
      await db.once(request, async tx => {
        const whole = (await lockOrder(tx, id))!
        const one = (await findReturn(tx, id, returnId))!
        if (step.act === 'receive') await receive(tx, paying, whole, one, step, now())
        else await decide(tx, whole, one, step, now())
        return {}
      })
      return (await findReturn(db, id, returnId))!
    },
  }
}
export type Returning = ReturnType<typeof openReturning>

/** Fails with `return_unknown` for whoever it is not for. */
function mayStep({ as, partIds }: Seen, actor: Actor, one: Return | undefined, { act }: Step): void {
  const may = act === 'withdraw' ? as === 'buyer' : as !== 'buyer' || actor.role === 'admin'
  if (!one || !may || !partIds.includes(one.partId)) throw new Problem('not_found', 'return_unknown')
}

async function begin(
  tx: Tx<'orders'>,
  whole: Whole,
  { lines: wanted, reason, note, photos = [] }: ReturnWish,
  terms: Terms,
  at: Date,
): Promise<string> {
  const { order, parts, lines } = whole
  const returns = await returnsOf(tx, order.id)
  const known = wanted.map(({ lineId }) => lines.find(({ id }) => id === lineId))
  const part = parts.find(({ id }) => id === known[0]?.partId)
  if (!part || known.some(line => line?.partId !== part.id)) throw new Problem('not_found', 'line_unknown')
  if (new Set(wanted.map(({ lineId }) => lineId)).size < wanted.length) throw new Problem('unprocessable', 'line_twice')
  if (returns.length >= mostReturns) throw new Problem('conflict', 'returns_too_many')
  const until = returnableUntil(part, reason, terms)
  if (!until) throw new Problem('conflict', 'nothing_to_return')
  if (at > until) throw new Problem('conflict', 'return_too_late', { until: until.toISOString() })
  for (const [index, { lineId, quantity }] of wanted.entries()) {
    const left = leftOf(known[index]!, returns)
    if (quantity > left) throw new Problem('conflict', 'nothing_to_return', { lineId, left })
  }
  const one: Return = {
    id: newId(),
    orderId: order.id,
    partId: part.id,
    vendorId: part.vendorId,
    userId: order.userId,
    reason,
    note: note ?? null,
    photos,
    lines: wanted,
    state: 'requested',
    answer: null,
    restocked: null,
    amountMinor: null,
    version: 1,
    createdAt: at,
    decidedAt: null,
    receivedAt: null,
  }
  await insertReturn(tx, one)
  const noted = await noteOrder(tx, order, {})
  await logged(tx, order.id, at, 'return requested', { returnId: one.id, reason })
  await tx.publish(ReturnRequested, { ...facts(noted, part, whole, one), reason, at: at.toISOString() })
  const { email } = order.billing
  if (reason === 'withdrawal' && email)
    await tx.publish(WithdrawalDeclared, {
      ...aboutOrder(noted),
      returnId: one.id,
      partId: part.id,
      email,
      locale: order.locale,
      things: wanted.map(({ quantity }, index) => ({ name: known[index]!.name, quantity })),
      at: at.toISOString(),
    })
  return one.id
}

const facts = (order: Order, part: Part, { lines }: Whole, one: Return) => ({
  ...aboutOrder(order),
  returnId: one.id,
  partId: part.id,
  vendorId: part.vendorId,
  vendor: { kind: part.ownerKind, id: part.vendorId },
  items: one.lines.map(({ lineId, quantity }) => ({
    ...itemOf(lines.find(({ id }) => id === lineId)!),
    quantity,
  })),
})

const decisions = { approve: 'approved', refuse: 'refused', withdraw: 'withdrawn' } as const

async function decide(
  tx: Tx<'orders'>,
  whole: Whole,
  one: Return,
  step: Exclude<Step, { act: 'receive' }>,
  at: Date,
): Promise<void> {
  const decision = decisions[step.act]
  if (one.state === decision) return
  // What was agreed to may still be kept by its buyer; it is not refused any more.
  const may = one.state === 'requested' || (one.state === 'approved' && step.act === 'withdraw')
  if (!may) throw new Problem('conflict', 'return_state')
  const answer = step.act === 'withdraw' ? one.answer : step.answer
  await noteReturn(tx, one, { state: decision, answer, decidedAt: at })
  const noted = await noteOrder(tx, whole.order, {})
  await logged(tx, whole.order.id, at, `return ${decision}`, { returnId: one.id })
  const part = whole.parts.find(({ id }) => id === one.partId)!
  await tx.publish(ReturnDecided, { ...facts(noted, part, whole, one), decision, answer, at: at.toISOString() })
}

/** The things are there: their money goes back, and their pieces can be bought again where the vendor wants that. */
async function receive(
  tx: Tx<'orders'>,
  paying: Paying,
  whole: Whole,
  one: Return,
  { restock, answer }: Extract<Step, { act: 'receive' }>,
  at: Date,
): Promise<void> {
  if (one.state === 'received') return
  // Whoever sends things without waiting for an answer has them received all the same.
  if (one.state !== 'requested' && one.state !== 'approved') throw new Problem('conflict', 'return_state')
  const { order, parts, lines } = whole
  const part = parts.find(({ id }) => id === one.partId)!
  const shares = worthOf(part, lines, one.lines, await returnsOf(tx, order.id))
  const wish = { reference: `return ${one.id}`, reason: `return: ${one.reason}`, shares }
  const given =
    shares.length > 0
      ? await giveBack(tx, paying, whole, wish, at)
      : { refundId: null, order: await noteOrder(tx, order, {}) }
  if (restock) {
    const quantities = new Map(one.lines.map(({ lineId, quantity }) => [lineId, quantity]))
    const back = lines.filter(({ id }) => quantities.has(id))
    await takeBackPieces(
      tx,
      back.map(line => ({ ...line, quantity: quantities.get(line.id)! })),
    )
  }
  const amountMinor = shares
    .flatMap(share => [share.shippingMinor, ...share.lines.map(line => line.amountMinor)])
    .reduce((sum, minor) => sum + minor, 0)
  await noteReturn(tx, one, {
    state: 'received',
    answer: answer ?? one.answer,
    restocked: restock,
    amountMinor: BigInt(amountMinor),
    decidedAt: one.decidedAt ?? at,
    receivedAt: at,
  })
  await logged(tx, order.id, at, 'return received', { returnId: one.id, restocked: restock })
  await tx.publish(ReturnReceived, {
    ...facts(given.order, part, whole, one),
    restocked: restock,
    currency: order.currency,
    amountMinor,
    refundId: given.refundId,
    at: at.toISOString(),
  })
}
