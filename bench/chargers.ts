import { once } from 'node:events'
import { WebSocket } from 'ws'

/** A charger of 1.6 that sends the next message once it has the answer to the last. */
export interface Charger {
  /** Resolves with the answer, JSON of any shape, and the milliseconds that it took; fails with what it was refused with. */
  call(action: string, payload: object): Promise<{ answer: any; ms: number }>
  close(): Promise<void>
}

/** Connects chargers, so many at a time. */
export async function connectChargers(url: string, ids: readonly string[], atOnce = 50): Promise<Charger[]> {
  const chargers: Charger[] = []
  for (let from = 0; from < ids.length; from += atOnce)
    chargers.push(...(await Promise.all(ids.slice(from, from + atOnce).map(id => connectCharger(url, id)))))
  return chargers
}

export async function connectCharger(url: string, id: string): Promise<Charger> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ocpp/${id}`, 'ocpp1.6', { perMessageDeflate: false })
  // Frames are JSON of any shape.
  const waiting = new Map<string, (frame: any[]) => void>()
  let calls = Math.floor(Math.random() * 1e9) * 1e5
  socket.on('message', data => {
    const frame = JSON.parse(String(data)) as any[]
    const take = waiting.get(frame[1])
    waiting.delete(frame[1])
    take?.(frame)
  })
  await once(socket, 'open')
  return {
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
