import { useSyncExternalStore } from 'react'

/** What a person likes, on this device: nothing personal, and gone without harm. */

const watchers = new Set<() => void>()
const keyOf = (name: string): string => `ohmnibus ${name}`

function read(name: string): string | null {
  try {
    return localStorage.getItem(keyOf(name))
  } catch {
    return null
  }
}

export function usePreference<T>(name: string, otherwise: T): [T, (next: T) => void] {
  const text = useSyncExternalStore(
    watcher => {
      watchers.add(watcher)
      window.addEventListener('storage', watcher)
      return () => {
        watchers.delete(watcher)
        window.removeEventListener('storage', watcher)
      }
    },
    () => read(name),
  )
  return [
    text === null ? otherwise : (JSON.parse(text) as T),
    next => {
      localStorage.setItem(keyOf(name), JSON.stringify(next))
      watchers.forEach(watcher => watcher())
    },
  ]
}
