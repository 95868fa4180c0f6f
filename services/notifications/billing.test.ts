import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AdHocPaid,
  ChargeUnpaid,
  DriverBlocked,
  InvoiceIssued,
  SessionCharged,
  TopUpFailed,
  WalletLow,
} from '#contracts/billing'
import { newId } from '#kernel'
import { everything, open, self } from './testing.ts'

test('a driver reads what a session cost, has the invoice announced by mail, and hears why chargers refuse them', async t => {
  const p = await open(t)
  const driverId = self.id
  const charged = {
    sessionId: newId(),
    revision: 1,
    chargerId: 'CP-1',
    stationId: null,
    evse: 1,
    connector: 1,
    seller: self,
    driverId,
    tariffId: newId(),
    energyWh: 10_000,
    startedAt: '2027-03-01T10:00:00.000Z',
    endedAt: '2027-03-01T11:00:00.000Z',
    currency: 'EUR',
    netMinor: 420,
    taxMinor: 80,
    totalMinor: 500,
    owedMinor: 200,
    at: '2027-03-01T11:00:01.000Z',
  }
  await p.publish(SessionCharged, charged)
  await p.publish(SessionCharged, { ...charged, sessionId: newId(), driverId: null })
  await p.publish(InvoiceIssued, {
    invoiceId: newId(),
    kind: 'invoice',
    number: 'INV-2027-000001',
    issuedOn: '2027-03-01',
    sellerId: newId(),
    buyerId: driverId,
    currency: 'JPY',
    totalMinor: 1500,
  })
  const paid = {
    visitId: newId(),
    sessionId: newId(),
    language: 'de' as const,
    stationName: 'Market square',
    energyWh: 8_500,
    currency: 'EUR',
    totalMinor: 417,
    at: '2027-03-01T11:00:02.000Z',
  }
  await p.publish(AdHocPaid, { ...paid, email: 'stranger@example.com' })
  await p.publish(AdHocPaid, { ...paid, visitId: newId(), email: null })
  await p.publish(DriverBlocked, { driverId, reason: 'funds', at: '2027-03-01T11:00:02.000Z' })
  await p.settle()
  const { mails, inApp } = await everything(p)
  const receipt = mails.findIndex(mail => mail.startsWith('stranger@'))
  assert.match(mails.splice(receipt, 1)[0]!, /Beleg: 4,17.€ für das Laden \(ad-hoc\.paid\)/)
  assert.deepEqual(mails, [
    'ada@example.com: Invoice INV-2027-000001 (invoice.issued)',
    'ada@example.com: You cannot charge at the moment (driver.blocked)',
  ])
  assert.deepEqual(inApp, ['ada@example.com: €5.00 for charging at CP-1 (session.charged)', ...mails].toSorted())
})

test('a driver hears by mail that little is left, that a session is not paid, and that a payment failed', async t => {
  const p = await open(t)
  const about = { driverId: self.id, currency: 'EUR', at: '2027-03-01T11:00:02.000Z' }
  await p.publish(WalletLow, { ...about, balanceMinor: 740, belowMinor: 1_000 })
  const session = { sessionId: newId(), revision: 1, chargerId: 'CP-1' }
  await p.publish(ChargeUnpaid, { ...about, ...session, totalMinor: 500, owedMinor: 200 })
  await p.publish(TopUpFailed, { ...about, paymentId: newId(), amountMinor: 2_000 })
  await p.settle()
  const { mails, inApp } = await everything(p)
  assert.deepEqual(mails, [
    'ada@example.com: The payment of €20.00 failed (top-up.failed)',
    'ada@example.com: Your wallet holds €7.40 (wallet.low)',
    'ada@example.com: €2.00 for charging at CP-1 are not paid (charge.unpaid)',
  ])
  assert.deepEqual(inApp, mails)
})
