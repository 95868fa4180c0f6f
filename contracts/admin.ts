import Type, { type Static } from 'typebox'
import { call, event } from './define.ts'
import { Id, Instant } from './shared.ts'

const Version = Type.Integer({ minimum: 1, examples: [1] })

/**
 * What those who run the platform decide for all of it: settings, switches, and what takes two of them. Services that
 * want to know keep it as rows of their own from the events; the greatest version is right, in whatever order they come.
 */

/** The name of a setting or a switch: words in small letters, with dots and hyphens between them. */
export const AdminKey = Type.String({
  minLength: 1,
  maxLength: 80,
  pattern: '^[a-z][a-z0-9]*([.-][a-z0-9]+)*$',
  examples: ['shop.greeting'],
})

/** What a setting takes. A `decimal` is a text, so that nothing of it is lost on the way. */
export const SettingKind = Type.Enum(['text', 'integer', 'decimal', 'boolean', 'choice'], { examples: ['text'] })
export type SettingKind = Static<typeof SettingKind>

export const SettingValue = Type.Union(
  [
    Type.String({ maxLength: 2_000, pattern: '^[^\\u0000]*$' }),
    Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
    Type.Boolean(),
  ],
  { examples: ['Works on Sunday from 2 to 3.'] },
)
export type SettingValue = Static<typeof SettingValue>

const Setting = Type.Object({ key: AdminKey, kind: SettingKind, value: SettingValue, version: Version })

/** A setting exists, or has another value. */
export const SettingChanged = event('admin', 'setting.changed', 'key', Setting)

/**
 * What admins say in settings: `notice.text` stands above every page and in the console, the others are pages. Beside each
 * is one for who reads German (`notice.text.de`), which holds where it says something.
 */
export type Worded = 'notice' | 'imprint' | 'accessibility'

/** What is said in a language, by what settings say; empty where nothing is. */
export function wordsFor(about: Worded, language: string, valueOf: (key: string) => unknown): string {
  const german = language === 'de' ? valueOf(`${about}.text.de`) : undefined
  return String(german || (valueOf(`${about}.text`) ?? ''))
}

/** All settings as they are now. */
export const listSettings = call(
  'admin',
  'list_settings',
  Type.Object({}),
  Type.Object({ settings: Type.Array(Setting) }),
)

/**
 * For whom something new is there: while `isOn`, for the organisations (or people who act for themselves) in `only` and
 * for a share of all others, never for those in `never`.
 */
export const Switch = Type.Object({
  name: AdminKey,
  isOn: Type.Boolean(),
  /** Of 10,000 this many; who they are follows from the name of the switch and their id alone. */
  shareBasisPoints: Type.Integer({ minimum: 0, maximum: 10_000, examples: [2_500] }),
  only: Type.Array(Id, { maxItems: 1_000 }),
  never: Type.Array(Id, { maxItems: 1_000 }),
  version: Version,
})
export type Switch = Static<typeof Switch>

/** What services ask a switch about before they do it; other switches are for programs of one's own. */
export const features = ['orders.checkout', 'sessions.start', 'vendors.registration'] as const
export type Feature = (typeof features)[number]

/** A switch exists, or is turned otherwise. */
export const SwitchTurned = event('admin', 'switch.turned', 'name', Switch)

/** All switches as they are now; `isOnFor` says for whom one is on. */
export const listSwitches = call(
  'admin',
  'list_switches',
  Type.Object({}),
  Type.Object({ switches: Type.Array(Switch) }),
)

/** Whether a switch is on for an organisation, or for a person who acts for themselves; the same in every process. */
export function isOnFor({ name, isOn, shareBasisPoints, only, never }: Omit<Switch, 'version'>, id: string): boolean {
  if (!isOn || never.includes(id)) return false
  return only.includes(id) || placeOf(`${name} ${id}`) < shareBasisPoints
}

/** A place from 0 to 9999 that follows from a text: FNV-1a, its bits mixed as MurmurHash3 does at the end. */
export function placeOf(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % 10_000
}

/** Two admins agreed that an account is to be deleted; identity does it, or says why not, by `account-deletion.ended`. */
export const AccountDeletionApproved = event(
  'admin',
  'account-deletion.approved',
  'userId',
  Type.Object({ requestId: Id, userId: Id, askedBy: Id, approvedBy: Id }),
)

/**
 * An admin did what no event tells, as trying dead letters again: it is written down once for each `id`, however often
 * that is asked.
 */
export const noteAct = call(
  'admin',
  'note_act',
  Type.Object({
    id: Id,
    at: Instant,
    /** Where it was done; the kernel where nothing is said. */
    service: Type.Optional(Type.String({ maxLength: 100 })),
    actorId: Id,
    act: Type.String({ maxLength: 100 }),
    object: Type.String({ maxLength: 300 }),
    details: Type.Record(Type.String(), Type.Unknown()),
  }),
  Type.Object({}),
)
