import Type from 'typebox'
import { decimalOf } from '#money/amount'
import { anyone, form, html, markdown, sendPage, type Html, type Language } from '#kernel'
import { topOf, type Frame } from '#shop/frame'
import { attributesOf, wayTo, type Tree } from '../categories/tree.ts'
import { pathOf } from '../pictures/sizes.ts'
import type { Workshop } from '../products/changing.ts'
import { isForSale } from '../products/product.ts'
import { showing } from '../products/routes.ts'
import { findBySlug } from '../products/store.ts'
import { view, type ProductView } from '../products/view.ts'
import { listReviews, type Review } from '../reviews/store.ts'
import { vendorOf } from '../suspending.ts'
import { compareOthers } from './compare.ts'
import { gone } from './gone.ts'
import {
  crumbData,
  crumbsOf,
  days,
  money,
  onwardOf,
  pictureOf,
  spoken,
  starsOf,
  stockOf,
  valueIn,
  weightIn,
} from './parts.ts'
import { suggesting } from './suggesting.ts'
import { texts } from './words.ts'

const mostShown = 20

/** Whose it is, where they have a page. */
type Vendor = Awaited<ReturnType<typeof vendorOf>>

/** The page of a product: all there is to know before one buys it, and a form to do so. */
export function productPages(workshop: Workshop, frameOf: (language: Language) => Frame): void {
  const { host } = workshop
  host.site.get(
    '/shop/p/:slug',
    {
      config: { access: anyone },
      schema: {
        summary: 'The page of a product',
        params: Type.Object({ slug: Type.String({ minLength: 1, maxLength: 120 }) }),
        querystring: Type.Object(spoken),
        produces: ['text/html'],
        hide: true,
      },
    },
    async (request, reply) => {
      const { lang } = request.query
      const shown = await showing(workshop, request, lang ? { language: lang } : {})
      const frame = frameOf(shown.language)
      const product = await findBySlug(host.db, request.params.slug)
      if (!product || !isForSale(product)) return gone(reply, frame)
      const path = `/shop/p/${product.slug}`
      if (product.slug !== request.params.slug) return reply.redirect(path, 301)
      const [reviews, vendor] = await Promise.all([
        // Of a product without any nothing is asked.
        product.reviewCount === 0
          ? []
          : listReviews(host.db, { productId: product.id, state: 'visible' }, mostShown, undefined),
        vendorOf(host.db, product.owner.id),
      ])
      const seen = view(product, shown)
      const way = wayTo(shown.tree, product.categoryId)
      const picture = seen.images.find(({ state }) => state === 'ready')
      reply.header('cache-control', 'public, max-age=30')
      return sendPage(reply, 200, {
        language: frame.language,
        title: seen.name,
        look: frame.look,
        top: topOf(frame),
        body: await bodyOf(frame, seen, { tree: shown.tree, categoryId: product.categoryId, vendor, reviews }),
        onward: onwardOf(frame.language),
        found: {
          address: frame.origin + path,
          description:
            seen.description.replace(/\s+/g, ' ').trim().slice(0, 160) || texts[frame.language].about(frame.name),
          type: 'product',
          ...(picture && {
            picture: { address: frame.origin + pathOf(picture.id, 1280), text: picture.alt || seen.name },
          }),
          languages: { en: `${frame.origin + path}?lang=en`, de: `${frame.origin + path}?lang=de` },
          data: [crumbData(frame, way, { name: seen.name, path }), dataOf(frame, seen, path, reviews, vendor)],
        },
      })
    },
  )
}

async function bodyOf(
  frame: Frame,
  seen: ProductView,
  about: { tree: Tree; categoryId: string | null; vendor: Vendor; reviews: readonly Review[] },
): Promise<Html> {
  const { tree, categoryId, vendor, reviews } = about
  const { language } = frame
  const words = texts[language]
  const pictures = seen.images.filter(({ state }) => state === 'ready')
  return html`${crumbsOf(frame, wayTo(tree, categoryId))}
    <div class="shop product">
      <div>
        ${pictures
          .slice(0, 6)
          .map(
            (picture, index) =>
              html`<p class="shot">
                ${pictureOf(frame, { ...picture, alt: picture.alt || seen.name }, '(min-width:55rem) 34rem, 95vw', index > 0)}
              </p>`,
          )}
      </div>
      <div>
        ${seen.reviewCount > 0 && html`<p>${starsOf(language, seen.rating, seen.reviewCount)}</p>`}
        <p class="price">
          ${seen.price === null ? words.noPrice : money(seen.price, seen.currency, language)}
          ${seen.originalPrice !== null && html`<span class="was">${words.before} <s>${money(seen.originalPrice, seen.currency, language)}</s></span>`}
          <span class="small">${seen.taxIncluded ? words.taxIncluded : words.taxExcluded}</span>
        </p>
        ${
          vendor &&
          html`<p>
            ${words.soldBy} <a href="${`/shop/v/${vendor.slug}`}"><bdi>${vendor.name}</bdi></a>
          </p>`
        }
        ${buying(frame, seen)}
        ${seen.description !== '' && html`<div>${await markdown(seen.description, 'reader')}</div>`}
        ${details(frame, seen, tree, categoryId)} ${battery(frame, seen)} ${safetyOf(frame, seen)}
        ${rightsOf(frame, seen)} ${compareOthers(frame, seen)}
      </div>
    </div>
    ${reviewList(frame, seen, reviews)} ${suggesting.product}`
}

/** What is sent to the cart, which has a page of its own. */
function buying(frame: Frame, seen: ProductView): Html {
  const { language } = frame
  const words = texts[language]
  const state = html`<p role="status">${stockOf(language, seen)}</p>`
  const offered = seen.variants.filter(({ price }) => price !== null)
  if (!seen.inStock || offered.length === 0) return state
  const named = (variant: ProductView['variants'][number]): string =>
    [
      variant.options.map(({ value }) => value).join(', ') || variant.sku,
      money(variant.price!, variant.currency, language),
    ].join(' – ')
  const [only] = offered
  // What is shown is what the cart takes it for.
  const fields = html`<input type="hidden" name="productId" value="${seen.id}" />
    <input type="hidden" name="currency" value="${seen.currency}" />
    ${
      offered.length === 1
        ? html`<input type="hidden" name="variantId" value="${only!.id}" />`
        : html`<label
            >${words.variant}
            <select name="variantId">
              ${offered.map(one => html`<option value="${one.id}">${named(one)}</option>`)}
            </select></label
          >`
    }
    ${seen.kind !== 'battery' && html`<label>${words.quantity} <input type="number" name="quantity" value="1" min="1" max="${only!.maxPerOrder ?? 999}" /></label>`} `
  return html`${state} ${form(words.buy, fields, '/cart/items')}`
}

function details({ language }: Frame, seen: ProductView, tree: Tree, categoryId: string | null): Html | false {
  const words = texts[language]
  const defined = attributesOf(tree, categoryId)
  const rows: [string, string][] = defined.flatMap((attribute): [string, string][] => {
    const value = seen.attributes[attribute.key]
    return value === undefined || value === false
      ? []
      : [[attribute.names[language], valueIn(language, attribute, value)]]
  })
  const [variant] = seen.variants
  if (variant?.weightG) rows.push([words.weight, weightIn(language, variant.weightG)])
  if (variant?.serial) rows.push([words.serial, variant.serial])
  return (
    rows.length > 0 &&
    html`<h2>${words.details}</h2>
      ${factList(rows)}`
  )
}

const factList = (rows: readonly (readonly [string, string])[]): Html =>
  html`<dl class="facts">
    ${rows.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd><bdi>${value}</bdi></dd>`,
    )}
  </dl>`

function battery({ language }: Frame, { passport }: ProductView): Html | null {
  const words = texts[language]
  if (!passport) return null
  const names = Object.keys(words.facts) as (keyof typeof words.facts)[]
  const rows = names.flatMap(name =>
    passport[name] === null ? [] : [[words.facts[name], String(passport[name])] as const],
  )
  return html`<h2>${words.passport}</h2>
    ${factList(rows)}
    <p><a href="${passport.url}">${words.wholePassport}</a></p>`
}

/** Open on the page, as an offer has to have it (Regulation (EU) 2023/988, Art. 19). */
function safetyOf({ language }: Frame, { safety, variants, reference }: ProductView): Html | null {
  const words = texts[language]
  if (!safety) return null
  const { manufacturer, responsible, warnings } = safety
  const party = ({ name, address, email }: typeof manufacturer): string => [name, address, email].join(', ')
  const called = [...variants.map(({ sku, serial }) => serial ?? sku), ...(reference ? [reference] : [])]
  return html`<h2>${words.safety}</h2>
    ${factList([
      [words.manufacturer, party(manufacturer)],
      ...(responsible ? [[words.responsible, party(responsible)] as const] : []),
      [words.identifiers, called.join(', ')],
    ])}
    ${
      warnings &&
      html`<h3>${words.warnings}</h3>
        <p>${warnings.split(/\r?\n/).map((line, index) => html`${index > 0 && html`<br />`}<bdi>${line}</bdi>`)}</p>`
    }`
}

/** What becomes of the contract where somebody thinks otherwise (Directive 2011/83/EU, Art. 6(1)(h) and (m)). */
const rightsOf = ({ language }: Frame, { kind }: ProductView): Html => {
  const { rights, withdrawal, noWithdrawal } = texts[language]
  return html`<h2>${rights}</h2>
    <p>${kind === 'digital' ? noWithdrawal : withdrawal}</p>`
}

function reviewList({ language }: Frame, { slug, rating, reviewCount }: ProductView, reviews: readonly Review[]): Html {
  const words = texts[language]
  const day = days[language]
  return html`<h2 id="reviews">${words.reviews}</h2>
    ${reviewCount > 0 ? html`<p>${starsOf(language, rating, reviewCount)}</p>` : html`<p>${words.noReviews}</p>`}
    <ul class="reviews">
      ${reviews.map(
        ({ author, rating: stars, title, body, createdAt }) =>
          html`<li>
            <strong><bdi>${title}</bdi></strong>
            <span role="img" aria-label="${`${stars}/5`}">${'★'.repeat(stars)}</span>
            <p><bdi>${body}</bdi></p>
            <p class="small"><bdi>${author ?? words.buyer}</bdi>, ${day.format(createdAt)}</p>
          </li>`,
      )}
    </ul>
    <p><a href="${`/shop/p/${slug}/review`}" rel="nofollow">${words.write}</a></p>`
}

/** As schema.org has products, for search engines. */
function dataOf(
  { origin, name: shop }: Frame,
  seen: ProductView,
  path: string,
  reviews: readonly Review[],
  vendor: Vendor,
): object {
  const state = (variant: ProductView['variants'][number]) =>
    variant.stock === null || variant.stock > 0
      ? 'InStock'
      : variant.stockPolicy === 'preorder'
        ? 'PreOrder'
        : variant.stockPolicy === 'backorder'
          ? 'BackOrder'
          : 'OutOfStock'
  return {
    '@context': 'https://schema.org',
    '@type': 'Product',
    name: seen.name,
    description: seen.description.slice(0, 5_000),
    sku: seen.variants[0]?.sku,
    url: origin + path,
    image: seen.images.filter(one => one.state === 'ready').map(({ id }) => origin + pathOf(id, 1280)),
    offers: seen.variants
      .filter(({ price }) => price !== null)
      .map(variant => ({
        '@type': 'Offer',
        sku: variant.sku,
        price: decimalOf({ minor: BigInt(variant.price!), currency: variant.currency }),
        priceCurrency: variant.currency,
        availability: `https://schema.org/${state(variant)}`,
        itemCondition: `https://schema.org/${seen.kind === 'battery' ? 'UsedCondition' : 'NewCondition'}`,
        url: origin + path,
        seller: {
          '@type': 'Organization',
          name: vendor?.name ?? shop,
          ...(vendor && { url: `${origin}/shop/v/${vendor.slug}` }),
        },
      })),
    ...(seen.reviewCount > 0 && {
      aggregateRating: { '@type': 'AggregateRating', ratingValue: seen.rating, reviewCount: seen.reviewCount },
      review: reviews.map(({ author, rating, title, body, createdAt }) => ({
        '@type': 'Review',
        author: { '@type': 'Person', name: author ?? 'Anonymous' },
        datePublished: createdAt.toISOString().slice(0, 10),
        reviewRating: { '@type': 'Rating', ratingValue: rating },
        ...(title && { name: title }),
        ...(body && { reviewBody: body }),
      })),
    }),
  }
}
