import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { mailsIn } from '../journeys/client.ts'
import { oneProcess, people } from '../journeys/batteries.ts'

/** Somebody's own server, and what was sent to it. */
async function receiver(t: TestContext) {
  const got: string[] = []
  const server = createServer(async (request, response) => {
    got.push(`${JSON.stringify(request.headers)} ${await text(request)}`)
    response.writeHead(204).end()
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.after(() => server.close())
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

test('mail, inbox and webhooks of who has an interest tell nothing of a draft, and of what is published no hidden value', async t => {
  let now = new Date('2027-03-01T10:00:00Z')
  const site = await oneProcess(t, () => now)
  const all = people(site)
  const mara = await all.operator('Mara', 'Donau Batteriewerk GmbH', 'manufacturer', '4012345000009')
  const enrol = async (name: string) => {
    const who = await all.person(name)
    const there = await receiver(t)
    await who.get(201, 'POST /api/notifications/webhooks', { url: there.url })
    return { ...who, there, email: `${name.toLowerCase()}@example.com` }
  }
  type Reader = Awaited<ReturnType<typeof enrol>>
  const [olga, piet, quin] = [await enrol('Olga'), await enrol('Piet'), await enrol('Quin')]
  const readers = [olga, piet, quin]
  // Somebody who has nothing to do with it, and listens all the same.
  const stan = await enrol('Stan')

  const hidden = ['zqnote', '98.7654321', 'zqreport', 'zqstudy', 'zqevidence', 'zqreason']
  const saying = (more: object = {}) => ({
    note: 'zqnote',
    attributes: {
      uniqueBatteryIdentifier: { value: 'https://id.example.com/01/09506000134352/21/SECRET1' },
      batteryModelIdentifier: { value: 'VOLT-EV-82' },
      batteryCategory: { value: 'EV' },
      batteryMass: { value: '450', unit: 'kg', evidence: 'zqevidence' },
      stateOfCertifiedEnergy: { value: '98.7654321', unit: '%' },
      testReportResults: { value: [{ title: 'zqreport', url: 'https://example.com/' }] },
      carbonFootprintStudyLink: { value: 'https://example.com/zqstudy' },
      ...more,
    },
  })
  const { id } = await mara.get(201, 'POST /api/passports', { data: saying() })
  /** What reached a reader, by each way. */
  const reached = async ({ get, email, there }: Reader) => {
    await site.settle()
    const mine = (channel: 'email' | 'in-app') =>
      mailsIn(site.mailFolder, channel).then(mails => mails.filter(({ to }) => to === email))
    const { items } = await get(200, 'GET /api/notifications?limit=100')
    return {
      mails: (await mine('email')).map(mail => JSON.stringify(mail)),
      inbox: items.map((item: object) => JSON.stringify(item)) as string[],
      webhook: there.got,
    }
  }
  const about = (texts: readonly string[]) => texts.filter(text => text.includes(id) || text.includes('SECRET1'))
  const requireNothing = async (who: Reader, why: string) => {
    for (const [way, texts] of Object.entries(await reached(who))) assert.deepEqual(about(texts), [], `${why}: ${way}`)
  }
  const lend = (reader: { id: string }, until?: string) =>
    mara.get(204, `PUT /api/passports/${id}/readers/${reader.id}`, {
      kind: 'person',
      audience: 'interest',
      ...(until && { until }),
    })

  for (const reader of readers) await lend(reader)
  await lend(quin, '2027-03-01T11:00:00Z')
  await mara.get(200, `PUT /api/passports/${id}`, { data: saying({ batteryMass: { value: '451', unit: 'kg' } }) })
  for (const who of readers) {
    await requireNothing(who, 'noted while it is a draft')
    assert.equal((await who.ask(`GET /api/passports/${id}`)).status, 404)
  }
  await mara.get(204, `DELETE /api/passports/${id}/readers/${piet.id}`)
  await requireNothing(piet, 'taken away while it is a draft')

  now = new Date('2027-03-01T12:00:00Z')
  for (const who of [mara, ...readers, stan]) await who.again()
  await mara.get(200, `POST /api/passports/${id}/publish`)
  const told = await reached(olga)
  for (const [way, texts] of Object.entries(told)) {
    assert.equal(about(texts).length, 1, `told once by ${way}: ${about(texts).join('\n')}`)
    assert.match(about(texts)[0]!, /passport\.shared/, way)
  }
  for (const who of [piet, quin]) await requireNothing(who, 'who reads it no more is not told')

  // What happens to it from now on, and that it is closed again.
  await mara.get(200, `PUT /api/passports/${id}`, { data: saying({ batteryMass: { value: '452', unit: 'kg' } }) })
  await mara.get(200, `PUT /api/passports/${id}`, { data: { ...saying(), note: 'zqnote2' }, reason: 'zqreason' })
  await lend(piet)
  await mara.get(204, `DELETE /api/passports/${id}/readers/${piet.id}`)
  await mara.get(200, `DELETE /api/passports/${id}`)
  assert.equal(about((await reached(piet)).webhook).length, 2, 'of one that is published both is told at once')
  for (const who of readers)
    for (const [way, texts] of Object.entries(await reached(who)))
      for (const secret of hidden)
        assert.ok(!texts.some(text => text.includes(secret)), `${who.email} hears ${secret} by ${way}`)
  await requireNothing(stan, 'a stranger’s subscription')
  assert.equal(about((await reached(olga)).webhook).length, 1, 'what else happens to it is its owner’s to hear')
})
