import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { Errors } from 'typebox/value'
import type { CallContract } from '../../contracts/define.ts'
import { anyone } from '../access/access.ts'
import { context, traceparent, within } from '../telemetry/context.ts'
import { mount } from '../http/http.ts'
import { clientHeader, serviceToken, unreachable, type Peers } from './peers.ts'
import { Problem, statusOf, type ProblemKind } from '../problem.ts'
import type { Answer } from '../service.ts'
import { span } from '../telemetry/tracing.ts'

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

/** From the first try to the last, in milliseconds. */
const deadlineMs = 5_000
const mostTries = 3
const milliseconds = 'x-ohmnibus-deadline'

export function openCalls({ peers }: { peers: Peers }): Calls {
  const handlers = new Map<string, { call: CallContract; handler: Parameters<Calls['answer']>[1] }>()

  const answerHere = async (name: string, input: unknown): Promise<unknown> =>
    JSON.parse(JSON.stringify((await handlers.get(name)!.handler(JSON.parse(JSON.stringify(input)))) ?? null))

  /** Answers only read, so that a question may be asked again elsewhere. */
  async function askElsewhere(call: CallContract, input: unknown, asker: string): Promise<unknown> {
    const deadline = Math.min(performance.now() + deadlineMs, context().deadline ?? Infinity)
    const tried = new Set<string>()
    for (let tries = 1; ; tries++) {
      const address = peers.pick(call.owner, tried)
      if (!address) throw unreachable(call.owner, undefined)
      tried.add(address)
      if (peers.addressesOf(call.owner).every(known => tried.has(known))) tried.clear()
      try {
        return await askAt(address, call, input, asker, deadline)
      } catch (error) {
        const later = error instanceof Problem && error.kind === 'unavailable'
        const waitMs = 50 * 2 ** tries
        if (!later || tries === mostTries || performance.now() + waitMs > deadline) throw error
        await new Promise(resolve => setTimeout(resolve, waitMs * Math.random()))
      }
    }
  }

  async function askAt(
    address: string,
    call: CallContract,
    input: unknown,
    asker: string,
    deadline: number,
  ): Promise<unknown> {
    const token = await peers.token(asker, call.name)
    const left = Math.max(1, Math.ceil(deadline - performance.now()))
    const answer = await peers.at(address, async () => {
      try {
        const response = await fetch(`${address}/internal/calls/${call.name}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            [serviceToken]: token,
            [milliseconds]: String(left),
            traceparent: traceparent(),
          },
          body: JSON.stringify(input),
          signal: AbortSignal.timeout(left),
          redirect: 'error',
        })
        const body: unknown = await response.json()
        // Whoever is too busy or stops is no better than one who is gone.
        if (response.status === 503) throw problemOf(response, body)
        return { response, body }
      } catch (error) {
        throw error instanceof Problem ? error : unreachable(address, error)
      }
    })
    if (answer.response.ok) return answer.body
    const problem = problemOf(answer.response, answer.body)
    // Not what was asked about is at fault, but who asks whom: another version, another secret. Another process may be
    // a better match.
    if (problem && mismatches.has(problem.code))
      throw new Problem('unavailable', 'service_mismatched', {
        detail: `${call.name} cannot be asked of ${call.owner} (${problem.code}): its process has another version or another secret.`,
        retryAfter: 5,
      })
    throw problem ?? new Error(`${call.name} failed at ${address}: ${JSON.stringify(answer.body)}`)
  }

  return {
    answer(call, handler) {
      if (handlers.has(call.name)) throw new Error(`${call.owner} answers ${call.name} twice`)
      handlers.set(call.name, { call, handler })
    },
    answers: call => handlers.has(call.name) || peers.addressesOf(call.owner).length > 0,
    async ask(call, input, asker) {
      if (context().transaction)
        throw new Error(
          `${call.name} is asked inside a transaction, which would wait for another service with locks held`,
        )
      const here = handlers.has(call.name)
      return await span(
        `call ${call.owner}.${call.name}`,
        here ? 'internal' : 'client',
        { 'rpc.service': call.owner, 'rpc.method': call.name },
        async () => (here ? await answerHere(call.name, input) : await askElsewhere(call, input, asker)),
      )
    },
    serve(app) {
      const internal = mount(app, ['/internal'])
      app.addHook('onRequest', (request, _reply, done) => {
        const client = request.headers[clientHeader] && peers.introduced(request.headers[clientHeader])
        if (client) Object.defineProperty(request, 'ip', { value: client })
        done()
      })

      internal.get(
        '/routes',
        {
          config: { access: anyone },
          schema: { summary: 'What is served here', refuses: ['service_token_invalid'], hide: true },
        },
        async ({ headers }) => {
          await peers.actorOf(headers[serviceToken], 'routes')
          const own = app.documented.filter(({ url, config }) => config?.service && !url.includes('*'))
          return own.flatMap(({ method, url, config }) =>
            [method].flat().map(name => ({ method: name, url, service: config!.service })),
          )
        },
      )

      internal.post(
        '/calls/:name',
        {
          config: { access: anyone },
          schema: {
            summary: 'Ask a service',
            refuses: 'any',
            params: Type.Object({ name: Type.String({ maxLength: 100 }) }),
            body: Type.Unknown(),
            hide: true,
          },
        },
        async ({ params: { name }, body, headers }) => {
          const actor = await peers.actorOf(headers[serviceToken], name)
          const known = handlers.get(name)
          if (!known) throw new Problem('not_found', 'call_unknown', { detail: `Nobody here answers ${name}.` })
          const [fault] = Errors(known.call.input, body)
          if (fault)
            throw new Problem('invalid', 'call_invalid', {
              detail: `${name} takes another question: ${fault.instancePath || 'it'} ${fault.message}. Do both processes run the same version?`,
            })
          const left = Math.min(Math.max(1, Number(headers[milliseconds]) || deadlineMs), deadlineMs)
          const { promise: late, reject } = Promise.withResolvers<never>()
          const timer = setTimeout(
            reject,
            left,
            new Problem('unavailable', 'call_late', { detail: `${name} took longer than ${left} ms.` }),
          )
          const answer = within({ actor, deadline: performance.now() + left }, () => answerHere(name, body))
          return await Promise.race([answer, late]).finally(() => clearTimeout(timer))
        },
      )
    },
  }
}

const mismatches = new Set(['service_token_invalid', 'call_unknown', 'call_invalid', 'route_unknown'])
const kinds = new Map(Object.entries(statusOf).map(([kind, status]) => [status, kind as ProblemKind]))

/** The refusal that an answer carries, as its owner threw it; undefined for a fault of the other side. */
function problemOf(response: Response, body: unknown): Problem | undefined {
  const kind = kinds.get(response.status as never)
  const { code, type: _, title: __, status: ___, traceId: ____, ...details } = (body ?? {}) as Record<string, unknown>
  if (!kind || typeof code !== 'string') return undefined
  const retryAfter = Number(response.headers.get('retry-after')) || undefined
  return new Problem(kind, code, { ...details, ...(retryAfter && { retryAfter }) })
}
