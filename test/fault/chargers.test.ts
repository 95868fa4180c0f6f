import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { persistent } from '../../services/ocpp/testing.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { client } from '../journeys/client.ts'
import { randomFrom, seedFrom } from '../journeys/random.ts'
import { kill, launch, serversOf, until } from './product.ts'

const admin = { email: 'operator@example.com', password: 'quiet trains at dawn' }
const seed = seedFrom(process.env.FAULT_SEED)

test(
  'killed with everything it has while cars charge, the platform has each session once, with all its energy',
  { timeout: 400_000, skip: process.platform !== 'linux' && 'it finds processes in /proc' },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-chargers-'))
    const port = await freePort()
    const environment = {
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      OCPP_HEARTBEAT: '10s',
      // No others have a part in it, and it starts again and again.
      OHMNIBUS_SERVICES: 'gateway,identity,ocpp,stations,sessions',
    }
    const start = () => launch({ folder, port, environment })
    let product = start()
    const end = async () => {
      kill([product.pid, ...serversOf(product.dataFolder)])
      await product.exit
      await until('the end of PostgreSQL', () => serversOf(product.dataFolder).length === 0, 10_000)
    }
    t.after(async () => {
      await end()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    })
    await product.ready()

    const random = randomFrom(seed)
    const fleet = await Promise.all(
      Array.from({ length: 8 }, (_, at) => persistent(t, `ws://127.0.0.1:${port}/ocpp/CP-${at}`)),
    )
    const began = Date.now() - 3_600_000
    const at = (second: number) => new Date(began + second * 1000).toISOString()
    let charging = true
    const sessions = fleet.map(async ({ call }, number) => {
      let done = 0
      for (; charging; done++) {
        const from = done * 20
        const { transactionId } = await call('StartTransaction', {
          connectorId: 1,
          idTag: `CARD-${number}`,
          meterStart: done * 1_000,
          timestamp: at(from),
        })
        for (let step = 1; step < 10; step++) {
          const sampledValue = [{ value: String(done * 1_000 + step * 100) }]
          const meterValue = [{ timestamp: at(from + step), sampledValue }]
          await call('MeterValues', { connectorId: 1, transactionId, meterValue })
        }
        await call('StopTransaction', { transactionId, meterStop: done * 1_000 + 1_000, timestamp: at(from + 10) })
        // Times are those of the past hour.
        if (done === 170) break
      }
      return done
    })
    for (let kills = 0; kills < 6; kills++) {
      await sleep(500 + random() * 2_500)
      await end()
      product = start()
      await product.ready()
    }
    await sleep(1_000)
    charging = false
    const expected = await Promise.all(sessions)

    const operator = client(product.address)
    operator.use(await operator.get(200, 'POST /api/auth/login', admin))
    const found = async (number: number) => {
      const all: { energyWh: number; endedAt: string | null }[] = []
      for (let after = ''; ;) {
        const page = await operator.get(200, `GET /api/sessions?charger=CP-${number}&limit=100${after}`)
        all.push(...page.items)
        if (!page.nextCursor) return all
        after = `&after=${encodeURIComponent(page.nextCursor)}`
      }
    }
    for (const [number, done] of expected.entries()) {
      let all = await found(number)
      for (let tries = 0; tries < 100 && !(all.length >= done && all.every(({ endedAt }) => endedAt)); tries++) {
        await sleep(100)
        all = await found(number)
      }
      assert.equal(all.length, done, `sessions of CP-${number}, seed ${seed}`)
      assert.deepEqual([...new Set(all.map(({ energyWh }) => energyWh))], done > 0 ? [1_000] : [])
    }
    assert.ok(expected.reduce((sum, done) => sum + done, 0) > 20, `too little was going on: ${expected}`)
  },
)
