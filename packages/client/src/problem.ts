/** A field that is not as it has to be: a JSON pointer into the body, and what is wrong with it. */
export interface Fault {
  pointer: string
  detail: string
}

/** A refusal as RFC 9457 has it. `code` is stable: decide by it, and show `message` to people. */
export class OhmnibusProblem extends Error {
  override readonly name = 'OhmnibusProblem'
  /** Of HTTP. */
  readonly status: number
  /** As `/problems/<code>` of the platform tells it; `unreadable` where what answered was not the platform. */
  readonly code: string
  readonly detail: string | undefined
  readonly errors: readonly Fault[]
  /** Seconds to wait. */
  readonly retryAfter: number | undefined
  /** By which whoever runs the platform finds the request in its logs. */
  readonly traceId: string | undefined
  /** All that was said. */
  readonly body: Readonly<Record<string, unknown>>

  constructor(status: number, body: Record<string, unknown>, retryAfter: number | undefined) {
    super(String(body.detail ?? body.title ?? `The platform answered ${status}`))
    this.status = status
    this.code = typeof body.code === 'string' ? body.code : 'unreadable'
    this.detail = typeof body.detail === 'string' ? body.detail : undefined
    this.errors = Array.isArray(body.errors) ? (body.errors as Fault[]) : []
    this.retryAfter = retryAfter
    this.traceId = typeof body.traceId === 'string' ? body.traceId : undefined
    this.body = body
  }
}

/** Seconds, or a time of HTTP, as seconds from now. */
export function retryAfterOf(response: Response): number | undefined {
  const said = response.headers.get('retry-after')
  if (said === null) return undefined
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
}

/** What was refused, by the body as it was read, whoever answered. */
export const problemIn = (response: Response, body: unknown): OhmnibusProblem =>
  new OhmnibusProblem(
    response.status,
    body && typeof body === 'object' ? (body as Record<string, unknown>) : {},
    retryAfterOf(response),
  )

/** The same of an answer that nobody read yet. */
export const problemOf = async (response: Response): Promise<OhmnibusProblem> =>
  problemIn(response, await response.json().catch(() => undefined))
