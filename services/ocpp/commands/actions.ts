import type { OcppVersion } from '#contracts/ocpp'

const words = (text: string): string[] => text.trim().split(/\s+/)

/** OCPP 1.6 edition 2 §5 with the security whitepaper. */
const of16 = words(`
  CancelReservation ChangeAvailability ChangeConfiguration ClearCache ClearChargingProfile DataTransfer
  GetCompositeSchedule GetConfiguration GetDiagnostics GetLocalListVersion RemoteStartTransaction
  RemoteStopTransaction ReserveNow Reset SendLocalList SetChargingProfile TriggerMessage UnlockConnector
  UpdateFirmware CertificateSigned DeleteCertificate ExtendedTriggerMessage GetInstalledCertificateIds GetLog
  InstallCertificate SignedUpdateFirmware`)

/** OCPP 2.0.1 Part 2 §1. */
const of201 = words(`
  CancelReservation CertificateSigned ChangeAvailability ClearCache ClearChargingProfile ClearDisplayMessage
  ClearVariableMonitoring CostUpdated CustomerInformation DataTransfer DeleteCertificate GetBaseReport
  GetChargingProfiles GetCompositeSchedule GetDisplayMessages GetInstalledCertificateIds GetLocalListVersion GetLog
  GetMonitoringReport GetReport GetTransactionStatus GetVariables InstallCertificate PublishFirmware
  RequestStartTransaction RequestStopTransaction ReserveNow Reset SendLocalList SetChargingProfile
  SetDisplayMessage SetMonitoringBase SetMonitoringLevel SetNetworkProfile SetVariableMonitoring SetVariables
  TriggerMessage UnlockConnector UnpublishFirmware UpdateFirmware`)

/** OCPP 2.1 Part 2 §1, beside those of 2.0.1. */
const more21 = words(`
  AdjustPeriodicEventStream AFRRSignal ChangeTransactionTariff ClearDERControl ClearTariffs GetDERControl
  GetPeriodicEventStream GetTariffs NotifyAllowedEnergyTransfer NotifyWebPaymentStarted RequestBatterySwap
  SetDefaultTariff SetDERControl UpdateDynamicSchedule UsePriorityCharging`)

/** What may be asked of a charger, by its version. */
export const commands: Readonly<Record<OcppVersion, readonly string[]>> = {
  'ocpp1.6': of16,
  'ocpp2.0.1': of201,
  'ocpp2.1': [...of201, ...more21],
}

const spellings = Object.fromEntries(
  Object.entries(commands).map(([version, actions]) => [
    version,
    new Map(actions.map(action => [action.toLowerCase(), action])),
  ]),
) as Record<OcppVersion, Map<string, string>>

/** As the version spells it, whatever the case; undefined where it has no such command. */
export const commandOf = (version: OcppVersion, action: string): string | undefined =>
  spellings[version].get(action.toLowerCase())
