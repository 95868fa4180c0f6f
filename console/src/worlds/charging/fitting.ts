import type { components } from '../../api/api.gen'
import { useRead } from '../../blocks/data.tsx'
import type { Schema } from '../../blocks/schema.ts'
import { shown } from '../../blocks/values.tsx'
import { fill, useLanguage, useTexts, wordFor } from '../../texts/texts.tsx'
import { useDeviceTexts } from './device-texts.ts'

type ChargerAnswer = components['schemas']['Charger']

/** Which part of a charger a command needs: feature profiles of 1.6 (§3.3), components of 2.x. */
const needs: Readonly<Record<string, string>> = {
  FirmwareManagement: 'GetDiagnostics UpdateFirmware',
  LocalAuthListManagement: 'GetLocalListVersion SendLocalList',
  Reservation: 'CancelReservation ReserveNow',
  SmartCharging: 'ClearChargingProfile GetCompositeSchedule SetChargingProfile',
  RemoteTrigger: 'TriggerMessage',
  SmartChargingCtrlr:
    'ClearChargingProfile GetChargingProfiles GetCompositeSchedule SetChargingProfile UpdateDynamicSchedule UsePriorityCharging',
  ReservationCtrlr: 'CancelReservation ReserveNow',
  LocalAuthListCtrlr: 'GetLocalListVersion SendLocalList',
  DisplayMessageCtrlr: 'ClearDisplayMessage GetDisplayMessages SetDisplayMessage',
  MonitoringCtrlr:
    'ClearVariableMonitoring GetMonitoringReport SetMonitoringBase SetMonitoringLevel SetVariableMonitoring',
  TariffCostCtrlr: 'ChangeTransactionTariff ClearTariffs CostUpdated GetTariffs SetDefaultTariff',
  AuthCacheCtrlr: 'ClearCache',
}
const profiles = Object.keys(needs).filter(part => !part.endsWith('Ctrlr'))

/** Answers by which a charger says that it has no such thing. */
const unknown = ['NotImplemented', 'NotSupported']

/** Why a charger will hardly take a command, by what it said of itself and by what it has answered since it started. */
export function useUnfit(charger: ChargerAnswer): (action: string) => string | undefined {
  const own = useDeviceTexts()
  const language = useLanguage()
  const { id, ocppVersion, bootedAt } = charger
  const is16 = ocppVersion === 'ocpp1.6'
  const search = is16 ? 'SupportedFeatureProfiles' : 'Available'
  const { data: said } = useRead('/api/ocpp/chargers/{id}/variables', { id }, { search, limit: '100' })
  const { data: failed } = useRead('/api/ocpp/chargers/{id}/commands', { id }, { outcome: 'error', limit: '100' })
  const variables = said?.data.items ?? []
  const named = variables.find(({ variable }) => variable === search)?.value
  const lacking = is16
    ? profiles.filter(part => named && !named.split(/\s*,\s*/).includes(part))
    : variables.flatMap(({ component, variable, value }) =>
        variable === search && value?.toLowerCase() === 'false' ? (component ?? []) : [],
      )
  return action => {
    const part = lacking.find(each => needs[each]?.split(' ').includes(action))
    if (part) return fill(is16 ? own.notNamed : own.notThere, { part })
    const refusal = failed?.data.items.find(
      one => one.action === action && unknown.includes(one.errorCode ?? '') && one.askedAt > (bootedAt ?? ''),
    )
    return (
      refusal && fill(own.refusedBefore, { code: refusal.errorCode!, at: shown('instant', refusal.askedAt, language) })
    )
  }
}

/** Ids that a command wants and this charger has: its connectors, what charges there, and cards. */
export function useOffers(charger: ChargerAnswer, { properties = {} }: Schema) {
  const texts = useTexts()
  const own = useDeviceTexts()
  const { connectors, transactions, ocppVersion } = charger
  const takesCards = 'idTag' in properties || 'idToken' in properties
  const cards = useRead('/api/ocpp/tokens', {}, { status: 'accepted', limit: takesCards ? '10' : '1' })
  const is16 = ocppVersion === 'ocpp1.6'
  const all = [
    ...connectors.map(({ evse, connector, status }) => ({
      name: `${is16 ? evse : `${evse}.${connector}`} ${wordFor(texts, status)}`,
      gives: is16
        ? { connectorId: evse }
        : { evseId: evse, connectorId: connector, evse: { id: evse, connectorId: connector } },
    })),
    ...transactions.map(({ reference }) => ({
      name: fill(own.transaction, { id: reference }),
      gives: { transactionId: is16 ? Number(reference) : reference },
    })),
    ...(takesCards ? (cards.data?.data.items ?? []) : []).map(({ idToken, type, label }) => ({
      name: [idToken, label].filter(Boolean).join(' '),
      gives: { idTag: idToken, idToken: { idToken, type } },
    })),
  ]
  return all.flatMap(({ name, gives }) => {
    const taken = Object.entries(gives).filter(([field]) => field in properties)
    return taken.length > 0 ? [{ name, gives: Object.fromEntries(taken) }] : []
  })
}
