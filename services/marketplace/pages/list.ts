import Type from 'typebox'
import { exact, rounded } from '#money/amount'
import {
  anyone,
  html,
  isId,
  isText,
  Problem,
  sendPage,
  type Html,
  type Language,
  type Reply,
  type Request,
} from '#kernel'
import { topOf, type Frame } from '#shop/frame'
import { attributesOf, wayTo, type Category } from '../categories/tree.ts'
import type { Workshop } from '../products/changing.ts'
import { showing } from '../products/routes.ts'
import type { ProductSummary } from '../products/view.ts'
import type { Facets } from '../search/facets.ts'
import { sorts, type SearchQuery } from '../search/query.ts'
import type { Shop } from '../search/routes.ts'
import { vendorNames } from '../suspending.ts'
import { folded } from '../words.ts'
import { compareForm, comparing } from './compare.ts'
import { gone } from './gone.ts'
import {
  crumbData,
  crumbsOf,
  languageField,
  languageIn,
  money,
  onwardOf,
  pictureOf,
  spoken,
  starsOf,
  type Asked,
} from './parts.ts'
import { suggesting } from './suggesting.ts'
import { texts } from './words.ts'

const kinds = ['physical', 'digital', 'battery'] as const

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' && value.length <= 200 && isText(value) ? value.trim() : undefined

/** Whole or with cents, as people type it, in minor units of a currency that may have none, or three digits. */
const minorOf = (value: unknown, currency: string): number | undefined => {
  const text = textOf(value)?.replace(',', '.')
  return text && /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(rounded(exact(text), currency)) : undefined
}

/** The shop, and each category of it: found, narrowed down and put in order without script. */
export function listPages(workshop: Workshop, shop: Shop, frameOf: (language: Language) => Frame): void {
  const { site } = workshop.host
  const about = { produces: ['text/html'], hide: true }
  site.get(
    '/shop',
    { config: { access: anyone }, schema: { ...about, summary: 'The shop', querystring: Type.Object(spoken) } },
    (request, reply) => show(request, reply, undefined),
  )
  site.get(
    '/shop/:category',
    {
      config: { access: anyone },
      schema: {
        ...about,
        summary: 'A category of the shop',
        params: Type.Object({ category: Type.String({ minLength: 1, maxLength: 120 }) }),
        querystring: Type.Object(spoken),
      },
    },
    (request, reply) => show(request, reply, request.params.category),
  )

  async function show(request: Request, reply: Reply, slug: string | undefined): Promise<Reply> {
    const asked = request.query as Asked
    const shown = await showing(workshop, request, languageIn(asked))
    const frame = frameOf(shown.language)
    const category = slug === undefined ? undefined : shown.tree.bySlug.get(slug)
    if (slug !== undefined && !category) return gone(reply, frame)
    const query = queryOf(asked, category, attributesOf(shown.tree, category?.id ?? null), shown.currency)
    const found = await shop.find(query, shown).catch((error: unknown) => {
      // A link to a page that has another order now.
      if (error instanceof Problem && error.kind === 'invalid')
        return shop.find({ ...query, after: undefined } as never, shown)
      throw error
    })
    const facets = found.facets!
    const vendors = await vendorNames(workshop.host.db, [
      ...facets.vendors.map(({ id }) => id),
      ...(query.vendor ? [query.vendor] : []),
    ])
    const words = texts[frame.language]
    const path = category ? `/shop/${category.slug}` : '/shop'
    const way = wayTo(shown.tree, category?.id ?? null)
    const title = query.search ? `${words.shop}: ${query.search}` : (category?.names[frame.language] ?? words.shop)
    const isWhole = Object.keys(asked).every(name => name === 'lang')
    reply.header('cache-control', 'public, max-age=30')
    return sendPage(reply, 200, {
      language: frame.language,
      title,
      look: frame.look,
      top: topOf(frame, query.search),
      body: html`${category && crumbsOf(frame, way.slice(0, -1), category.names[frame.language])}
        ${chips(frame, facets)}
        ${found.searchedFor && html`<p role="status">${words.searchedFor(found.searchedFor)}</p>`}
        <div class="shop">
          ${filters(frame, path, query, { facets, vendors }, asked)}
          <section aria-label="${title}">
            <p>${words.found(facets.total, facets.exact)}</p>
            ${found.items.length === 0 && html`<p>${words.nothing}</p>`}
            <ul class="grid">
              ${found.items.map((item, index) => card(frame, item, index > 3))}
            </ul>
            ${found.items.length > 1 && compareForm(words.compareTicked, asked)}
            ${found.nextCursor && html`<p><a rel="next" href="${`${path}?${pageAfter(asked, found.nextCursor)}`}">${words.next}</a></p>`}
          </section>
        </div>
        ${suggesting[category ? 'below' : 'top']}`,
      onward: onwardOf(frame.language),
      found: {
        address: frame.origin + path,
        description: category
          ? `${way.map(({ names }) => names[frame.language]).join(' – ')}. ${words.about(frame.name)}`
          : words.about(frame.name),
        languages: { en: `${frame.origin + path}?lang=en`, de: `${frame.origin + path}?lang=de` },
        data: [crumbData(frame, way), listData(frame, found.items)],
        ...(!isWhole && { unlisted: true }),
      },
    })
  }
}

function queryOf(
  asked: Asked,
  category: Category | undefined,
  defined: ReturnType<typeof attributesOf>,
  currency: string,
): SearchQuery {
  const attributes = defined.flatMap(({ key, type }) => {
    if (type === 'number') {
      const [from = '', to = ''] = [textOf(asked[`a.${key}.from`]), textOf(asked[`a.${key}.to`])].map(text =>
        text?.replace(',', '.'),
      )
      const isRange = [from, to].every(text => /^-?\d{0,9}(\.\d{1,6})?$/.test(text)) && from + to !== ''
      return isRange ? `${key}:${from}..${to}` : []
    }
    const values = [asked[`a.${key}`]]
      .flat()
      .flatMap(value => textOf(value) ?? [])
      .filter(value => /^[\p{L}\p{N}-]{1,80}$/u.test(value))
    return values.length > 0 ? `${key}:${values.slice(0, 10).join('|')}` : []
  })
  const sort = sorts.find(one => one === asked.sort)
  const rating = Number(textOf(asked.rating) ?? 0)
  const kept = attributes.slice(0, 10).join(';')
  return {
    limit: 24,
    facets: true,
    ...optional({
      after: typeof asked.after === 'string' && asked.after.length <= 1_000 ? asked.after : undefined,
      search: textOf(asked.search),
      category: category?.slug,
      sort,
      minPrice: minorOf(asked.from, currency),
      maxPrice: minorOf(asked.to, currency),
      rating: rating >= 1 && rating <= 5 ? Math.floor(rating) : undefined,
      inStock: asked.stock === '1' ? true : undefined,
      vendor: typeof asked.vendor === 'string' && isId(asked.vendor) ? asked.vendor : undefined,
      kind: kinds.find(one => one === asked.kind),
      tags: tagsOf(asked).join(',') || undefined,
      attributes: kept.length > 0 && kept.length <= 600 ? kept : undefined,
    }),
  }
}

/** Several, each in a field of its own or with commas between. */
const tagsOf = ({ tags }: Asked): string[] => {
  const given = [tags].flat().flatMap(one => textOf(one)?.split(',') ?? [])
  return [...new Set(given.map(tag => folded(tag.trim())).filter(tag => tag !== '' && tag.length <= 40))].slice(0, 10)
}

const optional = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

/** The same page from a product on. */
function pageAfter(asked: Asked, after: string): string {
  const next = new URLSearchParams()
  for (const [name, value] of Object.entries(asked).slice(0, 40))
    if (name !== 'after')
      for (const one of [value].flat()) if (textOf(one)) next.append(name.slice(0, 60), textOf(one)!)
  next.set('after', after)
  return next.toString()
}

const chips = ({ language }: Frame, { categories }: Facets): Html | false =>
  categories.length > 0 &&
  html`<nav aria-label="${texts[language].categories}">
    <ul class="chips">
      ${categories.map(({ slug, name, count }) => html`<li><a href="${`/shop/${slug}`}">${name} (${count})</a></li>`)}
    </ul>
  </nav>`

const chosen = (is: boolean): Html | false => is && html`checked`
const selected = (is: boolean): Html | false => is && html`selected`

function filters(
  { language }: Frame,
  path: string,
  query: SearchQuery,
  { facets, vendors }: { facets: Facets; vendors: readonly { id: string; name: string }[] },
  asked: Asked,
): Html {
  const words = texts[language]
  const current = query.sort ?? (query.search ? 'relevance' : 'popular')
  const field = (name: string) => textOf(asked[name]) ?? ''
  return html`<form action="${path}">
    ${query.search && html`<input type="hidden" name="search" value="${query.search}" />`} ${languageField(asked)}
    <label
      >${words.sort}
      <select name="sort">
        ${sorts
          .filter(sort => sort !== 'relevance' || query.search)
          .map(sort => html`<option value="${sort}" ${selected(sort === current)}>${words.sorts[sort]}</option>`)}
      </select></label
    >
    <fieldset>
      <legend>${words.price}</legend>
      <div class="pair">
        <label>${words.from} <input name="from" inputmode="decimal" maxlength="12" value="${field('from')}" /></label>
        <label>${words.to} <input name="to" inputmode="decimal" maxlength="12" value="${field('to')}" /></label>
      </div>
    </fieldset>
    ${choice(
      words.stars,
      'rating',
      facets.ratings.map(({ rating, count }) => [String(rating), words.atLeast(rating, count)]),
      { any: words.any, given: query.rating && String(query.rating) },
    )}
    ${choice(
      words.vendor,
      'vendor',
      vendors.map(({ id, name }) => [
        id,
        counted(
          name,
          facets.vendors.find(one => one.id === id),
        ),
      ]),
      { any: words.any, given: query.vendor },
    )}
    ${choice(
      words.kind,
      'kind',
      facets.kinds.map(one => [one.kind, counted(words.kinds[one.kind], one)]),
      { any: words.any, given: query.kind },
    )}
    <label class="check"
      ><input type="checkbox" name="stock" value="1" ${chosen(query.inStock === true)} /> ${words.inStock}</label
    >
    ${facets.attributes.map(attribute => attributeFilter(language, attribute, asked))}
    ${tagFilter(language, facets, asked)}
    <button>${words.show}</button>
  </form>`
}

const counted = (name: string, { count }: { count: number } = { count: 0 }): string => `${name} (${count})`

/** One of several, or any; not shown where there is nothing to choose, and what is chosen stays so. */
function choice(
  title: string,
  name: string,
  options: readonly (readonly [value: string, text: string])[],
  { any, given }: { any: string; given: string | undefined | 0 },
): Html | false {
  if (given && !options.some(([value]) => value === given))
    return html`<input type="hidden" name="${name}" value="${given}" />`
  return (
    (options.length > 1 || Boolean(given)) &&
    html`<label
      >${title}
      <select name="${name}">
        <option value="">${any}</option>
        ${options.map(([value, text]) => html`<option value="${value}" ${selected(value === given)}>${text}</option>`)}
      </select></label
    >`
  )
}

/** Those that are there the most often, and those that are chosen. */
function tagFilter(language: Frame['language'], { tags }: Facets, asked: Asked): Html | false {
  const given = tagsOf(asked)
  // One with a comma would be taken for two.
  const offered = tags.filter(({ tag }) => !tag.includes(',')).slice(0, 12)
  const missing = given.filter(tag => !offered.some(one => one.tag === tag))
  return (
    offered.length + missing.length > 0 &&
    html`<fieldset>
      <legend>${texts[language].tags}</legend>
      ${[...offered, ...missing.map(tag => ({ tag, count: tags.find(one => one.tag === tag)?.count ?? 0 }))].map(
        one =>
          html`<label class="check"
            ><input type="checkbox" name="tags" value="${one.tag}" ${chosen(given.includes(one.tag))} />
            <bdi>${one.tag}</bdi> (${one.count})</label
          >`,
      )}
    </fieldset>`
  )
}

function attributeFilter(
  language: Frame['language'],
  { key, name, unit, type, values, min, max }: Facets['attributes'][number],
  asked: Asked,
): Html {
  const words = texts[language]
  const title = unit ? `${name} (${unit})` : name
  if (type === 'number')
    return html`<fieldset>
      <legend>${title}</legend>
      <div class="pair">
        ${(['from', 'to'] as const).map(
          end =>
            html`<label
              >${words[end]}
              <input
                name="${`a.${key}.${end}`}"
                inputmode="decimal"
                maxlength="12"
                placeholder="${end === 'from' ? min : max}"
                value="${textOf(asked[`a.${key}.${end}`])}"
            /></label>`,
        )}
      </div>
    </fieldset>`
  const given = [asked[`a.${key}`]].flat()
  return html`<fieldset>
    <legend>${title}</legend>
    ${values
      .slice(0, 12)
      .map(
        ({ value, name: called, count }) =>
          html`<label class="check"
            ><input type="checkbox" name="${`a.${key}`}" value="${value}" ${chosen(given.includes(value))} />
            ${type === 'flag' ? (value === 'true' ? words.yes : words.no) : called} (${count})</label
          >`,
      )}
  </fieldset>`
}

function card(frame: Frame, item: ProductSummary, lazily: boolean): Html {
  const { language } = frame
  const words = texts[language]
  const pictureId = item.thumbnail?.split('/')[3]
  return html`<li class="card">
    <span class="shot"
      >${pictureId && pictureOf(frame, { id: pictureId, alt: '' }, '(min-width:55rem) 15rem, 45vw', lazily)}</span
    >
    <a href="${`/shop/p/${item.slug}`}"><bdi>${item.name}</bdi></a>
    ${item.reviewCount > 0 && html`<p>${starsOf(language, item.rating, item.reviewCount)}</p>`}
    ${
      item.price === null
        ? html`<p class="small">${words.noPrice}</p>`
        : html`<p class="price">
            ${money(item.price, item.currency, language)}
            ${item.originalPrice !== null && html`<s>${money(item.originalPrice, item.currency, language)}</s>`}
          </p>`
    }
    ${!item.inStock && html`<p class="small">${words.soldOut}</p>`} ${comparing(frame, item)}
  </li>`
}

const listData = ({ origin }: Frame, items: readonly ProductSummary[]): object => ({
  '@context': 'https://schema.org',
  '@type': 'ItemList',
  itemListElement: items.map(({ slug, name }, index) => ({
    '@type': 'ListItem',
    position: index + 1,
    url: `${origin}/shop/p/${slug}`,
    name,
  })),
})
