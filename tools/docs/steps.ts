/** One request of the walk: its documented example, with what earlier answers gave in the places of made-up ids. */
export interface Step {
  /** Its `operationId`. */
  readonly operation: string
  /** Whose token goes along; by itself that of who signed in, where the operation asks who one is. */
  readonly as?: 'ada' | 'oneself'
  /** Fields of the path, the body or the form, headers, and what a query has to have, by the variable that each takes; a path into the body. */
  readonly with?: Readonly<Record<string, string>>
  /** Fields of the body in the place of those of the example. */
  readonly say?: Readonly<Record<string, unknown>>
  /** What is sent where a file is asked for, beside the collection; by itself a declaration. */
  readonly file?: string
  /** Variables by the field of the answer, or the header, that they keep. */
  readonly keep?: Readonly<Record<string, string>>
  /** The documented status, where it is not the first success. */
  readonly status?: number
  /** It needs what a mail said: sent only where `mailbox` tells it. `to` is a variable. */
  readonly mail?: { readonly to: string; readonly code?: string; readonly token?: string } | true
  /** Never ends by itself, so it is left out of a run. */
  readonly endless?: true
}

export interface Chapter {
  readonly name: string
  readonly steps: readonly Step[]
}

/** A file beside the collection; it is no text, and so not made from the code. */
export const photo = 'photo.png'

/** What is asked about an import that was begun: what goes well has nothing to mark. */
export const importSteps = (of: string, id: string, ...more: string[]): Step[] => [
  { operation: `get${of}ById`, with: { id } },
  { operation: `get${of}` },
  { operation: `get${of}ByIdStream`, with: { id }, endless: true },
  ...['Pause', 'Resume', 'Cancel', 'Commit', ...more].map(act => ({
    operation: `post${of}ById${act}`,
    with: { id },
  })),
  { operation: `get${of}ByIdErrors`, with: { id } },
  { operation: `get${of}ByIdMarked`, with: { id }, status: 409 },
]

/** Nobody asks to read what is their own, so that there is nothing to decide. */
export const interestSteps: Step[] = [
  { operation: 'postPassportsByIdRequests', with: { id: 'passportId' }, status: 409 },
  { operation: 'getPassportsRequests' },
  { operation: 'getPassportsRequestsByRequestId', status: 404 },
  ...['Give', 'Refuse', 'Ask', 'Answer', 'Withdraw', 'Revoke'].map(act => ({
    operation: `postPassportsRequestsByRequestId${act}`,
    status: 404,
  })),
]
