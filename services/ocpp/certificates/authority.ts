import { createPrivateKey, randomBytes, X509Certificate, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { newId, StartError } from '#kernel'
import type { OcppHost } from '../host.ts'
import { readRequest, x509 } from './requests.ts'
import { findAuthority, insertAuthority, type Signed } from './store.ts'

const day = 86_400_000
/** The platform's own lives as long as a charger does. */
const lifeOfAuthority = 25 * 365 * day
/** Clocks of chargers are late. */
const slack = day
/** The longest chain that a charger takes, without what it was signed for (1.6 security whitepaper and 2.x: 10,000). */
const longestChain = 7_000

export type Authority = Awaited<ReturnType<typeof openAuthority>>

interface Signer {
  /** Itself first, the root last. */
  readonly chain: readonly X509Certificate[]
  readonly key: KeyObject
}

/** Signs certificates of chargers: an authority that is configured, else one of the platform's own. */
export async function openAuthority(host: OcppHost) {
  const { db, now, settings } = host
  const sealKey = host.secret('ocpp: key of the authority')
  const configured = await readConfigured(host)

  const stored = async () => (await findAuthority(db)) ?? (await make())

  async function own(): Promise<Signer> {
    const { certificate, sealedKey } = await stored()
    const { plaintext } = await compactDecrypt(sealedKey, sealKey)
    const key = createPrivateKey({ key: Buffer.from(plaintext), format: 'der', type: 'pkcs8' })
    return { chain: [new X509Certificate(certificate)], key }
  }

  /** Of two processes that make one at once the first is right. */
  async function make() {
    const made = await makeAuthority(now())
    const key = new Uint8Array(made.key)
    const sealed = await new CompactEncrypt(key).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(sealKey)
    const row = { id: newId(), certificate: made.certificate, sealedKey: sealed, createdAt: now() }
    await db.transaction(tx => insertAuthority(tx, row))
    return (await findAuthority(db))!
  }

  let signer: Promise<Signer> | undefined
  const signing = (): Promise<Signer> => {
    signer ??= configured ? Promise.resolve(configured) : own()
    // What fails once is tried again.
    signer.catch(() => (signer = undefined))
    return signer
  }

  return {
    /** Whether it is one that was configured. */
    isOutside: configured !== undefined,
    /** What certificates of chargers have to descend from. */
    root: async (): Promise<X509Certificate> =>
      configured ? configured.chain.at(-1)! : new X509Certificate((await stored()).certificate),
    /** Those that are trusted, as PEM: who comes from another may still have a certificate of the platform's own. */
    async trusted(): Promise<string[]> {
      const mine = configured ? await findAuthority(db) : await stored()
      return [...(configured?.chain.map(String) ?? []), ...(mine ? [mine.certificate] : [])]
    },
    /** Signs what a charger asks for that may be called by one of `names`; else says what is wrong. */
    async sign(csr: string, names: readonly string[]): Promise<Signed | { readonly refused: string }> {
      const request = await readRequest(csr, names)
      if ('refused' in request) return request
      return await issue(await signing(), request, now(), settings.OCPP_CERTIFICATE_LIFE)
    },
  }
}

async function readConfigured({ settings, now }: OcppHost): Promise<Signer | undefined> {
  const { OCPP_CA_CERT_FILE: certFile, OCPP_CA_KEY_FILE: keyFile } = settings
  if (!certFile && !keyFile) return undefined
  if (!certFile || !keyFile) throw new StartError('OCPP_CA_CERT_FILE and OCPP_CA_KEY_FILE go together.')
  const read = async <T>(setting: string, file: string, parse: (text: string) => T): Promise<T> => {
    try {
      return parse(await readFile(file, 'utf8'))
    } catch (error) {
      throw new StartError(`${setting}: ${file} cannot be read: ${(error as Error).message}`)
    }
  }
  const chain = await read('OCPP_CA_CERT_FILE', certFile, text =>
    (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
      pem => new X509Certificate(pem),
    ),
  )
  const key = await read('OCPP_CA_KEY_FILE', keyFile, createPrivateKey)
  const [first] = chain
  if (!first?.ca) throw new StartError(`OCPP_CA_CERT_FILE: ${certFile} does not begin with that of an authority.`)
  if (!first.checkPrivateKey(key))
    throw new StartError('OCPP_CA_KEY_FILE is not the key of the first certificate in OCPP_CA_CERT_FILE.')
  if (first.validToDate < now()) throw new StartError(`OCPP_CA_CERT_FILE: ${certFile} ended ${first.validTo}.`)
  if (!(key.asymmetricKeyType === 'rsa' || curveOf(key)))
    throw new StartError('OCPP_CA_KEY_FILE: the key has to be RSA, or of P-256, P-384 or P-521.')
  const broken = chain.some((certificate, index) => {
    const issuer = chain[index + 1]
    return issuer && !(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey))
  })
  if (broken) throw new StartError(`OCPP_CA_CERT_FILE: in ${certFile} each has to be signed by the one after it.`)
  if (issuersOf(chain).join('').length > longestChain)
    throw new StartError(`OCPP_CA_CERT_FILE: ${certFile} is more than chargers take (10,000 characters).`)
  return { chain, key }
}

const curves: Readonly<Record<string, { namedCurve: string; hash: string }>> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
}
const curveOf = ({ asymmetricKeyDetails }: KeyObject) => curves[asymmetricKeyDetails?.namedCurve ?? '']

/** What goes along with a certificate: the root is where it goes to (2.0.1 A02.FR.16). */
const issuersOf = (chain: readonly X509Certificate[]): string[] =>
  chain.filter(certificate => !certificate.checkIssued(certificate)).map(String)

async function makeAuthority(at: Date) {
  const lib = await x509()
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await lib.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    // Of two platforms a charger can tell which is which.
    name: [{ CN: [`Ohmnibus charger authority ${randomBytes(4).toString('hex')}`] }],
    notBefore: new Date(at.getTime() - slack),
    notAfter: new Date(at.getTime() + lifeOfAuthority),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new lib.BasicConstraintsExtension(true, 0, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.keyCertSign | lib.KeyUsageFlags.cRLSign, true),
      await lib.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: certificate.toString('pem'), key: await crypto.subtle.exportKey('pkcs8', keys.privateKey) }
}

/** 16 bytes, and positive (RFC 5280 §4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes.toString('hex')
}

async function issue(
  { chain, key }: Signer,
  { subjectName, publicKey, name }: Extract<Awaited<ReturnType<typeof readRequest>>, { name: string }>,
  at: Date,
  lifeMs: number,
): Promise<Signed> {
  const lib = await x509()
  const [issuer] = chain.map(certificate => new lib.X509Certificate(certificate.raw))
  const curve = curveOf(key)
  const algorithm = curve ? { name: 'ECDSA', ...curve } : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' })
  const signingKey = await crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), algorithm, false, ['sign'])
  const ends = Math.min(at.getTime() + lifeMs, issuer!.notAfter.getTime())
  const [beginsAt, endsAt] = [new Date(at.getTime() - slack), new Date(ends)]
  const serial = newSerial()
  const made = await lib.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: subjectName,
    issuer: issuer!.subjectName,
    notBefore: beginsAt,
    notAfter: endsAt,
    publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    // What the request wants of these is not asked: it is for a charger, and signs nothing.
    extensions: [
      new lib.BasicConstraintsExtension(false, undefined, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature, true),
      new lib.ExtendedKeyUsageExtension([lib.ExtendedKeyUsage.clientAuth]),
      await lib.SubjectKeyIdentifierExtension.create(publicKey),
      await lib.AuthorityKeyIdentifierExtension.create(issuer!.publicKey),
    ],
  })
  const certificate = `${made.toString('pem').trim()}\n`
  return {
    serial,
    name,
    fingerprint: fingerprintOf(new X509Certificate(certificate)),
    certificate,
    chain: [certificate, ...issuersOf(chain)].join(''),
    beginsAt,
    endsAt,
  }
}

/** As it is kept: 64 hexadecimal digits. */
export const fingerprintOf = ({ fingerprint256 }: { readonly fingerprint256: string }): string =>
  fingerprint256.replaceAll(':', '').toLowerCase()
