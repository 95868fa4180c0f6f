import { html, type Html, type Language } from '#kernel'
import type { Line, Order, Part, Whole } from '../orders/store.ts'
import { leftOf, returnableUntil, type Terms } from '../returns/rules.ts'
import type { Return } from '../returns/store.ts'
import type { ShipmentRow } from '../sending/shipping.ts'
import { texts } from './texts.ts'
import { alert, button, moneyIn, timeIn } from './views.ts'

const dayIn = (language: Language, at: Date): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(at)

const hidden = (name: string, value: string): Html => html`<input type="hidden" name="${name}" value="${value}" />`

const pieces = (lines: readonly Line[], one: Return): Html[] =>
  one.lines.map(
    ({ lineId, quantity }) => html`${quantity} × <bdi>${lines.find(({ id }) => id === lineId)?.name}</bdi> `,
  )

/** What a buyer gives back, and the forms to ask for it. */
export function returnsView(
  language: Language,
  { order, parts, lines }: Whole,
  returns: readonly Return[],
  terms: Terms,
  at: Date,
): Html {
  const words = texts[language].returns
  const money = moneyIn(language, order.currency)
  const withdrawing = parts.map(part => withdrawForm(language, order, part, lines, { returns, terms, at }))
  const asking = parts.flatMap(part => {
    const until = returnableUntil(part, 'broken', terms)
    const changeable = returnableUntil(part, 'withdrawal', terms)
    if (!until || !changeable || at > until) return []
    const left = lines.filter(line => line.partId === part.id && leftOf(line, returns) > 0)
    return left.map(line => askForm(language, line, leftOf(line, returns), at > changeable ? undefined : changeable))
  })
  return html`${withdrawing} ${(returns.length > 0 || asking.length > 0) && html`<h2>${words.title}</h2>`}
  ${returns.map(
    one =>
      html`<p>
          ${pieces(lines, one)}:
          ${
            one.reason === 'withdrawal' && one.state === 'requested'
              ? words.declared(`${timeIn(language, one.createdAt)} UTC`)
              : `${words.reasons[one.reason]}. ${words.states[one.state]}`
          }
          ${one.answer !== null && html`“<bdi>${one.answer}</bdi>”`}
          ${one.amountMinor !== null && `${texts[language].refunded}: ${money(one.amountMinor)}`}
        </p>
        ${
          (one.state === 'requested' || one.state === 'approved') &&
          button('keep', words.keep, hidden('returnId', one.id))
        }`,
  )}
  ${asking}`
}

/**
 * To withdraw from the contract about all that came from a vendor, in two steps and without a reason: there as long as one
 * may (Directive 2011/83/EU, Art. 11a).
 */
function withdrawForm(
  language: Language,
  order: Order,
  part: Part,
  lines: readonly Line[],
  { returns, terms, at }: { returns: readonly Return[]; terms: Terms; at: Date },
): Html | false {
  const words = texts[language].returns
  const until = returnableUntil(part, 'withdrawal', terms)
  const left = lines.filter(line => line.partId === part.id && leftOf(line, returns) > 0)
  if (!until || at > until || left.length === 0) return false
  return html`<details>
    <summary>${words.withdraw}</summary>
    <p>${words.withdrawText(dayIn(language, until))}</p>
    <p>${texts[language].title(order.number)}, <bdi>${order.billing.name}</bdi>:</p>
    <ul>
      ${left.map(line => html`<li>${leftOf(line, returns)} × <bdi>${line.name}</bdi></li>`)}
    </ul>
    ${order.billing.email && html`<p><bdi>${words.withdrawMail(order.billing.email)}</bdi></p>`}
    ${button('withdraw', words.confirm, hidden('partId', part.id))}
  </details>`
}

function askForm(language: Language, line: Line, left: number, changeable: Date | undefined): Html {
  const words = texts[language].returns
  const reasons = Object.entries(words.reasons).filter(
    ([reason]) => changeable || reason === 'broken' || reason === 'wrong',
  )
  return html`<details>
    <summary><bdi>${line.name}</bdi></summary>
    ${changeable && html`<p>${words.until(dayIn(language, changeable))}</p>`}
    <form method="post">
      <input type="hidden" name="act" value="return" />
      ${hidden('lineId', line.id)}
      <label>${words.how} <input type="number" name="quantity" value="${left}" min="1" max="${left}" required /></label>
      <label
        >${words.why}
        <select name="reason">
          ${reasons.map(([reason, text]) => html`<option value="${reason}">${text}</option>`)}
        </select></label
      >
      <label>${words.note} <textarea name="note" rows="3" maxlength="1000"></textarea></label>
      <button>${words.ask}</button>
    </form>
  </details>`
}

/** An order as who sells something of it sees it: only theirs, and where that goes to. */
export function saleView(
  language: Language,
  { order, parts, lines }: Whole,
  partIds: readonly string[],
  about: { shipments: readonly ShipmentRow[]; returns: readonly Return[]; trouble: string | undefined },
): Html {
  const words = texts[language]
  const { name, company, address, zip, city, region, country } = order.shipping
  const own = parts.filter(({ id }) => partIds.includes(id))
  return html`${alert(words, about.trouble)} ${own.map(part => partView(language, part, lines, order.currency, about))}
    <h2>${words.sale.to}</h2>
    <p>
      ${[name, company, ...address.split('\n'), [zip, city].filter(Boolean).join(' '), region, country]
        .filter(Boolean)
        .map(line => html`<bdi>${line}</bdi><br />`)}
    </p>`
}

function partView(
  language: Language,
  part: Part,
  lines: readonly Line[],
  currency: string,
  { shipments, returns }: { shipments: readonly ShipmentRow[]; returns: readonly Return[] },
): Html {
  const words = texts[language]
  const money = moneyIn(language, currency)
  const theirs = lines.filter(({ partId }) => partId === part.id)
  const toSend =
    ['processing', 'shipped'].includes(part.state) &&
    theirs.some(line => line.kind !== 'digital' && line.sent < line.quantity)
  const back = returns.filter(({ partId }) => partId === part.id)
  return html`<p role="status">${words.sale.states[part.state]}</p>
    <ul>
      ${theirs.map(
        line => html`<li>${line.quantity} × <bdi>${line.name}</bdi> (${line.sku}) ${money(line.totalMinor)}</li>`,
      )}
    </ul>
    <p>${words.total}: <strong>${money(part.totalMinor)}</strong></p>
    ${part.refundedMinor > 0n && html`<p>${words.refunded}: ${money(part.refundedMinor)}</p>`}
    ${shipments
      .filter(({ partId }) => partId === part.id)
      .map(one => html`<p>${words.sent(one.carrier ?? '', one.tracking ?? '')}</p>`)}
    ${
      toSend &&
      button(
        'sent',
        words.sale.send,
        html`${hidden('partId', part.id)}
          <label>${words.sale.carrier} <input name="carrier" maxlength="80" /></label>
          <label>${words.sale.tracking} <input name="tracking" maxlength="80" /></label>`,
      )
    }
    ${back.length > 0 && html`<h2>${words.sale.returns}</h2>`} ${back.map(one => decideView(language, lines, one))}`
}

function decideView(language: Language, lines: readonly Line[], one: Return): Html {
  const words = texts[language]
  const open = one.state === 'requested' || one.state === 'approved'
  return html`<p>
      ${pieces(lines, one)}: ${words.returns.reasons[one.reason]}. ${words.sale.returned[one.state]}
      ${one.note !== null && html`“<bdi>${one.note}</bdi>”`}
      ${one.photos.map(
        (photo, index) =>
          html`<a href="${`/api/orders/${one.orderId}/returns/${one.id}/photos/${photo}`}" download
            >${words.sale.photo(index + 1)}</a
          > `,
      )}
    </p>
    ${
      one.state === 'requested' &&
      html`<form method="post">
        ${hidden('returnId', one.id)}
        <label>${words.sale.answer} <input name="answer" maxlength="500" /></label>
        <button name="act" value="approve">${words.sale.approve}</button>
        <button name="act" value="refuse">${words.sale.refuse}</button>
      </form>`
    }
    ${
      open &&
      button(
        'received',
        words.sale.received,
        html`${hidden('returnId', one.id)}
          <label><input type="checkbox" name="restock" value="yes" checked /> ${words.sale.restock}</label>`,
      )
    }`
}
