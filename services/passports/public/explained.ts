import { html, type Html } from '#kernel'
import { frameText, groupWord, keptFor, type Language } from '#law'
import type { EffectiveView } from '../units/effective.ts'
import { inLanguage } from './values.ts'

/** The crossed-out wheeled bin (Annex VI, Part B), drawn for the page: nothing is fetched. */
const bin = html`<svg class="symbol" viewBox="0 0 24 30" aria-hidden="true">
  <g fill="none" stroke="currentColor" stroke-width="1.6">
    <path d="M6 8h12l-1.4 14H7.4zM4.5 8h15M8.5 8c0-4 7-4 7 0M11 13h4v4h-4z" />
    <circle cx="8.5" cy="24" r="1.8" />
    <path d="M3 3l18 22M21 3L3 25" stroke-width="1.2" />
  </g>
</svg>`

/** Metals whose sign stands below the bin where there is more of them than Art. 13(5) lets pass. */
const metals = [
  { text: 'cadmium', sign: /\bCd\b|cadmi|kadmi/i },
  { text: 'lead', sign: /\bPb\b|\blead\b|\bblei\b|plomb|piombo/i },
] as const

/** What stands on the battery: the bin on each (Art. 13(4)), and what the passport says of cadmium and lead (Art. 13(5)). */
export function symbols(language: Language, items: readonly EffectiveView[]): Html {
  const said = items.find(({ id, notApplicable }) => id === 'symbolsForCadmiumAndLead' && !notApplicable)?.value
  const named = metals.filter(({ sign }) => sign.test(String(said)))
  // A picture of the signs does not tell which of them it shows.
  const shown = said !== undefined && named.length === 0 ? metals : named
  return html`<section>
    <h2>${frameText('symbols', language)}</h2>
    <p>${bin} ${frameText('bin', language)}</p>
    ${shown.map(({ text }) => html`<p>${frameText(text, language)}</p>`)}
  </section>`
}

const readers = [
  ['authority', 'authorities'],
  ['interest', 'interested'],
] as const

/** Which groups the law keeps for whom, with how many of their data, and whom they ask: the same of each battery of a category. */
export const hidden = (language: Language, category: string | null, on: string): Html =>
  html`<section>
    <h2>${frameText('hidden', language)}</h2>
    <p>${frameText('more', language)}</p>
    <ul>
      ${readers.map(([audience, words]) => {
        const groups = [...keptFor(audience, category, on)].flatMap(([group, count]) => {
          const word = groupWord(group, language)
          return word ? [html`${inLanguage(word, language)} (${count})`] : []
        })
        return html`<li>
          ${frameText(words, language)}: ${groups.map((group, at) => (at === 0 ? group : html`, ${group}`))}
        </li>`
      })}
    </ul>
    <p>${frameText('ask', language)}</p>
  </section>`

/** How anybody checks that nothing of a passport was written anew, and who sees where its copy lies. */
export const checking = (language: Language, id: string): Html =>
  html`<section>
    <h2>${frameText('check', language)}</h2>
    <p>${frameText('bound', language)}</p>
    <ul>
      <li><a href="${`/api/passports/${id}/proof`}" type="application/json">${frameText('proof', language)}</a></li>
      <li><a href="/api/passports/checkpoints/keys" type="application/json">${frameText('keys', language)}</a></li>
      <li><code>ohmnibus verify --proof proof.json --keys keys.json</code></li>
    </ul>
    <p>${frameText('backup', language)}</p>
  </section>`
