import leven from 'leven'
import { type Config, platformSettings } from './config.ts'
import type { Service } from '../service.ts'
import type { Settings } from './settings.ts'

/**
 * A sentence for each name in the environment that is no setting and is written much like one, its first letter the
 * same, so that nobody believes it to have an effect. `names` are those of all services there are; settings of services
 * that do not run here are not known.
 */
export function misspelt(environment: Settings, services: readonly Service[], names: readonly string[]): string[] {
  const known = new Set([
    ...[platformSettings, ...services.flatMap(({ settings = [] }) => settings)].flatMap(({ properties }) =>
      Object.keys(properties),
    ),
    ...names.flatMap(name => ['SERVICE', 'DATABASE'].map(what => `${name.toUpperCase()}_${what}_URL`)),
  ])
  return Object.keys(environment)
    .filter(name => environment[name] && !known.has(name))
    .flatMap(name => {
      const meant = [...known].find(
        setting => setting.length >= 8 && setting[0] === name[0] && leven(name, setting) <= 2,
      )
      return meant ? [`${name} is no setting and has no effect; ${meant} may be meant.`] : []
    })
}

/** Services that there are and that neither run here nor have an address, where somebody stands before all. */
export const nowhere = (services: readonly Service[], { addresses }: Config, everywhere: readonly string[]): string[] =>
  everywhere.filter(
    name => services.some(({ front }) => front) && !addresses.has(name) && !services.some(own => own.name === name),
  )
