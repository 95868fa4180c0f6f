import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { getReceipt } from '#contracts/billing'
import { getGuestLink } from '#contracts/orders'
import * as contracts from '#contracts/identity'
import type { OrganisationRole, Owner } from '#contracts/shared'
import { defineService, fail, newId, Problem } from '#kernel'
import { answering, start } from '../../kernel/testing.ts'
import type { NotificationsHost } from './host.ts'
import type { Locale } from './kinds/kind.ts'
import { notifications } from './service.ts'

/** Somebody identity knows. */
const human = (firstName: string, locale: Locale, disabled = false) => ({
  userId: newId(),
  email: `${firstName.toLowerCase()}@example.com`,
  name: `${firstName} Test`,
  firstName,
  locale,
  disabled,
})

export const ada = human('Ada', 'en')
export const grace = human('Grace', 'de')
export const edith = human('Edith', 'en')
export const victor = human('Victor', 'en')
export const dora = human('Dora', 'en', true)
export const people = [ada, grace, edith, victor, dora]
export type Person = (typeof people)[number]

export const self: Owner = { kind: 'person', id: ada.userId }
export const company: Owner = { kind: 'organisation', id: newId() }
const roles: [Person, OrganisationRole][] = [
  [ada, 'owner'],
  [grace, 'admin'],
  [edith, 'editor'],
  [victor, 'viewer'],
  [dora, 'owner'],
]

/** Notifications on a platform where identity is a stand-in; `codes` and `links` are its secrets, by id. */
export async function open(
  t: TestContext,
  options: { environment?: Record<string, string>; now?: () => Date; mode?: 'production' } = {},
) {
  const codes = new Map<string, string>()
  const links = new Map<string, string>()
  const expiresAt = '2027-02-18T08:40:00.000Z'
  const outage = { identity: false }
  const answer =
    <I, O>(of: (input: I) => O | undefined, unknown: string) =>
    async (input: I) => {
      if (outage.identity) throw new Problem('unavailable', 'identity_unavailable')
      return of(input) ?? fail('not_found', unknown)
    }
  let host: NotificationsHost | undefined
  const watched = {
    ...notifications,
    start(given: NotificationsHost) {
      host = { ...given, platform: { ...given.platform, mode: options.mode ?? given.platform.mode } }
      notifications.start(host)
    },
  }
  const identity = defineService({
    name: 'identity',
    folder: join(tmpdir(), 'no migrations'),
    publishes: Object.values(contracts).filter(entry => entry.kind === 'event'),
    start(host) {
      host.answer(
        contracts.getPerson,
        answer(({ userId }) => people.find(person => person.userId === userId), 'user_unknown'),
      )
      host.answer(
        contracts.listMembers,
        answer(
          ({ organisationId }) => ({
            members: organisationId === company.id ? roles.map(([person, role]) => ({ ...person, role })) : [],
          }),
          '',
        ),
      )
      host.answer(
        contracts.listPeople,
        answer(({ role }) => ({ people: role === 'operator' ? [grace] : role === 'admin' ? [ada] : [] }), ''),
      )
      host.answer(
        contracts.getEmailUndo,
        answer(({ undoId }) => {
          const link = links.get(undoId)
          return link === undefined ? undefined : { link, expiresAt }
        }, 'undo_unknown'),
      )
      host.answer(
        contracts.getCode,
        answer(({ codeId }) => {
          const code = codes.get(codeId)
          return code
            ? { code, email: 'new@example.com', link: 'https://ohmnibus.example.com/api/auth/verify/abc', expiresAt }
            : undefined
        }, 'code_unknown'),
      )
      host.answer(
        contracts.getInvitation,
        answer(({ invitationId }) => {
          const link = links.get(invitationId)
          return link ? { email: 'guest@example.com', link, expiresAt } : undefined
        }, 'invitation_unknown'),
      )
    },
  })
  const receipt = async () => ({ link: 'https://ohmnibus.example.com/charge/visits/abc' })
  const p = await start(t, [identity, watched], {
    ...options,
    answers: [answering(getReceipt, receipt), answering(getGuestLink, receipt)],
    environment: { PUBLIC_URL: 'https://ohmnibus.example.com', ...options.environment },
  })
  return {
    ...p,
    host: host!,
    codes,
    links,
    outage,
    /** While identity does not answer. */
    async outageOf(work: () => Promise<void>) {
      outage.identity = true
      await work()
      outage.identity = false
    },
    as: (person: Person) => p.signedIn({ userId: person.userId }),
    /** The in-app list of somebody, newest first. */
    async list(person: Person, query = '') {
      const answer = await p.http.inject({
        url: `/api/notifications${query}`,
        headers: p.signedIn({ userId: person.userId }),
      })
      return answer.json() as {
        items: {
          id: string
          event: string
          title: string
          text: string
          link: string | null
          createdAt: string
          readAt: string | null
        }[]
        nextCursor: string | null
      }
    },
    /** Jobs that wait for a later time are due now: all of them, or those until a time. */
    async hurry(until?: Date) {
      const db = p.db('notifications')
      const soon = until ? db`and run_at <= ${until}` : db``
      await db`update graphile_worker._private_jobs set run_at = now() where run_at > now() ${soon}`
      await p.db('notifications')`select pg_notify('jobs:insert', '{"count":1}')`
      await p.settle()
    },
  }
}

export type Platform = Awaited<ReturnType<typeof open>>

/** The mails that were written as files, or what people saw in the application, oldest first. */
export async function mails(p: Platform, channel = 'email') {
  const folder = join(p.dataFolder, 'notifications')
  const names = (await readdir(folder).catch(() => [])).filter(name => name.includes(`-${channel}-`)).sort()
  return await Promise.all(
    names.map(async name => {
      const text = await readFile(join(folder, name), 'utf8')
      const [, to, subject, event] = /^To: (.*)\nSubject: (.*)\nEvent: (.*)\n\n/.exec(text)!
      return { name, to: to!, subject: subject!, event: event!, lines: text.split('\n') }
    }),
  )
}

/** All that anybody was told, in an order of its own. */
export const everything = async (p: Platform) => ({
  mails: (await mails(p)).map(({ to, subject, event }) => `${to}: ${subject} (${event})`).sort(),
  inApp: (
    await Promise.all(
      people.map(async person =>
        (await p.list(person, '?limit=100')).items.map(({ title, event }) => `${person.email}: ${title} (${event})`),
      ),
    )
  )
    .flat()
    .sort(),
})
