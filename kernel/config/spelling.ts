import { platformSettings, type Settings } from './config.ts'
import { mailSettings } from '../mail/mail.ts'
import type { Service } from '../service.ts'

/**
 * A sentence for each name in the environment that is no setting and is written much like one, its first letter the
 * same, so that nobody believes it to have an effect. `names` are those of all services there are; settings of services
 * that do not run here are not known.
 */
export function misspelt(environment: Settings, services: readonly Service[], names: readonly string[]): string[] {
  const known = new Set([
    ...[platformSettings, mailSettings, ...services.flatMap(({ settings = [] }) => settings)].flatMap(
      ({ properties }) => Object.keys(properties),
    ),
    ...names.flatMap(name => ['SERVICE', 'DATABASE'].map(what => `${name.toUpperCase()}_${what}_URL`)),
  ])
  return Object.keys(environment)
    .filter(name => environment[name] && !known.has(name))
    .flatMap(name => {
      const meant = [...known].find(
        setting => setting.length >= 8 && setting[0] === name[0] && distance(name, setting) <= 2,
      )
      return meant ? [`${name} is no setting and has no effect; ${meant} may be meant.`] : []
    })
}

/** How many letters have to be added, left out or changed to make one of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1]
    for (let at = 0; at < other.length; at++)
      next.push(Math.min(next[at]! + 1, row[at + 1]! + 1, row[at]! + (letter === other[at] ? 0 : 1)))
    row = next
  }
  return row.at(-1)!
}
