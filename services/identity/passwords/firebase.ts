import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { StartError } from '#kernel'

const FirebaseParameters = Type.Object({
  signerKey: Type.String({ minLength: 1 }),
  saltSeparator: Type.String(),
  rounds: Type.Integer({ minimum: 1, maximum: 8 }),
  memCost: Type.Integer({ minimum: 1, maximum: 14 }),
})

/** How a project of Firebase hashes: keys in Base64, `memCost` as a power of two. */
export type FirebaseParameters = Static<typeof FirebaseParameters>

export function readFirebase(text: string | undefined): FirebaseParameters | undefined {
  if (text === undefined) return undefined
  try {
    const read: unknown = JSON.parse(text)
    if (Value.Check(FirebaseParameters, read)) return read
  } catch {
    // Told below.
  }
  throw new StartError('FIREBASE_SCRYPT must be JSON with signerKey, saltSeparator, rounds (to 8) and memCost (to 14).')
}
