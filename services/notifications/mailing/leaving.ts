import type { NotificationsHost } from '../host.ts'
import { optionalKinds, type Kind } from '../messages.ts'
import { opened, prefix, sealed } from './links.ts'

/** What a link of a mail lets its reader do without signing in. */
export type Leave =
  /** End mails of a kind to somebody, or all that may be ended. */
  { userId: string; what: Kind | 'all' }

const isId = /^[0-9a-f-]{36}$/

/** Good for as long as the account is there: people find the mail of last year, too. */
export const leaveLink = (host: NotificationsHost, { userId, what }: Leave): string =>
  `${host.platform.publicUrl}${prefix}/unsubscribe/${sealed(host, 'links that end mails', `${userId} ${what}`)}`

/** Undefined for what we never signed, and for what nobody may end (any more). */
export function leaveOf(host: NotificationsHost, token: string): Leave | undefined {
  const [userId, what] = opened(host, 'links that end mails', token)?.split(' ') ?? []
  const known = what === 'all' || optionalKinds.includes(what as Kind)
  return userId && isId.test(userId) && known ? { userId, what: what as Kind | 'all' } : undefined
}
