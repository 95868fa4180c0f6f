import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { getDocumentFile } from '#contracts/documents'
import { newId, type Service } from '#kernel'
import { answering, start, type TestOptions } from '../../kernel/testing.ts'
import type { UsersHost } from './host.ts'
import { users } from './service.ts'

/** A clock that tests set. */
export function clock(text: string) {
  let at = new Date(text)
  return {
    now: () => at,
    set: (text: string) => void (at = new Date(text)),
  }
}

/** Users, on their own; of documents one is known. */
export async function open(t: TestContext, options: TestOptions = {}) {
  const works = new Map<string, () => Promise<void>>()
  const held: Service = {
    ...users,
    start: (host: UsersHost) =>
      users.start({
        ...host,
        every(interval, purpose, work) {
          works.set(purpose, work)
          host.every(interval, purpose, work)
        },
      }),
  }
  const picture = newId()
  const p = await start(t, [held], {
    ...options,
    answers: [
      answering(getDocumentFile, async ({ docId }) => ({
        state: docId === picture ? ('released' as const) : ('unknown' as const),
        scanned: false,
        fileKey: docId === picture ? 'picture' : null,
      })),
    ],
  })
  const as = (who: object = {}) => {
    const me = { userId: newId(), ...who }
    const send =
      (method: 'GET' | 'POST' | 'PUT' | 'DELETE') =>
      async (path: string, payload?: object, more: Record<string, string> = {}) => {
        const answer = await p.http.inject({
          method,
          url: `/api/users${path}`,
          headers: { ...p.signedIn(me), ...more },
          ...(payload && { payload }),
        })
        return { status: answer.statusCode, headers: answer.headers, body: answer.body ? answer.json() : undefined }
      }
    return { id: me.userId, get: send('GET'), post: send('POST'), put: send('PUT'), delete: send('DELETE') }
  }
  return {
    p,
    picture,
    as,
    /** What the bank of who pays at a page does. */
    async pay({ page }: { page: string }, gesture = 'approve'): Promise<void> {
      const { pathname, origin } = new URL(page)
      const headers = { origin, 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await p.http.inject({ method: 'POST', url: pathname, headers, payload: `gesture=${gesture}` })
      assert.equal(answer.statusCode, 303, answer.body)
      await p.settle()
    },
    /** Does the periodic work whose purpose this is, and what follows from it. */
    async periodically(purpose: RegExp): Promise<void> {
      const [, work] = works.entries().find(([words]) => purpose.test(words))!
      await work()
      await p.settle()
    },
  }
}
