import type { Settings } from './settings.ts'

/** What a simulated charger does when it is told to. */
export interface Deeds {
  /** False where no plug is free. */
  remoteStart(connector: number | undefined, idToken: string, remoteStartId: number | undefined): boolean
  remoteStop(transactionId: string | number): boolean
  reset(): void
  /** False for what it does not send by itself. */
  trigger(message: string, connector: number | undefined): boolean
  /** How it is set is told after the answer. */
  report(requestId: number): void
  readonly settings: Settings
}

const accepted = (yes: boolean) => ({ status: yes ? 'Accepted' : 'Rejected' })

/** Answers to calls of all versions; undefined for what it cannot do, which is told so. */
export const answersOf =
  (deeds: Deeds) =>
  // Held to its schema by who received it.
  (action: string, payload: any): object | undefined => {
    const { settings } = deeds
    const answers: Record<string, () => object> = {
      RemoteStartTransaction: () => accepted(deeds.remoteStart(payload.connectorId, payload.idTag, undefined)),
      RequestStartTransaction: () =>
        accepted(deeds.remoteStart(payload.evseId, payload.idToken.idToken, payload.remoteStartId)),
      RemoteStopTransaction: () => accepted(deeds.remoteStop(payload.transactionId)),
      RequestStopTransaction: () => accepted(deeds.remoteStop(payload.transactionId)),
      Reset: () => (deeds.reset(), accepted(true)),
      TriggerMessage: () => ({
        status: deeds.trigger(payload.requestedMessage, payload.connectorId ?? payload.evse?.id)
          ? 'Accepted'
          : 'NotImplemented',
      }),
      ChangeAvailability: () => accepted(true),
      UnlockConnector: () => ({ status: 'Unlocked' }),
      ClearCache: () => accepted(true),
      GetConfiguration: () => ({ configurationKey: settings.keys() }),
      ChangeConfiguration: () => ({ status: settings.putKey(payload.key, payload.value) }),
      GetBaseReport: () => (deeds.report(payload.requestId), accepted(true)),
      GetVariables: () => ({ getVariableResult: payload.getVariableData.map(settings.get) }),
      SetVariables: () => ({ setVariableResult: payload.setVariableData.map(settings.put) }),
    }
    return answers[action]?.()
  }
