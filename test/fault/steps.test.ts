import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { OrderCancelled, OrderCreated, OrderRefunded, PaymentSucceeded } from '#contracts/orders'
import { newId } from '#kernel'
import { testKey, type TestCluster } from '../../kernel/testing.ts'
import { cart } from '../../services/cart/service.ts'
import { address, open } from '../../services/orders/testing.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { randomFrom, seedFrom } from '../journeys/random.ts'
import type { Told, Word } from './stepper.ts'

const seed = seedFrom(process.env.FAULT_SEED)
const chance = randomFrom(seed)
const random = (below: number): number => Math.floor(chance() * below)
const everyStep = Array.from({ length: 80 }, (_, index) => index + 1)
/** All steps take minutes, as a process starts anew after each; without that two of each act, at random. */
const isAll = process.env.FAULT_STEPS === 'all'

/** The process that dies, and the next one in its place. */
function openMortal(told: Told) {
  let child: ChildProcess | undefined
  let isDead = Promise.resolve()
  const start = async (): Promise<void> => {
    const env = { ...process.env, STEPPER: JSON.stringify(told) }
    const made = fork(join(import.meta.dirname, 'stepper.ts'), { env, execArgv: [] })
    child = made
    isDead = once(made, 'exit').then(() => {})
    const [word] = await Promise.race([once(made, 'message'), isDead.then(() => ['it ended'])])
    assert.equal(word, 'ready')
  }
  const isAlive = (): boolean => child?.exitCode === null && child.signalCode === null
  return {
    isAlive,
    /** Nothing to be told any more, where it is dead. */
    async tell(word: Word): Promise<void> {
      const heard = once(child!, 'message')
      if (isAlive()) child!.send(word, () => {})
      await Promise.race([heard, isDead])
    },
    async next(): Promise<void> {
      await isDead
      await start()
    },
    start,
    async end(): Promise<void> {
      child?.kill('SIGKILL')
      await isDead
    },
  }
}

test(
  'killed by SIGKILL at a step of placing, paying, refunding and cancelling, and asked again, it ends the same',
  { timeout: isAll ? 3_600_000 : 900_000 },
  async t => {
    const port = await freePort()
    const at = `http://127.0.0.1:${port}`
    const it = await open(t, cart, {
      deliver: async (to, body, headers) =>
        (await fetch(`${at}/api/orders/webhooks/${to}`, { method: 'POST', body, headers })).status,
    })
    const box = await it.product({ price: 10_00, stock: 1_000 })
    const [row] = await it.p.db('orders')<{ name: string }[]>`select current_database() as name`
    // What was told is written; from here on all is done by the other process.
    await it.p.platform.close()
    const { host, port: ofDatabase, superuser } = JSON.parse(process.env.OHMNIBUS_TEST_CLUSTER!) as TestCluster
    const mortal = openMortal({
      environment: {
        PORT: String(port),
        HOST: '127.0.0.1',
        OHMNIBUS_DATA: it.p.dataFolder,
        OHMNIBUS_SECRET: 'a secret for tests: 0123456789abcdef',
        RATE_LIMIT_FACTOR: '1000',
        ...(it.environment as Record<string, string>),
      },
      database: { at: { host, port: ofDatabase, database: row!.name }, admin: superuser },
      keys: [testKey],
    })
    t.after(() => mortal.end())
    await mortal.start()

    type Answer = { status: number; body: any }
    const asking =
      (headers: Record<string, string>) =>
      async (path: string, body: object = {}, key?: string): Promise<Answer> => {
        const answer = await fetch(at + path, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
          body: JSON.stringify(body),
        })
        return { status: answer.status, body: await answer.json() }
      }
    const vendor = asking(
      it.p.signedIn({ userId: newId(), role: 'vendor', organisation: { id: it.shop.owner.id, role: 'owner' } }),
    )
    let [ends, orders] = [0, 0]
    /** Asks for something that ends at a step, it or what follows from it, and once more as who got no answer does. */
    const twice = async (step: number, work: () => Promise<Answer>): Promise<[Answer, boolean]> => {
      await mortal.tell({ arm: step })
      const first = await work().catch(() => undefined)
      await mortal.tell({ settle: true })
      if (mortal.isAlive()) {
        await mortal.tell({ arm: Number.MAX_SAFE_INTEGER })
        return [first!, false]
      }
      ends++
      await mortal.next()
      const again = await work()
      await mortal.tell({ settle: true })
      return [again, true]
    }
    const started = Date.now()
    const steps: Record<string, number> = {}
    for (const what of ['placing', 'paying', 'refunding', 'cancelling'] as const)
      for (const step of isAll ? everyStep : [1 + random(3), 4 + random(28)]) {
        const of = (doing: typeof what): number => (doing === what ? step : Number.MAX_SAFE_INTEGER)
        const where = `${what}, step ${step}, seed ${seed}`
        const buyer = asking(it.p.signedIn({ userId: newId() }))
        const { productId } = box.listing
        assert.equal((await buyer('/api/cart/items', { productId, quantity: 2 })).status, 201)
        const [key, other] = [newId(), newId()]
        const [placed, a] = await twice(of('placing'), () => buyer('/api/orders', { billingAddress: address }, key))
        assert.ok(placed.status === 201 || placed.status === 200, `${where}: ${JSON.stringify(placed.body)}`)
        orders++
        const path = `/api/orders/${placed.body.id}`
        const [opened, b] = await twice(of('paying'), () => buyer(`${path}/payment`))
        assert.equal(opened.status, 200, `${where}: ${JSON.stringify(opened.body)}`)
        const [paid, c] = await twice(of('paying'), async () => {
          const { providerId } = opened.body
          if (it.standIn.state.find(providerId).state === 'open') it.standIn.state.act(providerId, 'approve')
          return await buyer(`${path}/payment/confirm`)
        })
        assert.equal(paid.body.paymentStatus, 'paid', `${where}: ${JSON.stringify(paid.body)}`)
        const refund = { reason: 'Scratch', amountMinor: 3_33 }
        const [back, d] = await twice(of('refunding'), () => vendor(`${path}/refund`, refund, key))
        assert.equal(back.body.refundedMinor, 3_33, `${where}: ${JSON.stringify(back.body)}`)
        const [gone, e] = await twice(of('cancelling'), () => vendor(`${path}/cancel`, {}, other))
        assert.equal(gone.body.status, 'cancelled', `${where}: ${JSON.stringify(gone.body)}`)
        if (a || b || c || d || e) steps[what] = step
        else if (isAll) break
      }
    await it.standIn.idle()
    await mortal.tell({ settle: true })
    t.diagnostic(
      `seed ${seed}: killed ${ends} times in ${Date.now() - started} ms, ${orders} orders; ${JSON.stringify(steps)}`,
    )
    assert.ok(ends >= 4, `killed ${ends} times`)
    const intents = it.standIn.state.all()
    assert.equal(intents.length, orders, 'one payment an order')
    for (const { refunds } of intents)
      assert.equal(
        refunds.reduce((sum, { amount }) => sum + amount, 0),
        20_00,
      )
    for (const [event, count] of [
      [OrderCreated, orders],
      [PaymentSucceeded, orders],
      [OrderCancelled, orders],
      [OrderRefunded, 2 * orders],
    ] as const)
      assert.equal((await it.p.published(event)).length, count, `${event.topic}, seed ${seed}`)
    assert.deepEqual(await it.level(box), { onHand: 1_000, held: 0 })
    await it.isRight()
  },
)
