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
