import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { openShop } from './testing.ts'

test('stripe: a card that was kept pays without its owner, once for each payment, and is declined as cards are', async t => {
  const shop = await openShop(t, 'stripe')
  const { begin, standIn, settle, told, payments } = shop
  const first = await begin({ keep: true })
  standIn.state.act(first.providerId!, 'approve-once')
  await settle()
  const { customer, keptMethod } = (await payments.find(first.paymentId))!
  assert.ok(customer && keptMethod)

  const charge = async (saved = { customer: customer!, method: keptMethod! }) => {
    const { paymentId } = await begin({ keep: true, saved })
    await settle()
    return (await payments.find(paymentId))!
  }
  const declined = await charge()
  assert.deepEqual([declined.state, declined.failure], ['failed', 'Your card was declined.'])
  const paid = await charge()
  assert.deepEqual([paid.state, paid.keptMethod], ['succeeded', keptMethod])
  assert.deepEqual(await told(declined.id), ['failed'])
  assert.deepEqual(await told(paid.id), ['succeeded 1000'])

  // One that the provider does not know, and one whose owner pays by themselves after all.
  const unknown = await charge({ customer: customer!, method: 'pm_of_nobody' })
  assert.equal(unknown.state, 'failed')
  await payments.check(unknown.id)
  await settle()
  assert.deepEqual(await told(unknown.id), ['failed'])
  standIn.state.act(declined.providerId!, 'approve')
  await settle()
  assert.deepEqual(await told(declined.id), ['failed', 'succeeded 1000'])
  assert.notEqual((await payments.find(declined.id))!.keptMethod, keptMethod, 'it is another card')
})

for (const fault of ['fails', 'fails but does it', 'is cut off'] as const)
  test(`stripe: where the answer to a charge ${fault} it is paid once all the same`, async t => {
    const { begin, standIn, settle, told, payments } = await openShop(t, 'stripe')
    const first = await begin({ keep: true })
    standIn.state.act(first.providerId!, 'approve')
    await settle()
    const { customer, keptMethod } = (await payments.find(first.paymentId))!
    // The package of the provider asks again by itself.
    for (const _ of [1, 2]) standIn.next(/POST .*\/confirm/, fault)
    const saved = { customer: customer!, method: keptMethod! }
    const reference = newId()
    await begin({ keep: true, saved, reference }).catch(error =>
      assert.equal(error.code, 'payment_provider_unavailable'),
    )
    const { id: paymentId } = (await payments.findFor('top-up', reference))!
    await settle()
    await payments.check(paymentId)
    await settle()
    assert.deepEqual(await told(paymentId), ['succeeded 1000'])
    assert.equal(standIn.state.all().filter(({ state }) => state === 'captured').length, 2)
  })
