import { DocumentDeleted, DocumentRefused } from '#contracts/documents'
import { UserRegistered } from '#contracts/identity'
import type { UsersHost } from '../host.ts'
import { insertFirst } from './store.ts'

/** Who registers has a profile, and a picture only as long as its document is there. */
export function profileReactions({ on }: UsersHost): void {
  on(
    UserRegistered,
    { id: 'profile', purpose: 'make a profile for who registers', from: 'beginning' },
    async ({ userId, name, locale, timestamp }, tx) => {
      await insertFirst(tx, { userId, displayName: name.slice(0, 200), language: locale, at: new Date(timestamp) })
    },
  )
  const about = { id: 'avatar', purpose: 'take a picture away whose document is gone', from: 'beginning' } as const
  for (const event of [DocumentDeleted, DocumentRefused])
    on(event, about, async ({ docId }, tx) => {
      await tx`update profiles set avatar_id = null, version = version + 1 where avatar_id = ${docId}`
    })
}
