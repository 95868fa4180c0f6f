import { actingToken, stopActing } from './acting.ts'
import { base } from './base.ts'

/** The session of this browser: renewed by one tab for all, and where it is over, begun anew over the page. */

const channel = new BroadcastChannel('ohmnibus-session')
/** What the person is asked for: to sign in again, as the session is over or was proven long ago, or to give the second factor again. */
export type Wanted = 'sign-in' | 'proof' | 'factor'
let asking: (PromiseWithResolvers<void> & { wanted: Wanted }) | undefined
const listeners = new Set<() => void>()
let renewing: Promise<boolean> | undefined
/** Before anybody is known there is nothing to preserve: the entrance's own page asks. */
let known = false

/** Whether there are new tokens; another tab may have fetched them meanwhile. */
export function renew(): Promise<boolean> {
  renewing ??= withLock(async () => {
    const answer = await fetch(`${base}/api/auth/refresh`, { method: 'POST' }).catch(() => undefined)
    return answer?.ok ?? false
  }).finally(() => (renewing = undefined))
  return renewing
}

const withLock = <T>(work: () => Promise<T>): Promise<T> =>
  navigator.locks ? (navigator.locks.request('ohmnibus-renew', work) as Promise<T>) : work()

/** Resolves once somebody has signed in again, or says that they gave the factor. */
export function askToSignIn(wanted: Wanted = 'sign-in'): Promise<void> {
  if (!known) {
    location.assign(signInAt())
    return new Promise(() => {})
  }
  asking ??= { ...Promise.withResolvers<void>(), wanted }
  listeners.forEach(listener => listener())
  return asking.promise
}

export const signInAt = (): string =>
  `${base}/api/auth/sign-in?return=${encodeURIComponent(location.pathname + location.search)}`

export const sessionKnown = (): void => void (known = true)
export const askedFor = (): Wanted | undefined => asking?.wanted

export function onAsking(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The same person is back, here or in another tab. */
export function signedInAgain(tell = true): void {
  asking?.resolve()
  asking = undefined
  listeners.forEach(listener => listener())
  if (tell) channel.postMessage('signed-in')
}

/** What was kept of the console for when there is no connection. */
async function forgetKept(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration(`${base}/console`)
  await registration?.unregister()
  if (!('caches' in window)) return
  const names = await caches.keys()
  await Promise.all(names.filter(name => name.startsWith('ohmnibus-')).map(name => caches.delete(name)))
}

/** Leaves nothing behind: answers live in memory, drafts in the tab, and what the console is made of goes. */
export async function signOut(): Promise<void> {
  if (actingToken()) return await stopActing()
  await fetch(`${base}/api/auth/logout`, { method: 'POST' }).catch(() => undefined)
  sessionStorage.clear()
  await forgetKept().catch(() => undefined)
  channel.postMessage('signed-out')
  location.assign(`${base}/`)
}

channel.addEventListener('message', ({ data }) => {
  if (data === 'signed-in') signedInAgain(false)
  if (data === 'signed-out') {
    sessionStorage.clear()
    location.assign(`${base}/`)
  }
})
