import { useSyncExternalStore } from 'react'
import { base } from '../api/base.ts'

/** What the browser keeps of the console, so that it opens without a connection; and whether there is a newer one. */

const lookEveryMs = 10 * 60_000
const watchers = new Set<() => void>()
let newer: ServiceWorker | undefined

/** Where browsers let pages be kept: not over plain HTTP from elsewhere. */
export async function keepReady(): Promise<void> {
  const { serviceWorker } = navigator
  const registration = await serviceWorker
    ?.register(`${base}/console/worker.js`, { scope: `${base}/console`, updateViaCache: 'none' })
    .catch(() => undefined)
  if (!registration) return
  const look = (): void => {
    // The first one of all replaces nothing.
    const waiting = serviceWorker.controller ? (registration.waiting ?? undefined) : undefined
    if (waiting === newer) return
    newer = waiting
    watchers.forEach(watcher => watcher())
  }
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look))
  look()
  const ask = (): void => void registration.update().catch(() => undefined)
  window.setInterval(ask, lookEveryMs)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && ask())
}

export const useNewer = (): boolean =>
  useSyncExternalStore(
    watcher => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => newer !== undefined,
  )

/** Goes on with the newer one; what somebody typed is kept in the tab. */
export function goOnNewer(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
  newer?.postMessage('take over')
}
