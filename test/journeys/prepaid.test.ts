import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boot16, boot2, connect } from '../../services/ocpp/testing.ts'
import { client, codeIn, mailsIn, register } from './client.ts'
import { oneProcess } from './sites.ts'

const admin = { email: 'operator@example.com', password: 'quiet trains at dawn' }

test('a driver whose wallet is empty begins nothing, by card or by telephone, and is told why, until there is enough in it', async t => {
  const environment = {
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    OCPP_UNKNOWN_CHARGERS: 'accept',
    BILLING_LEAST_BALANCE_MINOR: '500',
  }
  const p = await oneProcess(t, { environment })
  const operator = client(p.address)
  operator.use(await operator.get(200, 'POST /api/auth/login', admin))
  const ada = client(p.address)
  const email = 'ada@example.com'
  const { user } = await register(ada, '/api/auth', { email, password: admin.password, name: 'Ada' }, async to => {
    await p.settle()
    return codeIn((await mailsIn(p.mailFolder)).findLast(mail => mail.to === to)!)
  })
  await operator.get(201, 'POST /api/ocpp/tokens', { idToken: 'ADA', userId: user.id })
  await operator.get(201, 'POST /api/ocpp/tokens', { idToken: 'NOBODY' })

  const url = (id: string) => `${p.address.replace('http', 'ws')}/ocpp/${id}`
  const old = await connect(t, url('CP-16'), 'ocpp1.6')
  await old.call('BootNotification', boot16)
  await old.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
  const charger = await connect(t, url('CP-2'), 'ocpp2.0.1')
  await charger.call('BootNotification', boot2)
  let starts = 0
  old.answers.set('RemoteStartTransaction', () => {
    starts++
    return { status: 'Accepted' }
  })
  await p.settle()
  const byOld = async (idTag: string) => (await old.call('Authorize', { idTag })).idTagInfo.status
  const byCard = async () => {
    const { status, personalMessage } = (
      await charger.call('Authorize', { idToken: { idToken: 'ADA', type: 'ISO14443' } })
    ).idTokenInfo
    return [status, personalMessage?.content]
  }
  const topUp = async (amountMinor: number): Promise<void> => {
    const { id, page } = await ada.get(201, 'POST /api/billing/wallet/top-ups', { amountMinor, currency: 'EUR' })
    await fetch(`${p.address}${new URL(page).pathname}`, {
      method: 'POST',
      body: new URLSearchParams({ gesture: 'approve' }),
      redirect: 'manual',
      headers: { origin: new URL(page).origin },
    })
    await p.settle()
    assert.equal((await ada.get(200, `GET /api/billing/wallet/top-ups/${id}`)).state, 'succeeded')
    await p.settle()
  }
  const refused = async () => {
    assert.deepEqual(await byCard(), [
      'NoCredit',
      'There is too little in your wallet to start. Top it up, and you can.',
    ])
    const begin = { connectorId: 1, idTag: 'ADA', meterStart: 0, timestamp: new Date().toISOString() }
    const { idTagInfo, transactionId } = await old.call('StartTransaction', begin)
    assert.equal(idTagInfo.status, 'Blocked')
    await old.call('StopTransaction', { transactionId, meterStop: 0, timestamp: new Date().toISOString() })
    const { code, detail } = await ada.get(409, 'POST /api/sessions/start', { chargerId: 'CP-16', evse: 1 })
    assert.deepEqual([code, starts], ['wallet_low', 0])
    assert.match(detail, /top it up/)
    const { blocked, blockedFor, leastMinor } = await ada.get(200, 'GET /api/billing/wallet')
    assert.deepEqual([blocked, blockedFor, leastMinor], [true, 'balance', 500])
  }
  await refused()
  assert.equal(await byOld('NOBODY'), 'Accepted', 'a card of nobody has no wallet')
  await topUp(400)
  await refused()
  await topUp(100)
  assert.deepEqual([await byCard(), await byOld('ADA')], [['Accepted', undefined], 'Accepted'])
  await ada.get(200, 'POST /api/sessions/start', { chargerId: 'CP-16', evse: 1 })
  assert.equal(starts, 1)
  starts = 0
  await ada.get(202, 'POST /api/billing/wallet/refunds', { amountMinor: 1, currency: 'EUR' })
  await p.settle()
  await refused()
  // Of what they can see at the pole nobody is told by mail, who never wanted to charge.
  assert.deepEqual(
    (await mailsIn(p.mailFolder)).filter(({ event }) => event?.startsWith('driver.')),
    [],
  )
})
