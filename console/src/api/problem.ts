import type { components } from './api.gen'

type Body = components['schemas']['Problem']

/** What the platform answered instead of what was asked for. */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  readonly traceId: string | undefined
  readonly errors: readonly { pointer: string; detail: string }[]
  /** Milliseconds, where it said when to come again. */
  readonly retryAfter: number | undefined

  constructor(status: number, body: Partial<Body>, retryAfter?: number) {
    super(body.detail ?? body.title ?? `${status}`)
    this.status = status
    this.code = body.code ?? 'unknown'
    this.traceId = body.traceId
    this.errors = body.errors ?? []
    this.retryAfter = retryAfter
  }
}

/** `read` is its body, where somebody has read that already. */
export async function problemOf(response: Response, read?: unknown): Promise<ApiProblem> {
  const body = (read ?? (await response.json().catch(() => ({})))) as Partial<Body>
  const seconds = Number(response.headers.get('retry-after'))
  return new ApiProblem(response.status, body, seconds > 0 ? seconds * 1_000 : undefined)
}
