import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { RPCClient } from 'ocpp-rpc'
import type { OcppVersion } from '#contracts/ocpp'
import type { Run } from '../../tools/engines/chargers.ts'
import { EngineMissing } from '../../tools/engines/recipe.ts'

/** Where a charger connects, as whom, and what it answers to commands, by their action. */
export interface Connecting {
  readonly url: string
  readonly id: string
  readonly password: string
  readonly version: OcppVersion
  readonly answers: Readonly<Record<string, object>>
}

/** A charger by a library of somebody else, which holds what we send and answer to what it knows of OCPP. */
export interface Peer {
  connect(at: Connecting): Promise<void>
  /** Resolves with our answer; fails with the code of an error, or where the library does not take what we say. */
  call(action: string, payload: object): Promise<any>
  disconnect(): Promise<void>
  /** What it was commanded to do and went along with. */
  readonly commanded: { action: string; payload: any }[]
}

/** npm's `ocpp-rpc` as it is at its strictest. */
export function ocppRpc(t: TestContext): Peer {
  const commanded: Peer['commanded'] = []
  const refused: unknown[] = []
  let client: RPCClient | undefined
  t.after(() => client?.close({ force: true }))
  return {
    commanded,
    async connect({ url, id, password, version, answers }) {
      client = new RPCClient({
        endpoint: url,
        identity: id,
        password,
        protocols: [version],
        strictMode: true,
        reconnect: false,
      } as ConstructorParameters<typeof RPCClient>[0])
      client.on('strictValidationFailure', failure => refused.push(failure))
      for (const [action, answer] of Object.entries(answers))
        client.handle(action, async ({ params }) => {
          commanded.push({ action, payload: params })
          return answer
        })
      await client.connect()
    },
    async call(action, payload) {
      const answer = await client!.call(action, payload).catch(error => {
        throw new Error(`${error.rpcErrorCode ?? error.name}: ${error.message}`)
      })
      if (refused.length > 0) throw new Error(`it does not take what we say: ${JSON.stringify(refused)}`)
      return answer
    },
    disconnect: async () => void (await client!.close()),
  }
}

/**
 * A program that takes orders and answers by lines of JSON, its library found by `run`. Skips the test where that is not
 * to be had on this machine, with the reason; with `CI=true` it fails.
 */
export async function program(t: TestContext, name: string, run: () => Promise<Run>, file: string): Promise<Peer> {
  const [command, ...args] = await run().catch(error => {
    if (!(error instanceof EngineMissing)) throw error
    const fault = `no ${name}: ${error.message}`
    if (process.env.CI !== 'true') t.skip(fault)
    throw new Error(fault)
  })
  const child = spawn(command, [...args, `${import.meta.dirname}/${file}`], { stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let words = ''
  child.stderr.on('data', data => (words = `${words}${data}`.slice(-4000)))
  const commanded: Peer['commanded'] = []
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  createInterface(child.stdout).on('line', line => {
    const said = JSON.parse(line)
    if (said.commanded) return void commanded.push({ action: said.commanded, payload: said.payload })
    const order = waiting.get(said.order)!
    if (said.fault) order.reject(new Error(`${said.fault}\n${words}`))
    else order.resolve(said.value)
  })
  child.once('close', code => {
    for (const { reject } of waiting.values()) reject(new Error(`it ended with ${code}: ${words}`))
  })
  let orders = 0
  const tell = (order: object): Promise<any> => {
    const number = orders++
    const answer = Promise.withResolvers<unknown>()
    waiting.set(number, answer)
    child.stdin.write(`${JSON.stringify({ order: number, ...order })}\n`)
    return answer.promise
  }
  return {
    commanded,
    connect: at => tell({ do: 'connect', ...at }),
    call: (action, payload) => tell({ do: 'call', action, payload }),
    disconnect: () => tell({ do: 'disconnect' }),
  }
}
