import type { Service } from '../../kernel/index.ts'

/** These services, of which one or all tell their periodic works, so that a test can let the clock strike. */
export function withClockwork(services: readonly Service[], name?: string) {
  const works = new Map<string, Map<string, () => Promise<void>>>()
  const watched = services.map((service): Service => {
    if (name !== undefined && service.name !== name) return service
    const own = new Map<string, () => Promise<void>>()
    works.set(service.name, own)
    return {
      ...service,
      start: host =>
        service.start({
          ...host,
          every(interval, purpose, work) {
            own.set(purpose, work)
            host.every(interval, purpose, work)
          },
        }),
    }
  })
  /** Does the works of a service whose purpose is like this, once each. */
  const strikeAt = async (service: string, like: RegExp): Promise<void> => {
    for (const [purpose, work] of works.get(service) ?? []) if (like.test(purpose)) await work()
  }
  return {
    services: watched,
    strikeAt,
    /** The same of the one that was named. */
    strike: (like: RegExp): Promise<void> => strikeAt(name!, like),
  }
}
