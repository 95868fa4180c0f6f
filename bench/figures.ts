import { setTimeout as sleep } from 'node:timers/promises'

/** What a process says of itself at `/metrics`: each figure by its name and labels. */
export async function figuresOf({ url }: { url: string }): Promise<Map<string, number>> {
  const answer = await fetch(`${url}/metrics`)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${url}/metrics answered ${answer.status}: ${text}`)
  return new Map(
    text.split('\n').flatMap(line => {
      const end = line.lastIndexOf(' ')
      return line.startsWith('#') || end < 0 ? [] : [[line.slice(0, end), Number(line.slice(end))] as const]
    }),
  )
}

const open = /^ohmnibus_(event_lag|kafka_lag|relay_unsent|jobs\{.*state="(due|running)")/

/** Events and jobs that the processes of one platform have still to handle. */
export function waiting(figures: readonly Map<string, number>[]): number {
  // What several of them tell, they tell of the same database.
  const all = new Map(figures.flatMap(one => [...one]))
  return [...all].reduce((sum, [name, value]) => (open.test(name) ? sum + value : sum), 0)
}

/** Resolves once nothing is left to do in them; fails after five minutes. */
export async function rest(servers: readonly { url: string }[]): Promise<void> {
  // What one has done may be work for another, and is counted after a moment.
  for (let calm = 0, deadline = performance.now() + 300_000; calm < 3; await sleep(200)) {
    calm = waiting(await Promise.all(servers.map(figuresOf))) === 0 ? calm + 1 : 0
    if (performance.now() > deadline) throw new Error('events or jobs are still open after five minutes')
  }
}
