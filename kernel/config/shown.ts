import type { TObject } from 'typebox'
import type { Service } from '../service.ts'
import { type Config, platformSettings } from './config.ts'
import { Setting, type SettingShown } from './settings.ts'

/**
 * All settings of the platform and of the services that run here, with where each comes from. Secrets are shown to
 * nobody, nor what addresses say for who signs in.
 */
export function settingsShown({ environment, fromFile, databases, addresses }: Config, services: readonly Service[]) {
  const of = new Map<string, SettingShown>()
  const add = (who: string, name: string, property: { description: string; format?: string; default?: unknown }) => {
    const former = of.get(name)
    if (former) return void former.of.push(who)
    const given = environment[name]?.trim()
    const value = given || String(property.default ?? '')
    const secret = property.format === 'secret'
    of.set(name, {
      name,
      of: [who],
      description: property.description,
      secret,
      from: given ? (fromFile.has(name) ? 'file' : 'environment') : value ? 'default' : 'nowhere',
      value: secret || !value ? null : value.replaceAll(/\/\/[^/\s@]*@/g, '//…@').replaceAll(/\?[^\s,]*/g, '?…'),
    })
  }
  const addAll = (who: string, schema: TObject = { properties: {} } as never) => {
    for (const [name, property] of Object.entries(schema.properties)) add(who, name, property as never)
  }
  addAll('platform', platformSettings)
  for (const { name, settings } of services) addAll(name, settings)
  for (const name of databases.keys())
    add(name, `${name.toUpperCase()}_DATABASE_URL`, Setting.secret('PostgreSQL of this service alone.') as never)
  for (const name of addresses.keys())
    add(name, `${name.toUpperCase()}_SERVICE_URL`, Setting.text('Where this service runs.') as never)
  return [...of.values()]
}
