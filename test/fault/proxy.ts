import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Transform } from 'node:stream'

/**
 * Stands before an engine and makes its network bad: slow, cut, silent. What is said holds for open connections and new
 * ones.
 */
export interface Proxy {
  readonly port: number
  /** Every piece of data takes that long each way; 0 heals. */
  delay(ms: number): void
  /** Breaks all connections; new ones are refused until `heal`. */
  cut(): void
  /** Takes connections and data and passes nothing on, as a firewall that drops packets, until `heal`. */
  silence(): void
  /** Breaks all connections once; new ones work. */
  shake(): void
  heal(): void
  close(): Promise<void>
}

export async function openProxy(target: { host?: string; port: number }, listenOn = 0): Promise<Proxy> {
  const open = new Set<Socket>()
  let delayMs = 0
  let state: 'fine' | 'cut' | 'silent' = 'fine'
  let waiting: (() => void)[] = []

  /** Order is kept, as every piece waits for the one before it. */
  const road = (): Transform =>
    new Transform({
      async transform(piece, _, done) {
        while (state === 'silent') await new Promise<void>(resolve => waiting.push(resolve))
        if (delayMs > 0) await new Promise(resolve => setTimeout(resolve, delayMs))
        done(null, piece)
      },
    })

  const server = createServer(near => {
    if (state === 'cut') return void near.resetAndDestroy()
    const far = connect({ host: target.host ?? '127.0.0.1', port: target.port, noDelay: true })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one)
      one.on('error', () => {})
      one.once('close', () => {
        open.delete(one)
        other.destroy()
      })
      one
        .pipe(road())
        .on('error', () => {})
        .pipe(other)
    }
    near.setNoDelay(true)
  })
  await new Promise<void>((listening, failed) => server.once('error', failed).listen(listenOn, '127.0.0.1', listening))

  const shake = (): void => {
    for (const socket of open) socket.resetAndDestroy()
  }
  const wake = (): void => {
    for (const go of waiting) go()
    waiting = []
  }
  return {
    port: (server.address() as AddressInfo).port,
    delay: ms => void (delayMs = ms),
    cut() {
      state = 'cut'
      shake()
      wake()
    },
    silence: () => void (state = 'silent'),
    shake,
    heal() {
      state = 'fine'
      delayMs = 0
      wake()
    },
    async close() {
      state = 'fine'
      wake()
      shake()
      await new Promise(closed => server.close(closed))
    },
  }
}
