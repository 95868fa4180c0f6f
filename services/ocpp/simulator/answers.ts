import { accepted, type Answers } from './inside.ts'
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
  /** Of its parts. */
  readonly more: Answers
}

/** Answers to calls of all versions; undefined for what it cannot do, which is told so. */
export function answersOf(deeds: Deeds): (action: string, payload: any) => object | undefined {
  const { settings } = deeds
  const trigger: Answers[string] = ({ requestedMessage, connectorId, evse }) => ({
    status: deeds.trigger(requestedMessage, connectorId ?? evse?.id) ? 'Accepted' : 'NotImplemented',
  })
  const answers: Answers = {
    RemoteStartTransaction: ({ connectorId, idTag }) => accepted(deeds.remoteStart(connectorId, idTag, undefined)),
    RequestStartTransaction: ({ evseId, idToken, remoteStartId }) =>
      accepted(deeds.remoteStart(evseId, idToken.idToken, remoteStartId)),
    RemoteStopTransaction: ({ transactionId }) => accepted(deeds.remoteStop(transactionId)),
    RequestStopTransaction: ({ transactionId }) => accepted(deeds.remoteStop(transactionId)),
    Reset: () => (deeds.reset(), accepted(true)),
    TriggerMessage: trigger,
    ExtendedTriggerMessage: trigger,
    ChangeAvailability: () => accepted(true),
    UnlockConnector: () => ({ status: 'Unlocked' }),
    ClearCache: () => accepted(true),
    GetConfiguration: () => ({ configurationKey: settings.keys() }),
    ChangeConfiguration: ({ key, value }) => ({ status: settings.putKey(key, value) }),
    GetBaseReport: ({ requestId }) => (deeds.report(requestId), accepted(true)),
    GetVariables: ({ getVariableData }) => ({ getVariableResult: getVariableData.map(settings.get) }),
    SetVariables: ({ setVariableData }) => ({ setVariableResult: setVariableData.map(settings.put) }),
    ...deeds.more,
  }
  return (action, payload) => (Object.hasOwn(answers, action) ? answers[action]!(payload) : undefined)
}
