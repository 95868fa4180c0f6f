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

/** Between asking for a port and listening on it another one may be asked for. */
const given = new Set<number>()

/**
 * A port that nobody uses and that no one here was given before, below those that the system gives to outgoing
 * connections: one of these could take it before it is listened on or while who listens is away, or, trying to reach
 * that one, meet itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000)
    if (given.has(port)) continue
    given.add(port)
    const free = await new Promise<boolean>(resolve => {
      const probe = createServer()
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (free) return port
  }
}
