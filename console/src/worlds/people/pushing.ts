import { ask } from '../../api/client.ts'

/** Why this browser does not show messages. */
export type Refusal = 'pushDenied' | 'pushLacking' | 'pushFailed'

const worker = new URL('./push-worker.js', import.meta.url)

/** Has this browser show messages; what stands in the way, where something does. */
export async function subscribe(publicKey: string): Promise<Refusal | undefined> {
  if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) return 'pushLacking'
  if ((await Notification.requestPermission()) !== 'granted') return 'pushDenied'
  const registration = await navigator.serviceWorker.register(worker)
  await active(registration)
  const subscription = await registration.pushManager
    .subscribe({ userVisibleOnly: true, applicationServerKey: publicKey })
    .catch(() => undefined)
  if (!subscription) return 'pushFailed'
  const { endpoint, keys, expirationTime } = subscription.toJSON()
  const body = { endpoint, keys, expirationTime: expirationTime ?? null, name: browserName() }
  await ask('POST', '/api/notifications/push/devices', { body })
  return undefined
}

/** A worker that is not active yet cannot be subscribed. */
async function active(registration: ServiceWorkerRegistration): Promise<void> {
  const coming = registration.installing ?? registration.waiting
  if (registration.active || !coming) return
  await new Promise<void>(resolve =>
    coming.addEventListener('statechange', () => coming.state === 'activated' && resolve()),
  )
}

/** As its owner knows it again: `Firefox, Linux`. */
function browserName(): string {
  const { userAgent } = navigator
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\//.exec(userAgent)?.[1] ?? 'Browser'
  const system = /(Android|iPhone|iPad|Windows|Mac OS X|Linux)/.exec(userAgent)?.[1]
  return [{ Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser, system].filter(Boolean).join(', ')
}
