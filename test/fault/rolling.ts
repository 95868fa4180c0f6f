import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPool } from '../../kernel/database/pool.ts'
import { databaseAt } from '../../kernel/database/placement.ts'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { startEngine } from '../../tools/engines/engine.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { client } from '../journeys/client.ts'
import { admin, underFireSettings } from './harness.ts'
import { kill, launch, until, type Product } from './product.ts'

export interface Rolled {
  /** What must not be; empty when all is well. */
  readonly faults: string[]
  readonly chargers: number
  /** Messages that were acknowledged, and commands that were answered while processes went and came. */
  readonly acknowledged: number
  readonly commands: Record<string, number>
  /** Longest time that a charger was without a connection, in milliseconds. */
  readonly away: number
  /** What each of the two took to end. */
  readonly endedMs: number[]
}

/** Who commands a charger while it has no connection, or loses it just then, is told one of these. */
const fair = /^(200|409 charger_offline|503 \w+|lost)$/

/**
 * Two processes that chargers are connected to are ended in good order and started again, one after the other, while cars
 * charge and operators send commands.
 */
export async function rollingUpgrade(chargers: number): Promise<Rolled> {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-rolling-'))
  const server = await startEngine('server', { folder })
  const products = new Map<string, Product>()
  const closing: (() => void)[] = []
  try {
    const site = await openSite(folder, server.settings as { DATABASE_URL: string }, products)
    const faults: string[] = []
    const fleet = await Promise.all(
      Array.from({ length: chargers }, async (_, number) => {
        const charger = openCharger(`CP-${number}`, number, site.gateways, closing)
        await charger.call('BootNotification', boot16)
        return charger
      }),
    )
    let charging = true
    const sessions = fleet.map(charger => charge(charger, () => charging))
    const commander = openCommander(site, chargers)
    const endedMs: number[] = []
    for (const name of ['ocpp-1', 'ocpp-2']) {
      await sleep(1_000)
      const product = products.get(name)!
      product.signal('SIGTERM')
      const { code, ms } = await product.ends(15_000)
      if (code !== 0) faults.push(`${name} ended with ${code}:\n${product.output().slice(-3_000)}`)
      endedMs.push(Math.round(ms))
      site.start(name)
      await products.get(name)!.ready()
    }
    await sleep(1_000)
    charging = false
    const acknowledged = await Promise.all(sessions)
    const commands = await commander.stop()
    for (const outcome of Object.keys(commands)) if (!fair.test(outcome)) faults.push(`a command met ${outcome}`)
    faults.push(...(await commander.findsAll(fleet.map(({ id }) => id))), ...(await site.missing(acknowledged)))
    return {
      faults,
      chargers,
      acknowledged: acknowledged.reduce((sum, { values }) => sum + values.length + 2, 0),
      commands,
      away: Math.round(Math.max(...fleet.map(charger => charger.away()))),
      endedMs,
    }
  } finally {
    for (const close of closing) close()
    kill([...products.values()].map(({ pid }) => pid))
    await Promise.all([...products.values()].map(({ exit }) => exit))
    await server.stop()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

type Site = Awaited<ReturnType<typeof openSite>>

async function openSite(folder: string, { DATABASE_URL }: { DATABASE_URL: string }, products: Map<string, Product>) {
  const names = ['identity', 'ocpp-1', 'ocpp-2']
  const ports = new Map(await Promise.all(names.map(async name => [name, await freePort()] as const)))
  const addressOf = (name: string) => `http://127.0.0.1:${ports.get(name)}`
  const gateways = ['ocpp-1', 'ocpp-2'].map(addressOf)
  const environment = {
    ...underFireSettings,
    DATABASE_URL,
    OHMNIBUS_SECRET: 'one after the other: 0123456789abcdef',
    PUBLIC_URL: addressOf('identity'),
    HOST: '127.0.0.1',
    OCPP_UNKNOWN_CHARGERS: 'accept',
    OCPP_CALL_TIMEOUT: '3s',
    IDENTITY_SERVICE_URL: addressOf('identity'),
    OCPP_SERVICE_URL: gateways.join(','),
  }
  const start = (name: string): void => {
    const more = { OHMNIBUS_SERVICES: name.replace(/-\d$/, ''), OHMNIBUS_DATA: `data-${name}` }
    products.set(name, launch({ folder, port: ports.get(name)!, environment: { ...environment, ...more } }))
  }
  for (const name of names) start(name)
  for (const product of products.values()) await product.ready()
  const who = client(addressOf('identity'))
  who.use(await who.get(200, 'POST /api/auth/login', admin))
  return {
    gateways,
    headers: who.headers,
    start,
    /** What was acknowledged and is not in the event log, or is there twice and must not be. */
    async missing(acknowledged: readonly Acknowledged[]): Promise<string[]> {
      const { at, admin: superuser } = databaseAt(DATABASE_URL, () => Buffer.alloc(32))
      const pool = openPool(at, superuser, { schema: 'kernel', max: 1, limits: false })
      try {
        const rows = await pool<{ reference: string; phases: string[]; values: number[] }[]>`
          select data->>'reference' as reference, array_agg(data->>'phase') as phases,
            array_agg((data->'readings'->0->>'value')::float8) filter (where data->>'phase' = 'progressed') as values
          from log where topic = 'transaction.reported' group by 1`
        const told = new Map(rows.map(row => [row.reference, row]))
        return acknowledged.flatMap(({ id, reference, values }) => {
          const { phases = [], values: there = [] } = told.get(reference) ?? {}
          const [begun, ended] = ['begun', 'ended'].map(phase => phases.filter(one => one === phase).length)
          const lost = new Set(values).difference(new Set(there))
          return begun === 1 && ended === 1 && lost.size === 0
            ? []
            : [`${id}: begun ${begun} times, ended ${ended} times, ${lost.size} readings lost`]
        })
      } finally {
        await pool.end({ timeout: 1 })
      }
    },
  }
}

/** As most chargers are: it goes on with the next address where one is gone, and waits longer each time. */
function openCharger(id: string, number: number, addresses: readonly string[], closing: (() => void)[]) {
  let line: Awaited<ReturnType<typeof connect>> | undefined
  let opening: Promise<typeof line> | undefined
  let turn = number
  let goneAt: number | undefined
  let longest = 0
  let isOver = false
  closing.push(() => (isOver = true))

  async function open(): Promise<typeof line> {
    for (let waitMs = 50; !isOver; waitMs = Math.min(2_000, waitMs * 2)) {
      try {
        const url = `${addresses[turn % addresses.length]!.replace('http', 'ws')}/ocpp/${id}`
        const opened = await connect({ after: close => void closing.push(close as () => void) }, url, 'ocpp1.6')
        opened.answers.set('TriggerMessage', () => ({ status: 'Accepted' }))
        void opened.closed.then(() => {
          goneAt = performance.now()
          line = undefined
          // It does not wait until it has something to say.
          void reach()
        })
        if (goneAt !== undefined) longest = Math.max(longest, performance.now() - goneAt)
        return opened
      } catch {
        turn++
        await sleep(waitMs * (0.5 + Math.random()))
      }
    }
    return undefined
  }
  async function reach(): Promise<typeof line> {
    if (line || isOver) return line
    opening ??= open().then(opened => {
      opening = undefined
      line = opened
      return opened
    })
    return await opening
  }
  return {
    id,
    away: () => longest,
    /** Sends a message until it is answered. */
    async call(action: string, payload: object): Promise<any> {
      for (;;) {
        const at = await reach()
        if (!at) throw new Error('it is over')
        const answer = await Promise.race([at.call(action, payload).catch(() => undefined), at.closed])
        if (typeof answer === 'object') return answer
        await sleep(20)
      }
    },
  }
}

interface Acknowledged {
  readonly id: string
  readonly reference: string
  readonly values: number[]
}

async function charge({ id, call }: ReturnType<typeof openCharger>, goesOn: () => boolean): Promise<Acknowledged> {
  const began = Date.now() - 3_600_000
  const at = (second: number) => new Date(began + second * 1_000).toISOString()
  const { transactionId } = await call('StartTransaction', {
    connectorId: 1,
    idTag: 'CARD',
    meterStart: 0,
    timestamp: at(0),
  })
  const values: number[] = []
  for (let step = 1; goesOn(); step++) {
    const meterValue = [{ timestamp: at(step), sampledValue: [{ value: String(step) }] }]
    await call('MeterValues', { connectorId: 1, transactionId, meterValue })
    values.push(step)
    await sleep(200)
  }
  const meterStop = values.length
  await call('StopTransaction', { transactionId, meterStop, timestamp: at(values.length + 1) })
  return { id, reference: String(transactionId), values }
}

/** Somebody who sends commands all the time, by whichever process. */
function openCommander({ gateways, headers }: Site, chargers: number) {
  const send = async (id: string, turn: number): Promise<string> => {
    const answer = await fetch(`${gateways[turn % 2]}/api/ocpp/chargers/${id}/commands/TriggerMessage`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ requestedMessage: 'Heartbeat' }),
    }).catch(() => undefined)
    if (!answer) return 'lost'
    const body = (await answer.json().catch(() => ({}))) as { code?: string }
    return answer.status === 200 ? '200' : `${answer.status} ${body.code}`
  }
  const outcomes: Record<string, number> = {}
  let going = true
  const work = Array.from({ length: 2 }, async (_, worker) => {
    for (let turn = worker; going; turn += 3) {
      const outcome = await send(`CP-${turn % chargers}`, turn)
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      await sleep(50)
    }
  })
  return {
    async stop(): Promise<Record<string, number>> {
      going = false
      await Promise.all(work)
      return outcomes
    },
    /** Once all is quiet each charger is found from each process; at most a hundred are looked for. */
    async findsAll(ids: readonly string[]): Promise<string[]> {
      const faults: string[] = []
      for (const [number, id] of ids.slice(0, 100).entries()) {
        await until(`a command to ${id}`, async () => (await send(id, number)) === '200', 20_000).catch(error =>
          faults.push(String(error)),
        )
      }
      return faults
    },
  }
}
