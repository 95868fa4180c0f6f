import type { Tx } from '#kernel'
import { removeInstalled, writeInstalled, type CertificateHash } from '../certificates/installed.ts'
import { noteAnswered } from '../certificates/store.ts'
import { noteCost, type Peer } from '../peer.ts'
import { findCost } from '../prices/store.ts'
import { isSecret, withoutPasswords } from '../log/secrets.ts'
import { keyPlace, placeOf, type Component, type Variable } from './places.ts'
import {
  expectReport,
  noteWaiting,
  removeMonitors,
  removeOlder,
  removeProfiles,
  writeMonitors,
  writeNotices,
  writeProfiles,
  writeVariables,
} from './rows.ts'

/** A call that a charger answered. */
interface Answered {
  readonly peer: Peer
  readonly action: string
  readonly payload: any
  readonly answer: any
  readonly at: Date
}

type Learn = (tx: Tx, answered: Answered) => Promise<unknown>

/** What follows from an answer for what is known of the device; both are as their schemas have them. */
export const learn = async (tx: Tx, answered: Answered): Promise<void> => {
  if (Object.hasOwn(lessons, answered.action)) await lessons[answered.action]!(tx, answered)
}

const lessons: Readonly<Record<string, Learn>> = {
  CertificateSigned: (tx, { peer, payload, answer, at }) =>
    noteAnswered(tx, peer.id, payload.certificateChain, answer.status === 'Accepted', at),

  async GetInstalledCertificateIds(tx, { peer, payload: { certificateType: asked }, answer, at }) {
    const chains: HashChain[] =
      answer.certificateHashDataChain ??
      answer.certificateHashData?.map((hash: CertificateHash) => ({
        certificateType: asked,
        certificateHashData: hash,
      }))
    const installed = (chains ?? []).flatMap(
      ({ certificateType: type, certificateHashData, childCertificateHashData }) => [
        { ...certificateHashData, type, isBelow: false },
        ...(childCertificateHashData ?? []).map(hash => ({ ...hash, type, isBelow: true })),
      ],
    )
    await writeInstalled(tx, peer.id, asked && [asked].flat(), installed, at)
  },

  async DeleteCertificate(tx, { peer, payload, answer }) {
    if (answer.status !== 'Failed') await removeInstalled(tx, peer.id, payload.certificateHashData)
  },

  async CostUpdated(tx, { peer, payload: { transactionId } }) {
    const cost = await findCost(tx, peer.id, transactionId)
    if (cost) noteCost(peer, transactionId, cost)
  },

  async GetConfiguration(tx, { peer, payload, answer, at }) {
    const keys: { key: string; readonly: boolean; value?: string }[] = answer.configurationKey ?? []
    const rows = keys.map(({ key, readonly, value = null }) => ({
      ...keyPlace(key),
      attribute: 'Actual',
      value: isSecret(key) ? null : value,
      mutability: readonly ? 'ReadOnly' : 'ReadWrite',
    }))
    await writeVariables(tx, peer.id, rows, at)
    if (!payload.key?.length) await removeOlder(tx, peer.id, 'variables', at)
  },

  ChangeConfiguration: (tx, { peer, payload: { key, value }, answer: { status }, at }) =>
    noteSet(tx, peer, [{ place: keyPlace(key), attribute: 'Actual', value, status }], at),

  async GetVariables(tx, { peer, answer, at }) {
    const results: GotVariable[] = answer.getVariableResult
    const rows = results
      .filter(({ attributeStatus }) => attributeStatus === 'Accepted')
      .map(({ component, variable, attributeType = 'Actual', attributeValue = null }) => ({
        ...placeOf(component, variable),
        attribute: attributeType,
        value: isSecret(variable.name) ? null : attributeValue,
      }))
    await writeVariables(tx, peer.id, rows, at)
  },

  async SetVariables(tx, { peer, payload, answer, at }) {
    const asked: SetVariable[] = payload.setVariableData
    const results: SetResult[] = answer.setVariableResult
    const set = resultsFor(asked, results).map(({ component, variable, attributeType, attributeValue, result }) => ({
      place: placeOf(component, variable),
      attribute: attributeType ?? 'Actual',
      value: attributeValue,
      status: result?.attributeStatus ?? 'Rejected',
    }))
    await noteSet(tx, peer, set, at)
  },

  async SetNetworkProfile(tx, { peer, payload: { configurationSlot, connectionData }, answer, at }) {
    if (answer.status !== 'Accepted') return
    const data = withoutPasswords(connectionData)
    await writeNotices(tx, peer.id, [{ topic: 'network-profile', key: String(configurationSlot), data }], at)
  },

  async GetBaseReport(tx, { peer, payload, answer, at }) {
    if (answer.status === 'Accepted' && payload.reportBase === 'FullInventory')
      await expectReport(tx, peer.id, 'variables', payload.requestId, at)
  },

  async GetMonitoringReport(tx, { peer, payload, answer, at }) {
    if (payload.componentVariable || payload.monitoringCriteria) return
    if (answer.status === 'Accepted') await expectReport(tx, peer.id, 'monitors', payload.requestId, at)
    if (answer.status === 'EmptyResultSet') await removeOlder(tx, peer.id, 'monitors', at)
  },

  async SetVariableMonitoring(tx, { peer, payload, answer, at }) {
    const asked: Monitor[] = payload.setMonitoringData
    const results: MonitorResult[] = answer.setMonitoringResult
    const rows = results.flatMap(({ id, status, component, variable, type, severity }, index) => {
      const { value, transaction = false } = asked[index] ?? {}
      if (status !== 'Accepted' || id === undefined || value === undefined) return []
      return { ...placeOf(component, variable), id, type, value, severity, transaction, kind: 'CustomMonitor' }
    })
    await writeMonitors(tx, peer.id, rows, at)
  },

  async ClearVariableMonitoring(tx, { peer, answer }) {
    const results: { id: number; status: string }[] = answer.clearMonitoringResult
    const gone = results.filter(({ status }) => status !== 'Rejected').map(({ id }) => id)
    await removeMonitors(tx, peer.id, gone)
  },

  async SetChargingProfile(tx, { peer, payload, answer, at }) {
    if (answer.status !== 'Accepted') return
    const profile = payload.chargingProfile ?? payload.csChargingProfiles
    const id = profile.id ?? profile.chargingProfileId
    const evse = payload.evseId ?? payload.connectorId
    await writeProfiles(tx, peer.id, [{ id, evse, source: 'CSO', profile }], at)
  },

  async ClearChargingProfile(tx, { peer, payload, answer }) {
    if (answer.status !== 'Accepted') return
    const { chargingProfilePurpose: purpose, stackLevel, ...by } = payload.chargingProfileCriteria ?? payload
    const [id, evse] = [payload.chargingProfileId ?? payload.id, by.evseId ?? by.connectorId]
    await removeProfiles(tx, peer.id, { id, evse, purpose, stackLevel })
  },

  async GetChargingProfiles(tx, { peer, payload, answer, at }) {
    if (payload.evseId !== undefined || Object.keys(payload.chargingProfile).length > 0) return
    if (answer.status === 'Accepted') await expectReport(tx, peer.id, 'profiles', payload.requestId, at)
    if (answer.status === 'NoProfiles') await removeOlder(tx, peer.id, 'profiles', at)
  },
}

interface HashChain {
  readonly certificateType: string
  readonly certificateHashData: CertificateHash
  readonly childCertificateHashData?: readonly CertificateHash[]
}
interface Named {
  component: Component
  variable: Variable
}
interface GotVariable extends Named {
  attributeStatus: string
  attributeType?: string
  attributeValue?: string
}
export interface SetVariable extends Named {
  attributeType?: string
  attributeValue: string
}
export interface SetResult extends Named {
  attributeType?: string
  attributeStatus: string
  attributeStatusInfo?: { reasonCode: string; additionalInfo?: string }
}
interface Monitor extends Named {
  id?: number
  value: number
  transaction?: boolean
}
interface MonitorResult extends Named {
  id?: number
  status: string
  type: string
  severity: number
}

/** Results name what they are of; nobody promises their order. */
export const resultsFor = (asked: readonly SetVariable[], results: readonly SetResult[]) => {
  const keyOf = ({ component, variable, attributeType = 'Actual' }: SetVariable | SetResult): string =>
    JSON.stringify([placeOf(component, variable), attributeType])
  const byKey = new Map(results.map(result => [keyOf(result), result]))
  return asked.map(one => ({ ...one, result: byKey.get(keyOf(one)) }))
}

interface Set {
  readonly place: ReturnType<typeof placeOf>
  readonly attribute: string
  readonly value: string
  readonly status: string
}

/** What a charger took holds now, or from its next start on. */
async function noteSet(tx: Tx, { id }: Peer, all: readonly Set[], at: Date): Promise<void> {
  const rowOf = ({ place, attribute, value }: Set) => ({
    ...place,
    attribute,
    value: isSecret(place.variable) ? null : value,
  })
  await writeVariables(tx, id, all.filter(({ status }) => status === 'Accepted').map(rowOf), at)
  const waiting = all.filter(({ status }) => status === 'RebootRequired').map(rowOf)
  if (waiting.length > 0)
    await noteWaiting(
      tx,
      id,
      waiting.map(({ value, ...row }) => ({ ...row, waiting: value })),
      at,
    )
}
