import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { perKwh } from '../testing.ts'
import { pay } from './testing.ts'

test('money that goes back while a session is settled and more comes in is exact in the end, whatever comes first', async t => {
  const { tariff, topUp, driver, standIn, settle, refund, started, ended, wallet, driverId, isRight } = await pay(t)
  await tariff(perKwh('0.50'))
  let [paid, gone, cost] = [0, 0, 0]
  const outcomes = new Set<number>()
  for (let round = 0; round < 6; round++) {
    await topUp(1_000)
    paid += 1_000
    const one = { sessionId: newId(), driverId, energyWh: 14_000 }
    // What is kept of a session that runs does not go back; of one that is told of at its end nothing was kept.
    const isTold = round % 2 === 0
    if (isTold) await started(one)
    const { body } = await driver.post('/wallet/top-ups', { amountMinor: 300, currency: 'EUR' })
    const [first, second] = await Promise.all([
      refund(500),
      refund(400),
      ended(one),
      (async () => {
        standIn.state.act(body.providerId, 'approve')
        await standIn.idle()
      })(),
    ])
    paid += 300
    cost += 700
    for (const { status, body } of [first, second]) {
      outcomes.add(status)
      assert.ok(status === 202 || body.code === 'wallet_short' || body.code === 'refund_exceeds_payment', body.code)
      if (status === 202) gone += body.amountMinor
    }
    await settle()
    const { balanceMinor, heldMinor, owedMinor } = await wallet(driverId)
    assert.equal(balanceMinor - owedMinor, paid - gone - cost, `round ${round}`)
    assert.equal(heldMinor, 0)
    assert.ok(balanceMinor === 0 || owedMinor === 0, 'who has money owes none')
    const back = standIn.state.all().flatMap(({ refunds }) => refunds.map(({ amount }) => amount))
    assert.equal(
      back.reduce((sum, amount) => sum + amount, 0),
      gone,
      'as the provider has it',
    )
    await isRight()
  }
  assert.deepEqual([...outcomes].toSorted(), [202, 409], 'both came about')
})

test('of two currencies each is alone: what is due in francs is owed while there are euros, and paid by francs', async t => {
  const { tariff, topUp, driver, standIn, settle, started, ended, driverId, isRight } = await pay(t)
  const terms = perKwh('0.50', { currency: 'CHF' })
  await tariff(terms)
  await topUp(5_000)
  const one = { sessionId: newId(), driverId, energyWh: 10_000 }
  const balances = async () => {
    const { body } = await driver.get('/wallet')
    const shown = body.balances.map((of: any) => [of.currency, of.balanceMinor, of.heldMinor, of.owedMinor])
    return [...shown.toSorted(), body.blocked]
  }
  await started(one)
  assert.deepEqual((await balances()).at(-2), ['EUR', 5_000, 0, 0], 'no euro is kept')
  await ended(one)
  assert.deepEqual(await balances(), [['CHF', 0, 0, 500], ['EUR', 5_000, 0, 0], true])
  await topUp(1_000)
  assert.deepEqual(await balances(), [['CHF', 0, 0, 500], ['EUR', 6_000, 0, 0], true])
  const { status, body } = await driver.post('/wallet/top-ups', { amountMinor: 700, currency: 'CHF' })
  assert.equal(status, 201, JSON.stringify(body))
  standIn.state.act(body.providerId, 'approve')
  await settle()
  assert.deepEqual(await balances(), [['CHF', 200, 0, 0], ['EUR', 6_000, 0, 0], false])
  const more = await driver.post('/wallet/refunds', { amountMinor: 300, currency: 'CHF' })
  assert.equal(more.body.code, 'wallet_short', 'euros do not go back as francs')
  await isRight()
})
