import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'

/** A charger of 1.6 that sends the next message once it has the answer to the last. */
export interface Charger {
  /** Resolves with the answer, JSON of any shape, and the milliseconds that it took; fails with what it was refused with. */
  call(action: string, payload: object): Promise<{ answer: any; ms: number }>
  /** What it answers when it is called; nothing where there is none. */
  readonly answers: Map<string, object>
  readonly isOpen: boolean
  /** How often it was asked whether it is still there. */
  readonly pings: number
  /** The other end hears nothing of it. */
  cut(): void
  close(): Promise<void>
}

/** Connects chargers, so many at a time. */
export async function connectChargers(url: string, ids: readonly string[], atOnce = 50): Promise<Charger[]> {
  const chargers: Charger[] = []
  for (let from = 0; from < ids.length; from += atOnce)
    chargers.push(...(await Promise.all(ids.slice(from, from + atOnce).map(id => connectCharger(url, id)))))
  return chargers
}

/** As a charger does: where it is not let in it tries again a moment later, and another one after that. */
export async function comeBack(url: string, id: string): Promise<Charger> {
  for (;;)
    try {
      return await connectCharger(url, id)
    } catch {
      await sleep(200 + Math.random() * 800)
    }
}

export async function connectCharger(url: string, id: string): Promise<Charger> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ocpp/${id}`, 'ocpp1.6', { perMessageDeflate: false })
  // Frames are JSON of any shape.
  const waiting = new Map<string, (frame: any[]) => void>()
  const answers = new Map<string, object>()
  let pings = 0
  socket.on('ping', () => pings++)
  let calls = Math.floor(Math.random() * 1e9) * 1e5
  socket.on('message', data => {
    const frame = JSON.parse(String(data)) as any[]
    const said = frame[0] === 2 && answers.get(frame[2])
    if (said) return socket.send(JSON.stringify([3, frame[1], said]))
    const take = waiting.get(frame[1])
    waiting.delete(frame[1])
    take?.(frame)
  })
  await once(socket, 'open')
  // What ends it later is seen by `isOpen`.
  socket.on('error', () => {})
  return {
    answers,
    get isOpen() {
      return socket.readyState === socket.OPEN
    },
    get pings() {
      return pings
    },
    cut: () => socket.terminate(),
    call(action, payload) {
      const id = String(++calls)
      const sent = performance.now()
      return new Promise((resolve, reject) => {
        waiting.set(id, ([type, , first]) => {
          const ms = performance.now() - sent
          if (type === 3) resolve({ answer: first, ms })
          else reject(new Error(`${action}: ${first}`))
        })
        socket.send(JSON.stringify([2, id, action, payload]))
      })
    },
    async close() {
      if (socket.readyState === socket.CLOSED) return
      socket.close()
      await once(socket, 'close')
    },
  }
}

export const boot = { chargePointVendor: 'Voltaic', chargePointModel: 'V2-22' }
export const begin = () => ({ connectorId: 1, idTag: 'BENCH', meterStart: 0, timestamp: new Date().toISOString() })

/** What a charger sends each minute of a session. */
export const meterValues = (transactionId: number) => ({
  connectorId: 1,
  transactionId,
  meterValue: [
    {
      timestamp: new Date().toISOString(),
      sampledValue: [
        { value: '15320', measurand: 'Energy.Active.Import.Register', unit: 'Wh', context: 'Sample.Periodic' },
        { value: '16.1', measurand: 'Current.Import', unit: 'A', phase: 'L1' },
        { value: '7360', measurand: 'Power.Active.Import', unit: 'W' },
        { value: '61', measurand: 'SoC', unit: 'Percent', location: 'EV' },
      ],
    },
  ],
})

/** Messages a second that all of them get answered, each sending the next when it has its answer. */
export async function rateOf(
  chargers: readonly Charger[],
  seconds: number,
  next: (at: number) => [action: string, payload: object],
): Promise<number> {
  const end = performance.now() + seconds * 1000
  let answered = 0
  await Promise.all(
    chargers.map(async (charger, at) => {
      for (; performance.now() < end; answered++) await charger.call(...next(at))
    }),
  )
  return answered / seconds
}
