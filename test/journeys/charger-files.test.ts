import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { boot2, connect } from '../../services/ocpp/testing.ts'
import { clamd, eicar } from '../engines/clamd.ts'
import { client } from './client.ts'

const admin = { email: 'operator@example.com', password: 'quiet trains at dawn' }

test('what chargers bring lies among the documents of who looks after them, and the virus scanner has looked at it', async t => {
  const scanner = await clamd()
  t.after(scanner.close)
  const environment = {
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    OCPP_UNKNOWN_CHARGERS: 'accept',
    ...scanner.settings,
  }
  const p = await start(t, await choose(['identity', 'passports', 'documents', 'notifications', 'ocpp']), {
    environment,
  })
  const address = await p.listen()
  const operator = client(address)
  operator.use(await operator.get(200, 'POST /api/auth/login', admin))
  const charger = await connect(t, `${address.replace('http', 'ws')}/ocpp/CP-1`, 'ocpp2.0.1')
  await charger.call('BootNotification', boot2)
  await p.settle()

  charger.answers.set('GetLog', ({ log: { remoteLocation } }) => {
    location = remoteLocation
    return { status: 'Accepted', filename: 'charger.log' }
  })
  let location = ''
  const filesOf = () =>
    globSync('{ocpp,documents}/**', { cwd: join(p.dataFolder, 'files'), withFileTypes: true }).filter(entry =>
      entry.isFile(),
    )
  const bring = async (content: Buffer | string, name: string) => {
    const { id } = await operator.get(202, 'POST /api/ocpp/chargers/CP-1/files', { kind: 'diagnostics' })
    const here = location.replace(/^https?:\/\/[^/]+/, address)
    assert.equal((await fetch(`${here}/${name}`, { method: 'PUT', body: content as string })).status, 204)
    await p.settle()
    return id as string
  }
  const contentOf = (id: string) => operator.ask(`GET /api/ocpp/chargers/CP-1/files/${id}/content`)
  const documents = async () => (await operator.get(200, 'GET /api/documents')).items as Record<string, any>[]

  // Larger than what types are told by.
  const log = Buffer.concat([Buffer.from('what happened\n'), randomBytes(300_000)])
  const id = await bring(log, 'charger.log')
  const [document] = await documents()
  assert.deepEqual(
    [document!.docId, document!.fileName, document!.kind, document!.sizeBytes, document!.scan],
    [id, 'charger.log', 'charger-diagnostics', log.length, 'clean'],
  )
  assert.deepEqual((await operator.ask(`GET /api/documents/${id}?download=1`)).body, log)
  const { status, body } = await contentOf(id)
  assert.equal(status, 200)
  assert.deepEqual(body, log)
  const part = await operator.ask(`GET /api/ocpp/chargers/CP-1/files/${id}/content`, undefined, { range: 'bytes=0-3' })
  assert.deepEqual([part.status, part.body.toString()], [206, 'what'])
  assert.equal(filesOf().length, 1, 'it lies in one place')

  const harmful = await bring(`log\n${eicar}`, 'harmful.log')
  assert.deepEqual((await contentOf(harmful)).body.code, 'charger_file_infected')
  assert.equal((await documents()).find(({ docId }) => docId === harmful)!.scan, 'infected')

  // What a charger has stored of a customer came in messages.
  let asked: { requestId: number } | undefined
  charger.answers.set('CustomerInformation', payload => {
    asked = payload
    return { status: 'Accepted' }
  })
  const idToken = { idToken: '04AA', type: 'ISO14443' }
  const customer = await operator.get(202, 'POST /api/ocpp/chargers/CP-1/customer-information', { idToken })
  for (const [seqNo, data] of ['charged ', 'twice'].entries())
    await charger.call('NotifyCustomerInformation', {
      requestId: asked!.requestId,
      seqNo,
      data,
      tbc: seqNo === 0,
      generatedAt: new Date().toISOString(),
    })
  await p.settle()
  assert.equal((await documents()).find(({ docId }) => docId === customer.id)!.kind, 'charger-customer')
  assert.equal((await contentOf(customer.id)).body.toString(), 'charged twice')

  for (const one of [id, harmful, customer.id]) await operator.get(204, `DELETE /api/ocpp/chargers/CP-1/files/${one}`)
  await p.settle()
  assert.deepEqual(await documents(), [])
  assert.deepEqual(filesOf(), [])
})
