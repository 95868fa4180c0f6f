import { setTimeout as sleep } from 'node:timers/promises'
import type { Platform } from './kernel/run/run.ts'

/**
 * Asks a platform over HTTP or, for one that runs here, in the process. Resolves with the body of a 2xx answer, JSON of
 * any shape; fails with what was answered.
 */
export type Client = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
  token?: string,
) => Promise<any>

/** A client of a platform that listens somewhere. */
export const remote =
  (url: string): Client =>
  async (method, path, body, token) => {
    const answer = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    return understood(answer.status, await answer.text(), `${method} ${path}`)
  }

const local =
  ({ app }: Platform): Client =>
  async (method, url, body, token) => {
    const answer = await app.inject({
      method,
      url,
      ...(body && { payload: body }),
      headers: token ? { authorization: `Bearer ${token}` } : {},
    })
    return understood(answer.statusCode, answer.body, `${method} ${url}`)
  }

function understood(status: number, text: string, what: string): any {
  const body = text === '' ? undefined : JSON.parse(text)
  if (status >= 300) throw new Error(`${what} answered ${status}: ${body?.detail ?? text}`)
  return body
}

/** Address and password of the admin that this start made; undefined where there is to be no demo, or cannot be one. */
function demoAdmin({ announcements, config, log }: Platform): { email: string; password: string } | undefined {
  const admin = announcements.find(({ label }) => label === 'First admin')
  if (!admin || !config.OHMNIBUS_DEMO) return undefined
  if (/\badmin\b/.test(config.environment.REQUIRE_MFA ?? '')) {
    log.info('no demo data: REQUIRE_MFA lets admins do nothing before they have a second factor')
    return undefined
  }
  const [email, password] = admin.value.split(' / ') as [string, string]
  return { email, password }
}

/** Fills the first start in evaluation mode, signed in as the admin that start made. */
export async function seedDemo(platform: Platform): Promise<void> {
  const admin = demoAdmin(platform)
  if (admin && platform.services.includes('ocpp')) await seedCharging(platform, admin)
}

/** Makes batteries and fills the shop behind the banner: nobody waits for them, and what fails keeps nobody from the rest. */
export async function stockDemo(platform: Platform, stopping: AbortSignal): Promise<void> {
  const admin = demoAdmin(platform)
  if (!admin) return
  const parts = {
    passports: async () => (await import('./tools/demo/batteries.ts')).seedBatteries,
    marketplace: async () => (await import('./tools/demo/shop.ts')).seedShop,
  }
  for (const [service, part] of Object.entries(parts)) {
    if (stopping.aborted || !platform.services.includes(service)) continue
    try {
      const fill = await part()
      await fill(platform, local(platform), admin, stopping)
    } catch (error) {
      if (!stopping.aborted) platform.log.warn({ err: error }, `the demo of ${service} is not whole`)
    }
  }
  if (platform.services.includes('notifications'))
    await leaveNothingUnread(local(platform), admin, stopping).catch(error => {
      if (!stopping.aborted) platform.log.warn({ err: error }, 'the inbox of the demo is full of it')
    })
}

/** What the demo itself brought about is no news to its admin: marked as read once all of it has come. */
async function leaveNothingUnread(
  client: Client,
  admin: { email: string; password: string },
  stopping: AbortSignal,
): Promise<void> {
  const { accessToken } = await client('POST', '/api/auth/login', admin)
  for (let before = -1, tries = 0; tries < 30; tries++) {
    const { count } = await client('GET', '/api/notifications/count?unread=true', undefined, accessToken)
    if (count === before) break
    before = count
    await sleep(2_000, undefined, { signal: stopping })
  }
  await client('POST', '/api/notifications/read-all', undefined, accessToken)
}

/** Cards that the drivers of the demo hold against its chargers. */
const demoCards = ['DEMO-CARD-1', 'DEMO-CARD-2', 'DEMO-CARD-3']

async function seedCharging(platform: Platform, person: { email: string; password: string }): Promise<void> {
  const client = local(platform)
  const login = await client('POST', '/api/auth/login', person)
  // Whoever tries out what operators do acts for it, as it is the first.
  const { id } = await client('POST', '/api/auth/organisations', { name: 'Demo Charging' }, login.accessToken)
  const way = `/api/auth/organisations/${id}/switch`
  const { accessToken } = await client('POST', way, {}, login.accessToken)
  for (const idToken of demoCards)
    await client('POST', '/api/ocpp/tokens', { idToken, type: 'ISO14443', label: 'Demo' }, accessToken)
  if (!platform.services.includes('stations')) return
  const { seedStations } = await import('./tools/demo/stations.ts')
  await seedStations(client, accessToken, platform.services.includes('billing'))
}

/** In evaluation mode a dozen simulated chargers are at work until the platform stops. */
export async function chargeDemo(
  { config, services }: Platform,
  address: string,
  stopping: AbortSignal,
): Promise<void> {
  if (config.mode !== 'evaluation' || !config.OHMNIBUS_DEMO || !services.includes('ocpp') || stopping.aborted) return
  const { simulate } = await import('./tools/simulate/simulate.ts')
  const versions = ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const
  // As slow as one can watch, and as little as one can leave alone for days.
  simulate({
    url: address,
    chargers: 12,
    versions,
    scenario: 'demo',
    speed: 4,
    prefix: 'DEMO',
    cards: demoCards,
    signal: stopping,
  })
}

/**
 * An organisation with passports of several categories, a third of them published. Resolves with how many were made.
 */
export async function seed(
  client: Client,
  options: { email: string; password: string; passports: number },
): Promise<number> {
  const { accessToken } = await client('POST', '/api/auth/login', { email: options.email, password: options.password })
  const organisation = await client('POST', '/api/auth/organisations', { name: 'Demo Batteries' }, accessToken)
  const { accessToken: token } = await client(
    'POST',
    `/api/auth/organisations/${organisation.id}/switch`,
    {},
    accessToken,
  )
  for (let index = 0; index < options.passports; index++) {
    const passport = await client('POST', '/api/passports', { data: example(index) }, token)
    if (index % 3 === 0) await client('POST', `/api/passports/${passport.id}/publish`, undefined, token)
  }
  return options.passports
}

const models = [
  {
    id: 'VOLT-EV-82',
    modelName: 'Volt 82',
    batteryCategory: 'EV',
    batteryMass: 478,
    batteryChemistry: 'NMC811',
    carbonFootprint: 5_412,
  },
  {
    id: 'VELO-LMT-500',
    modelName: 'Velo 500',
    batteryCategory: 'LMT',
    batteryMass: 2.9,
    batteryChemistry: 'LiFePO4',
    carbonFootprint: 41,
  },
  {
    id: 'DEPOT-IND-215',
    modelName: 'Depot 215',
    batteryCategory: 'industrial',
    batteryMass: 2_150,
    batteryChemistry: 'LiFePO4',
    carbonFootprint: 14_820,
  },
]

function example(index: number): object {
  const { carbonFootprint, batteryChemistry, batteryCategory, batteryMass, ...batteryModel } =
    models[index % models.length]!
  const day = new Date(Date.UTC(2026, 0, 5 + index * 9)).toISOString().slice(0, 10)
  return {
    generalInformation: {
      batteryIdentifier: `DEMO-${day.slice(0, 4)}-${String(index + 1).padStart(4, '0')}`,
      batteryModel,
      batteryMass,
      batteryCategory,
      manufacturingDate: day,
      manufacturingPlace: 'Regensburg, Germany',
    },
    materialComposition: {
      batteryChemistry,
      criticalRawMaterials:
        batteryChemistry === 'NMC811' ? ['Lithium', 'Nickel', 'Cobalt', 'Graphite'] : ['Lithium', 'Graphite'],
    },
    carbonFootprint: { totalCarbonFootprint: carbonFootprint, measurementUnit: 'kg CO2e' },
  }
}
