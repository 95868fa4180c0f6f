import { mayRead, type Actor } from '#kernel'
import type { Passport } from '../passports.ts'
import type { Count, View } from './views.ts'

/** Whether who asks reads what the owner reads, or what the law opens to them. */
export type Reading =
  | { readonly view: 'owner'; readonly isAdmin: boolean }
  | { readonly view: View; readonly isAdmin?: undefined }

/**
 * As what somebody reads a passport; undefined for nothing at all. Drafts are for the owner, and for those whom they let
 * in as themselves. An authority is whoever acts for an organisation that was verified as one, or has that role; an
 * interest is named by the owner, and may end.
 */
export function readingOf(
  reader: Actor | undefined,
  passport: Pick<Passport, 'owner' | 'readers' | 'status' | 'interested' | 'byAuthority'> | undefined,
): Reading | undefined {
  if (!passport) return undefined
  if (reader && mayRead(reader, passport))
    return { view: 'owner', isAdmin: reader.role === 'admin' && !mayRead({ ...reader, role: 'user' }, passport) }
  if (passport.status === 'draft') return undefined
  const isAuthority = reader?.role === 'authority' || (reader !== undefined && passport.byAuthority === true)
  if (reader && passport.interested) return { view: isAuthority ? 'both' : 'interest' }
  return { view: isAuthority ? 'authority' : 'public' }
}

/** What a view counts of a passport; of one that nobody has counted yet, as if it had never changed. */
export const countOf = ({ seen, createdAt }: Passport, view: View): Count =>
  seen?.[view] ?? { version: 1, at: createdAt.toISOString() }
