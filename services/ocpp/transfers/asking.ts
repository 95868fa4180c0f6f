import { newId, Problem, type Actor, type Db } from '#kernel'
import type { Charger } from '../chargers/store.ts'
import { answerOf, type CallCharger } from '../commands/call.ts'
import { findValue } from '../device/lists.ts'
import { requestIdAt } from '../device/mirror.ts'
import type { OcppHost } from '../host.ts'
import { insertTransfer, noteAnswered, noteFailed, type Transfer } from './store.ts'
import { uploadAddress } from './uploads.ts'

/** A log or diagnostics that somebody wants of a charger. */
export interface WantedLog {
  readonly kind: 'diagnostics' | 'security'
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** A server of theirs, where ours will not do. */
  readonly location?: string | undefined
}

export interface WantedCustomer {
  readonly idToken?: { readonly idToken: string; readonly type: string } | undefined
  readonly customerIdentifier?: string | undefined
  readonly clear: boolean
}

/** Has a charger send a log. Fails with `upload_unsupported` where it has told that it speaks no HTTP with files. */
export async function askLog(host: OcppHost, call: CallCharger, charger: Charger, actor: Actor, wanted: WantedLog) {
  if (!wanted.location) await requireHttp(host, charger)
  const address = wanted.location ? undefined : uploadAddress(host)
  const location = wanted.location ?? address!.location
  return await ask(host, call, charger, actor, { kind: wanted.kind, location: wanted.location ?? null, address }, id =>
    logCall(charger, wanted, location, id),
  )
}

/** Has a charger tell what it has stored of a customer (N09), or forget it (N10). */
export const askCustomer = (
  host: OcppHost,
  call: CallCharger,
  charger: Charger,
  actor: Actor,
  { clear, ...who }: WantedCustomer,
) =>
  ask(host, call, charger, actor, { kind: 'customer', location: null }, requestId => ({
    action: 'CustomerInformation',
    payload: { requestId, report: true, clear, ...who },
  }))

function logCall({ ocppVersion }: Charger, { kind, from, to }: WantedLog, location: string, requestId: number) {
  // Diagnostics of 1.6 are older than its security whitepaper, and every charger knows them.
  if (ocppVersion === 'ocpp1.6' && kind === 'diagnostics')
    return {
      action: 'GetDiagnostics',
      payload: { location, ...(from && { startTime: from }), ...(to && { stopTime: to }) },
    }
  const log = {
    remoteLocation: location,
    ...(from && { oldestTimestamp: from }),
    ...(to && { latestTimestamp: to }),
  }
  const logType = kind === 'security' ? 'SecurityLog' : 'DiagnosticsLog'
  return { action: 'GetLog', payload: { log, logType, requestId } }
}

async function ask(
  host: OcppHost,
  call: CallCharger,
  charger: Charger,
  actor: Actor,
  about: Pick<Transfer, 'kind' | 'location'> & { address?: ReturnType<typeof uploadAddress> | undefined },
  callOf: (requestId: number) => { action: string; payload: object },
): Promise<string> {
  const [id, askedAt] = [newId(), host.now()]
  const { kind, location, address } = about
  const requestId = requestIdAt(askedAt)
  const transfer = { id, chargerId: charger.id, kind, requestId, location, askedBy: actor.userId, askedAt }
  // It may come before the answer does.
  await host.db.transaction(tx => insertTransfer(tx, { ...transfer, token: address?.token }))
  try {
    const { action, payload } = callOf(requestId)
    const { commandId, ended } = await call({ actor }, charger, action, payload)
    const { filename, fileName = filename } = answerOf(commandId, ended) as { filename?: string; fileName?: string }
    await host.db.transaction(tx => noteAnswered(tx, id, fileName))
  } catch (error) {
    if (error instanceof Problem) await host.db.transaction(tx => noteFailed(tx, id, error.code, host.now()))
    throw error
  }
  return id
}

/** A charger that says how it transfers files has to do it by HTTP to bring them here. */
async function requireHttp({ db, platform }: OcppHost, { id, ocppVersion }: Charger): Promise<void> {
  const said = await protocolsOf(db, id, ocppVersion)
  if (said.length === 0) return
  const scheme = new URL(platform.publicUrl).protocol.replace(':', '').toUpperCase()
  if (said.includes(scheme)) return
  throw new Problem('conflict', 'upload_unsupported', {
    detail: `The charger transfers files by ${said.join(', ')}, and not by ${scheme}: give the location of a server of yours.`,
    protocols: said,
  })
}

async function protocolsOf(db: Db, id: string, version: Charger['ocppVersion']): Promise<string[]> {
  const text =
    version === 'ocpp1.6'
      ? await findValue(db, id, { variable: 'SupportedFileTransferProtocols' })
      : await findValue(db, id, { component: 'OCPPCommCtrlr', variable: 'FileTransferProtocols' })
  return (text ?? '')
    .split(',')
    .map(name => name.trim().toUpperCase())
    .filter(Boolean)
}
