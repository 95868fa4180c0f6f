import { NotificationCreated } from '#contracts/notifications'
import { signedIn } from '#kernel'
import type { NotificationsHost } from './host.ts'
import { view } from './routes.ts'
import { isKept, listNewer, newestPosition } from './store.ts'

/**
 * Notifications as server-sent events. An event only says that there is something new; what it is comes from the table,
 * so a lost signal (another process's, a restart's) is no lost notification.
 */
export function streams({ db, http, platform, watch }: NotificationsHost): void {
  const live = http.stream(
    '/stream',
    {
      config: { access: signedIn },
      schema: {
        summary: 'New notifications, live',
        description:
          'Server-sent events, each with a notification as data. Goes on after `Last-Event-ID`, else with what is ' +
          'new from now on; where that is kept no longer, `gap` says so: read the list. Ends with the access token ' +
          'or its session, and `end` says why; connect again with a new one.',
      },
    },
    ({ actor: { userId } }) => {
      let resumed = false
      return {
        about: userId,
        newest: () => newestPosition(db, userId),
        async after(id, limit) {
          const position = positionOf(id)
          // Once for each connection: while it lasts nothing is dropped that is newer than it.
          if (!resumed && !(await isKept(db, userId, position))) return undefined
          resumed = true
          const news = await listNewer(db, userId, position, limit)
          return news.map(row => ({ id: row.position, data: view(row, platform.publicUrl) }))
        },
      }
    },
  )
  watch(NotificationCreated, ({ userId }) => live.wake(userId))
}

/** -1 for what never was a position. */
const positionOf = (id: string): number => (/^\d{1,9}$/.test(id) ? Number(id) : -1)
