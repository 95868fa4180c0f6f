import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { open } from '../testing.ts'

const log = 'what happened\n'.repeat(1000)

suite('a file of a charger', () => {
  test('of 1.6 is brought to the address that it was told, under a name of its own', async t => {
    const { url, charger, as } = await open(t)
    const it = await charger('CP-1')
    await it.call('Heartbeat', {})
    let location = ''
    it.answers.set('GetDiagnostics', payload => {
      ;({ location } = payload)
      return { fileName: 'diagnostics.log' }
    })
    const { status, body, headers } = await as().post('/chargers/CP-1/files', {
      kind: 'diagnostics',
      from: '2026-11-01T00:00:00Z',
    })
    assert.deepEqual([status, body.status, body.fileName], [202, 'asked', 'diagnostics.log'])
    const path = headers.get('location')!.replace('/api/ocpp', '')

    await it.call('DiagnosticsStatusNotification', { status: 'Uploading' })
    assert.equal((await as().get(path)).body.status, 'coming')
    const here = location.replace(/^https?:\/\/[^/]+/, url)
    const send = (name: string, content: string) => fetch(`${here}${name}`, { method: 'PUT', body: content })
    assert.equal((await send('/cp1.log', log)).status, 204)
    await it.call('DiagnosticsStatusNotification', { status: 'Uploaded' })
    const { body: stored } = await as().get(path)
    assert.deepEqual(
      [stored.status, stored.said, stored.fileName, stored.sizeBytes],
      ['stored', 'Uploaded', 'cp1.log', log.length],
    )
    const file = await fetch(`${url}/api/ocpp${path}/content`, { headers: as().headers })
    assert.equal(await file.text(), log)
    assert.match(file.headers.get('content-disposition')!, /cp1\.log/)

    assert.equal((await send('', 'again')).status, 404, 'an address takes one file')
    assert.equal((await as({ role: 'user' }).get(path)).status, 403)
    assert.equal((await as().delete(path)).status, 204)
    assert.equal((await as().get(path)).status, 404)
  })

  test('of 2.x is brought by the number of its request, in a form too', async t => {
    const { url, charger, as } = await open(t)
    const it = await charger('CP-1', 'ocpp2.1')
    await it.call('Heartbeat', {})
    const asked: { requestId: number; log: { remoteLocation: string }; logType: string }[] = []
    it.answers.set('GetLog', payload => {
      asked.push(payload)
      return { status: 'Accepted' }
    })
    for (const kind of ['security', 'diagnostics']) await as().post('/chargers/CP-1/files', { kind })
    assert.deepEqual(
      asked.map(({ logType }) => logType),
      ['SecurityLog', 'DiagnosticsLog'],
    )
    assert.notEqual(asked[0]!.requestId, asked[1]!.requestId)
    const form = new FormData()
    form.append('file', new File([log], 'C:\\logs\\security.txt', { type: 'text/plain' }))
    const location = asked[0]!.log.remoteLocation.replace(/^https?:\/\/[^/]+/, url)
    assert.equal((await fetch(location, { method: 'POST', body: form })).status, 204)
    await it.call('LogStatusNotification', { status: 'UploadFailure', requestId: asked[1]!.requestId })
    const { body } = await as().get('/chargers/CP-1/files')
    assert.deepEqual(
      body.items.map(({ kind, status, fileName }: Record<string, string>) => [kind, status, fileName]),
      [
        ['diagnostics', 'failed', null],
        ['security', 'stored', 'security.txt'],
      ],
    )
  })

  test('is not asked of one that knows FTP only, unless a server for that is named', async t => {
    const { charger, as, db } = await open(t)
    const it = await charger('CP-1')
    await it.call('Heartbeat', {})
    await db`
      insert into variables (charger_id, component, component_instance, evse, connector, variable, variable_instance,
        attribute, value, reported_at)
      values ('CP-1', '', '', 0, 0, 'SupportedFileTransferProtocols', '', 'Actual', 'FTP, FTPS', now())`
    it.answers.set('GetDiagnostics', ({ location }) => ({ fileName: location }))
    const refused = await as().post('/chargers/CP-1/files', { kind: 'diagnostics' })
    assert.deepEqual([refused.status, refused.body.code], [409, 'upload_unsupported'])
    assert.match(refused.body.detail, /FTP, FTPS/)
    const location = 'ftp://files.example.com/logs'
    const { status, body } = await as().post('/chargers/CP-1/files', { kind: 'diagnostics', location })
    assert.deepEqual([status, body.fileName], [202, location])
    await it.call('DiagnosticsStatusNotification', { status: 'Uploaded' })
    assert.equal((await as().get('/chargers/CP-1/files')).body.items[0].status, 'elsewhere')
  })

  test('that is too large, empty, late or at an address that nobody was told is not taken', async t => {
    let at = new Date()
    const { url, charger, as } = await open(t, { environment: { OCPP_MAX_UPLOAD: '10 KB' }, now: () => at })
    const it = await charger('CP-1')
    await it.call('Heartbeat', {})
    let location = ''
    it.answers.set('GetDiagnostics', payload => {
      location = payload.location.replace(/^https?:\/\/[^/]+/, url)
      return {}
    })
    await as().post('/chargers/CP-1/files', { kind: 'diagnostics' })
    const send = async (address: string, body: string) => {
      const answer = await fetch(address, { method: 'POST', body })
      return [answer.status, ((await answer.json()) as { code: string }).code]
    }
    assert.deepEqual(await send(location, log), [413, 'file_too_large'])
    assert.deepEqual(await send(location, ''), [400, 'upload_empty'])
    assert.deepEqual(await send(`${location}x`, 'log'), [404, 'upload_unknown'])
    at = new Date(at.getTime() + 25 * 3_600_000)
    assert.deepEqual(await send(location, 'log'), [404, 'upload_unknown'])
  })

  test('says what a charger has stored of a customer, once all parts are there', async t => {
    const { url, charger, as } = await open(t)
    const it = await charger('CP-1', 'ocpp2.0.1')
    await it.call('Heartbeat', {})
    let request: { requestId: number; report: boolean; clear: boolean } | undefined
    it.answers.set('CustomerInformation', payload => {
      request = payload
      return { status: 'Accepted' }
    })
    const idToken = { idToken: '04AA', type: 'ISO14443' }
    const { status, headers } = await as().post('/chargers/CP-1/customer-information', { idToken, clear: true })
    assert.equal(status, 202)
    assert.deepEqual([request!.report, request!.clear], [true, true])
    const path = headers.get('location')!.replace('/api/ocpp', '')
    for (const [seqNo, data] of ['charged ', 'twice ', 'at night'].entries())
      await it.call('NotifyCustomerInformation', {
        requestId: request!.requestId,
        seqNo,
        data,
        tbc: seqNo < 2,
        generatedAt: new Date().toISOString(),
      })
    assert.deepEqual([(await as().get(path)).body.status, (await as().get(path)).body.sizeBytes], ['stored', 22])
    const file = await fetch(`${url}/api/ocpp${path}/content`, { headers: as().headers })
    assert.equal(await file.text(), 'charged twice at night')
  })
})
