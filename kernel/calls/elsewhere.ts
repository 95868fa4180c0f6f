import type { CallContract } from '../../contracts/define.ts'
import { Problem, statusOf, type ProblemKind } from '../problem.ts'
import { context, traceparent } from '../telemetry/context.ts'
import { deadlineHeader, deadlineMs } from './internal.ts'
import { unreachable, type Peers } from './peers.ts'
import { serviceToken } from './service-token.ts'

const mostTries = 3

/** Asks other processes. Answers only read, so that a question may be asked again elsewhere. */
export async function askElsewhere(peers: Peers, call: CallContract, input: unknown, asker: string): Promise<unknown> {
  const deadline = Math.min(performance.now() + deadlineMs, context().deadline ?? Infinity)
  const tried = new Set<string>()
  for (let tries = 1; ; tries++) {
    const address = peers.pick(call.owner, tried)
    if (!address) throw unreachable(call.owner, undefined)
    tried.add(address)
    if (peers.addressesOf(call.owner).every(known => tried.has(known))) tried.clear()
    try {
      return await askAt(peers, address, call, input, asker, deadline)
    } catch (error) {
      const later = error instanceof Problem && error.kind === 'unavailable'
      const waitMs = 50 * 2 ** tries
      if (!later || tries === mostTries || performance.now() + waitMs > deadline) throw error
      await new Promise(resolve => setTimeout(resolve, waitMs * Math.random()))
    }
  }
}

async function askAt(
  peers: Peers,
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
          [deadlineHeader]: String(left),
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
      detail:
        `${call.name} cannot be asked of ${call.owner} (${problem.code}): ` +
        'its process has another version or another secret.',
      retryAfter: 5,
    })
  throw problem ?? new Error(`${call.name} failed at ${address}: ${JSON.stringify(answer.body)}`)
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
