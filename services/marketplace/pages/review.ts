import Type, { type Static } from 'typebox'
import { linePattern } from '#contracts/shared'
import {
  anyone,
  anyoneAsThemselves,
  forForms,
  form,
  html,
  Problem,
  sendPage,
  type Actor,
  type Html,
  type Language,
  type Reply,
  type Request,
} from '#kernel'
import { topOf, type Frame } from '#shop/frame'
import type { Workshop } from '../products/changing.ts'
import { isForSale, wordsIn, type Product } from '../products/product.ts'
import { showing } from '../products/routes.ts'
import { findBySlug } from '../products/store.ts'
import { lockReview, saidBy, type Review } from '../reviews/store.ts'
import { openWriting, takeBack, type Said } from '../reviews/writing.ts'
import { gone } from './gone.ts'
import { onwardOf } from './parts.ts'
import { texts } from './words.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const Fields = Type.Object({
  act: text(10),
  rating: text(1),
  title: text(120),
  body: text(5_000),
  author: text(60),
})
type Fields = Static<typeof Fields>

const isLine = new RegExp(linePattern, 'u')

/** Where who has received a product says what they think of it, by a form; nobody else keeps the page. */
export function reviewPages(workshop: Workshop, frameOf: (language: Language) => Frame): void {
  const { db, site } = workshop.host
  const write = openWriting(workshop)
  const path = '/shop/p/:slug/review'
  const about = {
    params: Type.Object({ slug: Type.String({ minLength: 1, maxLength: 120 }) }),
    produces: ['text/html'],
    hide: true,
  }
  site.get(
    path,
    { config: { access: anyone }, schema: { ...about, summary: 'The page of one’s review of a product' } },
    (request, reply) => answer(request as unknown as Request, reply, request.params.slug, {}),
  )
  forForms(site, forms =>
    forms.post(
      path,
      {
        config: { access: anyoneAsThemselves },
        schema: {
          ...about,
          summary: 'The page of one’s review of a product: its buttons',
          consumes: ['application/x-www-form-urlencoded'],
          refuses: 'any',
          body: Fields,
        },
      },
      async (request, reply) => {
        const { visitor: actor, params, body } = request
        const asked = request as unknown as Request
        const product = await findBySlug(db, params.slug)
        if (!actor || !product || !isForSale(product)) return await answer(asked, reply, params.slug, {})
        const { language } = await showing(workshop, asked, {})
        const said = saidIn(body, language)
        if (body.act === 'take-back') await takeBackOwn(actor, product)
        else if (!said) return await answer(asked, reply, params.slug, { filled: body, status: 400 })
        else
          try {
            await write({}, actor, product, said)
          } catch (error) {
            if (!(error instanceof Problem) || error.kind === 'unavailable') throw error
            return await answer(asked, reply, params.slug, { filled: body, status: error.status })
          }
        return unkept(reply).redirect(`/shop/p/${product.slug}/review`, 303)
      },
    ),
  )

  async function takeBackOwn({ userId }: Actor, { id }: Product): Promise<void> {
    const { review } = await saidBy(db, userId, id)
    if (!review) return
    await db.transaction(async tx => {
      const found = await lockReview(tx, review.id)
      if (found) await takeBack(tx, found)
    })
  }

  async function answer(
    request: Request,
    reply: Reply,
    slug: string,
    { filled = {}, status = 200 }: { filled?: Fields; status?: number },
  ): Promise<Reply> {
    const { language } = await showing(workshop, request, {})
    const frame = frameOf(language)
    const { visitor: actor } = request
    const product = await findBySlug(db, slug)
    if (!product || !isForSale(product)) return gone(reply, frame)
    const back = `/shop/p/${product.slug}`
    if (!actor) return unkept(reply).redirect(`/api/auth/sign-in?return=${encodeURIComponent(`${back}/review`)}`, 303)
    const words = texts[language].review
    const { received, review } = await saidBy(db, actor.userId, product.id)
    return sendPage(unkept(reply), status, {
      language,
      title: words.title(wordsIn(product, language).name),
      look: frame.look,
      top: topOf(frame),
      body: html`<div class="slim">
        ${review ? saidView(language, review) : received ? writing(language, filled, status) : html`<p>${words.notReceived}</p>`}
      </div>`,
      onward: onwardOf(language, { to: back, text: words.toProduct }),
    })
  }
}

const unkept = (reply: Reply): Reply => reply.header('cache-control', 'private, no-store')

/** Undefined of what lacks stars, or is no line where one belongs. */
function saidIn({ rating = '', title, body, author }: Fields, language: Language): Said | undefined {
  const of = (field: string | undefined): string | undefined => field?.replaceAll('\r\n', '\n').trim() || undefined
  const lines = [of(title), of(author)]
  if (!/^[1-5]$/.test(rating) || lines.some(line => line !== undefined && !isLine.test(line))) return undefined
  return { rating: Number(rating), title: lines[0], body: of(body), author: lines[1], language }
}

const saidView = (language: Language, { state, reason, rating, title, body }: Review): Html => {
  const words = texts[language].review
  return html`<p role="status">${words.states[state]}</p>
    ${reason !== null && html`<p><bdi>${reason}</bdi></p>`}
    <p>
      <span role="img" aria-label="${words.stars(rating)}">${'★'.repeat(rating)}</span>
      <strong><bdi>${title}</bdi></strong>
    </p>
    <p><bdi>${body}</bdi></p>
    ${form(words.takeBack, html`<input type="hidden" name="act" value="take-back" />`)}`
}

const writing = (language: Language, { rating, title, body, author }: Fields, status: number): Html => {
  const words = texts[language].review
  return html`${status !== 200 && html`<p role="alert">${status === 429 ? words.tooMany : words.incomplete}</p>`}
  ${form(
    words.send,
    html`<fieldset>
        <legend>${words.rating}</legend>
        ${[5, 4, 3, 2, 1].map(
          stars =>
            html`<label class="check"
              ><input
                type="radio"
                name="rating"
                value="${stars}"
                required
                ${rating === String(stars) && html`checked`}
              />
              ${words.stars(stars)}</label
            >`,
        )}
      </fieldset>
      <label>${words.heading} <input name="title" maxlength="120" value="${title}" /></label>
      <label>${words.body} <textarea name="body" maxlength="5000" rows="6">${body}</textarea></label>
      <label
        >${words.author} <input name="author" maxlength="60" autocomplete="given-name" value="${author}"
      /></label>`,
  )}`
}
