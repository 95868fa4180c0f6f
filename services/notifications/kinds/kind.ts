import type { EventContract } from '#contracts/define'
import type { Owner, Role } from '#contracts/shared'
import { Problem, type Delivered } from '#kernel'
import type { NotificationsHost } from '../host.ts'

export type Locale = 'en' | 'de'

/** Whom a message is for; of a role all who have it on the platform, of managers the owners and admins of an organisation. An address has no account behind it (yet, or any more): it gets mail and nothing else. */
export type Audience =
  | Owner
  | { kind: 'managers'; id: string }
  | { kind: 'role'; id: Role }
  | { kind: 'address'; address: string; locale: Locale }

/** What an event has to tell one audience; `path` leads to what it is about. */
export interface Draft<Facts = Record<string, unknown>> {
  audience: Audience
  facts: Facts
  path?: string
}

/**
 * What a message says, in plain words: greeting, code, link and signature are added around it, and whatever is added is
 * escaped.
 */
export interface Words {
  /** Subject of the mail and title in the list. */
  title: string
  /** Paragraphs, before the code and the link. */
  text: string[]
  /** What the link is for. */
  action?: string
  /** Small print, at the end of the mail only. */
  note?: string
}

/** How messages of a kind travel. */
export interface Policy {
  /** Unless the reader chose otherwise. */
  email: boolean
  inApp: boolean
  /** The reader cannot choose: it is about their account's safety, or they asked for it. */
  fixed?: boolean
  /** `urgent` where somebody waits for it, `bulk` for what comes by the thousand; see `Urgency`. */
  urgency?: 'urgent' | 'bulk'
  /** Even to somebody who is disabled. */
  disabledToo?: boolean
  /** By mail even to who did it themselves, as far as anybody can tell. */
  ownToo?: boolean
}

/** What must not be stored, fetched when the mail goes out. */
export interface Secret {
  code?: string
  link?: string
}

/** All about the messages of one event: whom they concern, how they travel, what they say. */
export interface Rule<E extends EventContract, Facts> extends Policy {
  event: E
  drafts(event: Delivered<E>): Draft<Facts>[]
  /** Undefined when it is used or expired and nobody needs the mail any more. */
  secret?(host: NotificationsHost, facts: Facts): Promise<Secret | undefined>
  en(facts: Facts): Words
  de(facts: Facts): Words
  /** Title of a mail that tells of so many at once; without it each has a mail of its own. */
  many?: Record<Locale, (count: number) => string>
}

/** Facts are what `drafts` says of the event: name it before the words, which are made of them. */
export const rule = <E extends EventContract, Facts>(
  event: E,
  policy: Policy,
  about: Omit<Rule<E, Facts>, 'event' | keyof Policy>,
): Rule<E, Facts> => ({ event, ...policy, ...about })

export const security: Policy = { email: true, inApp: true, fixed: true }
export const mailOnly: Policy = { email: true, inApp: false, fixed: true }
export const both: Policy = { email: true, inApp: true }
export const inAppOnly: Policy = { email: false, inApp: true }
/** An import causes it by the thousand. */
export const inBulk = (policy: Policy): Policy => ({ ...policy, urgency: 'bulk' })

/** Undefined where the other side knows no such thing (any more) and says so by `code`. */
export const unlessUnknown = <T>(code: string, answer: Promise<T>): Promise<T | undefined> =>
  answer.catch(error => {
    if (error instanceof Problem && error.code === code) return undefined
    throw error
  })
