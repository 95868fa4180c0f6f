import { useSyncExternalStore } from 'react'
import { ask } from './client.ts'
import { ApiProblem } from './problem.ts'

/**
 * What was done where there is no network: kept on this device in the order in which it was done, with its time, and told
 * in that order once there is one. Each goes under a key of its own, so that nothing is done twice; what the platform
 * refuses stays until somebody has seen it. Another person's stay until that person is back.
 */
export interface Waiting {
  readonly number: number
  /** The key that it goes under. */
  readonly id: string
  readonly personId: string
  /** What it is about: the id of a ticket. */
  readonly about: string
  readonly act: string
  readonly path: string
  readonly body?: object
  readonly photo?: Blob
  readonly at: string
  /** Why the platform does not take it. */
  readonly refused?: { readonly code: string; readonly text: string }
}

const [store, lock] = ['waiting', 'ohmnibus-waiting'] as const
const channel = new BroadcastChannel(lock)
const watchers = new Set<() => void>()
let known: readonly Waiting[] = []

const opened = new Promise<IDBDatabase>((resolve, reject) => {
  const request = indexedDB.open('ohmnibus waiting', 1)
  request.onupgradeneeded = () => request.result.createObjectStore(store, { keyPath: 'number', autoIncrement: true })
  request.onsuccess = () => resolve(request.result)
  request.onerror = () => reject(request.error!)
})

/** Done once it is written: a device that goes dark the next moment still has it. */
async function within<T>(mode: IDBTransactionMode, work: (rows: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const transaction = (await opened).transaction(store, mode, { durability: 'strict' })
  const request = work(transaction.objectStore(store))
  return await new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result)
    transaction.onabort = () => reject(transaction.error!)
  })
}

async function look(tell = true): Promise<void> {
  known = await within<Waiting[]>('readonly', rows => rows.getAll())
  watchers.forEach(watcher => watcher())
  if (tell) channel.postMessage('changed')
}

/** Keeps what somebody did, and tells it as soon as it can be. */
export async function did(what: Omit<Waiting, 'number' | 'id' | 'at' | 'refused'>): Promise<void> {
  const row = { ...what, id: crypto.randomUUID(), at: new Date().toISOString() }
  await within('readwrite', rows => rows.add(row))
  await look()
}

/** One that was refused is tried again, or let go of. */
export async function settle({ refused: _, ...row }: Waiting, again: boolean): Promise<void> {
  if (again) await within('readwrite', rows => rows.put(row))
  else await within('readwrite', rows => rows.delete(row.number))
  await look()
}

/** Tells all that waits, one after the other and in one tab alone; resolves with how many the platform took. */
export const tellAll = async (personId: string): Promise<number> =>
  await navigator.locks.request(lock, async () => {
    for (let told = 0; ; told++) {
      await look(false)
      const next = known.find(one => one.personId === personId && !one.refused)
      if (!next) return told
      try {
        await ask('POST', next.path, { ...sent(next), headers: { 'idempotency-key': next.id } })
        await within('readwrite', rows => rows.delete(next.number))
      } catch (error) {
        // Without a network, or with a platform that is busy: later.
        if (!(error instanceof ApiProblem) || error.status >= 500 || error.status === 429) return told
        if (error.code === 'idempotency_key_in_flight') return told
        const refused = { code: error.code, text: error.said ?? error.message }
        await within('readwrite', rows => rows.put({ ...next, refused }))
      }
      await look()
    }
  })

function sent({ body, photo, at }: Waiting): { body: unknown; query?: object } {
  if (!photo) return { body: { ...body, at } }
  const form = new FormData()
  form.set('photo', photo, 'photo')
  return { body: form, query: { at } }
}

channel.addEventListener('message', () => void look(false))
void look(false)

/** All that waits on this device. */
export const useWaiting = (): readonly Waiting[] =>
  useSyncExternalStore(
    watcher => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => known,
  )
