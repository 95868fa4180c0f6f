import Type from 'typebox'
import { Slug } from '#contracts/shared'
import { anyone, html, languageOf, sendPage, type Language, type Reply, type Texts } from '#kernel'
import type { VendorsHost } from './host.ts'
import { figuresOf, findBySlug, type Profile } from './profiles/store.ts'

const most = 100

const en = {
  products: 'In the shop',
  none: 'Nothing is for sale at the moment.',
  since: (year: number) => `Sells here since ${year}`,
  rated: (rating: string) => `Rated ${rating} of 5 by those who bought`,
  verified: 'Who they are was looked at.',
  website: 'Website',
  shop: 'Go to the shop',
  unknown: { title: 'There is no such vendor', text: 'It is not there, or it does not sell here any more.' },
}

const texts: Texts<typeof en> = {
  en,
  de: {
    products: 'Im Shop',
    none: 'Im Augenblick ist nichts im Angebot.',
    since: year => `Verkauft hier seit ${year}`,
    rated: rating => `Bewertet mit ${rating} von 5 von denen, die gekauft haben`,
    verified: 'Wer dahinter steht, wurde geprüft.',
    website: 'Website',
    shop: 'Zum Shop',
    unknown: { title: 'Diesen Anbieter gibt es nicht', text: 'Er ist nicht da, oder er verkauft hier nicht mehr.' },
  },
}

/** The page of a vendor, for everybody. */
export function pages({ site, db, platform }: VendorsHost): void {
  site.get(
    '/shop/v/:slug',
    {
      config: { access: anyone },
      schema: {
        summary: 'The page of a vendor',
        description: 'By its name in addresses; one that it had before leads to that of today.',
        params: Type.Object({ slug: Slug }),
        produces: ['text/html'],
        hide: true,
      },
    },
    async (request, reply) => {
      const { slug } = request.params
      const language = languageOf(request)
      const vendor = await findBySlug(db, slug)
      if (vendor?.status !== 'active') return unknown(reply, language)
      if (vendor.slug !== slug) return reply.redirect(`/shop/v/${vendor.slug}`, 301)
      const [figures, products] = await Promise.all([
        figuresOf(db, vendor.id),
        db<{ name: string; slug: string }[]>`
          select name, slug from products where vendor_id = ${vendor.id} and for_sale and not gone
          order by name, product_id limit ${most}`,
      ])
      return show(reply, language, { vendor, rating: figures.averageRating, products, origin: platform.publicUrl })
    },
  )
}

function unknown(reply: Reply, language: Language): Reply {
  const { unknown: told, shop } = texts[language]
  return sendPage(reply.header('cache-control', 'no-store'), 404, {
    language,
    title: told.title,
    body: html`<p>${told.text}</p>`,
    onward: [{ to: '/shop', text: shop }],
  })
}

function show(
  reply: Reply,
  language: Language,
  about: {
    vendor: Profile
    rating: number | null
    products: readonly { name: string; slug: string }[]
    origin: string
  },
): Reply {
  const { vendor, rating, products, origin } = about
  const words = texts[language]
  const address = `${origin}/shop/v/${vendor.slug}`
  return sendPage(reply.header('cache-control', 'no-cache'), 200, {
    language,
    title: vendor.name,
    found: {
      address,
      description: vendor.description.slice(0, 200) || vendor.name,
      type: 'profile',
      data: [{ '@context': 'https://schema.org', '@type': 'Organization', name: vendor.name, url: address }],
    },
    body: html`${vendor.description.split(/\n{2,}/).map(text => html`<p><bdi>${text}</bdi></p>`)}
      <ul>
        <li>${words.since(vendor.createdAt.getUTCFullYear())}</li>
        ${rating !== null && html`<li>${words.rated(new Intl.NumberFormat(language).format(rating))}</li>`}
        ${vendor.verified && html`<li>${words.verified}</li>`}
        ${vendor.website && html`<li><a href="${vendor.website}" rel="nofollow noopener">${words.website}</a></li>`}
      </ul>
      <h2>${words.products}</h2>
      ${
        products.length === 0
          ? html`<p>${words.none}</p>`
          : html`<ul>
              ${products.map(({ name, slug }) => html`<li><a href="${`/shop/p/${slug}`}">${name}</a></li>`)}
            </ul>`
      }`,
    onward: [{ to: '/shop', text: words.shop }],
  })
}
