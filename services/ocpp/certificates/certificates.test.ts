import assert from 'node:assert/strict'
import { X509Certificate, type webcrypto } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { CertificateEnding, CertificateRevoked, type OcppVersion } from '#contracts/ocpp'
import { until } from '../../../test/kernel/toys.ts'
import { freePort } from '../../../tools/engines/recipe.ts'
import { boot16, boot2, connect, gateway, open } from '../testing.ts'
import { x509 } from './requests.ts'

const password = 'a long and random one'
const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const rsa = (modulusLength: number, hash = 'SHA-256') => ({
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash,
})

type Algorithm = webcrypto.Algorithm & { namedCurve?: string; hash?: string; modulusLength?: number }

const keysOf = async (algorithm: Algorithm): Promise<webcrypto.CryptoKeyPair> =>
  (await crypto.subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, true, ['sign', 'verify'])) as never

const pemOf = async (key: CryptoKey): Promise<string> =>
  `-----BEGIN PRIVATE KEY-----\n${Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64')}\n-----END PRIVATE KEY-----\n`

/** A request as chargers make them, with the key that stays there. */
async function request(name: string, algorithm: Algorithm = p256) {
  const { Pkcs10CertificateRequestGenerator } = await x509()
  const keys = await keysOf(algorithm)
  const made = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })
  return { csr: made.toString('pem'), key: Buffer.from(await pemOf(keys.privateKey)), der: Buffer.from(made.rawData) }
}

/** A certificate that signs itself: of a server, or of an authority. */
async function authorityFor(name: string, isAuthority: boolean) {
  const lib = await x509()
  const keys = await keysOf(p256)
  const made = await lib.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    signingAlgorithm: p256,
    extensions: [
      new lib.BasicConstraintsExtension(isAuthority, undefined, true),
      ...(isAuthority ? [] : [new lib.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])]),
    ],
  })
  return { cert: `${made.toString('pem')}\n`, key: await pemOf(keys.privateKey) }
}

async function files(t: TestContext, all: Record<string, string>): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-certificates-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), text)
  return Object.fromEntries(Object.keys(all).map(name => [name, join(folder, name)]))
}

/** The service with a port for TLS, to which chargers come by `secure`. */
async function openTls(t: TestContext, environment: Record<string, string> = {}, now?: () => Date) {
  const server = await authorityFor('CN=localhost', false)
  const paths = await files(t, { 'server.pem': server.cert, 'server.key': server.key })
  const port = await freePort()
  const opened = await open(t, {
    environment: {
      OCPP_TLS_PORT: String(port),
      OCPP_TLS_CERT_FILES: paths['server.pem']!,
      OCPP_TLS_KEY_FILES: paths['server.key']!,
      ...environment,
    },
    ...(now && { now }),
  })
  const ca = Buffer.from(server.cert)
  return {
    ...opened,
    secure: (
      id: string,
      more: { cert?: Buffer; key?: Buffer; password?: string } = {},
      version: OcppVersion = 'ocpp2.0.1',
    ) => {
      const { cert, key, password } = more
      const tls = { ca, ...(cert && { cert }), ...(key && { key }) }
      return connect(t, `wss://localhost:${port}/ocpp/${id}`, version, { tls, ...(password && { password }) })
    },
  }
}

type Charger = Awaited<ReturnType<typeof connect>>

/** What a charger is sent for its request. */
async function signed(it: Charger, payload: object, answer = 'Accepted'): Promise<Record<string, any>> {
  const sent = new Promise<any>(resolve =>
    it.answers.set('CertificateSigned', given => {
      resolve(given)
      return { status: answer }
    }),
  )
  assert.deepEqual(await it.call('SignCertificate', payload), { status: 'Accepted' })
  return await sent
}

suite('a charger that asks for a certificate', () => {
  for (const version of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const)
    test(`is sent one that the platform's own authority signed, in ${version}`, async t => {
      const { as, charger } = await open(t)
      const it = await charger('CP-1', version, { password })
      const serialNumber = 'VT-0001'
      if (version === 'ocpp1.6') await it.call('BootNotification', { ...boot16, chargePointSerialNumber: serialNumber })
      else
        await it.call('BootNotification', {
          ...boot2,
          chargingStation: { ...boot2.chargingStation, serialNumber },
        })
      const { csr } = await request('CN=VT-0001, O=Volt & Söhne')
      const more = {
        'ocpp1.6': {},
        'ocpp2.0.1': { certificateType: 'ChargingStationCertificate' },
        'ocpp2.1': { certificateType: 'ChargingStationCertificate', requestId: 7 },
      }[version]
      const { certificateChain, ...rest } = await signed(it, { csr, ...more })
      assert.deepEqual(rest, more)
      const certificate = new X509Certificate(certificateChain)
      const { body: authority } = await as().get('/authority')
      const root = new X509Certificate(authority.certificate)
      assert.ok(certificate.checkIssued(root) && certificate.verify(root.publicKey))
      assert.ok(root.ca && root.verify(root.publicKey) && !certificate.ca)
      assert.equal(certificate.subject, 'CN=VT-0001\nO=Volt & Söhne')
      assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'], 'for clients alone')
      assert.equal(authority.outside, false)
      const { items } = (await as().get('/chargers/CP-1/certificates')).body
      assert.equal(items.length, 1)
      assert.equal(items[0].serial, certificate.serialNumber.toLowerCase())
      assert.equal(items[0].name, 'VT-0001')
    })

  test('comes in with it by TLS, has to from then on, and is let go when it is revoked', async t => {
    const { p, as, db, secure, charger } = await openTls(t)
    const first = await secure('CP-1', { password })
    await first.call('BootNotification', boot2)
    const { csr, key } = await request('CN=CP-1')
    const { certificateChain } = await signed(first, { csr })
    const cert = Buffer.from(certificateChain)
    await first.close()
    await (await secure('CP-1', { password })).close()

    const it = await secure('CP-1', { cert, key })
    assert.equal((await it.call('BootNotification', boot2)).status, 'Accepted')
    assert.equal((await as().get('/chargers/CP-1')).body.certificateSerial, 'CP-1')
    await assert.rejects(secure('CP-1', { password }), /401/)
    await assert.rejects(charger('CP-1', 'ocpp2.0.1', { password }), /401/)

    const [issued] = (await as().get('/chargers/CP-1/certificates')).body.items
    assert.equal(issued.state, 'used')
    const path = `/chargers/CP-1/certificates/${issued.serial}/revoke`
    assert.equal((await as({ organisation: { id: crypto.randomUUID(), role: 'viewer' } }).post(path)).status, 403)
    const revoked = await as().post(path)
    assert.deepEqual([revoked.status, revoked.body.state], [200, 'revoked'])
    assert.equal(await it.closed, 1008)
    await assert.rejects(secure('CP-1', { cert, key }), /401/)
    await assert.rejects(secure('CP-1', { cert, key, password }), /401/)
    assert.equal((await as().post(path)).body.revokedAt, revoked.body.revokedAt, 'once is enough')
    assert.equal((await p.published(CertificateRevoked)).length, 1)
    assert.equal((await as().post('/chargers/CP-1/certificates/00/revoke')).status, 404)
    assert.equal((await as().put('/chargers/CP-1', { certificateSerial: null })).status, 200)
    await secure('CP-1', { password })
    assert.equal((await db`select count(*)::int as count from certificates`)[0]!.count, 1)
  })

  for (const version of ['ocpp1.6', 'ocpp2.1'] as const)
    test(`rises from password to TLS to a certificate, and is asked to step down by nobody, in ${version}`, async t => {
      const { as, secure, charger } = await openTls(t, { OCPP_CALL_TIMEOUT: '2s' })
      const is16 = version === 'ocpp1.6'
      const shown = async () => (await as().get('/chargers/CP-1')).body.securityProfile
      const asked: string[] = []
      /** It starts, and says by which profile. */
      async function starts(it: Charger, profile: number): Promise<Charger> {
        const key = { key: 'SecurityProfile', readonly: false, value: String(profile) }
        it.answers.set('GetConfiguration', () => ({ configurationKey: [key] }))
        for (const action of ['ChangeConfiguration', 'SetNetworkProfile', 'SetVariables'])
          it.answers.set(action, () => {
            asked.push(action)
            return { status: 'Accepted' }
          })
        await it.call('BootNotification', is16 ? boot16 : boot2)
        const variableAttribute = [{ value: String(profile), mutability: 'ReadOnly' }]
        const [component, variable] = [{ name: 'SecurityCtrlr' }, { name: 'SecurityProfile' }]
        const reportData = [{ component, variable, variableAttribute }]
        if (!is16)
          await it.call('NotifyReport', { requestId: 1, seqNo: 0, generatedAt: new Date().toISOString(), reportData })
        await until(async () => (await shown()) === profile)
        return it
      }
      const set = async (profile: number, slot = 1) => {
        const connectionData = {
          ocppTransport: 'JSON',
          ocppCsmsUrl: 'wss://localhost',
          messageTimeout: 30,
          securityProfile: profile,
          ocppInterface: 'Wired0',
          basicAuthPassword: password,
        }
        const [action, payload] = is16
          ? ['ChangeConfiguration', { key: 'securityProfile', value: String(profile) }]
          : ['SetNetworkProfile', { configurationSlot: slot, connectionData }]
        const { status, body } = await as().post(`/chargers/CP-1/commands/${action}`, payload)
        return status === 200 ? body.status : body.code
      }
      assert.equal((await charger('CP-1', version, { password }).then(it => starts(it, 1))).heard.length > 0, true)
      assert.equal(await set(2), 'Accepted')

      const it = await starts(await secure('CP-1', { password }, version), 2)
      asked.length = 0
      assert.equal(await set(1), 'security_profile_lower')
      assert.equal(await set(2, 2), 'Accepted', 'the same for another slot')
      const certificateType = is16 ? {} : { certificateType: 'ChargingStationCertificate' }
      const { csr, key } = await request('CN=CP-1')
      const cert = Buffer.from((await signed(it, { csr, ...certificateType })).certificateChain)
      assert.equal(await set(3), 'Accepted')

      const proven = await starts(await secure('CP-1', { cert, key }, version), 3)
      await assert.rejects(secure('CP-1', { password }, version), /401/)
      asked.length = 0
      for (const profile of [0, 1, 2]) assert.equal(await set(profile), 'security_profile_lower')
      if (!is16) {
        const named = { component: { name: 'SecurityCtrlr' }, variable: { name: 'SecurityProfile' } }
        const lower = await as().post('/chargers/CP-1/commands/SetVariables', {
          setVariableData: [{ ...named, attributeValue: '2' }],
        })
        assert.match(lower.body.detail, /uses security profile 3, and no command takes it down to 2/)
        const { items } = (await as().get('/chargers/CP-1/notices?topic=network-profile')).body
        assert.deepEqual(
          items.map(({ key, data }: any) => [key, data.securityProfile, data.basicAuthPassword]),
          [
            ['1', 3, '***'],
            ['2', 2, '***'],
          ],
        )
      }
      assert.deepEqual(asked, [], 'the charger heard nothing of it')
      assert.equal(proven.socket.readyState, proven.socket.OPEN)
    })

  test('is let go by whichever process has its connection', async t => {
    const { p, as, db, secure } = await openTls(t)
    const first = await secure('CP-1', { password })
    await first.call('BootNotification', boot2)
    const { csr, key } = await request('CN=CP-1')
    const { certificateChain } = await signed(first, { csr })
    const it = await secure('CP-1', { cert: Buffer.from(certificateChain), key })
    await it.call('BootNotification', boot2)
    const [{ serial }] = (await db`select serial from certificates`) as unknown as [{ serial: string }]
    const elsewhere = await gateway(p)
    const headers = { ...as().headers, 'content-type': 'application/json' }
    const url = `${elsewhere}/api/ocpp/chargers/CP-1/certificates/${serial}/revoke`
    assert.equal((await fetch(url, { method: 'POST', headers, body: '{}' })).status, 200)
    assert.equal(await it.closed, 1008)
  })

  test('gets none that another could come with', async t => {
    const { as, secure, db } = await openTls(t)
    await as().post('/chargers', { id: 'CP-2', certificateSerial: 'VT-0002' })
    const it = await secure('CP-1', { password })
    const { chargingStation } = boot2
    // It says that it has the serial number of another.
    await it.call('BootNotification', { ...boot2, chargingStation: { ...chargingStation, serialNumber: 'VT-0002' } })
    const { csr, key } = await request('CN=VT-0002')
    const { certificateChain } = await signed(it, { csr })
    const cert = Buffer.from(certificateChain)
    await assert.rejects(secure('CP-2', { cert, key }), /401/)
    await assert.rejects(secure('CP-3', { cert, key }), /401/)
    await (await secure('CP-1', { cert, key })).close()
    assert.equal((await as().delete('/chargers/CP-1')).status, 204)
    await assert.rejects(secure('CP-1', { cert, key }), /401/, 'a stranger does not come in with what another had')
    await assert.rejects(secure('CP-2', { cert, key }), /401/)
    assert.equal((await db`select charger_id from certificates`)[0]!.charger_id, null)
  })

  test('is refused what is weak, forged, of another name, or no request', async t => {
    const { charger } = await open(t)
    const it = await charger('CP-1', 'ocpp2.0.1', { password })
    await it.call('BootNotification', boot2)
    const refusal = async (csr: string, more = {}) => {
      const { status, statusInfo } = await it.call('SignCertificate', { csr, ...more })
      assert.equal(status, 'Rejected')
      return statusInfo.additionalInfo
    }
    const good = await request('CN=CP-1')
    const forged = Buffer.from(good.der)
    forged[forged.length - 1]! ^= 1
    assert.match(await refusal(forged.toString('base64')), /signature/)
    const renamed = Buffer.from(good.der.toString('latin1').replace('CP-1', 'CP-2'), 'latin1')
    assert.match(await refusal(renamed.toString('base64')), /signature/)
    assert.match(await refusal((await request('CN=CP-2')).csr), /common name/)
    assert.match(await refusal((await request('O=CP-1')).csr), /common name/)
    assert.match(await refusal((await request('CN=CP-1, CN=CP-2')).csr), /common name/)
    assert.match(await refusal((await request('CN=CP-1', rsa(1024))).csr), /key/)
    assert.match(await refusal((await request('CN=CP-1', rsa(2048, 'SHA-1'))).csr), /SHA-256/)
    assert.match(await refusal((await request('CN=CP-1', { name: 'Ed25519' })).csr), /key/)
    assert.match(await refusal('no request at all'), /read/)
    assert.match(await refusal('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----'), /read/)
    assert.match(await refusal(good.csr, { certificateType: 'V2GCertificate' }), /15118/)
    const bare = good.csr.replaceAll(/-----[^-]+-----|\s/g, '')
    await signed(it, { csr: bare })
    await signed(it, { csr: (await request('CN=CP-1', rsa(2048))).csr })
    await signed(it, { csr: (await request('CN=CP-1', { ...p256, namedCurve: 'P-384', hash: 'SHA-384' })).csr })
  })

  test('is refused where it proves nothing, and where it asks without end', async t => {
    const { charger, db } = await open(t)
    const stranger = await charger('CP-1', 'ocpp2.0.1')
    await stranger.call('BootNotification', boot2)
    const { csr } = await request('CN=CP-1')
    assert.match((await stranger.call('SignCertificate', { csr })).statusInfo.additionalInfo, /prove/)
    const it = await charger('CP-2', 'ocpp1.6', { password })
    await it.call('BootNotification', boot16)
    const mine = await request('CN=CP-2')
    await signed(it, { csr: mine.csr })
    await db`
      insert into certificates (id, charger_id, serial, name, fingerprint, certificate, begins_at, ends_at, issued_at)
      select gen_random_uuid(), charger_id, n::text, name, n::text, certificate, begins_at, ends_at, issued_at
      from certificates, generate_series(1, 19) n`
    assert.deepEqual(await it.call('SignCertificate', { csr: mine.csr }), { status: 'Rejected' })
  })
})

suite('an authority that is configured', () => {
  /** A root with an issuer below it, whose names are not plain. */
  async function outside(t: TestContext) {
    const lib = await x509()
    const root = await authorityFor('CN=Würzburg Root', true)
    const keys = await keysOf(rsa(2048))
    const pkcs8 = Buffer.from(root.key.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
    const made = await lib.X509CertificateGenerator.create({
      subject: 'CN=Chargers of Würzburg, O=Stadtwerke',
      issuer: new lib.X509Certificate(root.cert).subjectName,
      publicKey: keys.publicKey,
      signingKey: await crypto.subtle.importKey('pkcs8', pkcs8, p256, false, ['sign']),
      signingAlgorithm: p256,
      extensions: [new lib.BasicConstraintsExtension(true, 0, true)],
    })
    const below = `${made.toString('pem')}\n`
    const key = await pemOf(keys.privateKey)
    const paths = await files(t, { 'chain.pem': below + root.cert, 'ca.key': key, 'other.key': root.key })
    return { root: root.cert, paths }
  }

  test('signs in the place of the own one, with its chain below the root, and is trusted', async t => {
    const { root, paths } = await outside(t)
    const { as, secure } = await openTls(t, {
      OCPP_CA_CERT_FILE: paths['chain.pem']!,
      OCPP_CA_KEY_FILE: paths['ca.key']!,
      OCPP_CERTIFICATE_LIFE: '10d',
    })
    const first = await secure('CP-1', { password })
    await first.call('BootNotification', boot2)
    const { csr, key } = await request('CN=CP-1')
    const { certificateChain } = await signed(first, { csr })
    const chain = (certificateChain as string).match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g)!
    assert.equal(chain.length, 2)
    const [certificate, issuer] = chain.map(pem => new X509Certificate(pem)) as [X509Certificate, X509Certificate]
    assert.ok(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey))
    assert.ok(Math.abs(certificate.validToDate.getTime() - Date.now() - 10 * 86_400_000) < 60_000)
    const { body } = await as().get('/authority')
    assert.equal(body.outside, true)
    assert.equal(new X509Certificate(body.certificate).fingerprint256, new X509Certificate(root).fingerprint256)
    const it = await secure('CP-1', { cert: Buffer.from(certificateChain), key })
    assert.equal((await it.call('BootNotification', boot2)).status, 'Accepted')
  })

  test('whose files do not fit stops the start', async t => {
    const { paths } = await outside(t)
    const [chain, key, other] = [paths['chain.pem']!, paths['ca.key']!, paths['other.key']!]
    const starting = (cert: string | undefined, keyFile: string | undefined) =>
      open(t, {
        environment: { ...(cert && { OCPP_CA_CERT_FILE: cert }), ...(keyFile && { OCPP_CA_KEY_FILE: keyFile }) },
      })
    await assert.rejects(starting(chain, undefined), /go together/)
    await assert.rejects(starting(chain, other), /not the key/)
    await assert.rejects(starting(key, key), /does not begin/)
    await assert.rejects(starting('/nowhere.pem', key), /cannot be read/)
  })
})

const day = 86_400_000
const begins = Date.parse('2026-11-28T10:00:00Z')

suite('a certificate that ends', () => {
  test('within a week and was not renewed is told once, and is a figure until there is another', async t => {
    let at = begins
    const environment = { OCPP_CERTIFICATE_LIFE: '120d' }
    const { p, url, charger, periodically, as } = await open(t, { now: () => new Date(at), environment })
    const it = await charger('CP-1', 'ocpp2.0.1', { password })
    await it.call('BootNotification', boot2)
    it.answers.set('TriggerMessage', () => ({ status: 'Accepted' }))
    const { csr } = await request('CN=CP-1')
    const installed = async (count: number) =>
      (await as().get('/chargers/CP-1/certificates')).body.items.filter(({ state }: any) => state === 'installed')
        .length === count
    await signed(it, { csr })
    await until(() => installed(1))
    const told = async () => {
      await periodically(/certificates/)
      const figure = /^ohmnibus_ocpp_certificates_ending (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())
      return [(await p.published(CertificateEnding)).length, Number(figure![1])]
    }
    at = begins + 112 * day
    assert.deepEqual(await told(), [0, 0])
    at = begins + 115 * day
    assert.deepEqual(await told(), [1, 1])
    assert.deepEqual(await told(), [1, 1])
    const [ending] = await p.published(CertificateEnding)
    assert.deepEqual([ending!.chargerId, ending!.endsAt.slice(0, 10)], ['CP-1', '2027-03-28'])
    await signed(it, { csr })
    await until(() => installed(2))
    assert.deepEqual(await told(), [1, 0])
  })

  for (const [version, action, requestedMessage] of [
    ['ocpp1.6', 'ExtendedTriggerMessage', 'SignChargePointCertificate'],
    ['ocpp2.0.1', 'TriggerMessage', 'SignChargingStationCertificate'],
  ] as const)
    test(`is renewed before by asking the charger for a request, once a day until it has another, in ${version}`, async t => {
      let at = begins
      const { charger, periodically, as, db } = await open(t, {
        now: () => new Date(at),
        environment: { OCPP_CERTIFICATE_LIFE: '120d' },
      })
      const it = await charger('CP-1', version, { password })
      await it.call('BootNotification', version === 'ocpp1.6' ? boot16 : boot2)
      let asked = 0
      it.answers.set(action, payload => {
        assert.deepEqual(payload, { requestedMessage })
        asked++
        return { status: 'Accepted' }
      })
      const look = async () => {
        await periodically(/certificates/)
        await until(async () => (await db`select from commands where ended_at is null`).length === 0)
        return asked
      }
      const state = async () => (await as().get('/chargers/CP-1/certificates')).body.items.map((one: any) => one.state)

      const { csr } = await request('CN=CP-1')
      await signed(it, { csr })
      await until(async () => (await state())[0] === 'installed')
      assert.equal(await look(), 0)
      at = begins + 85 * day
      assert.equal(await look(), 0, 'more than 30 days are left')
      at = begins + 91 * day
      assert.equal(await look(), 1)
      at += 3_600_000
      assert.equal(await look(), 1, 'it was asked a moment ago')
      at += day
      assert.equal(await look(), 2)
      await signed(it, { csr }, 'Rejected')
      await until(async () => (await state())[0] === 'refused')
      at += 2 * day
      assert.equal(await look(), 3, 'it did not take what it was sent')
      await signed(it, { csr })
      await until(async () => (await state())[0] === 'installed')
      at += 2 * day
      assert.equal(await look(), 3)
      assert.deepEqual(await state(), ['installed', 'refused', 'installed'])
      at += 27 * day
      assert.equal((await state()).at(-1), 'ended')
    })
})

suite('what a charger says it has installed', () => {
  const hash = (serialNumber: string) => ({
    hashAlgorithm: 'SHA256',
    issuerNameHash: 'aa',
    issuerKeyHash: 'bb',
    serialNumber,
  })

  test('is read back, by type, and without what it deleted, in 2.x', async t => {
    const { charger, as } = await open(t)
    const it = await charger('CP-1', 'ocpp2.0.1', { password })
    await it.call('BootNotification', boot2)
    const chain = (certificateType: string, serial: string, ...children: string[]) => ({
      certificateType,
      certificateHashData: hash(serial),
      ...(children.length > 0 && { childCertificateHashData: children.map(hash) }),
    })
    const command = (action: string, payload: object) => as().post(`/chargers/CP-1/commands/${action}`, payload)
    const installed = async () =>
      (await as().get('/chargers/CP-1/certificates/installed')).body.items.map(
        ({ type, hash, below }: any) => `${type} ${hash.serialNumber}${below ? ' below' : ''}`,
      )
    it.answers.set('GetInstalledCertificateIds', () => ({
      status: 'Accepted',
      certificateHashDataChain: [chain('CSMSRootCertificate', '01'), chain('V2GCertificateChain', '02', '03')],
    }))
    assert.equal((await command('GetInstalledCertificateIds', {})).status, 200)
    assert.deepEqual(await installed(), [
      'CSMSRootCertificate 01',
      'V2GCertificateChain 02',
      'V2GCertificateChain 03 below',
    ])
    it.answers.set('DeleteCertificate', () => ({ status: 'Accepted' }))
    assert.equal((await command('DeleteCertificate', { certificateHashData: hash('03') })).status, 200)
    assert.deepEqual(await installed(), ['CSMSRootCertificate 01', 'V2GCertificateChain 02'])
    it.answers.set('GetInstalledCertificateIds', () => ({ status: 'NotFound' }))
    await command('GetInstalledCertificateIds', { certificateType: ['V2GCertificateChain'] })
    assert.deepEqual(await installed(), ['CSMSRootCertificate 01'])
    it.answers.set('GetInstalledCertificateIds', () => ({
      status: 'Accepted',
      certificateHashDataChain: [chain('CSMSRootCertificate', '04'), chain('MORootCertificate', '05')],
    }))
    await command('GetInstalledCertificateIds', {})
    const first = (await as().get('/chargers/CP-1/certificates/installed?limit=1')).body
    assert.deepEqual(first.items[0].hash, hash('04'), 'as DeleteCertificate takes it')
    const second = (await as().get(`/chargers/CP-1/certificates/installed?limit=1&after=${first.nextCursor}`)).body
    assert.deepEqual([second.items[0].hash, second.nextCursor], [hash('05'), null])
  })

  test('is read back in 1.6, where one asks for a type', async t => {
    const { charger, as } = await open(t)
    const it = await charger('CP-1', 'ocpp1.6', { password })
    await it.call('BootNotification', boot16)
    it.answers.set('GetInstalledCertificateIds', () => ({ status: 'Accepted', certificateHashData: [hash('07')] }))
    const certificateType = 'CentralSystemRootCertificate'
    const path = '/chargers/CP-1/commands/GetInstalledCertificateIds'
    assert.equal((await as().post(path, { certificateType })).status, 200)
    const { items } = (await as().get('/chargers/CP-1/certificates/installed')).body
    assert.deepEqual([items.length, items[0].type, items[0].hash], [1, certificateType, hash('07')])
  })
})
