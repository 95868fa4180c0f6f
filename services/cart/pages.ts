import Type, { type Static } from 'typebox'
import type { Quote } from '#contracts/orders'
import { linePattern } from '#contracts/shared'
import {
  anyoneAsThemselves,
  forForms,
  html,
  isId,
  languageOf,
  Problem,
  sendPage,
  type Html,
  type Language,
  type Reply,
  type Request,
} from '#kernel'
import { shown as inWords } from '#money/amount'
import { framesOf, topOf, type Frame } from '#shop/frame'
import { countryOptions, isCountry, regionList } from '#shop/places'
import { put, showCart, type Shown } from './carts.ts'
import type { CartHost } from './host.ts'
import { acceptAll } from './routes.ts'
import { choose, removeLine, setQuantity, type Whose } from './store.ts'
import { texts, type Words } from './texts.ts'
import type { Visitors } from './visitors.ts'

/** As a browser sends it: what nobody fills in is empty. */
const Fields = Type.Object({
  act: Type.Optional(Type.String({ maxLength: 20 })),
  id: Type.Optional(Type.String({ maxLength: 36 })),
  productId: Type.Optional(Type.String({ maxLength: 36 })),
  variantId: Type.Optional(Type.String({ maxLength: 36 })),
  quantity: Type.Optional(Type.String({ maxLength: 6 })),
  currency: Type.Optional(Type.String({ maxLength: 3 })),
  code: Type.Optional(Type.String({ maxLength: 40 })),
  country: Type.Optional(Type.String({ maxLength: 2 })),
  region: Type.Optional(Type.String({ maxLength: 80 })),
  vendorId: Type.Optional(Type.String({ maxLength: 36 })),
  optionId: Type.Optional(Type.String({ maxLength: 36 })),
})
type Sent = Static<typeof Fields>

/** The cart as a page: no script is needed to change it. */
export function pages(host: CartHost, visitors: Visitors): void {
  const about = { produces: ['text/html'], hide: true }
  const config = { access: anyoneAsThemselves }
  const frameOf = framesOf(host)
  const show = (request: Request, reply: Reply, trouble?: string) =>
    page(host, visitors, frameOf(languageOf(request)), request, reply, trouble)
  host.site.get('/cart', { config, schema: { ...about, summary: 'The page of the cart' } }, (request, reply) =>
    show(request as Request, reply),
  )
  // Who has signed in on the way takes along what the browser had.
  host.site.get(
    '/cart/checkout',
    { config, schema: { ...about, summary: 'From the cart to the checkout' } },
    async (request, reply) => {
      const whose = await visitors.whose(request as Request, reply)
      // What could not come along is told at the cart.
      const to = waitingOf(whose) ? '/cart' : '/checkout'
      return reply.header('cache-control', 'no-store').redirect(to, 303)
    },
  )
  forForms(host.site, forms => {
    for (const path of ['/cart', '/cart/items'])
      forms.post(
        path,
        {
          config,
          schema: {
            ...about,
            summary: 'The page of the cart: its buttons',
            refuses: 'any',
            body: Fields,
            consumes: ['application/x-www-form-urlencoded'],
          },
        },
        async (request, reply) => {
          try {
            await act(host, visitors, request as unknown as Request, reply, request.body)
            return reply.header('cache-control', 'no-store').redirect('/cart', 303)
          } catch (error) {
            if (!(error instanceof Problem) || !(error.code in texts.en.troubles)) throw error
            return await show(request as unknown as Request, reply, error.code)
          }
        },
      )
  })
}

const waitingOf = (whose: Whose | undefined) => (whose && 'userId' in whose ? whose.waiting : undefined)

const numberIn = (text: string | undefined): number => {
  if (!/^[1-9]\d{0,3}$|^10000$/.test(text ?? '')) throw new Problem('conflict', 'quantity_above_limit')
  return Number(text)
}

/** Does what a button says. */
async function act(host: CartHost, visitors: Visitors, request: Request, reply: Reply, sent: Sent): Promise<void> {
  const { db, now } = host
  visitors.guard(request)
  const whose = await visitors.whose(request, reply)
  const { act = 'add', id = '', productId = '', variantId, quantity } = sent
  if (act === 'add') {
    if (!isId(productId) || (variantId && !isId(variantId))) throw new Problem('not_found', 'offer_unknown')
    const currency = /^[A-Z]{3}$/.exec(sent.currency ?? '')?.[0]
    const wanted = { productId, variantId: variantId || undefined, quantity: numberIn(quantity || '1'), currency }
    return await put(host, wanted, whose, () => visitors.begin(reply))
  }
  const found = whose && (await showCart(host, whose))
  if (!whose || !found) throw new Problem('not_found', 'item_unknown')
  const { cart } = found
  if (act === 'accept') return await acceptAll(host, whose)
  await db.transaction(async tx => {
    if (act === 'set' || act === 'remove') {
      if (!isId(id)) throw new Problem('not_found', 'item_unknown')
      const isThere =
        act === 'set' && quantity !== '0'
          ? await setQuantity(tx, whose, id, numberIn(quantity), now())
          : await removeLine(tx, whose, id, now())
      if (!isThere) throw new Problem('not_found', 'item_unknown')
    }
    const code = sent.code?.trim() ?? ''
    if (act === 'coupon' && code) {
      const coupons = [...new Set([...cart.coupons, code])].slice(0, 5)
      await choose(tx, whose, { coupons }, now())
    }
    if (act === 'gift-card' && code)
      await choose(tx, whose, { giftCards: [...new Set([...cart.giftCards, code])].slice(0, 5) }, now())
    if (act === 'drop') await choose(tx, whose, { coupons: [], giftCards: [] }, now())
    if (act === 'country' && isCountry(sent.country))
      await choose(tx, whose, { country: sent.country, region: lineOf(sent.region) }, now())
    const { vendorId = '', optionId = '' } = sent
    if (act === 'shipping' && isId(vendorId) && isId(optionId)) {
      const others = cart.shipping.filter(one => one.vendorId !== vendorId)
      await choose(tx, whose, { shipping: [...others, { vendorId, optionId }] }, now())
    }
  })
}

/** One line with something in it; null for anything else. */
const lineOf = (text: string | undefined): string | null => (text && isLine.test(text) ? text.trim() : null)
const isLine = new RegExp(linePattern, 'u')

async function page(
  host: CartHost,
  visitors: Visitors,
  frame: Frame,
  request: Request,
  reply: Reply,
  trouble?: string,
): Promise<Reply> {
  const { language, look } = frame
  const words = texts[language]
  const whose = await visitors.whose(request, reply)
  const [found, waiting] = [await showCart(host, whose), waitingOf(whose)]
  const isEmpty = !found || found.quote.lines.length === 0
  const problem = trouble && words.troubles[trouble]
  return sendPage(reply.header('cache-control', 'private, no-store'), trouble ? 409 : 200, {
    language,
    title: words.title,
    look,
    top: topOf(frame),
    body: html`<div class="slim">
      ${problem && html`<p role="alert">${problem}</p>`}
      ${waiting && html`<p role="status">${words.waiting(waiting.lines, waiting.currency)}</p>`}
      ${isEmpty ? html`<p>${words.empty}</p>` : content(language, found)}
    </div>`,
    onward: isEmpty
      ? [{ to: '/shop', text: words.shop }]
      : [
          { to: '/cart/checkout', text: words.checkout },
          { to: '/shop', text: words.shop },
        ],
  })
}

const hidden = (name: string, value: string): Html => html`<input type="hidden" name="${name}" value="${value}" />`

const button = (act: string, label: string, fields?: Html | false): Html =>
  html`<form method="post" action="/cart">${hidden('act', act)}${fields}<button>${label}</button></form>`

function content(language: Language, { cart, quote }: Shown): Html {
  const words = texts[language]
  const money = (minor: number): string => inWords({ minor: BigInt(minor), currency: quote.currency }, language)
  const changed = quote.lines.some(({ formerPriceMinor }) => formerPriceMinor !== null)
  const vouchers = [...quote.coupons, ...quote.giftCards]
  return html`${quote.lines.map(line => item(words, line, money))} ${changed && button('accept', words.accept)}
    <h2>${words.sum}</h2>
    <dl>
      <dt>${words.subtotal}</dt>
      <dd>${money(quote.subtotalMinor)}</dd>
      ${
        quote.discountMinor > 0 &&
        html`<dt>${words.discount}</dt>
          <dd>−${money(quote.discountMinor)}</dd>`
      }
      <dt>${words.shipping}</dt>
      <dd>${money(quote.shippingMinor)}</dd>
      <dt>${words.tax}</dt>
      <dd>${money(quote.taxMinor)}</dd>
      <dt>${words.total}</dt>
      <dd><strong>${money(quote.totalMinor)}</strong></dd>
      ${
        quote.giftCardMinor > 0 &&
        html`<dt>${words.giftCards}</dt>
          <dd>−${money(quote.giftCardMinor)}</dd>`
      }
      ${
        (quote.roundingMinor ?? 0) > 0 &&
        html`<dt>${words.rounding}</dt>
          <dd>−${money(quote.roundingMinor!)}</dd>`
      }
      ${
        quote.dueMinor < quote.totalMinor &&
        html`<dt>${words.due}</dt>
          <dd><strong>${money(quote.dueMinor)}</strong></dd>`
      }
    </dl>
    ${quote.vendors.map(vendor => ways(words, vendor, money))}
    ${vouchers.map(
      ({ code, trouble }) =>
        html`<p ${trouble ? html`role="alert"` : html`role="status"`}>
          <bdi>${code}</bdi>: ${trouble ? (words.vouchers[trouble] ?? trouble) : words.counts}
        </p>`,
    )}
    ${vouchers.length > 0 && button('drop', words.drop)}
    <details>
      <summary>${words.more}</summary>
      ${button(
        'country',
        words.choose,
        html`<label
            >${words.country}
            <select name="country">
              ${countryOptions(language, cart.country, words.choose)}
            </select></label
          ><label>${words.region} <input name="region" list="regions" maxlength="80" value="${cart.region}" /></label
          >${regionList()}`,
      )}
      ${button('coupon', words.use, html`<label>${words.coupon} <input name="code" maxlength="40" required /></label>`)}
      ${button('gift-card', words.use, html`<label>${words.giftCard} <input name="code" maxlength="40" required /></label>`)}
    </details>`
}

function item(words: Words, line: Quote['lines'][number], money: (minor: number) => string): Html {
  const { productName, slug, options, priceMinor, formerPriceMinor, quantity, available, trouble, later, lineId } = line
  const name = productName ?? words.gone
  const changed = formerPriceMinor !== null && priceMinor !== null
  return html`<article>
    <h2>${slug ? html`<a href="${`/shop/p/${slug}`}"><bdi>${name}</bdi></a>` : html`<bdi>${name}</bdi>`}</h2>
    ${options && html`<p><bdi>${options}</bdi></p>`}
    <p>${priceMinor === null ? words.gone : `${quantity} × ${money(priceMinor)} = ${money(priceMinor * quantity)}`}</p>
    ${changed && html`<p role="alert">${words.changed(money(formerPriceMinor), money(priceMinor))}</p>`}
    ${trouble && html`<p role="alert">${words.troubles[trouble]}</p>`}
    ${available !== null && trouble !== 'product_not_for_sale' && html`<p>${later ? words.later : words.left(available)}</p>`}
    ${button(
      'set',
      words.change,
      html`${hidden('id', lineId)}<label
          >${words.quantity(name)}
          <input name="quantity" type="number" min="1" max="10000" value="${quantity}" required
        /></label>`,
    )}
    ${button('remove', words.remove(name), hidden('id', lineId))}
  </article>`
}

function ways(words: Words, vendor: Quote['vendors'][number], money: (minor: number) => string): Html | false {
  const { vendorId, name, options, optionId, unreachable } = vendor
  if (unreachable) return html`<p role="alert">${words.unreachable(name ?? '')}</p>`
  if (options.length < 2) return false
  const offered = options.map(
    option =>
      html`<option value="${option.optionId}" ${option.optionId === optionId ? html`selected` : false}>
        ${option.name}, ${money(option.priceMinor)}
      </option>`,
  )
  return button(
    'shipping',
    words.choose,
    html`${hidden('vendorId', vendorId)}<label
        >${words.sentBy(name ?? '')}
        <select name="optionId">
          ${offered}
        </select></label
      >`,
  )
}
