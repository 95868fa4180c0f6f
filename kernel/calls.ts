import type { CallContract } from '../contracts/define.ts'
import { context } from './context.ts'
import { Problem } from './problem.ts'
import type { Answer, Ask } from './service.ts'

/** Questions between services: answered in this process, always through JSON, so that nothing live leaks from one to the other. */
export interface Calls {
  answer(call: CallContract, handler: Answer<any>): void
  readonly ask: Ask<CallContract>
  answers(call: CallContract): boolean
}

export function openCalls(): Calls {
  const handlers = new Map<string, Answer<any>>()
  return {
    answer(call, handler) {
      if (handlers.has(call.name)) throw new Error(`${call.owner} answers ${call.name} twice`)
      handlers.set(call.name, handler)
    },
    answers: call => handlers.has(call.name),
    async ask(call, input) {
      if (context().transaction)
        throw new Error(`${call.name} is asked inside a transaction, which would wait for another service with locks held`)
      const handler = handlers.get(call.name)
      if (!handler) throw new Problem('unavailable', 'call_unanswered', { detail: `Nobody answers ${call.name} yet.`, retryAfter: 1 })
      return JSON.parse(JSON.stringify(await handler(JSON.parse(JSON.stringify(input)))))
    },
  }
}
