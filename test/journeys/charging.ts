import {
  AdHocPaid,
  AdHocStartRequested,
  AdHocStopRequested,
  BudgetReached,
  ChargeUnpaid,
  CompanyCardChanged,
  DriverBlocked,
  ReimbursementStated,
  DriverUnblocked,
  InvoiceIssued,
  SessionCharged,
  SessionCredited,
  TariffPublished,
  TariffWithdrawn,
  TopUpFailed,
  WalletLow,
} from '#contracts/billing'
import {
  AvailabilityRequested,
  IncidentClosed,
  PhotoTaken,
  TicketSlaAtRisk,
  TicketSlaMissed,
  WorkChanged,
} from '#contracts/maintenance'
import { CertificateEnding, ChargerLost, ConnectorFailed } from '#contracts/ocpp'
import {
  SessionCorrected,
  SessionEnded,
  SessionStarted,
  SessionStartRequested,
  SessionStopRequested,
  SessionUpdated,
} from '#contracts/sessions'
import { StationUpdated } from '#contracts/stations'
import { newId } from '#kernel'
import type { TestPlatform } from '../../kernel/testing.ts'
import { boot16, boot2, connect } from '../../services/ocpp/testing.ts'
import type { Client } from './client.ts'

const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString()

/** Two chargers that nobody knew charge cars; one goes. `root` is an admin, and somebody hears of it. */
export async function chargingHappens(
  p: Pick<TestPlatform, 'publish'>,
  address: string,
  root: Client,
  personId: string,
): Promise<void> {
  const leaving: (() => void)[] = []
  const charger = (id: string, version: 'ocpp1.6' | 'ocpp2.0.1') =>
    connect(
      { after: (leave: () => void) => void leaving.push(leave) } as never,
      `${address.replace('http', 'ws')}/ocpp/${id}`,
      version,
    )
  try {
    const old = await charger('CP-OLD', 'ocpp1.6')
    await old.call('BootNotification', boot16)
    const idTag = 'CARD-1'
    for (const [connectorId, meterStart] of [
      [1, 1000],
      [2, 5000],
    ] as const) {
      await old.call('StatusNotification', { connectorId, errorCode: 'NoError', status: 'Preparing' })
      const start = { connectorId, idTag, meterStart, timestamp: ago(30) }
      const { transactionId } = await old.call('StartTransaction', start)
      const sampledValue = [{ value: String(meterStart + 2500) }]
      await old.call('MeterValues', { connectorId, transactionId, meterValue: [{ timestamp: ago(20), sampledValue }] })
      // One goes on.
      if (connectorId === 1)
        await old.call('StopTransaction', { transactionId, meterStop: meterStart + 7000, timestamp: ago(10) })
      await old.call('StatusNotification', { connectorId, errorCode: 'NoError', status: 'Charging' })
    }
    await root.get(200, 'PUT /api/ocpp/chargers/CP-OLD', { name: 'Car park, left' })

    const young = await charger('CP-YOUNG', 'ocpp2.0.1')
    await young.call('BootNotification', boot2)
    for (const [seqNo, eventType] of (['Started', 'Updated', 'Ended'] as const).entries())
      await young.call('TransactionEvent', {
        eventType,
        seqNo,
        timestamp: ago(30 - 10 * seqNo),
        triggerReason: 'MeterValuePeriodic',
        transactionInfo: { transactionId: 'T-1' },
        evse: { id: 1, connectorId: 1 },
        meterValue: [{ timestamp: ago(30 - 10 * seqNo), sampledValue: [{ value: 1000 + seqNo * 400 }] }],
      })
    await young.call('MeterValues', { evseId: 1, meterValue: [{ timestamp: ago(1), sampledValue: [{ value: 1800 }] }] })
    await young.close()
    old.answers.set('Reset', () => ({ status: 'Accepted' }))
    await root.get(200, 'POST /api/ocpp/chargers/CP-OLD/commands/Reset', { type: 'Soft' })

    await filesHappen(old, root, address)

    // By hand: who asks over HTTP waits for a charger's answer, and nobody may be there to send it on.
    const asked = { chargerId: 'CP-YOUNG', until: new Date(Date.now() + 35_000).toISOString() }
    const [driverId, place] = [newId(), { evse: 1, connector: null }]
    const token = { idToken: 'OB234567ABCDEFGHJKLM', type: 'Central' }
    const start = { ...asked, requestId: newId(), ...place, token, own: true, driverId, remoteStartId: 71_003 }
    await p.publish(SessionStartRequested, start)
    await adHocHappens(p, asked)
    const since = ago(10)
    const [owner, info] = [{ kind: 'person' as const, id: personId }, null]
    // These by hand too: they are told of what has lasted, and of what follows from other events.
    await p.publish(ChargerLost, { chargerId: 'CP-YOUNG', owner, since })
    const fault = { evse: 1, connector: 1, errorCode: 'GroundFailure', info }
    await p.publish(ConnectorFailed, { chargerId: 'CP-OLD', owner, ...fault, since })
    const endsAt = new Date(Date.now() + 86_400_000).toISOString()
    await p.publish(CertificateEnding, { chargerId: 'CP-OLD', owner, certificateId: newId(), endsAt })
    const session = {
      sessionId: newId(),
      chargerId: 'CP-GONE',
      stationId: null,
      evse: 1,
      connector: 1,
      owner,
      driverId: personId,
      token: null,
      startedAt: ago(90),
      energyWh: 7000,
      updatedAt: ago(60),
    }
    const running = { ...session, energyWh: 0, updatedAt: ago(90) }
    await p.publish(SessionStarted, { ...running, offline: false })
    await p.publish(SessionUpdated, { ...running, energyWh: 3000, updatedAt: ago(75), chargingState: 'Charging' })
    const end = { endedAt: ago(60), stopReason: 'Local', closedBy: 'charger' as const }
    await p.publish(SessionEnded, { ...session, ...end })
    const former = { startedAt: ago(90), endedAt: ago(60), energyWh: 7000 }
    await p.publish(DriverBlocked, { driverId: personId, reason: 'funds', at: ago(50) })
    await p.publish(DriverUnblocked, { driverId: personId, at: ago(40) })
    const [tokenId, companyId] = [newId(), newId()]
    const card = { cardId: newId(), tokenId, companyId, companyName: 'Voltaic GmbH', holderId: personId, at: ago(45) }
    await p.publish(CompanyCardChanged, { ...card, endedFor: null, version: 1 })
    await p.publish(CompanyCardChanged, { ...card, endedFor: 'left', version: 2 })
    const centre = { costCentreId: newId(), companyId, code: '4711', name: 'Sales', month: '2027-03', percent: 80 }
    await p.publish(BudgetReached, { ...centre, currency: 'EUR', spentMinor: 40_000, budgetMinor: 50_000 })
    const given = {
      creditId: newId(),
      sessionId: session.sessionId,
      chargerId: 'CP-GONE',
      seller: owner,
      companyId: null,
    }
    const amounts = { currency: 'EUR', netMinor: 100, taxMinor: 19, totalMinor: 119 }
    await p.publish(SessionCredited, { ...given, ...amounts, driverId: personId, reason: 'Stopped', at: ago(30) })
    const stated = {
      statementId: newId(),
      companyId,
      userId: personId,
      month: '2027-03',
      sessions: 2,
      energyWh: 20_000,
    }
    await p.publish(ReimbursementStated, { ...stated, currency: 'EUR', amountMinor: 620, paidBy: 'payroll' })
    await p.publish(SessionCorrected, { ...session, ...end, energyWh: 7500, updatedAt: ago(55), former })
    const tariffId = newId()
    const elements = [{ priceComponents: [{ type: 'ENERGY' as const, price: '0.49' }] }]
    const terms = { currency: 'EUR', taxIncluded: true, elements }
    for (const version of [1, 2])
      await p.publish(TariffPublished, { tariffId, owner, name: `Standard ${version}`, version, terms })
    await p.publish(SessionCharged, {
      sessionId: session.sessionId,
      revision: 1,
      chargerId: 'CP-GONE',
      stationId: null,
      evse: 1,
      connector: 1,
      seller: owner,
      driverId: personId,
      tariffId,
      energyWh: 7500,
      startedAt: ago(90),
      endedAt: ago(60),
      currency: 'EUR',
      netMinor: 309,
      taxMinor: 59,
      totalMinor: 368,
      owedMinor: 0,
      at: ago(50),
    })
    await p.publish(TariffWithdrawn, { tariffId, owner })
    const lacking = { driverId: personId, currency: 'EUR', at: ago(50) }
    const unpaid = { sessionId: session.sessionId, revision: 1, chargerId: 'CP-GONE', totalMinor: 368, owedMinor: 68 }
    await p.publish(ChargeUnpaid, { ...lacking, ...unpaid })
    await p.publish(WalletLow, { ...lacking, balanceMinor: 0, belowMinor: 1_000 })
    await p.publish(TopUpFailed, { ...lacking, paymentId: newId(), amountMinor: 2_000 })
    await p.publish(InvoiceIssued, {
      invoiceId: newId(),
      kind: 'invoice',
      number: 'INV-2027-000001',
      issuedOn: '2027-03-01',
      sellerId: personId,
      buyerId: personId,
      currency: 'EUR',
      totalMinor: 368,
    })
    const station = { stationId: newId(), chargerId: 'CP-GONE', owner, public: false, name: 'CP-GONE', version: 2 }
    await p.publish(StationUpdated, station)
    const ticket = {
      ticketId: newId(),
      number: 1042,
      incidentId: null,
      chargerId: 'CP-GONE',
      stationId: null,
      owner,
      place: 'Car park',
      title: 'No display',
      priority: 'high' as const,
      state: 'assigned' as const,
      assigneeId: personId,
      dueAt: ago(-60),
      version: 3,
    }
    await p.publish(IncidentClosed, {
      incidentId: newId(),
      source: 'fault',
      chargerId: 'CP-GONE',
      stationId: null,
      evse: 1,
      connector: 1,
      owner,
      place: 'Car park',
      code: 'GroundFailure',
      priority: 'high',
      openedAt: ago(80),
      closedAt: ago(70),
      end: 'cleared',
    })
    await p.publish(TicketSlaAtRisk, ticket)
    await p.publish(AvailabilityRequested, { ...asked, requestId: newId(), evse: null, operative: false })
    const work = { workId: newId(), stationId: newId(), evse: 1, title: 'New cables', state: 'active' as const }
    await p.publish(WorkChanged, { ...work, from: ago(60), to: ago(10), plannedBy: personId, version: 2 })
    const photo = {
      fileId: newId(),
      ticketId: ticket.ticketId,
      fileKey: `maintenance/${newId()}/${newId()}`,
      at: ago(5),
    }
    const file = { fileName: 'ticket-1042.jpg', sizeBytes: 4, sha256: '0'.repeat(64) }
    await p.publish(PhotoTaken, { ...photo, ...file, owner, place: 'Car park' })
    await p.publish(TicketSlaMissed, { ...ticket, dueAt: ago(1), version: 4 })
    await p.publish(SessionStopRequested, { ...asked, requestId: newId(), sessionId: newId(), reference: 'T-1' })
  } finally {
    for (const leave of leaving) leave()
  }
}

/** Somebody without an account pays at the pole. */
async function adHocHappens(p: Pick<TestPlatform, 'publish'>, asked: { chargerId: string; until: string }) {
  const [visitId, idToken] = [newId(), 'AH234567ABCDEFGHJKLM']
  const start = { ...asked, visitId, idToken, evse: 1, connector: 1, tokenUntil: asked.until }
  await p.publish(AdHocStartRequested, { ...start, requestId: newId(), remoteStartId: 71_004 })
  await p.publish(AdHocStopRequested, { ...asked, requestId: newId(), sessionId: newId() })
  await p.publish(AdHocPaid, {
    visitId,
    sessionId: newId(),
    email: 'stranger@example.com',
    language: 'en',
    stationName: 'Market square',
    energyWh: 7000,
    currency: 'EUR',
    totalMinor: 350,
    at: ago(5),
  })
}

/** A charger brings its diagnostics twice, and the second are deleted. */
async function filesHappen(charger: Awaited<ReturnType<typeof connect>>, root: Client, address: string): Promise<void> {
  let location = ''
  charger.answers.set('GetDiagnostics', payload => {
    location = payload.location.replace(/^https?:\/\/[^/]+/, address)
    return { fileName: 'diagnostics.log' }
  })
  const ids: string[] = []
  for (const body of ['what happened', 'and what did not']) {
    ids.push((await root.get(202, 'POST /api/ocpp/chargers/CP-OLD/files', { kind: 'diagnostics' })).id)
    await fetch(location, { method: 'PUT', body })
  }
  await root.get(204, `DELETE /api/ocpp/chargers/CP-OLD/files/${ids[1]}`)
}
