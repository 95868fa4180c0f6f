import type { Static, TObject, TSchema } from 'typebox'

/**
 * Something that happened, as its owner promises it: a topic, the field whose value keys (and so orders) its messages,
 * the data.
 */
export interface EventContract<Owner extends string = string, Data extends TObject = TObject> {
  readonly kind: 'event'
  readonly owner: Owner
  readonly topic: string
  /** Path of the key inside the data, with dots: `passport.id`. */
  readonly key: string
  readonly data: Data
}

/** A question one service answers for others. It reads and never changes anything. */
export interface CallContract<
  Owner extends string = string,
  Input extends TSchema = TSchema,
  Output extends TSchema = TSchema,
> {
  readonly kind: 'call'
  readonly owner: Owner
  readonly name: string
  readonly input: Input
  readonly output: Output
}

/**
 * Declares an event that only `owner` may publish. `key` is a path into the data; messages of one key keep their order.
 */
export const event = <const Owner extends string, Data extends TObject>(
  owner: Owner,
  topic: string,
  key: string,
  data: Data,
): EventContract<Owner, Data> => ({ kind: 'event', owner, topic, key, data })

/** Declares a call that only `owner` may answer. */
export const call = <const Owner extends string, Input extends TSchema, Output extends TSchema>(
  owner: Owner,
  name: string,
  input: Input,
  output: Output,
): CallContract<Owner, Input, Output> => ({ kind: 'call', owner, name, input, output })

/** What a publisher hands over for an event. */
export type EventData<E extends EventContract> = Static<E['data']>
