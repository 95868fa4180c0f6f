import { createServer } from 'node:net'
import type { Life } from './launch.ts'

/** Where an engine works. Without `durable` a PostgreSQL is quicker, and a kill may lose what it had acknowledged. */
export interface Place {
  readonly folder: string
  readonly port: number
  readonly durable: boolean
  /** Kafka only, for a proxy before it: a port to listen on for it, and the proxy's own, which clients are told. */
  readonly proxied?: { listen: number; advertise: number } | undefined
}

/** One kind of engine at its place: what it gives to Ohmnibus, and how one life of it begins. */
export interface Recipe {
  readonly settings: Record<string, string>
  /** Resolves when it does its work. */
  start(): Promise<Life>
}

/** This machine cannot have the engine; the message says what to install. */
export class EngineMissing extends Error {}

/**
 * A port that nobody uses, below those that the system gives to outgoing connections: one of these could take it while
 * the engine is away, or, trying to reach the engine, meet itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000)
    const free = await new Promise<boolean>(resolve => {
      const probe = createServer()
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (free) return port
  }
}
