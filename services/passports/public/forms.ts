import { valueIn } from '../columns.ts'
import { publicIdOf } from '../codes/codes.ts'
import type { Passport } from '../passports.ts'
import type { EffectiveView } from '../units/effective.ts'

/** The forms that the public part of a passport has at its address, the one of people first. */
export const forms = ['text/html', 'application/ld+json', 'application/json', 'application/pdf'] as const
export type Form = (typeof forms)[number]

/**
 * The form that somebody accepts best (RFC 9110, 12.5.1), HTML before the others where they are as welcome; undefined for
 * none of them.
 */
export function formAccepted(accept: string | undefined): Form | undefined {
  const ranges = (accept ?? '*/*')
    .slice(0, 1000)
    .split(',')
    .map(part => {
      const [range = '', ...rest] = part.split(';').map(one => one.trim().toLowerCase())
      const weight = Number(rest.find(one => one.startsWith('q='))?.slice(2) ?? '1')
      return { range, weight: weight >= 0 && weight <= 1 ? weight : 0 }
    })
  const weightOf = (form: Form): number => {
    const names = [form, `${form.split('/')[0]}/*`, '*/*']
    for (const name of names) {
      const found = ranges.find(({ range }) => range === name)
      if (found) return found.weight
    }
    return 0
  }
  const [best] = [...forms].sort((one, other) => weightOf(other) - weightOf(one))
  return weightOf(best!) > 0 ? best : undefined
}

/** The public part of a passport as JSON-LD, its context within it: nothing has to be fetched to read it. */
export const jsonLdOf = (publicUrl: string, base: string, passport: Passport, items: readonly EffectiveView[]) => ({
  '@context': { '@version': 1.1, '@vocab': `${publicUrl}/vocabulary/` },
  '@id': `${base}/id/${publicIdOf(passport.id)}`,
  '@type': 'BatteryPassport',
  passportId: passport.id,
  uniqueProductIdentifier: valueIn('identifier', passport.data),
  granularity: passport.granularity,
  status: passport.status,
  ...Object.fromEntries(
    items.map(({ id, value, unit, at, plant, notApplicable }) => [
      id,
      { value, ...(unit !== null && { unit }), at, ...(plant && { plant }), ...(notApplicable && { notApplicable }) },
    ]),
  ),
})
