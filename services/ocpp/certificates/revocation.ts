import { createHash, verify, X509Certificate } from 'node:crypto'
import type { OcspRequestData } from './ocsp.ts'
import { x509 } from './requests.ts'

/** What a responder says of a certificate (RFC 6960 §4.2). */
export interface Told {
  readonly status: 'good' | 'revoked' | 'unknown'
  /** When it will know more, where it says so. */
  readonly nextUpdate: Date | undefined
  /** Signed by the issuer, or by who it has let sign. */
  readonly isProven: boolean
}

/** Clocks differ by as much. */
const slackMs = 5 * 60_000

/** Heavy, and most platforms never need it: loaded at its first use. */
async function asn1() {
  const [schema, ocsp] = await Promise.all([import('@peculiar/asn1-schema'), import('@peculiar/asn1-ocsp')])
  return { ...schema, ...ocsp }
}

const hashNames = { SHA256: 'SHA-256', SHA384: 'SHA-384', SHA512: 'SHA-512' } as const

/** By what signatures are made: RSA and ECDSA with SHA-2. Others prove nothing. */
const signatures: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
}

/** For whom a certificate is that signs for a responder (RFC 6960 §4.2.2.2). */
const signsForResponders = '1.3.6.1.5.5.7.3.9'

/**
 * What an answer of a responder says of the certificate that was asked about; undefined where it says nothing of it, or
 * nothing that holds at this time. `issuers` may have signed it.
 */
export async function readAnswer(
  bytes: Buffer,
  data: Omit<OcspRequestData, 'responderURL'>,
  issuers: readonly X509Certificate[],
  at: Date,
): Promise<Told | undefined> {
  const { AsnConvert, OCSPResponse, BasicOCSPResponse } = await asn1()
  try {
    const { responseBytes } = AsnConvert.parse(bytes, OCSPResponse)
    const basic = AsnConvert.parse(responseBytes!.response, BasicOCSPResponse)
    const { responses } = basic.tbsResponseData
    const single = responses.find(
      ({ certID }) =>
        isSame(certID.issuerNameHash.buffer, data.issuerNameHash) &&
        isSame(certID.issuerKeyHash.buffer, data.issuerKeyHash) &&
        isSame(certID.serialNumber, data.serialNumber),
    )
    if (!single) return undefined
    const { certStatus, thisUpdate, nextUpdate } = single
    if (thisUpdate.getTime() > at.getTime() + slackMs) return undefined
    if (nextUpdate && nextUpdate.getTime() < at.getTime() - slackMs) return undefined
    const status = certStatus.revoked ? 'revoked' : certStatus.good === null ? 'good' : 'unknown'
    const embedded = (basic.certs ?? []).map(one => new X509Certificate(Buffer.from(AsnConvert.serialize(one))))
    const tbs = Buffer.from(basic.tbsResponseDataRaw ?? AsnConvert.serialize(basic.tbsResponseData))
    const hash = signatures[basic.signatureAlgorithm.algorithm]
    const signers = hash ? await signersOf(data, [...issuers, ...embedded], embedded, at) : []
    const signature = Buffer.from(basic.signature)
    const isProven = signers.some(({ publicKey }) => verify(hash, tbs, publicKey, signature))
    return { status, nextUpdate, isProven }
  } catch {
    return undefined
  }
}

/** The issuer, known by the hash of its key, and those that it has let sign for it. */
async function signersOf(
  { hashAlgorithm, issuerKeyHash }: Omit<OcspRequestData, 'responderURL'>,
  known: readonly X509Certificate[],
  embedded: readonly X509Certificate[],
  at: Date,
): Promise<X509Certificate[]> {
  const hashes = await Promise.all(known.map(one => keyHash(one, hashAlgorithm)))
  const issuers = known.filter((_, index) => isSame(hashes[index]!, issuerKeyHash))
  const delegates = embedded.filter(
    one =>
      one.keyUsage?.includes(signsForResponders) &&
      one.validFromDate <= at &&
      at <= one.validToDate &&
      issuers.some(issuer => one.checkIssued(issuer) && one.verify(issuer.publicKey)),
  )
  return [...issuers, ...delegates]
}

/** How OCSP names a certificate, and where it says that its state is told; undefined where it says nothing of that. */
export async function namedBy(
  certificate: X509Certificate,
  issuer: X509Certificate,
): Promise<OcspRequestData | undefined> {
  const responderURL = /^OCSP - URI:(\S+)/m.exec(certificate.infoAccess ?? '')?.[1]
  if (!responderURL) return undefined
  const lib = await x509()
  const name = Buffer.from(new lib.X509Certificate(issuer.raw).subjectName.toArrayBuffer())
  return {
    hashAlgorithm: 'SHA256',
    issuerNameHash: createHash('sha256').update(name).digest('hex'),
    issuerKeyHash: (await keyHash(issuer, 'SHA256')).toString('hex'),
    serialNumber: certificate.serialNumber,
    responderURL,
  }
}

async function keyHash({ publicKey }: X509Certificate, algorithm: keyof typeof hashNames): Promise<Buffer> {
  const lib = await x509()
  const key = new lib.PublicKey(publicKey.export({ type: 'spki', format: 'der' }))
  return Buffer.from(await key.getKeyIdentifier(hashNames[algorithm]))
}

/** Numbers and hashes are the same however many noughts they begin with. */
const isSame = (bytes: ArrayBuffer | Buffer, hex: string): boolean =>
  trimmed(Buffer.from(bytes as ArrayBuffer).toString('hex')) === trimmed(hex.toLowerCase())
const trimmed = (hex: string): string => hex.replace(/^0+/, '')
