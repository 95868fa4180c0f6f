import { createHmac, timingSafeEqual } from 'node:crypto'
import { getGuestLink } from '#contracts/orders'
import { accessCookie, Problem, refuseForgery, type Actor, type Request } from '#kernel'
import type { OrdersHost } from '../host.ts'

/**
 * Who buys without an account: known by their address of mail, so that a coupon counts once for it, and let in at each
 * order by a secret link. Nobody can sign in as one.
 */
export function openGuests(host: OrdersHost) {
  const { db, platform } = host
  const key = host.secret('guests')
  const mark = (what: string): Buffer => createHmac('sha256', key).update(what).digest()
  // As the cart names it.
  const cookie = accessCookie(platform.publicUrl).name.replace('access', 'cart')
  const signOf = (orderId: string): Buffer => mark(`order ${orderId}`)
  const linkOf = (orderId: string): string => `/orders/guest/${orderId}.${signOf(orderId).toString('base64url')}`

  host.answer(getGuestLink, async ({ orderId }) => {
    const [row] = await db`select from orders where id = ${orderId} and guest`
    if (!row) throw new Problem('not_found', 'order_unknown')
    return { link: platform.publicUrl + linkOf(orderId) }
  })

  return {
    linkOf,
    /** UUIDv8: the same for the same address, and says nothing of it. */
    idOf(email: string): string {
      const bytes = mark(`buyer ${email.trim().toLowerCase()}`).subarray(0, 16)
      bytes[6] = (bytes[6]! & 0x0f) | 0x80
      bytes[8] = (bytes[8]! & 0x3f) | 0x80
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    },
    /** The token of the cart that a browser has. */
    tokenOf: ({ cookies }: Pick<Request, 'cookies'>): string | undefined =>
      /^[\w-]{32}$/.exec(cookies[cookie] ?? '')?.[0],
    /** A change by the cookie of a cart comes from a page of ours. */
    guard: (request: Request): void =>
      refuseForgery(request, [new URL(platform.publicUrl).origin, ...platform.corsOrigins]),
    /** The order of a link, with who may see to it; undefined where somebody made it up. */
    async comesBy(link: string): Promise<{ orderId: string; actor: Actor } | undefined> {
      const [orderId = ''] = link.split('.', 1)
      // As text: a digest has several spellings.
      const [given, right] = [Buffer.from(link), Buffer.from(`${orderId}.${signOf(orderId).toString('base64url')}`)]
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
      const [row] = await db<
        { userId: string }[]
      >`select user_id as "userId" from orders where id = ${orderId} and guest`
      return row && { orderId, actor: guestActor(row.userId) }
    },
  }
}
export type Guests = ReturnType<typeof openGuests>

export const guestActor = (userId: string): Actor => ({ userId, role: 'user', sessionId: userId })
