/** A certificate as chargers ask for its state (2.0.1 M06). */
export interface OcspRequestData {
  readonly hashAlgorithm: 'SHA256' | 'SHA384' | 'SHA512'
  readonly issuerNameHash: string
  readonly issuerKeyHash: string
  readonly serialNumber: string
  readonly responderURL: string
}

// Tags of DER.
const [integer, octets, sequence] = [0x02, 0x04, 0x30]

/** 2.16.840.1.101.3.4.2, of NIST, whose last part tells the hashes apart. */
const hashes = { SHA256: 1, SHA384: 2, SHA512: 3 }
const algorithm = (name: keyof typeof hashes): Buffer =>
  der(sequence, Buffer.from([6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hashes[name]]), Buffer.from([5, 0]))

/** An OCSPRequest of this one certificate (RFC 6960 §4.1.1); undefined where what names it is not hexadecimal. */
export function ocspRequest(data: OcspRequestData): Uint8Array<ArrayBuffer> | undefined {
  const { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } = data
  const [name, key, serial] = [issuerNameHash, issuerKeyHash, serialNumber].map(bytesOf)
  if (!name || !key || !serial) return undefined
  const certificate = der(
    sequence,
    algorithm(hashAlgorithm),
    der(octets, name),
    der(octets, key),
    der(integer, positive(serial)),
  )
  // OCSPRequest, TBSRequest, requestList, Request.
  return new Uint8Array(der(sequence, der(sequence, der(sequence, der(sequence, certificate)))))
}

/** Whether bytes are an OCSPResponse that tells something (RFC 6960 §4.2.1). */
export function succeeded(bytes: Buffer): boolean {
  const long = (bytes[1] ?? 0) & 0x80 ? bytes[1]! & 0x7f : 0
  if (bytes[0] !== sequence || long > 4 || bytes.length < 2 + long) return false
  const length = long > 0 ? bytes.readUIntBE(2, long) : bytes[1]!
  const content = bytes.subarray(2 + long)
  return content.length === length && content.subarray(0, 3).equals(Buffer.from([0x0a, 1, 0]))
}

function bytesOf(hex: string): Buffer | undefined {
  return /^[0-9a-f]+$/i.test(hex) ? Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex') : undefined
}

/** A number that is not taken for a negative one, in as few bytes as it takes. */
function positive(bytes: Buffer): Buffer {
  const first = bytes.findIndex(byte => byte !== 0)
  const digits = first < 0 ? Buffer.from([0]) : bytes.subarray(first)
  return digits[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
