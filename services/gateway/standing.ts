import type { Reply, Texts } from '#kernel'

type State = 'ok' | 'away' | 'other'

interface Part {
  readonly name: Texts<string>
  readonly standing: State
}

/** How the platform is, as people would say it. */
export interface Standing {
  readonly status: 'ok' | 'failing' | 'stopping'
  readonly parts: readonly Part[]
  readonly engines: readonly Part[]
}

/** What services are for people; one that is not named here is told by its own name. */
const parts: readonly (readonly [name: Texts<string>, services: readonly string[]])[] = [
  [{ en: 'Signing in', de: 'Anmelden' }, ['identity']],
  [{ en: 'Battery passports', de: 'Batteriepässe' }, ['passports', 'documents']],
  [{ en: 'Charging', de: 'Laden' }, ['stations', 'ocpp', 'sessions', 'billing', 'booking', 'maintenance']],
  [{ en: 'Shop', de: 'Shop' }, ['marketplace', 'cart', 'orders', 'users', 'vendors']],
  [{ en: 'Messages', de: 'Nachrichten' }, ['notifications']],
  [{ en: 'Help, tutorials and blog', de: 'Hilfe, Anleitungen und Blog' }, ['content']],
  [{ en: 'Running the platform', de: 'Betrieb der Plattform' }, ['gateway', 'admin', 'analytics']],
]

const engines: Record<string, Texts<string>> = {
  database: { en: 'Data', de: 'Daten' },
  kafka: { en: 'Events', de: 'Ereignisse' },
  cache: { en: 'Counters', de: 'Zähler' },
  files: { en: 'Files', de: 'Dateien' },
  mail: { en: 'Mail', de: 'E-Mail' },
}

const stateOf = (said: string): State => (said === 'ok' ? 'ok' : said === 'away' ? 'away' : 'other')
const worst = (states: readonly State[]): State =>
  states.includes('away') ? 'away' : states.includes('other') ? 'other' : 'ok'

/** By what `/health` tells strangers. */
export async function standingOf({ server }: Reply): Promise<Standing> {
  const health = (await server.inject('/health')).json<{
    status: Standing['status']
    services: Record<string, string>
    engines: Record<string, string>
  }>()
  const told = new Map(Object.entries(health.services))
  const named = parts.flatMap(([name, services]): Part[] => {
    const states = services.flatMap(service => told.get(service) ?? []).map(stateOf)
    for (const service of services) told.delete(service)
    return states.length > 0 ? [{ name, standing: worst(states) }] : []
  })
  const others = [...told].map(([en, said]) => ({ name: { en, de: en }, standing: stateOf(said) }))
  return {
    status: health.status,
    parts: [...named, ...others],
    engines: Object.entries(health.engines).map(([name, said]) => ({
      name: engines[name] ?? { en: name, de: name },
      standing: said === 'ok' ? 'ok' : 'away',
    })),
  }
}
