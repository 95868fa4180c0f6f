import { newId } from '#kernel'
import { ChargerAlerted, type ConnectorStatus } from '#contracts/ocpp'
import { telling, type Telling } from '../batch.ts'
import { placeOf, type Component, type Variable } from '../device/places.ts'
import {
  endReport,
  writeAlerts,
  writeMonitors,
  writeVariables,
  type AlertRow,
  type VariableRow,
} from '../device/rows.ts'
import { isSecret } from '../log/secrets.ts'
import { connectorReported, handler, type Call, type Handlers } from './handler.ts'
import { timeOf } from './readings.ts'

/** A report comes in parts; the last says that none follows. */
interface Part {
  requestId: number
  seqNo: number
  tbc?: boolean
}

interface NotifyReport extends Part {
  reportData?: {
    component: Component
    variable: Variable
    variableAttribute: {
      type?: string
      value?: string
      mutability?: string
      persistent?: boolean
      constant?: boolean
    }[]
    variableCharacteristics?: {
      unit?: string
      dataType: string
      minLimit?: number
      maxLimit?: number
      valuesList?: string
      supportsMonitoring: boolean
    }
  }[]
}

interface NotifyMonitoringReport extends Part {
  monitor?: {
    component: Component
    variable: Variable
    variableMonitoring: {
      id: number
      transaction: boolean
      value: number
      type: string
      severity: number
      eventNotificationType?: string
    }[]
  }[]
}

interface EventData {
  timestamp: string
  trigger: 'Alerting' | 'Delta' | 'Periodic'
  actualValue: string
  techCode?: string
  techInfo?: string
  cleared?: boolean
  transactionId?: string
  component: Component
  variable: Variable
  variableMonitoringId?: number
  eventNotificationType: string
  severity?: number
}

interface SecurityEvent {
  type: string
  timestamp: string
  techInfo?: string
}

/** B Provisioning and N Diagnostics of 2.x: the device model and what is watched of it. */
export const device2: Handlers = {
  NotifyReport: handler<NotifyReport>({
    handle: ({ peer, payload: { requestId, tbc, reportData = [] }, receivedAt }) => ({
      answer: {},
      async write(tx) {
        await writeVariables(tx, peer.id, reportData.flatMap(rowsOf), receivedAt)
        if (!tbc) await endReport(tx, peer.id, 'variables', requestId)
      },
    }),
  }),

  NotifyMonitoringReport: handler<NotifyMonitoringReport>({
    handle: ({ peer, payload: { requestId, tbc, monitor = [] }, receivedAt }) => ({
      answer: {},
      async write(tx) {
        const rows = monitor.flatMap(({ component, variable, variableMonitoring }) =>
          variableMonitoring.map(({ eventNotificationType: kind = null, id, type, value, severity, transaction }) => ({
            ...placeOf(component, variable),
            id,
            type,
            value,
            severity,
            transaction,
            kind,
          })),
        )
        await writeMonitors(tx, peer.id, rows, receivedAt)
        if (!tbc) await endReport(tx, peer.id, 'monitors', requestId)
      },
    }),
  }),

  NotifyEvent: handler<{ eventData: EventData[] }>({
    handle(call) {
      const { eventData } = call.payload
      const states = eventData.flatMap(event => availability(call, event) ?? [])
      const others = eventData.filter(event => !isAvailability(event))
      const alerts = others.map(event => alertOf(call, event))
      return {
        answer: {},
        rows: { connectors: states.flatMap(({ rows }) => rows?.connectors ?? []).filter(isLast) },
        tells: [...states.flatMap(({ tells }) => tells ?? []), ...alerts.filter(isAlarm).map(alerted)],
        write: alerts.length > 0 ? tx => writeAlerts(tx, alerts) : undefined,
      }
    },
  }),
}

/** A Security of all versions. */
export const security: Handlers = {
  SecurityEventNotification: handler<SecurityEvent>({
    handle({ peer, payload: { type, timestamp, techInfo }, receivedAt }) {
      const at = timeOf(timestamp, receivedAt)
      const alert: AlertRow = {
        id: newId(),
        charger_id: peer.id,
        kind: 'security',
        type,
        cleared: false,
        info: techInfo,
        at,
        received_at: receivedAt,
      }
      return { answer: {}, tells: [alerted(alert)], write: tx => writeAlerts(tx, [alert]) }
    },
  }),
}

type ReportData = NonNullable<NotifyReport['reportData']>[number]

const rowsOf = ({ component, variable, variableAttribute, variableCharacteristics: of }: ReportData): VariableRow[] =>
  variableAttribute.map(({ type = 'Actual', value = null, ...attribute }) => ({
    ...placeOf(component, variable),
    ...attribute,
    attribute: type,
    value: isSecret(variable.name) ? null : value,
    data_type: of?.dataType,
    unit: of?.unit,
    min_limit: of?.minLimit,
    max_limit: of?.maxLimit,
    values_list: of?.valuesList,
    monitored: of?.supportsMonitoring,
  }))

const statuses: Record<string, ConnectorStatus> = {
  Available: 'available',
  Occupied: 'occupied',
  Reserved: 'reserved',
  Unavailable: 'unavailable',
  Faulted: 'faulted',
}

/** How a connector is, or the charger as a whole, told as an event (G01, which takes the place of StatusNotification in 2.1). */
const isAvailability = ({ component: { name, evse }, variable, actualValue }: EventData): boolean =>
  variable.name === 'AvailabilityState' &&
  Object.hasOwn(statuses, actualValue) &&
  (name === 'ChargingStation' || (name === 'Connector' && evse?.connectorId !== undefined))

function availability(call: Call, event: EventData) {
  if (!isAvailability(event)) return undefined
  const { component, actualValue, techCode, techInfo, timestamp } = event
  return connectorReported(call, {
    evse: component.evse?.id ?? 0,
    connector: component.evse?.connectorId ?? 0,
    status: statuses[actualValue]!,
    error_code: actualValue === 'Faulted' ? (techCode ?? null) : null,
    info: techInfo ?? null,
    at: timeOf(timestamp, call.receivedAt),
  })
}

/** One statement writes a row once: of several about one connector the last. */
const isLast = (row: { evse: number; connector: number }, index: number, rows: readonly (typeof row)[]): boolean =>
  !rows.some((other, place) => place > index && other.evse === row.evse && other.connector === row.connector)

const alertOf = ({ peer, receivedAt }: Call, event: EventData): AlertRow => ({
  ...placeOf(event.component, event.variable),
  id: newId(),
  charger_id: peer.id,
  kind: 'monitoring',
  type: event.trigger,
  value: isSecret(event.variable.name) ? undefined : event.actualValue,
  severity: event.severity,
  cleared: event.cleared ?? false,
  code: event.techCode,
  info: event.techInfo,
  monitor_id: event.variableMonitoringId,
  transaction: event.transactionId,
  at: timeOf(event.timestamp, receivedAt),
  received_at: receivedAt,
})

/** What changes or comes round again is kept, and told to nobody. */
const isAlarm = ({ type }: AlertRow): boolean => type === 'Alerting'

const alerted = (alert: AlertRow): Telling =>
  telling(ChargerAlerted, {
    alertId: alert.id,
    chargerId: alert.charger_id,
    kind: alert.kind,
    type: alert.type,
    component: alert.component ?? null,
    variable: alert.variable ?? null,
    evse: alert.evse ?? 0,
    connector: alert.connector ?? 0,
    value: alert.value ?? null,
    severity: alert.severity ?? null,
    cleared: alert.cleared,
    code: alert.code ?? null,
    info: alert.info ?? null,
    at: alert.at.toISOString(),
    receivedAt: alert.received_at.toISOString(),
  })
