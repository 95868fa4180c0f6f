import { load, type Language, type Catalogue } from '../texts/texts.tsx'

/** Which language the console speaks: the one chosen on this device, else that of the account. */

const key = 'ohmnibus language'
let current: { texts: Catalogue; language: Language } | undefined
const watchers = new Set<() => void>()

const chosen = (): Language | undefined => {
  const kept = localStorage.getItem(key)
  return kept === 'de' || kept === 'en' ? kept : undefined
}

/** Before anybody is known. */
export const languageHere = (): Language => chosen() ?? (navigator.language.startsWith('de') ? 'de' : 'en')

export async function spoken(ofAccount: Language): Promise<void> {
  await speak(chosen() ?? ofAccount, false)
}

export async function speak(language: Language, keep = true): Promise<void> {
  current = { texts: await load(language), language }
  document.documentElement.lang = language
  if (keep) localStorage.setItem(key, language)
  watchers.forEach(watcher => watcher())
}

export const currentLanguage = () => current!

export function onLanguage(watcher: () => void): () => void {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}
