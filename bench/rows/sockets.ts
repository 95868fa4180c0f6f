import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { alternate, type Line } from '../measure.ts'
import { perSecond } from '../report.ts'
import { mostFiles, resident, weighs } from '../weight.ts'
import type { Server, World } from '../world.ts'

/** As long as what a charger says each minute. */
const frame = JSON.stringify([2, randomBytes(8).toString('hex'), 'MeterValues', { meterValue: 'x'.repeat(300) }])

/** WebSockets through the gateway, beside the least that passes them on, before one who sends back what it gets. */
export async function sockets(world: World): Promise<Line[]> {
  const { rounds, seconds, quick } = world.size
  const database = await world.database('row_sockets')
  const shared = { OHMNIBUS_SECRET: randomBytes(48).toString('base64') }
  const behind = await world.platform(database, ['toys'], shared)
  const gateway = await world.platform(database, ['gateway'], { ...shared, TOYS_SERVICE_URL: behind.url })
  const bare = await world.passThrough(behind.url)
  try {
    const some = async (through: Server) => await connect(through, 50)
    const [ours, theirs] = [await some(gateway), await some(bare)]
    const measured = await alternate(
      rounds,
      () => framesOf(theirs, seconds),
      () => framesOf(ours, seconds),
    )
    for (const socket of [...ours, ...theirs]) socket.terminate()
    const lines: Line[] = [
      {
        work: 'frames of 350 bytes there and back by WebSocket, 50 connections',
        floor: `${perSecond(measured.floor)} bare pass-through`,
        ohmnibus: `${perSecond(measured.subject)} through the gateway`,
        ratio: measured.ratio,
        budget: '≥ 0.70',
        met: measured.ratio.median >= 0.7,
      },
    ]
    if (!weighs) return lines
    // Each is two files in the process that passes it on.
    const count = Math.min(quick ? 2_000 : 10_000, Math.floor((await mostFiles(gateway.pid)) / 2) - 500)
    const [least, each] = [await weightOf(bare, count), await weightOf(gateway, count)]
    lines.push({
      work: `${count.toLocaleString('en')} WebSockets that are open and silent: what each weighs`,
      floor: `${least.toFixed(1)} KB bare pass-through`,
      ohmnibus: `${each.toFixed(1)} KB in the gateway`,
      budget: 'under 12 KB',
      met: each < 12,
    })
    return lines
  } finally {
    await Promise.all([gateway.close(), behind.close(), bare.close()])
  }
}

async function connect({ url }: Server, count: number): Promise<WebSocket[]> {
  const all: WebSocket[] = []
  while (all.length < count) {
    const some = Array.from({ length: Math.min(100, count - all.length) }, () => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/api/toys/echo`, { perMessageDeflate: false })
      return once(socket, 'open').then(() => socket)
    })
    all.push(...(await Promise.all(some)))
  }
  return all
}

/** Frames a second that come back, each socket sending the next once it has the last. */
async function framesOf(all: readonly WebSocket[], seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000
  let back = 0
  await Promise.all(
    all.map(async socket => {
      for (; performance.now() < end; back++) {
        const answer = once(socket, 'message')
        socket.send(frame)
        await answer
      }
    }),
  )
  return back / seconds
}

/** KB of a process for each connection that goes through it; what connecting took is let go before. */
async function weightOf(server: Server, count: number): Promise<number> {
  for (const socket of await connect(server, 500)) socket.terminate()
  await sleep(3_000)
  const before = await resident(server.pid)
  const all = await connect(server, count)
  await sleep(5_000)
  const after = await resident(server.pid)
  // All of them still go through.
  await Promise.all(
    all
      .filter((_, at) => at % 100 === 0)
      .map(async socket => {
        const answer = once(socket, 'message', { signal: AbortSignal.timeout(10_000) })
        socket.send(frame)
        await answer
      }),
  )
  for (const socket of all) socket.terminate()
  await sleep(1_000)
  return (after - before) / 1024 / count
}
