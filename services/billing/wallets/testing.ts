import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { newId } from '#kernel'
import type { TestOptions } from '../../../kernel/testing.ts'
import { openStandIn } from '../../../money/payments/stand-in/server.ts'
import { open } from '../testing.ts'

const secret = 'whsec_for_tests'

/** A driver, and a provider of payments that tells of what it did by webhooks. */
export async function pay(t: TestContext, options: TestOptions = {}) {
  const standIn = openStandIn({
    ...(options.now && { now: options.now }),
    secrets: { stripe: secret, razorpay: secret },
    deliver: async (_, payload, headers) =>
      (await it.p.http.inject({ method: 'POST', url: '/api/billing/webhooks/stripe', headers, payload })).statusCode,
  })
  const url = await standIn.listen()
  t.after(() => standIn.close())
  const environment = { STRIPE_SECRET_KEY: 'sk_test_shop', STRIPE_WEBHOOK_SECRET: secret, STRIPE_API_URL: url }
  const it = await open(t, { ...options, environment })
  const driverId = newId()
  const driver = it.as({ userId: driverId })
  const settle = async () => {
    for (let round = 0; round < 3; round++) {
      await standIn.idle()
      await it.p.settle()
    }
  }
  return {
    ...it,
    standIn,
    driverId,
    driver,
    settle,
    async topUp(amountMinor: number): Promise<any> {
      const { status, body } = await driver.post('/wallet/top-ups', { amountMinor, currency: 'EUR' })
      assert.equal(status, 201, JSON.stringify(body))
      standIn.state.act(body.providerId, 'approve')
      await settle()
      return body
    },
    refund: (amountMinor: number) => driver.post('/wallet/refunds', { amountMinor, currency: 'EUR' }),
  }
}
