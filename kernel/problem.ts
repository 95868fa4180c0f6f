/** The kinds of refusal, each with its HTTP status. Anything that is not a `Problem` is a bug and answered 500. */
export const statusOf = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  not_allowed: 405,
  slow: 408,
  conflict: 409,
  stale: 412,
  too_large: 413,
  unsupported: 415,
  range: 416,
  unprocessable: 422,
  upgrade: 426,
  limited: 429,
  unavailable: 503,
} as const

export type ProblemKind = keyof typeof statusOf

/** A fault in one field: RFC 6901 pointer into what was sent, and what is expected there. */
export interface Fault {
  pointer: string
  detail: string
}

/**
 * Extension members of a problem. `detail` replaces the sentence, `errors` names fields, `retryAfter` (seconds) and
 * `allow` (methods) become headers, and so do the `points` of a limit that is used up.
 */
export interface ProblemDetails {
  detail?: string
  errors?: Fault[]
  retryAfter?: number
  allow?: readonly string[]
  points?: number
  [member: string]: unknown
}

/** A refusal with a stable code (`noun_state`): RFC 9457 over HTTP, CALLERROR over OCPP. */
export class Problem extends Error {
  readonly kind: ProblemKind
  readonly code: string
  readonly details: ProblemDetails

  constructor(kind: ProblemKind, code: string, details: ProblemDetails = {}) {
    super(details.detail ?? titleOf(code))
    this.name = 'Problem'
    this.kind = kind
    this.code = code
    this.details = details
  }

  get status(): number {
    return statusOf[this.kind]
  }

  /** The body of an `application/problem+json` answer; `base` stands before the path that its type leads to. */
  toJSON(traceId?: string, base = ''): Record<string, unknown> {
    const { detail: _, retryAfter: __, allow: ___, points: ____, ...members } = this.details
    return {
      ...members,
      type: base + problemType(this.code),
      title: titleOf(this.code),
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(traceId && { traceId }),
    }
  }
}

/** Throws the problem; reads well behind `??`. */
export const fail = (kind: ProblemKind, code: string, details?: ProblemDetails): never => {
  throw new Problem(kind, code, details)
}

/** What `work` gives; what it refuses is told of the field at `pointer`. */
export function about<T>(pointer: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { message: detail } = error
    throw new Problem(error.kind, error.code, { ...error.details, detail, errors: [{ pointer, detail }] })
  }
}

/** Why the platform cannot start: one line for a person, with what to do. Ends the process without a stack. */
export class StartError extends Error {
  override name = 'StartError'
}

/** Where it says what a code means: the same on every platform, and there on each (decision 16). */
export const problemType = (code: string): string => `/problems/${code}`

/** `passport_unknown` is "Passport unknown". */
export const titleOf = (code: string): string => {
  const words = code.replaceAll('_', ' ')
  return words[0]!.toUpperCase() + words.slice(1)
}
