import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DriverBlocked, DriverUnblocked, TopUpFailed } from '#contracts/billing'
import { UserDeleted } from '#contracts/identity'
import { newId } from '#kernel'
import { perKwh } from '../testing.ts'
import { pay } from './testing.ts'

suite('a wallet', () => {
  test('has what was paid into it once the provider says so, once, whoever tells of it first', async t => {
    const { driver, standIn, settle, wallet, driverId, as, isRight } = await pay(t)
    const headers = { 'idempotency-key': newId() }
    const order = { amountMinor: 2_000, currency: 'EUR' }
    const [{ body }, again] = [
      await driver.post('/wallet/top-ups', order, headers),
      await driver.post('/wallet/top-ups', order, headers),
    ]
    assert.deepEqual([body.state, body.amountMinor, body.provider], ['pending', 2_000, 'stripe'])
    assert.equal(again.body.id, body.id)
    assert.match(body.page, /\/api\/billing\/payments\/.+\/page/)
    standIn.state.act(body.providerId, 'approve')
    // The browser comes back while the webhook is on its way.
    const [shown] = await Promise.all([driver.get(`/wallet/top-ups/${body.id}`), settle()])
    assert.equal(shown.body.state, 'succeeded')
    await settle()
    assert.equal((await wallet(driverId)).balanceMinor, 2_000)
    assert.equal((await as().get(`/wallet/top-ups/${body.id}`)).body.code, 'payment_unknown')
    // The books have both its sides.
    const books = as({ role: 'admin' })
    const accounts = (await books.get('/ledger/accounts')).body.items
    assert.deepEqual(accounts.map(({ kind, balanceMinor }: any) => [kind, balanceMinor]).toSorted(), [
      ['debt', 0],
      ['outside', -2_000],
      ['wallet', 2_000],
    ])
    const own = accounts.find(({ kind }: any) => kind === 'wallet')
    assert.deepEqual(own.owner, { kind: 'person', id: driverId })
    for (const query of ['', `?account=${own.id}`]) {
      const [moved, ...others] = (await books.get(`/ledger${query}`)).body.items
      assert.deepEqual(
        [moved.kind, moved.amountMinor, moved.from.kind, moved.to, others],
        ['top-up', 2_000, 'outside', { accountId: own.id, kind: 'wallet', owner: own.owner }, []],
      )
    }
    assert.equal((await driver.get('/ledger')).status, 403)
    assert.deepEqual((await books.get('/payments-go')).body, { payments: 'test' })
    await isRight()
  })

  test('has nothing of a payment that fails, and no currency there is none of', async t => {
    const { p, driver, driverId, standIn, settle } = await pay(t)
    const { body } = await driver.post('/wallet/top-ups', { amountMinor: 2_000, currency: 'EUR' })
    standIn.state.act(body.providerId, 'refuse')
    await settle()
    const [failed] = await p.published(TopUpFailed)
    assert.deepEqual([failed!.driverId, failed!.amountMinor], [driverId, 2_000])
    assert.equal((await driver.get(`/wallet/top-ups/${body.id}`)).body.state, 'failed')
    assert.deepEqual((await driver.get('/wallet')).body, {
      balances: [],
      blocked: false,
      blockedFor: null,
      leastMinor: 0,
    })
    for (const [amountMinor, currency, status] of [
      [2_000, 'EUX', 422],
      [0, 'EUR', 400],
      [-5, 'EUR', 400],
      [1.5, 'EUR', 400],
      [1e15, 'EUR', 400],
    ])
      assert.equal(
        (await driver.post('/wallet/top-ups', { amountMinor, currency })).status,
        status,
        String(amountMinor),
      )
  })

  test('pays what is owed first, and its driver may charge again', async t => {
    const { p, tariff, ended, topUp, wallet, driverId, isRight } = await pay(t)
    await tariff(perKwh('0.50'))
    await ended({ sessionId: newId(), driverId, energyWh: 10_000 })
    assert.equal((await p.published(DriverBlocked)).length, 1)
    await topUp(300)
    const between = await wallet(driverId)
    assert.deepEqual([between.balanceMinor, between.owedMinor, between.blocked], [0, 200, true])
    await topUp(300)
    const after = await wallet(driverId)
    assert.deepEqual([after.balanceMinor, after.owedMinor, after.blocked], [100, 0, false])
    assert.equal((await p.published(DriverUnblocked)).length, 1)
    await isRight()
  })

  test('gives back what is left of it, to the payments it came from, and never more', async t => {
    const { topUp, refund, settle, standIn, wallet, driverId, isRight } = await pay(t)
    await topUp(1_000)
    await topUp(500)
    const { status, body } = await refund(700)
    assert.deepEqual([status, body.refunds], [202, 2])
    await settle()
    assert.equal((await wallet(driverId)).balanceMinor, 800)
    assert.deepEqual(
      standIn.state.all().map(intent => intent.refunds.reduce((sum, { amount }) => sum + amount, 0)),
      [200, 500],
    )
    assert.equal((await refund(801)).body.code, 'wallet_short')
    for (const amountMinor of [0, -1, -700, 0.5, 1.5, 100_000_001, 1e15, 1e300])
      assert.equal((await refund(amountMinor)).status, 400, String(amountMinor))
    assert.equal((await refund(100_000_000)).body.code, 'wallet_short')
    assert.equal((await wallet(driverId)).balanceMinor, 800)
    const both = await Promise.all([refund(500), refund(500)])
    assert.deepEqual(both.map(answer => answer.status).toSorted(), [202, 409])
    await settle()
    assert.equal((await wallet(driverId)).balanceMinor, 300)
    await isRight()
  })

  test('in yen without a minor unit, and in dinars with three, is filled and given back in coins that there are', async t => {
    const { driver, driverId, standIn, settle, tariff, ended, isRight } = await pay(t)
    const balances = async () =>
      (await driver.get('/wallet')).body.balances.map(({ currency, balanceMinor, owedMinor }: any) => [
        currency,
        balanceMinor,
        owedMinor,
      ])
    const fill = async (amountMinor: number, currency: string) => {
      const { status, body } = await driver.post('/wallet/top-ups', { amountMinor, currency })
      if (status === 201) standIn.state.act(body.providerId, 'approve')
      await settle()
      return [status, body.code]
    }
    assert.deepEqual(await fill(1_001, 'JPY'), [201, undefined])
    assert.deepEqual(await fill(5_000, 'KWD'), [201, undefined])
    assert.deepEqual(await fill(5_005, 'KWD'), [422, 'payment_refused'], 'there is no such small coin')
    assert.deepEqual(
      standIn.state.all().map(({ amount }) => amount),
      [1_001, 5_000],
    )
    await tariff(perKwh('0.1234', { currency: 'KWD' }))
    await ended({ sessionId: newId(), driverId, energyWh: 10_000 })
    assert.deepEqual(await balances(), [
      ['JPY', 1_001, 0],
      ['KWD', 3_766, 0],
    ])
    const back = async (amountMinor: number, currency: string) => {
      const { status, body } = await driver.post('/wallet/refunds', { amountMinor, currency })
      await settle()
      return [status, body.amountMinor ?? body.code]
    }
    assert.deepEqual(await back(3_766, 'KWD'), [202, 3_760])
    assert.deepEqual(await back(6, 'KWD'), [409, 'refund_exceeds_payment'])
    assert.deepEqual(await back(1_001, 'JPY'), [202, 1_001])
    assert.deepEqual(await balances(), [
      ['JPY', 0, 0],
      ['KWD', 6, 0],
    ])
    assert.deepEqual(
      standIn.state.all().flatMap(({ refunds }) => refunds.map(({ amount, state }) => [amount, state])),
      [
        [1_001, 'succeeded'],
        [3_760, 'succeeded'],
      ],
    )
    await isRight()
  })

  test('has money again that a bank sends back after all, whoever had given it back', async t => {
    const { topUp, refund, settle, standIn, wallet, driverId, isRight } = await pay(t)
    const { providerId } = await topUp(1_000)
    assert.equal((await refund(300)).status, 202)
    standIn.state.refund(providerId, { amount: 200, notes: {}, receipt: null })
    await settle()
    assert.equal((await wallet(driverId)).balanceMinor, 500)
    for (const one of standIn.state.find(providerId).refunds) one.state = 'pending'
    standIn.state.endRefunds('failed')
    await settle()
    assert.equal((await wallet(driverId)).balanceMinor, 1_000)
    await isRight()
  })

  test('of who deletes their account goes back to the payments it came from, after debts; the rest is kept, and why is written down', async t => {
    const { p, tariff, started, ended, topUp, fund, settle, standIn, wallet, driverId, periodically, as, isRight } =
      await pay(t)
    await tariff(perKwh('0.50'))
    await topUp(1_000)
    await topUp(1_500)
    await fund(driverId, 70n)
    const running = { sessionId: newId(), driverId, energyWh: 10_000 }
    await started(running)
    await p.publish(UserDeleted, { userId: driverId, email: 'ada@example.com', locale: 'en', version: 2 })
    await settle()
    const meanwhile = await wallet(driverId)
    assert.deepEqual([meanwhile.balanceMinor, meanwhile.heldMinor], [2_000, 2_000], 'what is kept for a session stays')
    await ended(running)
    for (let round = 0; round < 2; round++) {
      await periodically(/people who left/)
      await settle()
    }
    const after = await wallet(driverId)
    assert.deepEqual([after.balanceMinor, after.owedMinor], [0, 0])
    assert.deepEqual(
      standIn.state.all().map(intent => intent.refunds.reduce((sum, { amount }) => sum + amount, 0)),
      [570, 1_500],
    )
    await fund(driverId, 30n)
    await periodically(/people who left/)
    await settle()
    await periodically(/people who left/)
    await settle()
    assert.equal((await wallet(driverId)).balanceMinor, 0)
    await fund(driverId, 1_000n)
    await periodically(/people who left/)
    await settle()
    const { body } = await as({ role: 'admin' }).get('/wallets/kept')
    assert.deepEqual(
      body.items.map(({ holderId, amountMinor, reason }: any) => [holderId, amountMinor, reason]),
      [[driverId, 600, 'no-payment']],
    )
    assert.equal((await as().get('/wallets/kept')).body.code, 'role_insufficient')
    await isRight()
  })

  test('follows what is given back or disputed at the provider, into debt where it is spent', async t => {
    const { p, tariff, ended, topUp, settle, standIn, wallet, driverId, isRight } = await pay(t)
    await tariff(perKwh('0.50'))
    const { providerId } = await topUp(1_000)
    await ended({ sessionId: newId(), driverId, energyWh: 10_000 })
    standIn.state.refund(providerId, { amount: 800, notes: {}, receipt: null })
    await settle()
    const after = await wallet(driverId)
    assert.deepEqual([after.balanceMinor, after.owedMinor, after.blocked], [0, 300, true])
    assert.equal((await p.published(DriverBlocked)).length, 1)
    await isRight()
  })

  test('leads browsers to pages of ours alone', async t => {
    const { driver } = await pay(t)
    for (const returnTo of ['//evil.example', '/\\evil.example', '/\\/evil.example', 'https://evil.example']) {
      const { status } = await driver.post('/wallet/top-ups', { amountMinor: 500, currency: 'EUR', returnTo })
      assert.equal(status, 400, returnTo)
    }
  })
})
