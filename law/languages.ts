import labels from './data/labels.json' with { type: 'json' }

/** The languages of the Union (Regulation No 1 of 1958), each by its own name. */
export const languages = {
  bg: 'български',
  cs: 'čeština',
  da: 'dansk',
  de: 'Deutsch',
  el: 'ελληνικά',
  en: 'English',
  es: 'español',
  et: 'eesti',
  fi: 'suomi',
  fr: 'français',
  ga: 'Gaeilge',
  hr: 'hrvatski',
  hu: 'magyar',
  it: 'italiano',
  lt: 'lietuvių',
  lv: 'latviešu',
  mt: 'Malti',
  nl: 'Nederlands',
  pl: 'polski',
  pt: 'português',
  ro: 'română',
  sk: 'slovenčina',
  sl: 'slovenščina',
  sv: 'svenska',
} as const
export type Language = keyof typeof languages

export const isLanguage = (tag: string): tag is Language => Object.hasOwn(languages, tag)

/**
 * The language of ours that a reader accepts best (`Accept-Language`, RFC 9110, 12.5.4), by the order of their wishes where
 * two are as welcome; undefined where there is none. Where any language is (`*`), English stands for those not named.
 */
export function languageAccepted(header: string | undefined): Language | undefined {
  const wishes = (header ?? '')
    .slice(0, 1000)
    .split(',')
    .map((part, at) => {
      const [tag = '', ...rest] = part.trim().toLowerCase().split(';')
      const weight = rest.map(one => /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(one)?.[1]).find(Boolean) ?? '1'
      return { base: tag.split('-')[0]!, weight: Number(weight), at }
    })
  const named = new Set(wishes.map(({ base }) => base))
  const any = ['en', ...Object.keys(languages)].find(tag => !named.has(tag))
  return wishes
    .map(wish => (wish.base === '*' && any ? { ...wish, base: any } : wish))
    .filter(({ base, weight }) => weight > 0 && isLanguage(base))
    .sort((one, other) => other.weight - one.weight || one.at - other.at)[0]?.base as Language | undefined
}

/** A text that somebody gave in some languages, for one reader: exact, its base, English, the first given. */
export function textFor(
  texts: readonly { language: string; value: string }[],
  language: string,
): { language: string; value: string } | undefined {
  const base = (tag: string): string => tag.toLowerCase().split('-')[0]!
  return (
    texts.find(one => one.language.toLowerCase() === language.toLowerCase()) ??
    texts.find(one => base(one.language) === base(language)) ??
    texts.find(one => base(one.language) === 'en') ??
    texts[0]
  )
}

type Texts = Readonly<Record<string, string>>

/** A word of the law in a language, and in which one it is: English where it has no name in that one. */
export interface Word {
  readonly text: string
  readonly language: Language
}

const word = (texts: Texts | undefined, language: Language): Word | undefined => {
  const text = texts?.[language]
  if (text) return { text, language }
  return texts?.en ? { text: texts.en, language: 'en' } : undefined
}

/** What a passport is called. */
export const passportWord = (language: Language): string => labels.passport[language]

/** What stands around what a passport says. */
export type FrameText = keyof typeof labels.frame
export const frameText = (of: FrameText, language: Language): string => labels.frame[of][language]

/** The name of a group of attributes; of one that has none in any language nothing. */
export const groupWord = (group: string, language: Language): Word | undefined =>
  word((labels.groups as Record<string, Texts>)[group], language)

export const labelOf = (attribute: string, language: Language): Word =>
  word((labels.attributes as Record<string, Texts>)[attribute], language)!

/** One of the values that an attribute may have, as `original`; undefined for one without a name. */
export const valueWord = (attribute: string, value: string, language: Language): Word | undefined =>
  word((labels.values as Record<string, Record<string, Texts>>)[attribute]?.[value], language)
