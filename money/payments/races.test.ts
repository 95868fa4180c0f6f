import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../kernel/index.ts'
import { openShop, wires, type Shop } from './testing.ts'

/** Has a payment of 10.00 paid. */
async function paid({ begin, standIn, settle }: Shop) {
  const opened = await begin()
  standIn.state.act(opened.providerId!, 'approve')
  await settle()
  return opened
}

const outcomes = (results: readonly PromiseSettledResult<unknown>[]): string[] =>
  results.map(result => (result.status === 'fulfilled' ? 'done' : result.reason.code)).sort()

for (const wire of wires) {
  test(`${wire}: webhook, browser and sweeper at once have one effect`, async t => {
    const shop = await openShop(t, wire)
    const { begin, standIn, payments, settle, told } = shop
    standIn.manner.copies = 2
    const { providerId, paymentId } = await begin()
    standIn.state.act(providerId!, 'approve')
    const back = `/api/shop/payments/${paymentId}/return`
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => shop.p.http.inject(back).then(({ headers }) => headers.location)),
      payments.check(paymentId),
      payments.sweep(),
    ])
    assert.equal(answers[0], `/wallet?payment=${paymentId}`)
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000'])
  })

  test(`${wire}: begun ten times at once there is one payment, here and there`, async t => {
    const { begin, standIn, settle, p } = await openShop(t, wire)
    const all = await Promise.all(Array.from({ length: 10 }, () => begin({ reference: 'one' })))
    assert.equal(new Set(all.map(({ paymentId }) => paymentId)).size, 1)
    const [row] = await p.db('shop')`select provider_id from payments`
    assert.deepEqual(new Set(all.map(({ providerId }) => providerId)), new Set([row!.provider_id]))
    await settle()
    assert.equal(standIn.state.all().length, 1)
  })

  test(`${wire}: two processes that work at one payment are as one`, async t => {
    const shop = await openShop(t, wire)
    await shop.p.another([shop.service])
    const { providerId, paymentId } = await shop.begin({ capture: 'manual' })
    shop.standIn.state.act(providerId!, 'approve')
    await shop.settle()
    await shop.capture(paymentId, 700n)
    await Promise.all(shop.opened.map(payments => payments.check(paymentId)))
    await shop.settle()
    assert.equal(shop.opened.length, 2)
    assert.deepEqual(await shop.told(), ['authorised 1000', 'succeeded 700'])
  })

  test(`${wire}: paid before the provider hears that it is cancelled, it succeeded`, async t => {
    const { begin, standIn, cancel, settle, told } = await openShop(t, wire)
    const { providerId, paymentId } = await begin()
    Object.assign(standIn.manner, { hold: true })
    standIn.state.act(providerId!, 'approve')
    await cancel(paymentId)
    await settle()
    await standIn.flush()
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000'])
  })

  test(`${wire}: paid after it was cancelled, the money goes back and the service hears of neither`, async t => {
    const { begin, standIn, cancel, settle, told, payments } = await openShop(t, wire)
    const { providerId, paymentId } = await begin()
    await cancel(paymentId)
    await settle()
    standIn.state.act(providerId!, 'approve', true)
    await settle()
    await settle()
    assert.deepEqual(await told(), ['cancelled'])
    const { captured, refunds } = standIn.state.find(providerId!)
    assert.deepEqual([captured, refunds.map(({ amount }) => amount)], [1_000, [1_000]])
    const payment = await payments.find(paymentId)
    assert.deepEqual([payment?.state, payment?.capturedMinor, payment?.refundedMinor], ['cancelled', 1_000n, 1_000n])
  })

  test(`${wire}: a refund asked for twice is one, and no more goes back than was paid`, async t => {
    const shop = await openShop(t, wire)
    const { refund, settle, told, standIn, payments } = shop
    const { paymentId, providerId } = await paid(shop)
    assert.deepEqual(
      outcomes(await Promise.allSettled([refund(paymentId, 'r1', 600n), refund(paymentId, 'r1', 600n)])),
      ['done', 'done'],
    )
    await assert.rejects(refund(paymentId, 'r1', 500n), { code: 'payment_differs' })
    await settle()
    await assert.rejects(refund(paymentId, 'r2', 401n), { code: 'refund_exceeds_payment' })
    await assert.rejects(refund(paymentId, 'r2', 0n), RangeError)
    await assert.rejects(refund(paymentId, 'r2', -1n), RangeError)
    assert.deepEqual(
      outcomes(await Promise.allSettled([refund(paymentId, 'r3', 300n), refund(paymentId, 'r4', 300n)])),
      ['done', 'refund_exceeds_payment'],
    )
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000', 'refunded 600', 'refunded 300'])
    assert.equal(standIn.state.find(providerId!).refunds.length, 2)
    assert.equal((await payments.find(paymentId))?.refundedMinor, 900n)
  })

  test(`${wire}: while a refund is under way its money is not there, and it is again when the refund fails`, async t => {
    const shop = await openShop(t, wire)
    const { refund, settle, told, standIn, payments } = shop
    const { paymentId } = await paid(shop)
    standIn.state.holdRefunds()
    await refund(paymentId, 'r1', 600n)
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000'])
    assert.deepEqual(
      (await payments.refundsOf(paymentId)).map(({ state }) => state),
      ['pending'],
    )
    await assert.rejects(refund(paymentId, 'r2', 600n), { code: 'refund_exceeds_payment' })
    standIn.state.endRefunds('failed')
    await settle()
    await refund(paymentId, 'r2', 600n)
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000', 'refund-failed 600', 'refunded 600'])
  })

  test(`${wire}: a refund while the capture is under way is refused`, async t => {
    const shop = await openShop(t, wire)
    const { begin, standIn, settle, capture, refund } = shop
    const { providerId, paymentId } = await begin({ capture: 'manual' })
    standIn.state.act(providerId!, 'approve')
    await settle()
    standIn.next(/capture/, 'fails')
    standIn.next(/capture/, 'fails')
    await capture(paymentId, 1_000n)
    await assert.rejects(refund(paymentId, 'r1', 1n), { code: 'payment_unsettled' })
  })

  test(`${wire}: a refund that somebody makes at the provider is told, and counts`, async t => {
    const shop = await openShop(t, wire)
    const { refund, settle, told, standIn } = shop
    const { paymentId, providerId } = await paid(shop)
    standIn.state.refund(providerId!, { amount: 400, notes: {}, receipt: null })
    await settle()
    await assert.rejects(refund(paymentId, 'r1', 700n), { code: 'refund_exceeds_payment' })
    await refund(paymentId, 'r1', 600n)
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000', 'refunded 400', 'refunded 600'])
  })

  test(`${wire}: a refund that a bank sends back failed after all; one made elsewhere that never succeeded is nobody's`, async t => {
    const shop = await openShop(t, wire)
    const { refund, settle, told, standIn, payments } = shop
    const { paymentId, providerId } = await paid(shop)
    await refund(paymentId, 'r1', 600n)
    await settle()
    for (const one of standIn.state.find(providerId!).refunds) one.state = 'failed'
    standIn.state.holdRefunds()
    standIn.state.refund(providerId!, { amount: 400, notes: {}, receipt: null })
    standIn.state.endRefunds('failed')
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000', 'refunded 600', 'refund-failed 600'])
    assert.equal((await payments.find(paymentId))?.refundedMinor, 0n)
  })

  test(`${wire}: of many refunds each is counted`, async t => {
    const shop = await openShop(t, wire)
    const { refund, settle, told, payments } = shop
    const { paymentId } = await paid(shop)
    for (let number = 1; number <= 12; number++) await refund(paymentId, `r${number}`, 10n)
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000', ...Array.from({ length: 12 }, () => 'refunded 10')])
    assert.equal((await payments.find(paymentId))?.refundedMinor, 120n)
  })

  test(`${wire}: a refund that the provider refuses failed, and the service is told`, async t => {
    const shop = await openShop(t, wire)
    const { refund, settle, told, standIn } = shop
    const { paymentId } = await paid(shop)
    standIn.next(/POST .*refund/, 'is denied')
    await refund(paymentId, 'r1', 600n)
    await settle()
    assert.deepEqual(await told(), ['succeeded 1000', 'refund-failed 600'])
  })

  for (const fault of ['fails', 'fails but does it', 'is cut off'] as const)
    test(`${wire}: where a request ${fault}, it is done once all the same`, async t => {
      let at = Date.now()
      const shop = await openShop(t, wire, { now: () => new Date(at) })
      const { begin, capture, cancel, refund, settle, told, standIn, payments } = shop
      const again = async () => {
        at += 10 * 60_000
        await payments.sweep()
        await settle()
      }
      const wish = { capture: 'manual', reference: newId() } as const
      standIn.next(/POST/, fault)
      const opened = await begin(wish).catch(error => {
        assert.equal(error.code, 'payment_provider_unavailable')
        return begin(wish)
      })
      standIn.state.act(opened.providerId!, 'approve')
      await settle()
      standIn.next(/POST .*capture/, fault)
      await capture(opened.paymentId, 900n)
      await settle()
      await again()
      standIn.next(/POST .*refund/, fault)
      await refund(opened.paymentId, 'r1', 300n)
      await settle()
      await again()
      const other = await begin()
      standIn.next(/(POST .*cancel|PATCH)/, fault)
      await cancel(other.paymentId)
      await settle()
      await again()
      assert.deepEqual(await told(), ['authorised 1000', 'succeeded 900', 'refunded 300', 'cancelled'])
      const intent = standIn.state.find(opened.providerId!)
      const back = intent.refunds.reduce((sum, { amount }) => sum + amount, 0)
      assert.equal(intent.captured - back, 600)
    })

  test(`${wire}: ended between any two steps and run again, it ends the same`, async t => {
    let at = Date.now()
    /** Counts down to the end of the process, which comes before or after a transaction. */
    let left = Infinity
    let ends = 0
    const killed = () => Object.assign(new Error('killed'), { code: 'killed' })
    const step = (): void => {
      if (--left > 0) return
      left = Infinity
      ends++
      throw killed()
    }
    const shop = await openShop(t, wire, {
      now: () => new Date(at),
      change: host => ({
        ...host,
        db: new Proxy(host.db, {
          get: (target, name) =>
            name === 'transaction'
              ? async (work: never) => {
                  step()
                  const value = await target.transaction(work)
                  step()
                  return value
                }
              : Reflect.get(target, name),
        }),
      }),
    })
    const { begin, capture, refund, settle, told, standIn, payments } = shop
    const again = async () => {
      at += 10 * 60_000
      await payments.sweep()
      await settle()
    }
    for (let number = 1; number <= 14; number++) {
      const wish = { capture: 'manual', reference: newId() } as const
      left = number
      const opened = await begin(wish).catch(error => {
        assert.equal(error.code, 'killed')
        return begin(wish)
      })
      standIn.state.act(opened.providerId!, 'approve')
      await settle()
      if (left === Infinity) await again()
      await capture(opened.paymentId, 900n)
      await settle()
      if (left === Infinity) await again()
      await refund(opened.paymentId, 'r1', 300n)
      await settle()
      await again()
      assert.deepEqual(
        await told(opened.paymentId),
        ['authorised 1000', 'succeeded 900', 'refunded 300'],
        `after step ${number}`,
      )
      const { captured, refunds } = standIn.state.find(opened.providerId!)
      assert.equal(captured - refunds.reduce((sum, { amount }) => sum + amount, 0), 600)
    }
    assert.equal(ends, 14)
  })
}
