import type { Service } from '../../kernel/index.ts'

/** These services, of which one tells its periodic works, so that a test can let the clock strike. */
export function withClockwork(services: readonly Service[], name: string) {
  const works = new Map<string, () => Promise<void>>()
  const watched = services.map((service): Service =>
    service.name === name
      ? {
          ...service,
          start: host =>
            service.start({
              ...host,
              every(interval, purpose, work) {
                works.set(purpose, work)
                host.every(interval, purpose, work)
              },
            }),
        }
      : service,
  )
  /** Does the works whose purpose is like this, once each. */
  const strike = async (like: RegExp): Promise<void> => {
    for (const [purpose, work] of works) if (like.test(purpose)) await work()
  }
  return { services: watched, strike }
}
