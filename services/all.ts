import { StartError, type Service } from '#kernel'

/** Every service of Ohmnibus, by name and in the order of the product: who comes in, what they have, charge, buy, and who runs it. Loaded only when it runs. */
export const all: Record<string, () => Promise<Service>> = {
  gateway: async () => (await import('./gateway/service.ts')).gateway,
  identity: async () => (await import('./identity/service.ts')).identity,
  passports: async () => (await import('./passports/service.ts')).passports,
  documents: async () => (await import('./documents/service.ts')).documents,
  notifications: async () => (await import('./notifications/service.ts')).notifications,
  stations: async () => (await import('./stations/service.ts')).stations,
  ocpp: async () => (await import('./ocpp/service.ts')).ocpp,
  sessions: async () => (await import('./sessions/service.ts')).sessions,
  billing: async () => (await import('./billing/service.ts')).billing,
  booking: async () => (await import('./booking/service.ts')).booking,
  maintenance: async () => (await import('./maintenance/service.ts')).maintenance,
  analytics: async () => (await import('./analytics/service.ts')).analytics,
  marketplace: async () => (await import('./marketplace/service.ts')).marketplace,
  cart: async () => (await import('./cart/service.ts')).cart,
  orders: async () => (await import('./orders/service.ts')).orders,
  users: async () => (await import('./users/service.ts')).users,
  vendors: async () => (await import('./vendors/service.ts')).vendors,
  content: async () => (await import('./content/service.ts')).content,
  admin: async () => (await import('./admin/service.ts')).admin,
}

/** The services of these names, or all. Fails with `StartError` on a name there is not. */
export async function choose(names: readonly string[] = Object.keys(all)): Promise<Service[]> {
  const unknown = names.filter(name => !all[name])
  if (unknown.length > 0)
    throw new StartError(`OHMNIBUS_SERVICES names ${unknown.join(', ')}; there are ${Object.keys(all).join(', ')}.`)
  return await Promise.all(names.map(name => all[name]!()))
}
