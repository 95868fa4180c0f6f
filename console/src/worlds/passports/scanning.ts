import { base } from '../../api/base.ts'
import { ApiProblem, problemOf } from '../../api/problem.ts'
import { read } from '../../blocks/data.tsx'

/** What a code leads to, as far as the platform knows. */
export interface Scan {
  readonly code: string
  readonly at: string
  readonly result: 'found' | 'several' | 'foreign' | 'unknown'
  readonly title?: string
  readonly status?: string
  /** Where one goes on. */
  readonly to?: string
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** The passport of a UUID, or of the 26 characters in its code; undefined for what is neither. */
function idIn(text: string): string | undefined {
  const lower = text.toLowerCase().replace(/^urn:uuid:/, '')
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower)) return lower
  if (!/^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(lower)) return undefined
  const number = [...lower].reduce((sum, sign) => sum * 32n + BigInt(alphabet.indexOf(sign)), 0n)
  const digits = number.toString(16).padStart(32, '0')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The path of a GS1 Digital Link, also of what a DataMatrix says in elements: `(01)…(21)…`. */
function pathIn(code: string): string | undefined {
  const told = [...code.matchAll(/\((01|10|21|22|8004)\)([^(]+)/g)]
  const elements = told.map(([, key, value]) => `/${key}/${encodeURIComponent(value!.trim())}`).join('')
  return /\/(?:01|8004)\/[^?#\s]+/.exec(code)?.[0] ?? (elements || undefined)
}

/** Asks the platform alone: what a code of somebody else's leads to is for who opens it. */
export async function lookUp(code: string): Promise<Scan> {
  const scan = { code, at: new Date().toISOString() }
  const found = ({ id, identifier, status }: { id: string; identifier: string | null; status: string }): Scan => ({
    ...scan,
    result: 'found',
    title: identifier ?? id,
    status,
    to: `/passports/${id}`,
  })
  const path = pathIn(code)
  const id = path ? await ledBy(path) : idIn(/\/(?:passports?|id)\/(\w[\w-]*)/.exec(code)?.[1] ?? code)
  const passport = id && (await unless(read('/api/passports/{id}', { id })))
  if (passport) return found(passport.data)
  for (const word of ['identifier', 'serial']) {
    const { data } = (await unless(read('/api/passports', {}, { [word]: code, limit: '2' }))) ?? {}
    const [first, second] = data?.items ?? []
    if (second) return { ...scan, result: 'several', to: `/passports?${word}=${encodeURIComponent(code)}` }
    if (first) return found(first)
  }
  const isForeign = /^https?:\/\//i.test(code) && !code.startsWith(location.origin)
  return { ...scan, result: isForeign ? 'foreign' : 'unknown' }
}

/** Where our own resolver leads by a GS1 Digital Link, whoever is named in it. */
async function ledBy(path: string): Promise<string | undefined> {
  const response = await fetch(`${base}${path}`, { headers: { accept: 'application/json' } })
  // Who asks too often hears so.
  if (response.status === 429) throw await problemOf(response)
  return response.ok ? idIn(new URL(response.url).pathname.split('/').at(-1)!) : undefined
}

/** Nothing, where there is none or where it can be none. */
const unless = <T>(asked: Promise<T>): Promise<T | undefined> =>
  asked.catch(error => {
    if (error instanceof ApiProblem && [400, 404].includes(error.status)) return undefined
    throw error
  })
