import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { boot2, open } from '../testing.ts'

interface Asked {
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}
type Reply = { status?: number; body?: Buffer | string; headers?: Record<string, string> }

/** Somebody who is asked; `said` is what they heard. */
async function somebody(t: TestContext, reply: (asked: Asked) => Reply | undefined) {
  const said: Asked[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
    const asked = { headers: request.headers, body }
    said.push(asked)
    const answer = reply(asked)
    if (!answer) return
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { said, host: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

suite('the state of a certificate (OCSP)', () => {
  const data = {
    hashAlgorithm: 'SHA256',
    issuerNameHash: 'ab'.repeat(32),
    issuerKeyHash: 'cd'.repeat(32),
    serialNumber: 'f1',
  }
  // SEQUENCE, successful, and something.
  const good = Buffer.from([0x30, 0x05, 0x0a, 0x01, 0x00, 0x05, 0x00])

  test('is asked of the responder that a charger names where it is allowed, and passed on as it is', async t => {
    const responder = await somebody(t, () => ({ body: good }))
    const { charger } = await open(t, { environment: { OCPP_OCSP_HOSTS: responder.host } })
    for (const version of ['ocpp2.0.1', 'ocpp2.1'] as const) {
      const it = await charger(version, version)
      await it.call('BootNotification', boot2)
      const ocspRequestData = { ...data, responderURL: `http://${responder.host}/ocsp` }
      assert.deepEqual(await it.call('GetCertificateStatus', { ocspRequestData }), {
        status: 'Accepted',
        ocspResult: good.toString('base64'),
      })
    }
    const [{ headers, body }] = responder.said as [Asked]
    assert.equal(headers['content-type'], 'application/ocsp-request')
    const hash = '300d06096086480165030402010500'
    // OCSPRequest, TBSRequest, requestList, Request, CertID: a number whose first bit is set has a byte before it.
    const certificate = `${hash}0420${data.issuerNameHash}0420${data.issuerKeyHash}020200f1`
    assert.equal(body.toString('hex'), `305f305d305b30593057${certificate}`)
  })

  test('is not asked of anybody else, and fails where there is no answer, while the charger is served on', async t => {
    const replies: (Reply | undefined)[] = []
    const responder = await somebody(t, () => replies.shift())
    const other = await somebody(t, () => ({ body: good }))
    const { charger } = await open(t, { environment: { OCPP_OCSP_HOSTS: `ocsp.example.com,${responder.host}` } })
    const it = await charger('CP-1', 'ocpp2.0.1')
    await it.call('BootNotification', boot2)
    const failure = async (responderURL: string, more = {}) => {
      const ocspRequestData = { ...data, responderURL, ...more }
      const { status, statusInfo, ocspResult } = await it.call('GetCertificateStatus', { ocspRequestData })
      assert.deepEqual([status, ocspResult], ['Failed', undefined])
      return statusInfo.reasonCode
    }
    const [allowed, forbidden] = [`http://${responder.host}/`, `http://${other.host}/`]
    for (const url of [
      forbidden,
      `http://a:b@${responder.host}/`,
      'file:///etc/passwd',
      'nothing',
      'http://127.0.0.1/',
    ])
      assert.equal(await failure(url), 'InvalidURL', url)
    assert.equal(await failure(allowed, { serialNumber: 'xyz' }), 'InvalidValue')
    assert.equal(responder.said.length, 0)
    const answers: Reply[] = [
      { status: 302, headers: { location: forbidden } },
      { status: 500, body: good },
      { body: 'no DER' },
      { body: Buffer.from([0x30, 0x03, 0x0a, 0x01, 0x06]) },
      { body: Buffer.concat([Buffer.from([0x30, 0x82, 0x13, 0x88, 0x0a, 0x01, 0x00]), Buffer.alloc(4_997)]) },
      { body: Buffer.alloc(100_000) },
    ]
    for (const reply of answers) {
      replies.push(reply)
      assert.equal(await failure(allowed), 'InternalError')
    }
    assert.equal(responder.said.length, answers.length)
    assert.equal(other.said.length, 0)
    const slow = it.call('GetCertificateStatus', { ocspRequestData: { ...data, responderURL: allowed } })
    const elsewhere = await charger('CP-2', 'ocpp2.0.1')
    assert.equal((await elsewhere.call('BootNotification', boot2)).status, 'Accepted')
    assert.equal((await slow).status, 'Failed', 'who does not answer is not waited for without end')
    const none = await open(t)
    const lonely = await none.charger('CP-1', 'ocpp2.0.1')
    await lonely.call('BootNotification', boot2)
    const ocspRequestData = { ...data, responderURL: forbidden }
    const { statusInfo } = await lonely.call('GetCertificateStatus', { ocspRequestData })
    assert.equal(statusInfo.reasonCode, 'NotEnabled')
  })
})

suite('the certificate of a contract for a car (ISO 15118)', () => {
  const payload = { iso15118SchemaVersion: 'urn:iso:15118:2:2013:MsgDef', action: 'Install', exiRequest: 'AAAA' }

  test('is not had where no provider is configured', async t => {
    const { charger } = await open(t)
    const it = await charger('CP-1', 'ocpp2.0.1')
    await it.call('BootNotification', boot2)
    const { status, exiResponse, statusInfo } = await it.call('Get15118EVCertificate', payload)
    assert.deepEqual([status, exiResponse, statusInfo.reasonCode], ['Failed', '', 'NotEnabled'])
    assert.match(statusInfo.additionalInfo, /No provider/)
  })

  test('is had from the provider that is configured, whose answer is held to the schema', async t => {
    const replies = [{ status: 'Accepted', exiResponse: 'BBBB' }, { status: 'Fine' }]
    const provider = await somebody(t, () => ({ body: JSON.stringify(replies.shift()) }))
    const { charger } = await open(t, {
      environment: { OCPP_EV_CERTIFICATES_URL: `http://${provider.host}/`, OCPP_EV_CERTIFICATES_TOKEN: 'secret' },
    })
    const it = await charger('CP-1', 'ocpp2.1')
    await it.call('BootNotification', boot2)
    assert.deepEqual(await it.call('Get15118EVCertificate', payload), { status: 'Accepted', exiResponse: 'BBBB' })
    const [{ headers, body }] = provider.said as [Asked]
    assert.deepEqual(JSON.parse(body.toString()), payload)
    assert.equal(headers.authorization, 'Bearer secret')
    assert.equal((await it.call('Get15118EVCertificate', payload)).status, 'Failed')
  })
})
