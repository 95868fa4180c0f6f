/*
 * Shows what the platform pushes to this browser: the title, and where a click leads. It keeps nothing and answers for no page, so it
 * stands below `assets`, beside whatever serves the console itself.
 */
self.addEventListener('push', event => {
  const { id, event: kind, title, link } = event.data.json()
  // A later one of a kind takes the place of one that nobody saw.
  event.waitUntil(self.registration.showNotification(title, { tag: kind, data: { id, link } }))
})

self.addEventListener('notificationclick', event => {
  event.notification.close()
  event.waitUntil(show(event.notification.data.link))
})

/** In a tab that is open, if there is one at the same place. */
async function show(link) {
  const tabs = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const open = tabs.find(({ url }) => url === link)
  return await (open ? open.focus() : self.clients.openWindow(link ?? '/'))
}
