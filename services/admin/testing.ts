import type { TestContext } from 'node:test'
import { getPerson, listPeople } from '#contracts/identity'
import { newId, Problem, type Actor, type Service } from '#kernel'
import { answering, start, type TestOptions } from '../../kernel/testing.ts'
import type { AdminHost } from './host.ts'
import { admin } from './service.ts'

export type It = Awaited<ReturnType<typeof open>>

/** Of whom identity knows nothing. */
export const nobody = newId()

/** The service with two admins; whoever else is one is put among `admins`. */
export async function open(
  t: TestContext,
  options: TestOptions = {},
  more: readonly Service[] = [],
  others: NonNullable<TestOptions['answers']> = [],
) {
  let today: Date | undefined
  const [ada, grace] = [newId(), newId()]
  const admins = new Set([ada, grace])
  const works = new Map<string, () => Promise<void>>()
  const observed: Service = {
    ...admin,
    start: (host: AdminHost) => admin.start({ ...host, every: (_, purpose, work) => void works.set(purpose, work) }),
  }
  const about = { name: 'Admin', firstName: 'Admin', locale: 'en', disabled: false } as const
  const people = answering(listPeople, async ({ role }) => ({
    people: role === 'admin' ? [...admins].map(userId => ({ ...about, userId, email: `${userId}@example.com` })) : [],
  }))
  const person = answering(getPerson, async ({ userId }) => {
    if (userId === nobody) throw new Problem('not_found', 'user_unknown')
    return { ...about, userId, email: 'a@example.com' }
  })
  const answers = [people, person, ...others]
  const p = await start(t, [observed, ...more], { now: () => today ?? new Date(), answers, ...options })
  const as = (actor: Partial<Actor>) => {
    const ask =
      (method: 'GET' | 'POST' | 'PUT' | 'DELETE') =>
      async (path: string, payload?: object, headers: Record<string, string> = {}) => {
        const answer = await p.http.inject({
          method,
          url: path.startsWith('/') ? path : `/api/admin/${path}`,
          headers: { ...p.signedIn(actor), ...headers },
          ...(payload && { payload }),
        })
        const isJson = /\bjson\b/.test(String(answer.headers['content-type']))
        return {
          status: answer.statusCode,
          headers: answer.headers,
          text: answer.body,
          body: isJson ? JSON.parse(answer.body) : undefined,
        }
      }
    return { ...actor, get: ask('GET'), post: ask('POST'), put: ask('PUT'), delete: ask('DELETE') }
  }
  return {
    p,
    admins,
    as,
    ada: { ...as({ userId: ada, role: 'admin' }), userId: ada },
    grace: { ...as({ userId: grace, role: 'admin' }), userId: grace },
    setTime: (text: string) => void (today = new Date(text)),
    async periodically(purpose: RegExp): Promise<void> {
      const [, work] = works.entries().find(([words]) => purpose.test(words))!
      await work()
      await p.settle()
    },
  }
}
