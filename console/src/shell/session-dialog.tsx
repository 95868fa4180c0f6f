import { lazy, Suspense, useSyncExternalStore } from 'react'
import { askedFor, onAsking } from '../api/session.ts'

const Form = lazy(() => import('./session-form.tsx'))

/** Over the unharmed page, when the session is over: the same person signs in again, and what waited goes on. */
export function SessionDialog() {
  const asked = useSyncExternalStore(onAsking, askedFor)
  return asked ? (
    <Suspense>
      <Form asked={asked} />
    </Suspense>
  ) : null
}
