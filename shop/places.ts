import { html, type Html, type Language } from '#kernel'
import { regionsOf } from '#money/tax'

/** Countries and what has a code of its own beside them (ISO 3166-1), and Kosovo. */
const codes = (
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD ' +
  'CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF ' +
  'GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN ' +
  'KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA ' +
  'NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI ' +
  'SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI ' +
  'VN VU WF WS XK YE YT ZA ZM ZW'
).split(' ')

type Named = readonly (readonly [code: string, name: string])[]

const known = new Map<Language, Named>()

/** Countries in the order of their names in a language. */
export function countriesIn(language: Language): Named {
  let named = known.get(language)
  if (!named) {
    const names = new Intl.DisplayNames(language, { type: 'region' })
    const { compare } = new Intl.Collator(language)
    named = codes.map(code => [code, names.of(code)!] as const).toSorted(([, a], [, b]) => compare(a, b))
    known.set(language, named)
  }
  return named
}

const whole: ReadonlySet<string> = new Set(codes)
export const isCountry = (code: string | undefined): code is string => code !== undefined && whole.has(code)

/** The options of a choice of country, in the reader's language; without a `chosen` one, `none` stands first. */
export function countryOptions(language: Language, chosen: string | null | undefined, none: string): Html {
  return html`${!isCountry(chosen ?? undefined) && html`<option value="">${none}</option>`}${countriesIn(language).map(
    ([code, name]) => html`<option value="${code}" ${code === chosen && html`selected`}>${name}</option>`,
  )}`
}

/** Regions by which tax is told apart, to be chosen while one types: `<input list="regions">`. */
export const regionList = (): Html =>
  html`<datalist id="regions">
    ${['US', 'IN', 'ES', 'PT'].flatMap(country => Object.values(regionsOf(country))).map(name => html`<option value="${name}"></option>`)}
  </datalist>`
