import { createContext, use, type ReactNode } from 'react'
import type { Catalogue } from './en.ts'

export type { Catalogue }

export type Language = 'en' | 'de'

const Texts = createContext<{ texts: Catalogue; language: Language } | undefined>(undefined)

export async function load(language: Language): Promise<Catalogue> {
  return language === 'de' ? (await import('./de.ts')).de : (await import('./en.ts')).en
}

export function Speaking(props: { texts: Catalogue; language: Language; children: ReactNode }) {
  const { texts, language, children } = props
  return <Texts value={{ texts, language }}>{children}</Texts>
}

/** The words of the reader's language. */
export function useTexts(): Catalogue {
  return spoken().texts
}

export const useLanguage = (): Language => spoken().language

function spoken() {
  const spoken = use(Texts)
  if (!spoken) throw new Error('Nobody has said which language is spoken')
  return spoken
}

/** What a field, a filter or a column is called; one without a name shows its own. */
export const nameOf = ({ fields }: Catalogue, field: string): string =>
  (fields as Record<string, string>)[field] ?? humane(field)

/** What a value of a list of values is called. */
export const wordFor = ({ values }: Catalogue, value: string): string =>
  (values as Record<string, string>)[value] ?? humane(value)

/** `in-progress` and `batteryMass` as people write them. */
function humane(name: string): string {
  const words = name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_.]+/g, ' ')
    .trim()
  return words.charAt(0).toUpperCase() + (/[A-Z]{2}/.test(words) ? words.slice(1) : words.slice(1).toLowerCase())
}

/** A text with what it leaves open: `fill('{count} rows', { count: 3 })`. */
export const fill = (text: string, parts: Record<string, string | number>): string =>
  text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(parts[name] ?? whole))
