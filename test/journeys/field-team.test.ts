import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#kernel'
import { start } from '../../kernel/testing.ts'
import { choose } from '../../services/all.ts'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { until } from '../kernel/toys.ts'
import { client, codeIn, mailsIn, register } from './client.ts'

const admin = { email: 'operator@example.com', password: 'quiet trains at dawn' }

test('a fault becomes a ticket, a technician sees to it on the telephone, and the charger is back in service', async t => {
  const works = new Map<string, () => Promise<void>>()
  // What is done by the clock is done when the test says so.
  const services = (await choose()).map((service): Service =>
    service.name === 'maintenance'
      ? { ...service, start: host => service.start({ ...host, every: (_, what, work) => void works.set(what, work) }) }
      : service,
  )
  const now = { MAINTENANCE_REMEDY_AFTER: '0s', MAINTENANCE_TICKET_AFTER: '0s', MAINTENANCE_CALM: '0s' }
  const environment = { ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password, OCPP_UNKNOWN_CHARGERS: 'accept' }
  const p = await start(t, services, { environment: { ...environment, ...now } })
  const address = await p.listen()
  const run = async (purpose: string) => {
    await p.settle()
    await works.get(purpose)!()
    await p.settle()
  }
  const mailTo = async (email: string) => {
    await p.settle()
    return (await mailsIn(p.platform.mailFolder!)).findLast(({ to }) => to === email)!
  }

  const operator = client(address)
  operator.use(await operator.get(200, 'POST /api/auth/login', admin))
  const grace = client(address)
  const person = { email: 'grace@example.com', password: 'quiet trains at noon', name: 'Grace' }
  const { user } = await register(grace, '/api/auth', person, async email => codeIn(await mailTo(email)))
  await operator.get(200, `PUT /api/auth/users/${user.id}/role`, { role: 'technician' })
  grace.use(await grace.get(200, 'POST /api/auth/login', { email: person.email, password: person.password }))

  const charger = await connect(t, `${address.replace('http', 'ws')}/ocpp/CP-1`, 'ocpp1.6')
  const asked: unknown[] = []
  for (const action of ['Reset', 'ChangeAvailability'])
    charger.answers.set(action, payload => {
      asked.push([action, payload])
      return { status: 'Accepted' }
    })
  await charger.call('BootNotification', boot16)
  const say = async (status: string, errorCode = 'NoError') => {
    await charger.call('StatusNotification', { connectorId: 1, errorCode, status })
    await p.settle()
  }
  await say('Available')
  const station = await operator.get(201, 'POST /api/stations', {
    name: 'Market square',
    chargerId: 'CP-1',
    public: true,
    address: { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DEU' },
    coordinates: { latitude: 52.52, longitude: 13.405 },
    timeZone: 'Europe/Berlin',
  })
  const technician = { userId: user.id, name: 'Grace', position: { latitude: 52.5, longitude: 13.4 }, radiusM: 50_000 }
  await operator.get(201, 'POST /api/maintenance/technicians', technician)

  // It is faulted: it helps itself first, and that does not help.
  await say('Faulted', 'GroundFailure')
  const incidents = async (query: string) =>
    (await operator.get(200, `GET /api/maintenance/incidents?${query}`)).items as any[]
  const [incident] = await incidents('status=open')
  assert.deepEqual([incident.code, incident.stationId], ['GroundFailure', station.id])
  await run('have chargers try remedies')
  await until(() => asked.length === 1)
  assert.deepEqual(asked.pop(), ['Reset', { type: 'Soft' }])
  const remedies = async () => (await operator.get(200, `GET /api/maintenance/incidents/${incident.id}`)).remedies
  await until(async () => (await remedies())[0].status === 'Accepted')

  // A ticket, and who might go.
  await run('give incidents that last a ticket')
  const tickets = '/api/maintenance/tickets'
  const [ticket] = (await operator.get(200, `GET ${tickets}?incidentId=${incident.id}`)).items
  assert.deepEqual([ticket.state, ticket.address], ['open', 'Marktplatz 1, 10178 Berlin'])
  const [proposal] = (await operator.get(200, `GET ${tickets}/${ticket.id}/proposals`)).items
  assert.deepEqual([proposal.name, proposal.inArea], ['Grace', true])
  await operator.get(200, `POST ${tickets}/${ticket.id}/assign`, { technicianId: proposal.technicianId })
  const mail = await mailTo(person.email)
  assert.equal(mail.event, 'ticket.assigned')
  const path = `/maintenance/tickets/${ticket.id}`
  assert.ok(mail.text.includes(path), mail.text)

  // On the telephone.
  const headers = { authorization: grace.headers.authorization! }
  const page = async () => await (await fetch(address + path, { headers })).text()
  const press = async (act: string, text = '') => {
    const [, version] = /name="version" value="(\d+)"/.exec(await page())!
    const body = new URLSearchParams({ act, version: version!, text })
    return (await fetch(address + path, { method: 'POST', headers, body, redirect: 'manual' })).status
  }
  assert.match(await page(), /Marktplatz 1, 10178 Berlin/)
  assert.equal(await press('start'), 303)
  assert.equal(await press('resolve', 'New cable'), 303)

  // Back in service.
  await say('Available')
  await run('open and close incidents by the clock')
  const [closed] = await incidents('status=closed')
  assert.deepEqual([closed.id, closed.end], [incident.id, 'cleared'])
  assert.equal((await operator.get(200, `POST ${tickets}/${ticket.id}/close`, {})).state, 'closed')
  assert.match(await (await fetch(`${address}/stations/${station.id}`)).text(), /Free/)

  // Planned work takes it out of service, and back.
  const [from, to] = [Date.now() - 1000, Date.now() + 3_600_000].map(at => new Date(at).toISOString())
  const plan = { stationId: station.id, title: 'Paint', from, to }
  const work = await operator.get(201, 'POST /api/maintenance/works', plan)
  await run('begin and end planned works')
  await until(() => asked.length === 1)
  await say('Unavailable')
  assert.match(await (await fetch(`${address}/stations/${station.id}`)).text(), /Out of service/)
  await operator.get(200, `POST /api/maintenance/works/${work.id}/cancel`)
  await until(() => asked.length === 2)
  assert.deepEqual(asked, [
    ['ChangeAvailability', { connectorId: 0, type: 'Inoperative' }],
    ['ChangeAvailability', { connectorId: 0, type: 'Operative' }],
  ])
})
