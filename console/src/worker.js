/*
 * Keeps what the console is made of for when there is no connection: the files of one build, and its page. What the platform answers
 * it neither sees nor keeps. `build/worker.ts` puts in which build it is and what its first screen needs.
 */
const version = 'VERSION'
const shell = ['SHELL']

const kept = `ohmnibus-console-${version}`
const home = self.registration.scope

self.addEventListener('install', event => event.waitUntil(keepShell()))

async function keepShell() {
  const cache = await caches.open(kept)
  await cache.addAll(shell.map(name => `${home}/${name}`))
  const page = await fetch(home, { cache: 'no-store', credentials: 'omit' })
  if (!page.ok) throw new Error(`The page answered ${page.status}`)
  await cache.put(home, page)
}

self.addEventListener('activate', event => event.waitUntil(takeOver()))

/** Only now: until then tabs of the build before may ask for its files. */
async function takeOver() {
  const names = await caches.keys()
  await Promise.all(
    names.filter(name => name.startsWith('ohmnibus-console-') && name !== kept).map(name => caches.delete(name)),
  )
  await self.clients.claim()
}

self.addEventListener('message', ({ data }) => data === 'take over' && self.skipWaiting())

self.addEventListener('fetch', event => {
  const { method, mode, url } = event.request
  if (method !== 'GET') return
  if (mode === 'navigate') event.respondWith(pageFor(event.request))
  else if (url.startsWith(`${home}/assets/`)) event.respondWith(fileFor(event.request))
})

/** The platform's where it answers, so that a new build is never missed. */
async function pageFor(request) {
  try {
    return await fetch(request)
  } catch (error) {
    const page = await caches.match(home)
    if (page) return page
    throw error
  }
}

/** A file's name changes with what is in it. */
async function fileFor(request) {
  const cache = await caches.open(kept)
  const found = await cache.match(request.url, { ignoreVary: true })
  if (found) return found
  const answer = await fetch(request)
  if (answer.ok) await cache.put(request.url, answer.clone())
  return answer
}
