import { createPublicKey, type KeyObject } from 'node:crypto'

/** Heavy, and most platforms never need it: loaded at its first use. */
export async function x509() {
  await import('reflect-metadata')
  return await import('@peculiar/x509')
}
type X509 = Awaited<ReturnType<typeof x509>>

/** Suites that hold today; what a request of a charger is signed by. */
const hashes = new Set(['SHA-256', 'SHA-384', 'SHA-512'])
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1'])
const [leastBits, mostBits] = [2048, 8192]
/** Bytes of a subject that chargers can still store. */
const longestSubject = 1_000

/** A request (PKCS #10) that may be signed for who is called by one of `names`, or what is wrong with it. */
export async function readRequest(text: string, names: readonly string[]) {
  const lib = await x509()
  const request = parsed(lib, text)
  if (!request) return refused('It cannot be read as a certificate request (PKCS #10).')
  const key = keyOf(request)
  if (!key || !isStrong(key)) return refused('Its key has to be of P-256, P-384 or P-521, or RSA of 2048 bits or more.')
  const { hash } = request.signatureAlgorithm as { hash?: { name: string } }
  if (!hash || !hashes.has(hash.name)) return refused('It has to be signed with SHA-256 or better.')
  if (!(await request.verify().catch(() => false))) return refused('Its signature is not that of its key.')
  const [name, ...more] = request.subjectName.getField('CN')
  if (!name || more.length > 0 || !names.includes(name))
    return refused('Its common name has to be the serial number or the identity of the charger.')
  if (request.subjectName.toArrayBuffer().byteLength > longestSubject) return refused('Its subject is too long.')
  return { name, subjectName: request.subjectName, publicKey: request.publicKey }
}

const refused = (reason: string): { readonly refused: string } => ({ refused: reason })

function parsed(lib: X509, text: string) {
  try {
    return new lib.Pkcs10CertificateRequest(text.trim())
  } catch {
    return undefined
  }
}

function keyOf({ publicKey }: { readonly publicKey: { readonly rawData: ArrayBuffer } }): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(publicKey.rawData), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

function isStrong({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { namedCurve = '', modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails
  if (asymmetricKeyType === 'ec') return curves.has(namedCurve)
  const isLong = modulusLength >= leastBits && modulusLength <= mostBits
  return asymmetricKeyType === 'rsa' && isLong && publicExponent >= 65_537n
}
