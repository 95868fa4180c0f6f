import { html, type Html } from '#kernel'
import type { Article } from '../articles/articles.ts'
import type { ContentHost } from '../host.ts'
import { pathOf } from './data.ts'
import { texts } from './words.ts'

/** What was typed, by field, to be shown again. */
export type Typed = Partial<Record<string, string>>

/** Where one applies, with what went wrong before. */
export function applyForm(
  { settings }: ContentHost,
  { language, slug }: Article,
  typed: Typed = {},
  wrong?: string,
): Html {
  const { apply } = texts[language]
  const days = Math.round(settings.CONTENT_APPLICATIONS_KEPT / 86_400_000)
  return html`<h2>${apply.title}</h2>
    ${wrong && html`<p role="alert">${apply.wrong}: ${wrong}</p>`}
    <form method="post" enctype="multipart/form-data" action="${pathOf('jobs', language, slug)}/apply">
      <label
        >${apply.name}<input name="name" autocomplete="name" required maxlength="200" value="${typed.name ?? ''}"
      /></label>
      <label
        >${apply.email}<input
          name="email"
          type="email"
          autocomplete="email"
          required
          maxlength="254"
          value="${typed.email ?? ''}"
      /></label>
      <label
        >${apply.message}<textarea name="message" rows="6" maxlength="5000">${typed.message ?? ''}</textarea>
      </label>
      <label
        >${apply.file}<input name="file" type="file" accept=".pdf,.doc,.docx,.odt" /><small
          >${apply.types}</small
        ></label
      >
      <p><small>${apply.kept(days)}</small></p>
      <button>${apply.send}</button>
    </form>`
}
