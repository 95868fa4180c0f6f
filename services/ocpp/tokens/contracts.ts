import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { StartError } from '#kernel'
import type { OcspRequestData } from '../certificates/ocsp.ts'
import type { Outside } from '../certificates/outside.ts'
import { namedBy } from '../certificates/revocation.ts'
import { keyOf, type Judgement } from './authorise.ts'

const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
/** Contract, two issuers below the root, and the root itself. */
const longestChain = 4

/** The certificates that those of charging contracts have to descend from. */
export async function readRoots(file: string | undefined): Promise<X509Certificate[]> {
  if (!file) return []
  try {
    const found = (await readFile(file, 'utf8')).match(pem) ?? []
    if (found.length === 0) throw new Error('it holds no certificate')
    return found.map(text => new X509Certificate(text))
  } catch (error) {
    throw new StartError(`OCPP_CONTRACT_CA_FILE: ${file} cannot be read: ${(error as Error).message}`)
  }
}

/**
 * What can be told of a contract's certificate with its issuers, the contract first (2.0.1 C07.FR.06): whether they follow
 * from each other and from a root that is trusted, are in time, and are of this contract. Whether one was revoked
 * `revocationOf` tells.
 */
export function certificateStatus(
  text: string,
  idToken: string,
  { verdict }: Judgement,
  roots: readonly X509Certificate[],
  at: Date,
) {
  const chain = chainOf(text)
  if (!chain) return 'CertChainError'
  const [contract] = chain
  const issuers = [...chain.slice(1), ...roots]
  for (const [index, certificate] of chain.entries()) {
    if (roots.some(root => root.fingerprint256 === certificate.fingerprint256)) break
    const named = issuers.filter(issuer => certificate.checkIssued(issuer) && issuer !== certificate)
    if (named.length === 0) return 'CertChainError'
    if (!named.some(issuer => certificate.verify(issuer.publicKey))) return 'SignatureError'
    const isLast = index === chain.length - 1
    if (isLast && !named.some(issuer => roots.includes(issuer))) return 'CertChainError'
  }
  if (chain.some(({ validFromDate, validToDate }) => at < validFromDate || at > validToDate))
    return 'CertificateExpired'
  const name = /^CN=(.+)$/m.exec(contract!.subject)?.[1] ?? ''
  if (keyOf(name, 'eMAID').toUpperCase() !== keyOf(idToken, 'eMAID').toUpperCase()) return 'CertChainError'
  return verdict === 'Blocked' || verdict === 'Expired' ? 'ContractCancelled' : 'Accepted'
}

/**
 * Whether one of the certificates of a contract was revoked, by what its issuers' responders say (2.0.1 C07.FR.04 to 06):
 * of those that the charger names by their hashes, else of those of the chain that say who knows it.
 */
export async function revocationOf(
  outside: Outside,
  roots: readonly X509Certificate[],
  text: string | undefined,
  hashes: readonly OcspRequestData[] | undefined,
): Promise<'good' | 'revoked' | 'unknown' | undefined> {
  const chain = (text && chainOf(text)) || []
  const issuers = [...chain.slice(1), ...roots]
  // One whose chain is held to its root says more than its hashes do, where nobody may be asked about these.
  const askable = text ? hashes?.filter(({ responderURL }) => outside.isAllowed(responderURL)) : hashes
  const asked = askable?.length ? askable : await namedIn(outside, chain, issuers)
  if (asked.length === 0) return undefined
  const told = await Promise.all(asked.map(data => outside.judged(data, issuers)))
  if (told.some(one => 'status' in one && one.status === 'revoked')) return 'revoked'
  return told.every(one => 'status' in one && one.status === 'good') ? 'good' : 'unknown'
}

async function namedIn(outside: Outside, chain: readonly X509Certificate[], issuers: readonly X509Certificate[]) {
  const named = await Promise.all(
    chain.map(async certificate => {
      const issuer = issuers.find(one => one !== certificate && certificate.checkIssued(one))
      return issuer && (await namedBy(certificate, issuer))
    }),
  )
  return named.filter(data => data !== undefined).filter(({ responderURL }) => outside.isAllowed(responderURL))
}

function chainOf(text: string): X509Certificate[] | undefined {
  const found = text.match(pem) ?? []
  if (found.length === 0 || found.length > longestChain) return undefined
  try {
    return found.map(certificate => new X509Certificate(certificate))
  } catch {
    return undefined
  }
}
