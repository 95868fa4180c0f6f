import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from '../testing.ts'
import { certificateStatus, readRoots } from './contracts.ts'

const folder = await mkdtemp(join(tmpdir(), 'contracts-'))
let made = 0

/** A certificate of this name, signed by itself or by an issuer; its path and text. */
async function issue(name: string, issuer?: { path: string }) {
  const path = join(folder, String(++made))
  const by = issuer ? ['-CA', `${issuer.path}.pem`, '-CAkey', `${issuer.path}.key`] : []
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${path}.key`]
  const all = ['req', '-x509', ...key, '-days', '30', '-subj', `/CN=${name}`, ...by, '-out', `${path}.pem`]
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

test('a file of roots that holds none stops the start', async () => {
  await assert.rejects(readRoots('/nowhere.pem'), /OCPP_CONTRACT_CA_FILE/)
})
