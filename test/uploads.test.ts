import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as moment } from 'node:timers/promises'
import { newId } from '#kernel'
import { open as openContent } from '../services/content/testing.ts'
import { open as openMaintenance } from '../services/maintenance/testing.ts'
import { open as openOcpp } from '../services/ocpp/testing.ts'
import { open as openPassports } from '../services/passports/testing.ts'
import { spoilt, whole } from './kernel/spoilt.ts'
import { answer, dial, problemIn } from './kernel/wire.ts'

/** A route that takes a file in a form, beside that of documents (services/documents/forms.test.ts). */
interface Taker {
  url: string
  /** Where the next file goes. */
  path(): Promise<string>
  headers: Record<string, string>
  file: { field: string; name: string; begins: string }
}

const pdf = { field: 'file', name: 'cv.pdf', begins: '%PDF-1.7\n' }

const takers: Record<string, (t: Parameters<typeof openContent>[0]) => Promise<Taker>> = {
  async 'an application for a job'(t) {
    const { p, as } = await openContent(t)
    const posting = {
      language: 'en',
      title: 'Field technician',
      organisation: 'Voltaic GmbH',
      employment: 'full-time',
      place: 'Hamburg',
      country: 'DE',
      openUntil: '2999-01-01',
      body: 'You repair chargers.',
      pay: { fromMinor: 4_200_000, toMinor: 5_400_000, currency: 'EUR', per: 'year' },
    }
    const { id, slug } = (await as()('POST', '/jobs', posting)).json()
    await as()('POST', `/jobs/${id}/publish`)
    return { url: await p.listen(), path: async () => `/api/content/jobs/${slug}/apply`, headers: {}, file: pdf }
  },
  async 'a file of a charger'(t) {
    const { url, charger, as } = await openOcpp(t)
    const it = await charger('CP-1')
    await it.call('Heartbeat', {})
    let location = ''
    it.answers.set('GetDiagnostics', payload => {
      ;({ location } = payload)
      return { fileName: 'diagnostics.log' }
    })
    const path = async (): Promise<string> => {
      await as().post('/chargers/CP-1/files', { kind: 'diagnostics' })
      return new URL(location).pathname
    }
    return { url, path, headers: {}, file: pdf }
  },
  async 'a photo of a ticket'(t) {
    const it = await openMaintenance(t)
    const owner = { kind: 'person' as const, id: newId() }
    const me = it.operator({ userId: owner.id })
    const stationId = await it.station({ stationId: newId(), owner, name: 'Market' })
    const ticket = (await me.post('/tickets', { stationId, evse: 2, title: 'Cable', description: 'Cut' })).body
    return {
      url: await it.p.listen(),
      path: async () => `/api/maintenance/tickets/${ticket.id}/photos`,
      headers: it.p.signedIn({ userId: owner.id, role: 'operator' }),
      file: { field: 'photo', name: 'a.jpg', begins: 'ÿØÿà' },
    }
  },
}

test('an import that is streamed is given up too where its sender has stopped, and goes on where they are slow', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { p } = await openPassports(t)
  const url = await p.listen()
  const head = (length: number): string =>
    [
      'POST /api/passports/import HTTP/1.1',
      'host: x',
      `authorization: ${p.signedIn().authorization}`,
      'content-type: text/csv',
      `content-length: ${length}`,
      '\r\n',
    ].join('\r\n')
  const [silent, slow] = [dial(url), dial(url)]
  const file = `identifier,category,manufacturedOn\r\n${'A,EV,2027-01-01\r\n'.repeat(1_400_000)}`
  silent.write(`${head(30_000_000)}identifier`)
  slow.write(head(file.length) + file.slice(0, 1_000_000))
  await moment(300)
  for (let sent = 1_000_000; sent < 4_000_000; sent += 1_000_000) {
    slow.write(file.slice(sent, sent + 1_000_000))
    await moment(100)
    for (let look = 0; look < 30; look++) t.mock.timers.tick(400)
  }
  assert.equal(problemIn(await answer(silent)), '408 request_too_slow')
  slow.write(file.slice(4_000_000))
  assert.match((await answer(slow))!, /^HTTP\/1.1 202 /)
  for (const socket of [silent, slow]) socket.destroy()
})

const headOf = ({ headers }: Taker, path: string, boundary: string, length: number): string =>
  [
    `POST ${path} HTTP/1.1`,
    'host: x',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-type: multipart/form-data; boundary=${boundary}`,
    `content-length: ${length}`,
    '\r\n',
  ].join('\r\n')

for (const [what, open] of Object.entries(takers)) {
  test(`${what}: every form that is here to its end is answered in time, however malformed, and none is a bug`, async t => {
    const taker = await open(t)
    const { field, name, begins } = taker.file
    let path = await taker.path()
    for (let round = 0; round < 80; round++) {
      const form = Buffer.from(spoilt(begins, field, name), 'latin1')
      const socket = dial(taker.url)
      const cut = randomInt(form.length + 1)
      socket.write(headOf(taker, path, 'X', form.length))
      socket.write(form.subarray(0, cut))
      if (round % 3 === 0) await moment(2)
      socket.write(form.subarray(cut))
      const answered = await Promise.race([answer(socket), moment(10_000, 'nothing for ten seconds')])
      socket.destroy()
      const sent = JSON.stringify(form.toString('latin1').slice(0, 1_000))
      assert.match(answered ?? 'cut off', /^HTTP\/1.1 (20[14]|400|413|415) /, sent)
      if (answered!.startsWith('HTTP/1.1 20')) path = await taker.path()
    }
  })

  test(`${what}: a boundary that is too long is refused with the reason, and a sender who has stopped is given up`, async t => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const taker = await open(t)
    const path = await taker.path()
    const { field, name, begins } = taker.file
    const boundary = 'b'.repeat(253)
    const socket = dial(taker.url)
    const form = whole(boundary, begins, field, name)
    socket.write(headOf(taker, path, boundary, Buffer.byteLength(form, 'latin1')))
    socket.write(form, 'latin1')
    assert.equal(problemIn(await answer(socket)), '400 form_invalid')
    socket.destroy()

    const silent = dial(taker.url)
    silent.write(headOf(taker, path, 'X', 1_000_000))
    silent.write(whole('X', begins, field, name).slice(0, -20), 'latin1')
    await moment(300)
    for (let look = 0; look < 51; look++) t.mock.timers.tick(400)
    assert.equal(problemIn(await answer(silent)), '408 request_too_slow')
    silent.destroy()
  })
}
