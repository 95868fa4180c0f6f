import type { OcppVersion } from '#contracts/ocpp'

/** A message that a charger has to send. */
export type Saying = readonly [action: string, payload: object]

/** What happens at a plug, in the words of a version. */
export interface Dialect {
  boot(about: { model: string; serialNumber: string; firmware: string; reason: string }): Saying
  status(
    connector: number,
    status: 'Available' | 'Preparing' | 'Charging' | 'Finishing' | 'Faulted' | 'Reserved',
    at: Date,
  ): Saying
  authorize(idToken: string): Saying
  /** Whether an answer to `authorize` lets it charge. */
  accepts(answer: any): boolean // held to its schema by who received it
  /** Of the card, as the same answer has it. */
  groupOf(answer: any): string | undefined
  begin(t: Transaction, at: Date): Saying
  /** Takes up what is answered to the begin. */
  begun(t: Transaction, answer: any): void
  measure(t: Transaction, at: Date): Saying
  end(t: Transaction, at: Date, reason: string): Saying
}

export interface Transaction {
  readonly connector: number
  readonly idToken: string
  /** The id it has from the other side (1.6), or gave itself. */
  id: string | number
  seqNo: number
  meterWh: number
  readonly startWh: number
  powerW: number
  soc: number
  /** It could not say so at the time. */
  offline: boolean
  remoteStartId?: number
  reservationId?: number
}

const values16 = ({ meterWh, powerW, soc }: Transaction, at: Date) => [
  {
    timestamp: at.toISOString(),
    sampledValue: [
      {
        value: String(Math.round(meterWh)),
        measurand: 'Energy.Active.Import.Register',
        unit: 'Wh',
        context: 'Sample.Periodic',
      },
      { value: (powerW / 1000).toFixed(2), measurand: 'Power.Active.Import', unit: 'kW' },
      { value: String(Math.round(soc * 100)), measurand: 'SoC', unit: 'Percent', location: 'EV' },
    ],
  },
]

const ocpp16: Dialect = {
  boot: ({ model, serialNumber, firmware }) => [
    'BootNotification',
    {
      chargePointVendor: 'Simulated',
      chargePointModel: model,
      chargePointSerialNumber: serialNumber,
      firmwareVersion: firmware,
    },
  ],
  status: (connectorId, status, at) => [
    'StatusNotification',
    {
      connectorId,
      status,
      errorCode: status === 'Faulted' ? 'GroundFailure' : 'NoError',
      timestamp: at.toISOString(),
    },
  ],
  authorize: idTag => ['Authorize', { idTag }],
  accepts: answer => answer.idTagInfo.status === 'Accepted',
  groupOf: answer => answer.idTagInfo.parentIdTag,
  begin: ({ connector, idToken, startWh, reservationId }, at) => [
    'StartTransaction',
    {
      connectorId: connector,
      idTag: idToken,
      meterStart: Math.round(startWh),
      timestamp: at.toISOString(),
      ...(reservationId !== undefined && { reservationId }),
    },
  ],
  begun: (t, { transactionId }) => void (t.id = transactionId),
  measure: (t, at) => [
    'MeterValues',
    { connectorId: t.connector, transactionId: Number(t.id), meterValue: values16(t, at) },
  ],
  end: (t, at, reason) => [
    'StopTransaction',
    {
      transactionId: Number(t.id),
      idTag: t.idToken,
      meterStop: Math.round(t.meterWh),
      timestamp: at.toISOString(),
      reason,
    },
  ],
}

const values2 = ({ meterWh, powerW, soc }: Transaction, at: Date, context = 'Sample.Periodic') => [
  {
    timestamp: at.toISOString(),
    sampledValue: [
      {
        value: Math.round(meterWh),
        context,
        measurand: 'Energy.Active.Import.Register',
        unitOfMeasure: { unit: 'Wh' },
      },
      { value: Math.round(powerW), context, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W' } },
      { value: Math.round(soc * 100), context, measurand: 'SoC', unitOfMeasure: { unit: 'Percent' }, location: 'EV' },
    ],
  },
]

const event = (
  t: Transaction,
  at: Date,
  eventType: string,
  triggerReason: string,
  more: object,
  about: object = {},
): Saying => [
  'TransactionEvent',
  {
    eventType,
    triggerReason,
    seqNo: t.seqNo++,
    timestamp: at.toISOString(),
    ...(t.offline && { offline: true }),
    transactionInfo: { transactionId: String(t.id), ...about },
    evse: { id: t.connector, connectorId: 1 },
    ...more,
  },
]

const ocpp2: Dialect = {
  boot: ({ model, serialNumber, firmware, reason }) => [
    'BootNotification',
    { reason, chargingStation: { vendorName: 'Simulated', model, serialNumber, firmwareVersion: firmware } },
  ],
  status: (evseId, status, at) => [
    'StatusNotification',
    {
      evseId,
      connectorId: 1,
      timestamp: at.toISOString(),
      connectorStatus: ['Available', 'Faulted', 'Reserved'].includes(status) ? status : 'Occupied',
    },
  ],
  authorize: idToken => ['Authorize', { idToken: { idToken, type: 'ISO14443' } }],
  accepts: answer => answer.idTokenInfo.status === 'Accepted',
  groupOf: answer => answer.idTokenInfo.groupIdToken?.idToken,
  begin: (t, at) =>
    event(
      t,
      at,
      'Started',
      t.remoteStartId === undefined ? 'Authorized' : 'RemoteStart',
      {
        idToken: { idToken: t.idToken, type: 'ISO14443' },
        ...(t.reservationId !== undefined && { reservationId: t.reservationId }),
        meterValue: values2({ ...t, meterWh: t.startWh }, at, 'Transaction.Begin'),
      },
      { chargingState: 'Charging', ...(t.remoteStartId !== undefined && { remoteStartId: t.remoteStartId }) },
    ),
  begun() {},
  measure: (t, at) =>
    event(t, at, 'Updated', 'MeterValuePeriodic', { meterValue: values2(t, at) }, { chargingState: 'Charging' }),
  end: (t, at, reason) =>
    event(
      t,
      at,
      'Ended',
      reason === 'Remote' ? 'RemoteStop' : reason === 'Other' ? 'AbnormalCondition' : 'EVDeparted',
      { meterValue: values2(t, at, 'Transaction.End') },
      { stoppedReason: reason },
    ),
}

export const dialects: Readonly<Record<OcppVersion, Dialect>> = {
  'ocpp1.6': ocpp16,
  'ocpp2.0.1': ocpp2,
  'ocpp2.1': ocpp2,
}
