import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as overHttp, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { boot16, connect } from '../../services/ocpp/testing.ts'
import { baseline, client, codeIn, mailsIn, register, stream, type Client } from '../journeys/client.ts'
import { until } from '../kernel/toys.ts'
import { startProcesses } from './processes.ts'

const METRICS_TOKEN = 'token-for-tests-0123456789abcdef'
/** What runs on each machine. */
const machine = 'identity,passports,documents,notifications,ocpp'

type Ear = Awaited<ReturnType<typeof stream>>

/** A figure of a process, over all its labels that have these words. */
async function figure(address: string, name: string, words = ''): Promise<number> {
  const answer = await fetch(`${address}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } })
  assert.equal(answer.status, 200)
  return (await answer.text())
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) && line.includes(words))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** An upload by its key, of which the first half is sent and the rest waits for `finish`; what is answered whenever. */
function upload(who: Client, key: string) {
  const boundary = 'a-boundary'
  const start = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${key}.pdf"\r\n\r\n%PDF-1.7\n`
  const end = `about ${key}\r\n--${boundary}--\r\n`
  const request = overHttp(`${who.address}/api/documents/upload`, {
    method: 'POST',
    headers: {
      ...who.headers,
      'idempotency-key': key,
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': start.length + end.length,
    },
  })
  request.write(start)
  const answer = once(request, 'response').then(async ([response]: IncomingMessage[]) => {
    // Answers are of any shape.
    const body = (await json(response!)) as any
    // Who was told before they had said all has nothing more to say.
    if (!request.writableEnded) request.destroy()
    return { status: response!.statusCode!, body }
  })
  request.on('error', () => {})
  return { answer, finish: () => void (request.writableEnded || request.end(end)) }
}

test('of three machines behind one gateway one dies: no read fails, what was cut off is told and happens once, and who listened goes on', async t => {
  const p = await startProcesses(t, 3, {
    parts: [machine, 'gateway'],
    environment: { OCPP_UNKNOWN_CHARGERS: 'accept', METRICS_TOKEN },
  })
  const ada = client(p.address)
  await register(
    ada,
    '/api/auth',
    { email: 'ada@example.com', password: 'quiet trains at dawn', name: 'Ada' },
    async () => {
      await p.settle()
      return codeIn((await mailsIn(p.mailFolder)).findLast(({ to }) => to === 'ada@example.com')!)
    },
  )
  await p.settle()
  const [victim, ...others] = p.parts(machine)
  assert.equal(others.length, 2)
  const standing = async () => (await ada.get(200, 'GET /health')).services.passports
  assert.equal(await standing(), 'ok')

  // As many uploads on each: where less is under way the next one goes. Streams and chargers come where they come.
  const uploads = Array.from({ length: 6 }, (_, number) => `upload-${number}`).map(key => ({
    key,
    ...upload(ada, key),
  }))
  const openStreams = () => figure(victim!.address, 'ohmnibus_http_streams_open')
  const connections = () => figure(victim!.address, 'ohmnibus_ocpp_connections')
  const ears: Ear[] = []
  while (ears.length < 2 || (await openStreams()) === 0) {
    // Nobody listens at more than a few places at once.
    if (ears.length === 3) ears.shift()!.hangUp()
    ears.push(await stream(ada))
  }
  const plug = async (id: string) => {
    const charger = await connect(t, `${p.address.replace('http', 'ws')}/ocpp/${id}`, 'ocpp1.6')
    assert.equal((await charger.call('BootNotification', boot16)).status, 'Accepted')
    return { id, ...charger }
  }
  const chargers: Awaited<ReturnType<typeof plug>>[] = []
  while (chargers.length < 2 || (await connections()) === 0) chargers.push(await plug(`CP-${chargers.length}`))
  const lost = { streams: await openStreams(), chargers: await connections() }

  let isOver = false
  const ended: number[] = []
  const heard = ears.map(() => [] as string[])
  /** All that a stream tells, over another one where it ends, from the last that was heard. */
  const follow = async (first: Ear, number: number): Promise<void> => {
    let ear = first
    let last: string | undefined
    t.after(() => ear.hangUp())
    for (;;) {
      const told = await ear.next().catch(() => undefined)
      if (told) {
        last = told.id
        if (told.notification.event === 'passport.created') heard[number]!.push(told.notification.link)
      } else if (isOver) return
      else {
        ended.push(Date.now())
        ear = await stream(ada, last)
      }
    }
  }
  for (const [number, ear] of ears.entries()) void follow(ear, number)
  const broken: { id: string; at: number }[] = []
  for (const { id, closed } of chargers) void closed.then(() => broken.push({ id, at: Date.now() }))

  // Reads and writes as fast as they are answered; a write that was not is repeated by its key until it is.
  let [isWritten, reads, repeated] = [false, 0, 0]
  const reading = Array.from({ length: 3 }, async () => {
    for (; !isWritten; reads++) await ada.get(200, 'GET /api/passports?limit=1')
  })
  const made = new Map<string, string>()
  const writing = Array.from({ length: 3 }, async (_, writer) => {
    for (let number = 0; !isWritten; number++) {
      const key = `BP-${writer}-${number}`
      for (;;) {
        const headers = { 'idempotency-key': key }
        const answer = await ada.ask('POST /api/passports', { data: baseline(key) }, headers)
        if (answer.status === 201) {
          made.set(key, answer.body.id)
          await sleep(50)
          break
        }
        assert.ok(
          [502, 503].includes(answer.status) || answer.body.code === 'idempotency_key_in_flight',
          answer.body.code,
        )
        repeated++
        await sleep(50)
      }
    }
  })
  await until(() => heard.every(links => links.length > 0))
  const killed = Date.now()
  await victim!.kill()

  const cut = await Promise.all(
    uploads.map(async one => {
      // Those of the dead machine are told at once; those of the others wait for what is still to come.
      const told = await Promise.race([one.answer, sleep(1_500)])
      if (told) assert.deepEqual([told.status, told.body.code], [503, 'service_unavailable'])
      else one.finish()
      return { ...one, wasCut: told !== undefined }
    }),
  )
  assert.equal(cut.filter(({ wasCut }) => wasCut).length, 2)
  assert.deepEqual([ended.length, broken.length], [lost.streams, lost.chargers])
  for (const at of [...ended, ...broken.map(one => one.at)])
    assert.ok(at - killed < 1_000, `told after ${at - killed} ms`)
  for (const one of cut) {
    const tries = one.wasCut ? [upload(ada, one.key), upload(ada, one.key)] : [one, upload(ada, one.key)]
    const ids: string[] = []
    for (const { answer, finish } of tries) {
      finish()
      const { status, body } = await answer
      assert.equal(status, 201, body.code)
      ids.push(body.docId)
    }
    assert.equal(ids[0], ids[1], 'by its key it happens once')
  }
  const documents = await ada.get(200, 'GET /api/documents')
  assert.equal(documents.items.length, uploads.length)

  // Who is gone is seen, and chargers are served elsewhere.
  await until(async () => (await standing()) === '2 of 3', 10)
  await until(async () => (await figure(p.address, 'ohmnibus_peer_up', victim!.address)) === 0, 10)
  for (const { address } of others) assert.equal(await figure(p.address, 'ohmnibus_peer_up', address), 1)
  for (const { id } of broken) await plug(id)

  // Back at its address it has its share again.
  const back = await p.startPart(machine, victim!.copy)
  await until(async () => (await standing()) === 'ok', 10)
  const answered = () => figure(back.address, 'ohmnibus_http_request_seconds_count', '/api/passports')
  await until(async () => (await answered()) > 10, 10)
  isWritten = true
  await Promise.all([...reading, ...writing])
  t.diagnostic(`${reads} reads, ${made.size} writes, ${repeated} of them repeated`)
  assert.equal(new Set(made.values()).size, made.size)
  const counts = await ada.get(200, 'GET /api/passports/count')
  assert.equal(counts.count, made.size, 'each was made once')

  await p.settle()
  await until(() => heard.every(links => links.length >= made.size), 20)
  isOver = true
  for (const links of heard) assert.deepEqual(new Set(links).size, links.length, 'nothing is told twice')
})
