import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { GoodsHandedOver, PartDelivered } from '#contracts/orders'
import { newId, Problem, type Db, type Job, type Tx } from '#kernel'
import type { OrdersHost } from '../host.ts'
import { lockOrder, logged, noteOrder, noteParts, type Line, type Order } from '../orders/store.ts'
import { aboutOrder } from '../orders/view.ts'
import { completeIfDone } from '../paying/ending.ts'

/** Seals keys for the table, and opens them for who bought them. */
export function openVault(host: Pick<OrdersHost, 'secret'>) {
  const secret = host.secret('licence keys')
  return {
    seal(key: string): Buffer {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', secret, nonce)
      return Buffer.concat([nonce, cipher.update(key, 'utf8'), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed: Buffer): string {
      const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, 12))
      decipher.setAuthTag(sealed.subarray(-16))
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString('utf8')
    },
    /** The same for the same key, and tells nothing of it. */
    mark: (key: string): Buffer => createHmac('sha256', secret).update(key).digest(),
  }
}
export type Vault = ReturnType<typeof openVault>

/** Hands over what is digital of paid orders: each key to one line, and to that once, whoever does it and how often. */
export function openHandingOver(host: OrdersHost) {
  const { db, now } = host
  const job: Job<{ orderId: string }> = host.job(
    'hand over what is digital',
    ({ orderId }: { orderId: string }) => db.transaction(tx => handOver(tx, orderId, now())),
    { urgency: 'urgent' },
  )
  const soon = (tx: Tx<'orders'>, orderId: string): Promise<void> =>
    tx.enqueue(job, { orderId }, { key: `hand over ${orderId}` })
  return {
    /** Where an order has anything digital, it is handed over soon after the transaction. */
    async soon(tx: Tx<'orders'>, orderId: string): Promise<void> {
      const [some] = await tx`
        select from order_lines where order_id = ${orderId} and kind = 'digital' and handed_over_at is null limit 1`
      if (some) await soon(tx, orderId)
    },
    /** There are new keys: who waits for one gets it. */
    async supply(tx: Tx<'orders'>, variantId: string): Promise<void> {
      const waiting = await tx<{ orderId: string }[]>`
        select distinct l.order_id as "orderId" from order_lines l join orders o on o.id = l.order_id
        where l.variant_id = ${variantId} and l.kind = 'digital' and l.handed_over_at is null
          and o.status = 'processing'
        limit 1000`
      for (const { orderId } of waiting) await soon(tx, orderId)
    },
  }
}
export type HandingOver = ReturnType<typeof openHandingOver>

async function handOver(tx: Tx<'orders'>, orderId: string, at: Date): Promise<void> {
  const whole = await lockOrder(tx, orderId)
  if (whole?.order.status !== 'processing') return
  let { order } = whole
  const parts = new Map(whole.parts.map(part => [part.id, part]))
  for (const line of whole.lines) {
    if (line.kind !== 'digital' || line.handedOverAt !== null || parts.get(line.partId)!.state !== 'processing')
      continue
    if (!(await give(tx, line))) continue
    await tx`update order_lines set handed_over_at = ${at}, sent = quantity where id = ${line.id}`
    order = await noteOrder(tx, order, {})
    await logged(tx, orderId, at, 'handed over', { lineId: line.id })
    await tx.publish(GoodsHandedOver, {
      ...aboutOrder(order),
      lineId: line.id,
      productId: line.productId,
      productName: line.name,
      kind: line.delivery?.kind ?? 'licence',
      quantity: line.quantity,
      at: at.toISOString(),
    })
  }
  await endParts(tx, order, at)
}

/** False where there are too few keys yet. */
async function give(tx: Tx, line: Line): Promise<boolean> {
  const { delivery } = line
  if (delivery?.kind === 'download' && delivery.documentId !== null) {
    await tx`
      insert into downloads (line_id, document_id, file_name, most)
      values (${line.id}, ${delivery.documentId}, ${line.name}, ${delivery.maxDownloads}) on conflict do nothing`
    return true
  }
  // Those that somebody else takes at this moment are passed by, so that nobody waits and no key is given twice.
  const keys = await tx<{ id: string }[]>`
    select id from licence_keys where variant_id = ${line.variantId} and line_id is null
    order by id limit ${line.quantity} for update skip locked`
  if (keys.length < line.quantity) return false
  await tx`
    update licence_keys set line_id = ${line.id}, given_at = now()
    where id = any(${keys.map(({ id }) => id)}::uuid[])`
  return true
}

/** Parts of which everything was handed over or has arrived are delivered; with the last of them the order is complete. */
export async function endParts(tx: Tx<'orders'>, order: Order, at: Date): Promise<Order> {
  const done = await tx<{ id: string; vendorId: string }[]>`
    select p.id, p.vendor_id as "vendorId" from order_parts p
    where p.order_id = ${order.id} and p.state in ('processing', 'shipped')
      and not exists (select from order_lines l where l.part_id = p.id and l.sent < l.quantity)
      and not exists (select from shipments s where s.part_id = p.id and s.delivered_at is null)`
  if (done.length === 0) return order
  await noteParts(
    tx,
    done.map(({ id }) => id),
    'delivered',
  )
  await tx`update order_parts set delivered_at = ${at} where id = any(${done.map(({ id }) => id)}::uuid[])`
  for (const { id, vendorId } of done)
    await tx.publish(PartDelivered, { ...aboutOrder(order), partId: id, vendorId, deliveredAt: at.toISOString() })
  return await completeIfDone(tx, order, at)
}

/** Puts keys into the pool of a variant, all or none. Fails with `keys_known`. */
export async function addKeys(
  tx: Tx,
  vault: Vault,
  { variantId, vendorId, keys, at }: { variantId: string; vendorId: string; keys: readonly string[]; at: Date },
): Promise<number> {
  const rows = [...new Set(keys.map(key => key.trim()))].map(key => ({
    id: newId(),
    sealed: vault.seal(key).toString('hex'),
    mark: vault.mark(key).toString('hex'),
  }))
  const added = await tx`
    insert into licence_keys (id, variant_id, vendor_id, sealed, key_hash, added_at)
    select id, ${variantId}, ${vendorId}, decode(sealed, 'hex'), decode(mark, 'hex'), ${at}
    from unnest(${rows.map(({ id }) => id)}::uuid[], ${rows.map(row => row.sealed)}::text[],
      ${rows.map(({ mark }) => mark)}::text[]) as k (id, sealed, mark)
    on conflict (variant_id, key_hash) do nothing returning id`
  if (added.length < rows.length) throw new Problem('conflict', 'keys_known')
  return added.length
}

export async function keysOf(db: Db, vault: Vault, lineIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await db<{ lineId: string; sealed: Buffer }[]>`
    select line_id as "lineId", sealed from licence_keys where line_id = any(${lineIds as string[]}::uuid[]) order by id`
  const given = new Map<string, string[]>()
  for (const { lineId, sealed } of rows)
    given.set(lineId, [...(given.get(lineId) ?? []), vault.open(Buffer.from(sealed))])
  return given
}

export async function poolOf(db: Db, variantId: string): Promise<{ free: number; given: number }> {
  const [row] = await db<{ free: number; given: number }[]>`
    select count(*) filter (where line_id is null)::int as free, count(line_id)::int as given
    from licence_keys where variant_id = ${variantId}`
  return row!
}
