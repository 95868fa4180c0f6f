import { anyone, html } from '#kernel'
import type { Frame } from '#shop/frame'
import type { MarketplaceHost } from '../host.ts'

/**
 * Names while one types are what no form can show: asks for those that begin so, and lets the browser offer them as it
 * offers what was typed before. What is chosen stands in the field, and is searched for as ever.
 */
const script = `
const at = new URL("../api/marketplace/suggestions", document.currentScript.src)
at.searchParams.set('language', document.documentElement.lang)
const field = document.querySelector('form[role=search] input')
const list = document.createElement('datalist')
list.id = 'suggestions'
field.after(list)
field.setAttribute('list', list.id)
field.autocomplete = 'off'

async function suggest(search) {
  at.searchParams.set('search', search)
  const answer = await fetch(at)
  if (!answer.ok || field.value.trim() !== search) return
  const { categories, products } = await answer.json()
  const names = new Set([...categories, ...products].map(({ name }) => name))
  list.replaceChildren(...[...names].map(name => Object.assign(document.createElement('option'), { value: name })))
}

let waiting
field.addEventListener('input', () => {
  clearTimeout(waiting)
  const search = field.value.trim()
  // One letter begins everything. Without an answer one searches as without the script.
  if (search.length > 1) waiting = setTimeout(() => suggest(search).catch(() => {}), 150)
})
`

export function suggestingScript({ site }: MarketplaceHost): void {
  site.get(
    '/shop/suggestions.js',
    {
      config: { access: anyone },
      schema: { summary: 'Suggests while one types, on pages', produces: ['text/javascript'], hide: true },
    },
    (_request, reply) =>
      reply.type('text/javascript; charset=utf-8').header('cache-control', 'public, max-age=3600').send(script),
  )
}

/** Of pages that suggest: the script of its own file, which asks this site alone. */
export const withSuggestions = (frame: Frame): Frame => ({
  ...frame,
  look: { ...frame.look, policy: `${frame.look.policy}; script-src 'self'; connect-src 'self'` },
})

/** The script by where a page is, as its address is beside it whatever stands before all of ours. */
export const suggesting = {
  top: html`<script src="shop/suggestions.js" defer></script>`,
  below: html`<script src="suggestions.js" defer></script>`,
  product: html`<script src="../suggestions.js" defer></script>`,
}
