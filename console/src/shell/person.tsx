import { createContext, use } from 'react'
import type { AnswerOf } from '../blocks/data.tsx'

export type Person = AnswerOf<'/api/auth/profile'>

const Known = createContext<Person | undefined>(undefined)
export const PersonKnown = Known

/** Who is at work here. */
export function usePerson(): Person {
  const person = use(Known)
  if (!person) throw new Error('Nobody is signed in')
  return person
}
