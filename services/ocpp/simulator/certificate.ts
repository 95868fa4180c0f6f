import { X509Certificate } from 'node:crypto'
import type { Pkcs10CertificateRequestGenerator as Requests } from '@peculiar/x509'
import { x509 } from '../certificates/requests.ts'
import { accepted, type Answers, type Inside } from './inside.ts'

/** As the library has them: what Node calls so has kinds of use that others do not know. */
type Keys = Parameters<typeof Requests.create>[0]['keys']
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** The certificate by which a charger could prove who it is: made of a key that stays with it. */
export function openCertificate(it: Inside) {
  /** Of the last request: what fits no key of its own it does not take. */
  let publicKey: Buffer | undefined

  async function request(): Promise<void> {
    const { Pkcs10CertificateRequestGenerator } = await x509()
    const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as Keys
    publicKey = Buffer.from(await crypto.subtle.exportKey('spki', keys.publicKey))
    const name = [{ CN: [it.id] }]
    const made = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })
    const type = it.version === 'ocpp1.6' ? {} : { certificateType: 'ChargingStationCertificate' }
    await it.say(['SignCertificate', { csr: made.toString('pem'), ...type }])
  }

  const answers: Answers = {
    CertificateSigned: ({ certificateChain }) => accepted(publicKey !== undefined && isOf(publicKey, certificateChain)),
  }
  const what = it.version === 'ocpp1.6' ? 'SignChargePointCertificate' : 'SignChargingStationCertificate'
  return { answers, triggers: { [what]: () => void request() } }
}

function isOf(publicKey: Buffer, chain: string): boolean {
  try {
    return publicKey.equals(new X509Certificate(chain).publicKey.export({ type: 'spki', format: 'der' }))
  } catch {
    return false
  }
}
