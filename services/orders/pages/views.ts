import { html, type Html, type Language } from '#kernel'
import { shown } from '#money/amount'
import type { Order, Whole } from '../orders/store.ts'
import { dueOf } from '../pricing/price.ts'
import type { goodsOf } from '../sending/goods.ts'
import type { ShipmentRow } from '../sending/shipping.ts'
import { texts, type Words } from './texts.ts'

type Goods = Awaited<ReturnType<typeof goodsOf>>

export const alert = (words: Words, trouble: string | undefined): Html | false =>
  trouble !== undefined && html`<p role="alert">${words.troubles[trouble] ?? words.troubles.order_state}</p>`

export const moneyIn = (language: Language, currency: string) => (minor: bigint) => shown({ minor, currency }, language)

export const timeIn = (language: Language, at: Date): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(at)

interface Sums {
  readonly currency: string
  readonly subtotalMinor: bigint
  readonly discountMinor: bigint
  readonly shippingMinor: bigint
  readonly taxMinor: bigint
  readonly totalMinor: bigint
  readonly giftMinor: bigint
}

export function sums(language: Language, all: Sums): Html {
  const words = texts[language]
  const money = moneyIn(language, all.currency)
  const due = dueOf(all)
  const off = all.totalMinor - all.giftMinor - due
  return html`<dl>
    <dt>${words.subtotal}</dt>
    <dd>${money(all.subtotalMinor)}</dd>
    ${
      all.discountMinor > 0n &&
      html`<dt>${words.discount}</dt>
        <dd>−${money(all.discountMinor)}</dd>`
    }
    <dt>${words.shipping}</dt>
    <dd>${money(all.shippingMinor)}</dd>
    <dt>${words.tax}</dt>
    <dd>${money(all.taxMinor)}</dd>
    <dt>${words.total}</dt>
    <dd><strong>${money(all.totalMinor)}</strong></dd>
    ${
      all.giftMinor > 0n &&
      html`<dt>${words.giftCards}</dt>
        <dd>−${money(all.giftMinor)}</dd>`
    }
    ${
      off > 0n &&
      html`<dt>${words.rounding}</dt>
        <dd>−${money(off)}</dd>`
    }
    ${
      due < all.totalMinor &&
      html`<dt>${words.due}</dt>
        <dd><strong>${money(due)}</strong></dd>`
    }
  </dl>`
}

export const listView = (language: Language, orders: readonly Order[], next: string | null): Html =>
  html`<ul>
      ${orders.map(
        order =>
          html`<li>
            <a href="${`/orders/${order.id}`}">${order.number}</a>, ${timeIn(language, order.createdAt)},
            ${moneyIn(language, order.currency)(order.totalMinor)}: ${texts[language].statuses[order.status]}
          </li>`,
      )}
    </ul>
    ${next !== null && html`<p><a rel="next" href="${`/orders?after=${next}`}">${texts[language].earlier}</a></p>`}`

export const button = (act: string, label: string, fields?: Html): Html =>
  html`<form method="post"><input type="hidden" name="act" value="${act}" />${fields}<button>${label}</button></form>`

export function orderView(
  language: Language,
  { order, parts, lines }: Whole,
  shipments: readonly ShipmentRow[],
  goods: Goods,
  { more, papers }: { more: Html; papers: string },
  trouble: string | undefined,
): Html {
  const words = texts[language]
  const money = moneyIn(language, order.currency)
  const waits = order.status === 'pending' && order.cancelling === null
  // Of an account, not by a link from a mail.
  const ofOne = papers.startsWith('/api')
  const untouched = order.status === 'processing' && lines.every(line => line.sent === 0 && line.handedOverAt === null)
  return html`${alert(words, trouble)}
    <p role="status">
      ${order.cancelling !== null && order.status === 'pending' ? words.cancelling : words.statuses[order.status]}
    </p>
    ${order.status === 'pending' && order.paymentStatus === 'failed' && html`<p role="alert">${words.failed}</p>`}
    ${waits && html`<p>${words.until(`${timeIn(language, order.expiresAt)} UTC`)}</p>`}
    ${waits && button('pay', words.pay)} ${goods.length > 0 && html`<h2>${words.keys}</h2>`}
    ${goods.map(item => handedOver(words, item))}
    <h2>${words.things}</h2>
    <ul>
      ${lines.map(
        line =>
          html`<li>
            ${line.quantity} × <a href="${`/shop/p/${line.slug}`}"><bdi>${line.name}</bdi></a>
            ${money(line.priceMinor * BigInt(line.quantity))}
            ${order.status === 'processing' && (line.later || line.kind === 'digital') && line.sent < line.quantity && html`<small>${words.waiting}</small>`}
            ${order.status === 'completed' && ofOne && html`<small><a href="${`/shop/p/${line.slug}/review`}">${words.review}</a></small>`}
          </li>`,
      )}
    </ul>
    ${sums(language, order)}
    ${order.refundedMinor > 0n && html`<p role="status">${words.refunded}: ${money(order.refundedMinor)}</p>`}
    ${shipments.map(shipment => way(words, shipment))}
    ${parts.map(
      ({ invoiceId }) =>
        invoiceId !== null &&
        html`<p>
          <a href="${ofOne ? `${papers}/${invoiceId}/pdf` : `${papers}/${invoiceId}`}">${words.invoice}</a>
        </p>`,
    )}
    ${more} ${(waits || untouched) && button('cancel', words.cancel)}`
}

function handedOver(words: Words, { productName, keys, download }: Goods[number]): Html {
  return html`<h3><bdi>${productName}</bdi></h3>
    ${keys.map(key => html`<p>${words.key}: <code>${key}</code></p>`)}
    ${
      download &&
      html`<p>
        <a href="${download.url}" download>${words.download}</a>
        ${download.left !== null && html`<small>${words.left(download.left)}</small>`}
      </p>`
    }`
}

function way(words: Words, { id, carrier, tracking, trackingUrl, deliveredAt }: ShipmentRow): Html {
  return html`<p>
      ${words.sent(carrier ?? '', tracking ?? '')} ${trackingUrl && html`<a href="${trackingUrl}">${words.track}</a>`}
    </p>
    ${deliveredAt === null && button('arrived', words.arrived, html`<input type="hidden" name="shipmentId" value="${id}" />`)}`
}
