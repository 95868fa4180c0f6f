import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { once, openAgent, type Shot } from './client.ts'

/** The thread of `paced`. */
const { url, shot, bodies, options } = workerData as {
  url: string
  shot: Shot
  /** Of each request, in their order. */
  bodies?: string[]
  options: { rate: number; seconds: number }
}
const body = bodies && ((): string => bodies.shift()!)

using agent = openAgent(100)
const started = performance.now()
const answers: Promise<number>[] = []
for (let at = 0; at < options.rate * options.seconds; at++) {
  const due = started + (at * 1000) / options.rate
  const wait = due - performance.now()
  if (wait > 0) await sleep(wait)
  const late = Math.max(0, performance.now() - due)
  answers.push(once(agent, url, { ...shot, ...(body && { body }) }, at).then(taken => taken + late))
}
parentPort!.postMessage(await Promise.all(answers))
