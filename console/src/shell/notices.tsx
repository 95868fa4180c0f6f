import { notificationsStore, useNotifications } from '@mantine/notifications'
import { lazy, Suspense, useRef } from 'react'

const Shown = lazy(() => import('./notices-shown.tsx'))

/** What is told in passing; what shows it comes with the first, and stays. */
export function Notices() {
  const { notifications } = useNotifications(notificationsStore)
  const come = useRef(false)
  come.current ||= notifications.length > 0
  return come.current ? (
    <Suspense>
      <Shown />
    </Suspense>
  ) : null
}
