import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as x509 from '@peculiar/x509'
import { open } from '../testing.ts'
import { readRoots } from './contracts.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const day = 86_400_000

interface Issued {
  keys: { publicKey: CryptoKey; privateKey: CryptoKey }
  certificate: x509.X509Certificate
  pem: string
}

async function issue(name: string, issuer?: Issued, notAfter = new Date(Date.now() + day)): Promise<Issued> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: issuer?.certificate.subject ?? `CN=${name}`,
    notBefore: new Date(Date.now() - 30 * day),
    notAfter,
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true)],
  })
  return { keys, certificate, pem: certificate.toString('pem') }
}

test('the certificate of a contract is held to its root, its time and its number', async t => {
  const root = await issue('MO Root')
  const other = await issue('MO Root')
  const sub = await issue('MO Sub', root)
  const contract = await issue('DE8AAC12345678X', sub)
  const old = await issue('DE8AAC12345678X', sub, new Date(Date.now() - day))
  const file = join(await mkdtemp(join(tmpdir(), 'roots-')), 'roots.pem')
  await writeFile(file, root.pem)
  const { as, charger, db } = await open(t, { environment: { OCPP_CONTRACT_CA_FILE: file } })
  await as().post('/tokens', { idToken: 'DE-8AA-C12345678-X', type: 'eMAID' })
  const it = await charger('CP-1', 'ocpp2.0.1')
  const idToken = { idToken: 'DE8AAC12345678X', type: 'eMAID' }
  const status = async (...chain: { pem: string }[]) => {
    const certificate = chain.map(({ pem }) => pem).join('\n')
    return (await it.call('Authorize', { idToken, certificate })).certificateStatus
  }
  assert.equal(await status(contract, sub), 'Accepted')
  assert.equal(await status(contract, sub, root), 'Accepted')
  assert.equal(await status(contract), 'CertChainError', 'an issuer is missing')
  assert.equal(await status(old, sub), 'CertificateExpired')
  assert.equal(await status(await issue('DE8AAC99999999X', sub), sub), 'CertChainError', 'of another contract')
  assert.equal(await status(await issue('DE8AAC12345678X', other), other), 'CertChainError', 'a root of nobody')
  assert.equal(await status(await issue('DE8AAC12345678X', other)), 'SignatureError', 'its issuer did not sign it')
  assert.equal(await status({ pem: 'no certificate' }), 'CertChainError')
  const { certificateStatus, idTokenInfo } = await it.call('Authorize', { idToken })
  assert.deepEqual(
    [certificateStatus, idTokenInfo.status],
    [undefined, 'Accepted'],
    'without one nothing is said of it',
  )
  await db`update tokens set status = 'blocked'`
  assert.equal(await status(contract, sub), 'ContractCancelled')
})

test('a file of roots that holds none stops the start', async () => {
  await assert.rejects(readRoots('/nowhere.pem'), /OCPP_CONTRACT_CA_FILE/)
})
