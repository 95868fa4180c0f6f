import Type from 'typebox'
import { anyone, html, isText, sendPage, type Html, type Language, type Reply, type Request } from '#kernel'
import { topOf, type Frame } from '#shop/frame'
import { attributesOf, type Tree } from '../categories/tree.ts'
import type { Workshop } from '../products/changing.ts'
import { isForSale, type Product } from '../products/product.ts'
import { showing } from '../products/routes.ts'
import { findBySlug } from '../products/store.ts'
import { view, type ProductSummary, type ProductView } from '../products/view.ts'
import type { Shop } from '../search/routes.ts'
import { vendorNames } from '../suspending.ts'
import {
  languageField,
  languageIn,
  money,
  onwardOf,
  pictureOf,
  spoken,
  starsOf,
  stockOf,
  valueIn,
  weightIn,
  type Asked,
} from './parts.ts'
import { suggesting } from './suggesting.ts'
import { texts } from './words.ts'

const most = 4
const id = 'compare'

/** A box beside a product of a list, of the form below it. */
export const comparing = ({ language }: Frame, { slug, name }: ProductSummary): Html => {
  const { compare } = texts[language]
  return html`<label class="check small"
    ><input type="checkbox" name="p" value="${slug}" form="${id}" aria-label="${`${compare}: ${name}`}" />
    ${compare}</label
  >`
}

export const compareForm = (button: string, asked: Asked): Html =>
  html`<form id="${id}" action="/shop/compare">${languageField(asked)}<button class="plain">${button}</button></form>`

/** From the page of a product to where others are put beside it. */
export const compareOthers = ({ language }: Frame, { slug }: ProductView): Html =>
  html`<form action="/shop/compare">
    <input type="hidden" name="p" value="${slug}" />
    <button class="plain">${texts[language].compareOthers}</button>
  </form>`

interface Compared {
  readonly product: Product
  readonly seen: ProductView
  readonly vendor: string | undefined
}

/** What is ticked, side by side. */
export function comparePage(workshop: Workshop, shop: Shop, frameOf: (language: Language) => Frame): void {
  const { db, site } = workshop.host
  site.get(
    '/shop/compare',
    {
      config: { access: anyone },
      schema: {
        summary: 'Products side by side',
        querystring: Type.Object(spoken),
        produces: ['text/html'],
        hide: true,
      },
    },
    show,
  )

  async function show(request: Request, reply: Reply): Promise<Reply> {
    const asked = request.query as Asked
    const shown = await showing(workshop, request, languageIn(asked))
    const frame = frameOf(shown.language)
    const words = texts[shown.language]
    const slugs = [...new Set([asked.p].flat())].filter(
      (one): one is string => typeof one === 'string' && one !== '' && one.length <= 120 && isText(one),
    )
    const found = await Promise.all(slugs.slice(0, most).map(slug => findBySlug(db, slug)))
    const products = found.filter(product => product !== undefined && isForSale(product)) as Product[]
    const vendors = new Map(
      (
        await vendorNames(
          db,
          products.map(({ owner }) => owner.id),
        )
      ).map(one => [one.id, one.name]),
    )
    const compared = products.map(product => ({
      product,
      seen: view(product, shown),
      vendor: vendors.get(product.owner.id),
    }))
    const [first] = compared
    const others =
      first && compared.length < most
        ? (
            await shop.find(
              { limit: 12, facets: false, ...(first.seen.category && { category: first.seen.category }) },
              shown,
            )
          ).items
        : []
    reply.header('cache-control', 'public, max-age=30')
    return sendPage(reply, 200, {
      language: frame.language,
      title: words.comparison,
      look: frame.look,
      top: topOf(frame),
      body: html`${slugs.length > most && html`<p role="status">${words.fourAtMost}</p>`}
      ${compared.length > 0 ? table(frame, compared, shown.tree, asked) : html`<p>${words.nothingToCompare}</p>`}
      ${addition(
        frame,
        compared,
        others.filter(({ slug }) => !compared.some(({ seen }) => seen.slug === slug)),
        asked,
      )}
      ${suggesting.below}`,
      onward: onwardOf(frame.language),
      found: { address: `${frame.origin}/shop/compare`, description: words.about(frame.name), unlisted: true },
    })
  }
}

type Cell = Html | string | number | undefined | false | null

/** A row that none of them has anything in is left out. */
function table(frame: Frame, compared: readonly Compared[], tree: Tree, asked: Asked): Html {
  const { language } = frame
  const words = texts[language]
  const row = (name: string, cellOf: (one: Compared) => Cell): Html | false => {
    const cells = compared.map(cellOf)
    return (
      cells.some(Boolean) &&
      html`<tr>
        <th scope="row">${name}</th>
        ${cells.map(cell => html`<td>${cell || '–'}</td>`)}
      </tr>`
    )
  }
  const attributes = new Map(
    compared.flatMap(({ product }) => attributesOf(tree, product.categoryId).map(one => [one.key, one] as const)),
  )
  const facts = Object.keys(words.facts) as (keyof typeof words.facts)[]
  return html`<div class="wide" role="region" aria-label="${words.comparison}" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">${words.product}</th>
          ${compared.map(one => html`<th scope="col">${headOf(frame, one.seen)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${row(words.price, ({ seen }) => priceOf(frame, seen))}
        ${row(words.availability, ({ seen }) => stockOf(language, seen))}
        ${row(words.vendor, ({ vendor }) => vendor && html`<bdi>${vendor}</bdi>`)}
        ${row(words.reviews, ({ seen }) => seen.reviewCount > 0 && starsOf(language, seen.rating, seen.reviewCount))}
        ${[...attributes.values()].map(attribute =>
          row(attribute.names[language], ({ product, seen }) => {
            const value = seen.attributes[attribute.key]
            // The same key may be defined otherwise elsewhere in the tree.
            const own = attributesOf(tree, product.categoryId).find(({ key }) => key === attribute.key)
            return value !== undefined && html`<bdi>${valueIn(language, own ?? attribute, value)}</bdi>`
          }),
        )}
        ${row(words.weight, ({ seen: { variants } }) => variants[0]?.weightG && weightIn(language, variants[0].weightG))}
        ${facts.map(fact =>
          row(
            `${words.passport}: ${words.facts[fact]}`,
            ({ seen: { passport } }) => passport?.[fact] && html`<bdi>${passport[fact]}</bdi>`,
          ),
        )}
        ${row(words.leaveOut, ({ seen }) => {
          const left = new URLSearchParams(compared.filter(one => one.seen !== seen).map(one => ['p', one.seen.slug]))
          if (languageIn(asked).language) left.set('lang', language)
          return html`<a href="${`/shop/compare?${left}`}" aria-label="${`${words.leaveOut}: ${seen.name}`}"
            >${words.leaveOut}</a
          >`
        })}
      </tbody>
    </table>
  </div>`
}

function headOf(frame: Frame, { name, slug, images }: ProductView): Html {
  const picture = images.find(({ state }) => state === 'ready')
  return html`${picture && html`<span class="shot">${pictureOf(frame, { ...picture, alt: '' }, '12rem', false)}</span>`}
    <a href="${`/shop/p/${slug}`}"><bdi>${name}</bdi></a>`
}

const priceOf = ({ language }: Frame, seen: ProductView): Html => {
  const words = texts[language]
  return seen.price === null
    ? html`${words.noPrice}`
    : html`<span class="price">${money(seen.price, seen.currency, language)}</span>
        <span class="small">${seen.taxIncluded ? words.taxIncluded : words.taxExcluded}</span>`
}

/** Others of the same category, to be ticked. */
function addition(
  { language }: Frame,
  compared: readonly Compared[],
  others: readonly ProductSummary[],
  asked: Asked,
): Html | false {
  const words = texts[language]
  return (
    others.length > 0 &&
    html`<form action="/shop/compare">
      ${languageField(asked)} ${compared.map(({ seen }) => html`<input type="hidden" name="p" value="${seen.slug}" />`)}
      <fieldset>
        <legend>${words.addTo}</legend>
        ${others.map(
          ({ slug, name, price, currency }) =>
            html`<label class="check"
              ><input type="checkbox" name="p" value="${slug}" />
              <span><bdi>${name}</bdi>${price !== null && ` – ${money(price, currency, language)}`}</span></label
            >`,
        )}
      </fieldset>
      <button>${words.compare}</button>
    </form>`
  )
}
