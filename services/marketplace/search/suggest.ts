import Type, { type Static } from 'typebox'
import { Id } from '#contracts/shared'
import type { Db, Language } from '#kernel'
import type { Tree } from '../categories/tree.ts'
import { folded, wordsOf } from '../words.ts'

export const Suggestions = Type.Object(
  {
    products: Type.Array(
      Type.Object({
        id: Id,
        slug: Type.String(),
        name: Type.String(),
        thumbnail: Type.Union([Type.String(), Type.Null()]),
      }),
      { examples: [[]] },
    ),
    categories: Type.Array(Type.Object({ slug: Type.String(), name: Type.String() }), { examples: [[]] }),
  },
  { title: 'Suggestions' },
)
export type Suggestions = Static<typeof Suggestions>

/** Above every letter there is. */
const last = '\u{10ffff}'
const mostLooked = 300

/** Products with words that begin so, and categories; a few hundred are looked at, whatever is asked. */
export async function suggest(db: Db, text: string, language: Language, tree: Tree): Promise<Suggestions> {
  const words = wordsOf(text, 5).sort((a, b) => b.length - a.length)
  const [longest, ...others] = words
  // One letter begins everything.
  if (!longest || longest.length < 2) return { products: [], categories: [] }
  const begins = (word: string) => db`word >= ${word} and word < ${word + last}`
  const products = await db<Suggestions['products']>`
    select p.id, p.slug, p.thumbnail, case when p.language = ${language} then p.name
      else coalesce(p.translations->${language}->>'name', p.name) end as name
    from (select distinct product_id from (select product_id from starts where ${begins(longest)} limit ${mostLooked}) looked) s
    join products p on p.id = s.product_id
    where p.for_sale
      ${others.reduce((all, word) => db`${all} and exists (select from starts where product_id = p.id and ${begins(word)})`, db``)}
    order by p.sold desc, p.name, p.id limit 8`
  const categories = [...tree.byId.values()]
    .flatMap(({ slug, names }) => {
      const name = folded(names[language])
      return words.every(word => name.split(/[^\p{L}\p{N}]+/u).some(part => part.startsWith(word)))
        ? [{ slug, name: names[language] }]
        : []
    })
    .slice(0, 4)
  return { products: [...products], categories }
}
