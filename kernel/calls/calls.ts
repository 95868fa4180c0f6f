import type { FastifyInstance } from 'fastify'
import { Compile } from 'typebox/compile'
import Format from 'typebox/format'
import { Clean } from 'typebox/value'
import type { CallContract } from '../../contracts/define.ts'
import { addressOf } from '../mail/addresses.ts'
import { Problem } from '../problem.ts'
import type { Answer } from '../service.ts'
import { context } from '../telemetry/context.ts'
import { span } from '../telemetry/tracing.ts'
import { askElsewhere } from './elsewhere.ts'
import { serveInternally } from './internal.ts'
import type { Peers } from './peers.ts'

/**
 * Questions between services: answered in this process or in another, always through JSON, so that nothing live leaks
 * from one to the other.
 */
export interface Calls {
  // Of all calls, each with types of its own: `any` until `Host` ties them to the contract.
  answer(call: CallContract, handler: Answer<any>): void
  /** `asker` is the service that wants to know. */
  ask(call: CallContract, input: unknown, asker: string): Promise<any>
  answers(call: CallContract): boolean
  /** Lets other processes ask, with a token that only they can make, and believes them who the client is. */
  serve(app: FastifyInstance): void
}

export function openCalls({ peers }: { peers: Peers }): Calls {
  const answers = new Map<string, (input: unknown) => Promise<unknown>>()
  // Of any script, which the library's own is not.
  Format.Set('email', text => addressOf(text) !== undefined)

  return {
    answer(call, handler) {
      if (answers.has(call.name)) throw new Error(`${call.owner} answers ${call.name} twice`)
      answers.set(call.name, held(call, handler))
    },
    answers: call => answers.has(call.name) || peers.addressesOf(call.owner).length > 0,
    async ask(call, input, asker) {
      if (context().transaction)
        throw new Error(
          `${call.name} is asked inside a transaction, which would wait for another service with locks held`,
        )
      const here = answers.get(call.name)
      return await span(
        `call ${call.owner}.${call.name}`,
        here ? 'internal' : 'client',
        { 'rpc.service': call.owner, 'rpc.method': call.name },
        async () => (here ? await here(input).catch(asBug) : await askElsewhere(peers, call, input, asker)),
      )
    },
    serve: app =>
      serveInternally(app, peers, async (name, question) => {
        const answer = answers.get(name)
        if (!answer) throw new Problem('not_found', 'call_unknown', { detail: `Nobody here answers ${name}.` })
        return await answer(question)
      }),
  }
}

/**
 * The handler of a call, held to its contract whoever asks: a question that does not fit is refused (`call_invalid`),
 * and an answer leaves with what the contract names and nothing else. Fails where that is not all there.
 */
function held(call: CallContract, handler: Answer<any>): (input: unknown) => Promise<unknown> {
  const compile = () => [Compile(call.input), Compile(call.output), Compile(closed(call.output))] as const
  let compiled: ReturnType<typeof compile> | undefined
  return async input => {
    const [questions, promised, exact] = (compiled ??= compile())
    const question = throughJson(input)
    const [fault] = questions.Errors(question)
    if (fault)
      throw new Problem('invalid', 'call_invalid', {
        detail:
          `${call.name} takes another question: ${fault.instancePath || 'it'} ${fault.message}. ` +
          'Do both processes run the same version?',
      })
    const given = throughJson(await handler(question))
    // Most name nothing else: to look is much quicker than to clean.
    const answer = exact.Check(given) ? given : Clean(call.output, given)
    const [broken] = promised.Errors(answer)
    if (broken)
      throw new Error(`${call.name} has another answer than promised: ${broken.instancePath || 'it'} ${broken.message}`)
    return answer
  }
}

/** Between processes it may be another version that asks so; in one it is a fault of ours. */
function asBug(error: unknown): never {
  if (error instanceof Problem && error.code === 'call_invalid') throw new Error(error.message)
  throw error
}

const closed = (schema: object): object =>
  JSON.parse(JSON.stringify(schema), (_, at) =>
    at?.properties && at.type === 'object' ? { additionalProperties: false, ...at } : at,
  )

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? 'null')
