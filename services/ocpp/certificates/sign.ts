import { newId } from '#kernel'
import type { Decision } from '../batch.ts'
import { findCharger } from '../chargers/store.ts'
import { putOnWay } from '../commands/send.ts'
import type { OcppHost } from '../host.ts'
import type { Peer } from '../peer.ts'
import type { Authority } from './authority.ts'
import { countIssued, insertIssued, type Signed } from './store.ts'

const day = 86_400_000
/** A charger that asks without end is not signed for without end. */
const mostADay = 20

/** What a charger asks of who signs: SignCertificate of all versions. */
export interface SigningRequest {
  readonly csr: string
  readonly certificateType?: string
  /** Comes back with the certificate (2.1). */
  readonly requestId?: number
}

type Result = Signed | { readonly refused: string }

/** A certificate for the charger that asks for one, or why it gets none. */
export async function signFor(
  { host, authority }: { host: OcppHost; authority: Authority },
  peer: Peer,
  { csr, certificateType }: SigningRequest,
): Promise<Result> {
  if (certificateType && certificateType !== 'ChargingStationCertificate')
    return { refused: 'Only certificates for the connection to the platform are signed here, none of ISO 15118.' }
  const { db, now } = host
  const charger = (await findCharger(db, peer.id))!
  // Who comes as somebody without proof would be the only one from then on.
  if (!charger.passwordDigest && !charger.certificateSerial)
    return { refused: 'The charger has to prove by a password or a certificate who it is.' }
  if ((await countIssued(db, peer.id, new Date(now().getTime() - day))) >= mostADay)
    return { refused: `It was signed ${mostADay} certificates within a day.` }
  const names = [charger.id, charger.serialNumber, charger.certificateSerial].filter(name => name !== null)
  return await authority.sign(csr, names)
}

/** Keeps what was signed, and sends it to the charger (CertificateSigned). */
export const sendSigned =
  (host: OcppHost, peer: Peer, { certificateType, requestId }: SigningRequest, signed: Signed, at: Date) =>
  async (tx: Parameters<NonNullable<Decision['write']>>[0]): Promise<void> => {
    const id = newId()
    await insertIssued(tx, id, peer.id, signed, at)
    const payload = {
      certificateChain: signed.chain,
      ...(certificateType !== undefined && { certificateType }),
      ...(requestId !== undefined && { requestId }),
    }
    const action = 'CertificateSigned'
    const askedBy = { userId: null, role: 'system' } as const
    const { id: chargerId, connectionId } = peer
    await putOnWay(host, tx, { action, connectionId }, { chargerId, action, payload, requestId: id, askedBy })
  }
