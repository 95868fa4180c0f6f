/** Letters that lose nothing but an accent when they are taken apart, and those that do not come apart. */
const plain: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
}

/** A text as search compares it: without case and accents. */
export const folded = (text: string): string =>
  /[^\0-\x7f]/.test(text)
    ? text
        .normalize('NFKD')
        .toLowerCase()
        .replace(/\p{M}/gu, '')
        .replace(/[ßæœøłđðþħı]/g, letter => plain[letter]!)
    : text.toLowerCase()

/** The words of a text, so many at most. */
export const wordsOf = (text: string, most = 200): string[] => {
  const words: string[] = []
  for (const [word] of folded(text.slice(0, 20_000)).matchAll(/[\p{L}\p{N}]+/gu)) {
    words.push(word.slice(0, 64))
    if (words.length === most) break
  }
  return words
}

/** A text as a name in an address; empty where nothing of it can stand there. */
export const slugOf = (text: string): string =>
  (folded(text).match(/[a-z0-9]+/g) ?? []).join('-').slice(0, 80).replace(/-+$/, '')
