import { setTimeout as sleep } from 'node:timers/promises'
import { lagOf } from '../kernel/events/lag.ts'
import type { Pool } from '../kernel/database/database.ts'
import { attributes, languages } from '../law/index.ts'
import { resident } from './weight.ts'
import { makePeople, signedIn, type Server, type World } from './world.ts'

const gtin = '09506000134352'
export const identifierOf = `https://id.example.com/01/${gtin}/21/{serial}`
export const codeOf = (serial: string): string => `/01/${gtin}/21/${serial}`

/** A value of each attribute that somebody writes. */
function allValues(): Record<string, unknown> {
  const link = 'https://example.com/a/link/of/a/usual/length'
  const paper = { title: 'Declaration', url: 'https://example.com/declaration.pdf' }
  const texts = Object.keys(languages).map(language => ({ language, value: 'Bring it back where you bought it.' }))
  return Object.fromEntries(
    attributes.flatMap(({ id, type, unit, otherwise }) => {
      const number = { value: '12.5', ...(unit !== null && { unit }) }
      const values: Record<string, unknown> = {
        quantity: number,
        count: { ...number, value: '1500' },
        bySoc: ['80', '20'].map(soc => ({ soc, ...number })),
        byPart: { pack: number, module: number, cell: number },
        readings: [{ at: '2027-02-18', ...number }],
        localized: texts,
        materials: ['Lithium', 'Cobalt', 'Nickel'].map(name => ({ name, cas: '7439-93-2', share: '3.5' })),
        uri: link,
        links: [link],
        symbol: link,
        document: paper,
        documents: [paper],
        contact: { name: 'Somebody SE', city: 'Regensburg' },
        contacts: [{ name: 'Somebody SE' }],
        text: 'A text of a usual length',
        texts: ['Water', 'Sand'],
        chemistry: { shortName: 'NMC' },
        month: '2027-01',
        date: '2027-01-18',
        duration: 'P8Y',
        parts: [{ name: 'Cell', number: '1' }],
        events: [{ date: '2027-01-18', type: 'fall' }],
        enum: id === 'batteryCategory' ? 'EV' : 're-used',
      }
      const own = ['uniqueBatteryIdentifier', 'batterySerialNumber'].includes(id)
      if (otherwise === 'computed' || own || values[type] === undefined) return []
      const isNumber = type === 'quantity' || type === 'count'
      return [[id, isNumber ? values[type] : { value: values[type] }]]
    }),
  )
}

/** A maker with a model that says all that can be said, and an officer; of all services in one process. */
export async function openMaker(world: World, name: string) {
  const database = await world.database(name)
  const platform = await world.platform(database)
  const floor = await world.floor(database)
  const sql = world.sqlOf(database)
  const [maker, officer] = (await makePeople(sql, 2)) as [{ id: string; email: string }, { id: string; email: string }]
  await sql`update identity.users set role = 'authority' where id = ${officer.id}`
  const headers = await signedIn(platform, maker)
  const ask = asking(platform, headers)
  const make = async (data: object, more: object = {}): Promise<string> => {
    const { id } = await ask('POST', '/api/passports', { data, ...more })
    await ask('POST', `/api/passports/${id}/publish`, {})
    return id as string
  }
  const model = await make({ attributes: allValues() }, { granularity: 'model' })
  return { platform, floor, sql, maker, officer, headers, ask, make, model, database }
}
export type Maker = Awaited<ReturnType<typeof openMaker>>

/** Answers that must be 2xx, as JSON or bytes. */
export const asking =
  ({ url }: Pick<Server, 'url'>, headers: Record<string, string>) =>
  async (method: string, path: string, body?: object | string | Buffer, type = 'application/json'): Promise<any> => {
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
    const answer = await fetch(url + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${bytes.toString().slice(0, 300)}`)
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    return isJson ? JSON.parse(bytes.toString()) : { bytes, headers: answer.headers }
  }

/** Resolves once nothing follows any more from what was done. */
export async function settled(sql: Pool): Promise<void> {
  for (;;) {
    const [jobs] = await sql<{ due: boolean }[]>`
      select exists (select from graphile_worker._private_jobs where run_at <= now()) as due`
    if (!jobs!.due && (await lagOf(sql, 1)).every(({ lag }) => lag === 0)) return
    await sleep(50)
  }
}

/** Seconds that a job took of which a path tells, and the most that the process weighed meanwhile, beside before. */
export async function following(
  { platform, ask }: Pick<Maker, 'platform' | 'ask'>,
  begin: () => Promise<string>,
): Promise<{ seconds: number; most: number; before: number; told: any }> {
  const before = await resident(platform.pid)
  const began = performance.now()
  const path = await begin()
  let most = before
  for (;;) {
    const told = await ask('GET', path)
    most = Math.max(most, await resident(platform.pid))
    if (!['waiting', 'running'].includes(told.state))
      return { seconds: (performance.now() - began) / 1000, most, before, told }
    await sleep(100)
  }
}
