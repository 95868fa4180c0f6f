import assert from 'node:assert/strict'
import fc from 'fast-check'
import { languageAccepted, languages } from '#law'
import { formAccepted, forms } from '../../services/passports/public/forms.ts'
import { npmOf } from '../../tools/outside/peers.ts'
import { line } from './line.ts'

const weights = ['', ';q=0', ...[0.1, 0.2, 0.333, 0.4, 0.5, 0.55, 0.7, 0.8, 0.9, 1].map(weight => `;q=${weight}`)]
/** Ranges, each of another weight, so that nobody has to choose between two that are as welcome. */
const header = (ranges: readonly string[]) =>
  fc
    .tuple(
      fc.uniqueArray(fc.constantFrom(...ranges), { minLength: 1, maxLength: 6 }),
      fc.shuffledSubarray(weights, { minLength: 6 }),
    )
    .filter(([, [...chosen]]) => !(chosen.includes('') && chosen.includes(';q=1')))
    .map(([some, chosen]) => some.map((range, at) => range + chosen[at]).join(', '))
const ranges = [
  'text/html',
  'text/*',
  '*/*',
  'application/json',
  'application/ld+json',
  'application/*',
  'application/pdf',
  'image/png',
  'application/xml',
]
const tags = Object.keys(languages)
const asked = [...tags, 'de-AT', 'pt-BR', 'zh-Hans', 'ja', 'en-GB', 'sr-Latn-RS', '*']

line(
  'negotiation: 5,000 headers each of forms and languages, by negotiator and @formatjs/intl-localematcher',
  async () => {
    const [Negotiator, { match }] = [await npmOf('negotiator'), await npmOf('@formatjs/intl-localematcher')]
    const by = (headers: Record<string, string>) => new Negotiator({ headers })
    for (const accept of fc.sample(header(ranges), 5_000)) {
      const theirs = by({ accept }).mediaType([...forms])
      assert.equal(formAccepted(accept), theirs, accept)
    }
    const bases = (all: string): string[] => all.split(',').map(one => one.trim().split(/[-;]/)[0]!)
    // English first, as that is what who has no wish gets.
    const offered = ['en', ...tags.filter(tag => tag !== 'en')]
    let compared = 0
    for (const accept of fc.sample(header(asked), 5_000)) {
      const ours = languageAccepted(accept)
      // Two of one base are one language to us, by its best weight; negotiator goes by the one that says it shortest.
      if (new Set(bases(accept)).size === bases(accept).length) {
        assert.equal(ours, by({ 'accept-language': accept }).language(offered), accept)
        compared++
      }
      if (accept.includes('*')) continue
      const wished = by({ 'accept-language': accept }).languages()
      assert.equal(
        ours ?? 'none',
        wished.length ? match(wished, tags, 'none', { algorithm: 'lookup' }) : 'none',
        accept,
      )
    }
    return `5,000 of forms, ${compared} and 5,000 of languages`
  },
)
