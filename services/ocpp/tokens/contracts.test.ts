import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { namedBy } from '../certificates/revocation.ts'
import { open } from '../testing.ts'
import { certificateStatus, readRoots } from './contracts.ts'

const folder = await mkdtemp(join(tmpdir(), 'contracts-'))
let made = 0

/** A certificate of this name, signed by itself or by an issuer; its path and text. */
async function issue(name: string, issuer?: { path: string }, ...more: string[]) {
  const path = join(folder, String(++made))
  const by = issuer ? ['-CA', `${issuer.path}.pem`, '-CAkey', `${issuer.path}.key`] : []
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${path}.key`]
  const all = ['req', '-x509', ...key, '-days', '30', '-subj', `/CN=${name}`, ...more, ...by, '-out', `${path}.pem`]
  execFileSync('openssl', all, { stdio: 'ignore' })
  return { path, pem: await readFile(`${path}.pem`, 'utf8') }
}

const contractId = 'DE8AAC12345678X'
const idToken = { idToken: contractId, type: 'eMAID' }

test('the certificate of a contract is held to its root, its time and its number', async t => {
  const root = await issue('MO Root')
  const other = await issue('MO Root')
  const sub = await issue('MO Sub', root)
  const contract = await issue(contractId, sub)
  const { as, charger, db } = await open(t, { environment: { OCPP_CONTRACT_CA_FILE: `${root.path}.pem` } })
  await as().post('/tokens', { idToken: 'DE-8AA-C12345678-X', type: 'eMAID' })
  const it = await charger('CP-1', 'ocpp2.0.1')
  const status = async (...chain: { pem: string }[]) => {
    const certificate = chain.map(({ pem }) => pem).join('\n')
    return (await it.call('Authorize', { idToken, certificate })).certificateStatus
  }
  assert.equal(await status(contract, sub), 'Accepted')
  assert.equal(await status(contract, sub, root), 'Accepted')
  assert.equal(await status(contract), 'CertChainError', 'an issuer is missing')
  assert.equal(await status(await issue('DE8AAC99999999X', sub), sub), 'CertChainError', 'of another contract')
  assert.equal(await status(await issue(contractId, other), other), 'CertChainError', 'a root of nobody')
  assert.equal(await status({ pem: 'no certificate' }), 'CertChainError')
  const { certificateStatus: said, idTokenInfo } = await it.call('Authorize', { idToken })
  assert.deepEqual([said, idTokenInfo.status], [undefined, 'Accepted'], 'without one nothing is said of it')
  await db`update tokens set status = 'blocked'`
  assert.equal(await status(contract, sub), 'ContractCancelled')

  const roots = await readRoots(`${root.path}.pem`)
  const accepted = { verdict: 'Accepted', until: null, group: null, userId: null } as const
  const late = new Date(Date.now() + 40 * 86_400_000)
  assert.equal(certificateStatus(contract.pem + sub.pem, contractId, accepted, roots, late), 'CertificateExpired')
  assert.equal(certificateStatus(contract.pem + sub.pem, contractId, accepted, [], new Date()), 'CertChainError')
})

/** A responder of OpenSSL for what an issuer has signed; it says what it was asked how often. */
async function responder(t: TestContext) {
  let issuer: { path: string } | undefined
  let index = ''
  let asked = 0
  const server = createServer(async (request, response) => {
    asked++
    const at = join(folder, `ocsp-${asked}-${Math.random()}`)
    await writeFile(`${at}.req`, Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)))
    await writeFile(`${at}.txt`, index)
    const { path } = issuer!
    const signer = ['-CA', `${path}.pem`, '-rsigner', `${path}.pem`, '-rkey', `${path}.key`]
    const files = ['-index', `${at}.txt`, '-reqin', `${at}.req`, '-respout', `${at}.res`]
    execFileSync('openssl', ['ocsp', ...files, ...signer, '-ndays', '1'], { stdio: 'ignore' })
    response.end(await readFile(`${at}.res`))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host,
    url: `http://${host}/`,
    asked: () => asked,
    /** What it knows: of certificates of one issuer, by whether they are revoked. */
    knows(by: { path: string }, certificates: readonly (readonly [pem: string, isRevoked: boolean])[]) {
      issuer = by
      index = certificates
        .map(([pem, isRevoked]) => {
          const { serialNumber } = new X509Certificate(pem)
          const state = isRevoked ? 'R\t491231235959Z\t260101000000Z' : 'V\t491231235959Z\t'
          return `${state}\t${serialNumber}\tunknown\t/CN=x\n`
        })
        .join('')
    },
  }
}

/** How OCSP names a certificate of an issuer. */
async function hashesOf(pem: string, issuer: string, responderURL: string) {
  const named = (await namedBy(new X509Certificate(pem), new X509Certificate(issuer)))!
  return { ...named, responderURL }
}

test('the certificate of a contract that was revoked is told, and nobody charges with it', async t => {
  const ocsp = await responder(t)
  const asks = ['-addext', `authorityInfoAccess=OCSP;URI:${ocsp.url}`]
  const root = await issue('MO Root')
  const [good, revoked, stranger] = [
    await issue(contractId, root, ...asks),
    await issue(contractId, root, ...asks),
    await issue(contractId, root, ...asks),
  ]
  ocsp.knows(root, [
    [good.pem, false],
    [revoked.pem, true],
  ])
  const environment = { OCPP_CONTRACT_CA_FILE: `${root.path}.pem` }
  const { as, charger, p } = await open(t, { environment: { ...environment, OCPP_OCSP_HOSTS: ocsp.host } })
  await as().post('/tokens', { idToken: contractId, type: 'eMAID' })
  const it = await charger('CP-1', 'ocpp2.0.1')
  const told = async (more: object) => {
    const { certificateStatus: status, idTokenInfo } = await it.call('Authorize', { idToken, ...more })
    return [status, idTokenInfo.status]
  }
  assert.deepEqual(await told({ certificate: good.pem }), ['Accepted', 'Accepted'])
  assert.deepEqual(await told({ certificate: revoked.pem }), ['CertificateRevoked', 'Invalid'])
  assert.deepEqual(await told({ certificate: stranger.pem }), ['NoCertificateAvailable', 'Accepted'])
  assert.equal(ocsp.asked(), 3)
  assert.deepEqual(await told({ certificate: revoked.pem }), ['CertificateRevoked', 'Invalid'])
  assert.equal(ocsp.asked(), 3, 'what is known is not asked again')

  // By its hashes alone, where the charger has checked the chain itself.
  const by = async (pem: string, url = ocsp.url) => ({
    iso15118CertificateHashData: [await hashesOf(pem, root.pem, url)],
  })
  assert.deepEqual(await told(await by(good.pem)), ['Accepted', 'Accepted'])
  assert.deepEqual(await told(await by(revoked.pem)), ['CertificateRevoked', 'Invalid'])
  assert.deepEqual(await told(await by(good.pem, 'http://127.0.0.1:9/')), ['NoCertificateAvailable', 'Accepted'])

  // What somebody else has signed is not believed.
  const other = await issue('MO Root')
  const forged = await issue(contractId, root, ...asks)
  ocsp.knows(other, [[forged.pem, false]])
  assert.deepEqual(await told({ certificate: forged.pem }), ['NoCertificateAvailable', 'Accepted'])

  const elsewhere = await open(t, { environment })
  await elsewhere.as().post('/tokens', { idToken: contractId, type: 'eMAID' })
  const unasked = await elsewhere.charger('CP-1', 'ocpp2.1')
  const { certificateStatus: status } = await unasked.call('Authorize', { idToken, certificate: revoked.pem })
  assert.equal(status, 'Accepted', 'where nobody may be asked the chain alone counts')
  const { certificateStatus: none } = await unasked.call('Authorize', { idToken, ...(await by(good.pem)) })
  assert.equal(none, 'NoCertificateAvailable')
  await p.settle()
})

test('a charger of 2.1 learns the state of a chain from the first responder that knows it', async t => {
  const ocsp = await responder(t)
  const root = await issue('V2G Root')
  const asks = ['-addext', `authorityInfoAccess=OCSP;URI:${ocsp.url}`]
  const [good, revoked] = [await issue('one', root, ...asks), await issue('two', root, ...asks)]
  ocsp.knows(root, [
    [good.pem, false],
    [revoked.pem, true],
  ])
  const environment = { OCPP_CONTRACT_CA_FILE: `${root.path}.pem`, OCPP_OCSP_HOSTS: ocsp.host }
  const { charger } = await open(t, { environment })
  const it = await charger('CP-1', 'ocpp2.1')
  const asked = async (pem: string, source: string, urls: string[]) => {
    const { responderURL: _, ...certificateHashData } = await hashesOf(pem, root.pem, '')
    return { certificateHashData, source, urls }
  }
  const certificateStatusRequests = [
    await asked(good.pem, 'OCSP', ['http://127.0.0.1:9/', ocsp.url]),
    await asked(revoked.pem, 'OCSP', [ocsp.url]),
    await asked(good.pem, 'CRL', [ocsp.url]),
    await asked(good.pem, 'OCSP', ['file:///etc/passwd']),
  ]
  const { certificateStatus: told } = await it.call('GetCertificateChainStatus', { certificateStatusRequests })
  assert.deepEqual(
    told.map(({ status, source }: Record<string, string>) => [status, source]),
    [
      ['Good', 'OCSP'],
      ['Revoked', 'OCSP'],
      ['Failed', 'CRL'],
      ['Failed', 'OCSP'],
    ],
  )
  assert.ok(new Date(told[0].nextUpdate).getTime() > Date.now() + 3_600_000)
})

test('a file of roots that holds none stops the start', async () => {
  await assert.rejects(readRoots('/nowhere.pem'), /OCPP_CONTRACT_CA_FILE/)
})
