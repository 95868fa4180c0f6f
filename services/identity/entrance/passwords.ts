import { anyone, html, type Html, type Language } from '#kernel'
import type { IdentityHost } from '../host.ts'
import { texts } from './texts.ts'

/** Without it the box does not show, and a password is dots, as in every browser. Sent it is a password again. */
const script = `
for (const choice of document.querySelectorAll('[data-shows]')) {
  const box = choice.querySelector('input')
  const field = box.form.elements[choice.dataset.shows]
  const show = shown => (field.type = shown ? 'text' : 'password')
  choice.hidden = false
  box.addEventListener('change', () => show(box.checked))
  box.form.addEventListener('submit', () => show(false))
}
`

export function passwordScript({ http }: IdentityHost): void {
  http.get(
    '/passwords.js',
    {
      config: { access: anyone },
      schema: { summary: 'Shows passwords by choice, on pages', produces: ['text/javascript'], hide: true },
    },
    (_request, reply) => reply.type('text/javascript; charset=utf-8').header('cache-control', 'no-cache').send(script),
  )
}

const beside = html`<script src="passwords.js" defer></script>`
const fromBelow = html`<script src="../passwords.js" defer></script>`

/**
 * A field for the password, and a box that shows what was typed; of a page with the look `scripted`. `up` leads from the
 * folder of the page to that of the script.
 */
export const passwordField = (
  language: Language,
  about: {
    label?: string
    autocomplete: 'current-password' | 'new-password'
    hint?: string
    autofocus?: boolean
    up?: '../'
  },
): Html =>
  html`<label
      >${about.label ?? texts[language].fields.password}
      <input
        name="password"
        type="password"
        autocomplete="${about.autocomplete}"
        required
        ${about.autofocus && html`autofocus`}
      />${about.hint && html`<small>${about.hint}</small>`}</label
    >
    <div data-shows="password" hidden>
      <label class="check"><input type="checkbox" /> ${texts[language].fields.showPassword}</label>
    </div>
    ${about.up ? fromBelow : beside}`
