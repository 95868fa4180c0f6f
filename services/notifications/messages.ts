import type { EventContract } from '#contracts/define'
import type { OrganisationRole } from '#contracts/shared'
import type { Delivered } from '#kernel'
import { billing } from './kinds/billing.ts'
import { booking } from './kinds/booking.ts'
import { charging } from './kinds/charging.ts'
import { documents } from './kinds/documents.ts'
import { signingIn } from './kinds/factors.ts'
import { identity } from './kinds/identity.ts'
import type { Draft, Locale, Rule, Words } from './kinds/kind.ts'
import { maintenance } from './kinds/maintenance.ts'
import { notifications } from './kinds/notifications.ts'
import { orders } from './kinds/orders.ts'
import { passports } from './kinds/passports.ts'
import { terms } from './kinds/terms.ts'
import { users } from './kinds/users.ts'
import { vendors } from './kinds/vendors.ts'

const all = {
  ...identity,
  ...signingIn,
  ...terms,
  ...passports,
  ...documents,
  ...charging,
  ...billing,
  ...booking,
  ...maintenance,
  ...users,
  ...orders,
  ...vendors,
  ...notifications,
}

/** A message is called as the event it is about. */
export type Kind = keyof typeof all

/** Every event people are told of, how, and whom it concerns. */
// Each is tied to its event and facts where it is written.
export const rules: Record<Kind, Rule<any, any>> = all

export const kinds = Object.keys(rules) as Kind[]

/** Kinds a reader may switch on and off. */
export const optionalKinds = kinds.filter(kind => !rules[kind].fixed)

/**
 * What an event has to tell, to whom. Texts of other people become one line without anything that could steer a
 * reader's program.
 */
export const draftsOf = (kind: Kind, event: Delivered<EventContract>): Draft[] =>
  rules[kind].drafts(event).map(draft => ({
    ...draft,
    facts: Object.fromEntries(
      Object.entries(draft.facts).map(([name, value]) => [name, typeof value === 'string' ? plain(value) : value]),
    ),
  }))

/** Control characters, line ends and marks that turn the writing direction around are gone; at most 200 characters. */
export const plain = (text: string): string =>
  text
    .replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .replace(/^(.{200}).+$/u, '$1…')

/** The words of a message in a language. */
export const wordsOf = (kind: Kind, locale: Locale, facts: Record<string, unknown>): Words => rules[kind][locale](facts)

/** Whether mails of a kind that come soon after each other become one. */
export const gathered = (kind: Kind): boolean => rules[kind].many !== undefined

/** What a mail that tells of several messages of a kind is called. */
export const titleOfMany = (kind: Kind, locale: Locale, count: number): string => rules[kind].many![locale](count)

/** Somebody who may get a message, and what they chose. */
export interface Reader {
  disabled: boolean
  /** In the organisation the message is for. */
  role?: OrganisationRole
  /** They caused it themselves. */
  isOwnAct?: boolean
}

export type Channel = 'email' | 'inApp' | 'push' | 'sms'

/** What a person chose for themselves; what is not there follows the defaults. */
export type Choices = Record<Channel, Partial<Record<Kind, boolean>>>

/** What may stand on a locked screen: no code, and no link that lets anybody in. */
const remoteKinds = kinds.filter(kind => !rules[kind].secret && kind !== 'user.deleted')

/** Kinds that a reader chooses on a channel: what is fixed comes by mail and in the application, and may come by others. */
export const choosableOn = (channel: Channel): Kind[] =>
  channel === 'push' || channel === 'sms' ? remoteKinds : optionalKinds

/** What a reader gets on a channel who chose nothing: a push wherever a mail goes, an SMS never. */
export const isDefault = (kind: Kind, channel: Channel): boolean =>
  channel === 'push' || channel === 'sms'
    ? channel === 'push' && rules[kind].email && remoteKinds.includes(kind)
    : rules[kind][channel]

/** Whether a message disturbs at night, and comes by itself: somebody waits for it, or it is about their account's safety. */
export const isPressing = (kind: Kind): boolean => rules[kind].urgency === 'urgent' || rules[kind].fixed === true

/** Whether a message may wait for its reader's digest. */
export const digestible = (kind: Kind): boolean => !isPressing(kind) && !rules[kind].secret

/**
 * Whether a reader gets a message of a kind on a channel. What leaves the platform about an organisation's things goes to
 * its owners and admins only, and about what they did themselves to nobody, but for the safety of their account.
 */
export function reaches(kind: Kind, channel: Channel, reader: Reader, choices: Partial<Choices> | undefined): boolean {
  const policy = rules[kind]
  if (reader.disabled && !policy.disabledToo) return false
  if (channel !== 'inApp' && reader.role && reader.role !== 'owner' && reader.role !== 'admin') return false
  if (channel !== 'inApp' && reader.isOwnAct && !policy.fixed && !policy.ownToo) return false
  return (choosableOn(channel).includes(kind) ? choices?.[channel]?.[kind] : undefined) ?? isDefault(kind, channel)
}
