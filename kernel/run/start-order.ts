import { StartError } from '../problem.ts'
import type { Service } from '../service.ts'

/** Those who are asked before those who ask. Refuses double names, needs nobody here can answer, and circles. */
export function inOrder(services: readonly Service[], isElsewhere: (name: string) => boolean): Service[] {
  const byName = new Map<string, Service>()
  for (const service of services) {
    if (byName.has(service.name)) throw new StartError(`Two services are called ${service.name}.`)
    byName.set(service.name, service)
  }
  const order: Service[] = []
  const visit = (service: Service, path: string[]): void => {
    if (order.includes(service)) return
    if (path.includes(service.name))
      throw new StartError(
        'Services need each other in a circle: ' +
          `${[...path.slice(path.indexOf(service.name)), service.name].join(' → ')}.`,
      )
    for (const call of service.needs ?? []) {
      const owner = byName.get(call.owner)
      if (!owner && !isElsewhere(call.owner))
        throw new StartError(
          `${service.name} needs ${call.name} of ${call.owner}, which does not run here. ` +
            `Add it to OHMNIBUS_SERVICES, or say where it runs: ${call.owner.toUpperCase()}_SERVICE_URL`,
        )
      if (owner && owner !== service) visit(owner, [...path, service.name])
    }
    order.push(service)
  }
  for (const service of services) visit(service, [])
  return order
}
