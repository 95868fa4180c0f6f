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
  /** In the reader's language, where that is not the platform's. */
  readonly said: string | undefined

  constructor(status: number, body: Partial<Body>, retryAfter?: number, said?: string) {
    super(body.detail ?? body.title ?? `${status}`)
    this.status = status
    this.code = body.code ?? 'unknown'
    this.traceId = body.traceId
    this.errors = body.errors ?? []
    this.retryAfter = retryAfter
    this.said = said
  }
}

let last: string | undefined

/** The trace of what went wrong last, by which who runs the platform finds it. */
export const lastProblem = (): string | undefined => last

export async function problemOf(response: Response): Promise<ApiProblem> {
  const body = (await response.json().catch(() => ({}))) as Partial<Body>
  last = body.traceId ?? last
  const seconds = Number(response.headers.get('retry-after'))
  return new ApiProblem(response.status, body, seconds > 0 ? seconds * 1_000 : undefined, await saidOf(body.code))
}

/** What a code is called in the reader's language: fetched with the first refusal. */
async function saidOf(code: string | undefined): Promise<string | undefined> {
  if (!code || document.documentElement.lang !== 'de') return undefined
  const texts = await import('../texts/de-problems.ts').catch(() => undefined)
  return texts?.deProblems[code]
}
