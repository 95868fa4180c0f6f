import type { SettingKind, SettingValue } from '#contracts/admin'
import { Problem } from '#kernel'

/** A value that admins give while the platform runs. */
export interface Setting {
  readonly key: string
  readonly kind: SettingKind
  /** Of a `choice`. */
  readonly choices: readonly string[]
  /** It takes two admins to change it. */
  readonly critical: boolean
  readonly description: string
  readonly value: SettingValue
  readonly version: number
  readonly changedBy: string
  readonly changedAt: Date
}

const takes: Record<SettingKind, (value: SettingValue, choices: readonly string[]) => boolean> = {
  text: value => typeof value === 'string',
  integer: value => typeof value === 'number',
  decimal: value => typeof value === 'string' && /^-?\d{1,15}(\.\d{1,9})?$/.test(value),
  boolean: value => typeof value === 'boolean',
  choice: (value, choices) => typeof value === 'string' && choices.includes(value),
}

const words: Record<SettingKind, string> = {
  text: 'takes a text',
  integer: 'takes a whole number',
  decimal: 'takes a number as a text, like "0.19"',
  boolean: 'takes true or false',
  choice: 'takes one of',
}

/** Fails with `setting_value`. */
export function requireFit({ kind, choices }: Pick<Setting, 'kind' | 'choices'>, value: SettingValue): void {
  if (takes[kind](value, choices)) return
  const detail = kind === 'choice' ? `${words.choice} ${choices.join(', ')}` : words[kind]
  throw new Problem('unprocessable', 'setting_value', { errors: [{ pointer: '/value', detail }] })
}

/** The setting with another value. Fails with `version_behind` where somebody was quicker, and with `setting_value`. */
export function changed(
  setting: Setting,
  { value, version }: { value: SettingValue; version: number },
  by: string,
  at: Date,
): Setting {
  requireVersion(setting, version)
  requireFit(setting, value)
  return { ...setting, value, version: version + 1, changedBy: by, changedAt: at }
}

/** Who changes something says which version they saw. Fails with `version_behind`. */
export function requireVersion(there: { version: number }, seen: number): void {
  if (seen === there.version) return
  throw new Problem('conflict', 'version_behind', {
    detail: `Somebody changed it: it is at version ${there.version} now. Read it again and repeat the change.`,
    version: there.version,
  })
}
