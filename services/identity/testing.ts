import type { TestContext } from 'node:test'
import type Postgres from 'postgres'
import { defineService, type Host, type Service } from '#kernel'
import { getDocumentFile } from '#contracts/documents'
import { holdingsOf } from '#contracts/holdings'
import {
  getCode,
  getEmailUndo,
  getInvitation,
  getOrganisation,
  getPerson,
  listMembers,
  listRevocations,
  MemberInvited,
  SendOtp,
} from '#contracts/identity'
import { answering, start, type TestOptions } from '../../kernel/testing.ts'
import { identity } from './service.ts'

const calls = [getCode, getEmailUndo, getInvitation, getOrganisation, getPerson, listMembers, listRevocations] as const

/** Identity on a platform of its own, a clock to turn, and somebody who asks it what `notifications` would. */
export async function startIdentity(
  t: TestContext,
  options: Omit<TestOptions, 'now'> = {},
  beside: readonly Service[] = [],
) {
  const clock = {
    at: new Date('2027-02-18T08:30:00.000Z').getTime(),
    now: () => new Date(clock.at),
    pass: (ms: number) => void (clock.at += ms),
  }
  /** What organisations have, by their ids. */
  const holdings = { passports: new Map<string, number>(), documents: new Map<string, number>() }
  /** Whose documents are whose organisation's, by their ids. */
  const evidence = new Map<string, string>()
  const answers = [
    answering(holdingsOf('passports'), async ({ organisationId }) => ({
      passports: holdings.passports.get(organisationId) ?? 0,
    })),
    answering(holdingsOf('documents'), async ({ organisationId }) => ({
      documents: holdings.documents.get(organisationId) ?? 0,
    })),
    answering(getDocumentFile, async ({ docId }) => {
      const id = evidence.get(docId)
      return id
        ? { state: 'released' as const, scanned: false, fileKey: docId, owner: { kind: 'organisation' as const, id } }
        : { state: 'unknown' as const, scanned: false, fileKey: null, owner: null }
    }),
  ]
  let host!: Host<string, (typeof calls)[number]>
  const reader = defineService({ name: 'mailroom', folder: 'nowhere', needs: calls, start: own => void (host = own) })
  const p = await start(t, [identity, reader, ...beside], {
    answers: answers.filter(({ call }) => !beside.some(({ name }) => name === call.owner)),
    ...options,
    now: clock.now,
  })
  const { ask, secret } = host

  const post = (path: string, payload?: object, headers: Record<string, string> = {}) =>
    p.http.inject({ method: 'POST', url: `/api/auth${path}`, ...(payload && { payload }), headers })
  const get = (path: string, headers: Record<string, string> = {}) =>
    p.http.inject({ method: 'GET', url: `/api/auth${path}`, headers })
  /** What was mailed to the address last. */
  const mailed = async (email: string, which = -1) => {
    const codeId = (await p.published(SendOtp)).filter(event => event.email === email).at(which)!.codeId
    return await ask(getCode, { codeId })
  }

  /** Somebody with an account, signed in. Costs one password hash. */
  async function person(name: string, about: { password?: string; headers?: Record<string, string> } = {}) {
    const email = `${name.toLowerCase()}@example.com`
    const password = about.password ?? 'quiet trains at dawn'
    await post('/register', { email, password, name })
    const { code } = await mailed(email)
    const { user, accessToken, refreshToken } = (
      await post('/verify-otp', { email, otp: code, password }, about.headers)
    ).json()
    return {
      id: user.id as string,
      email,
      password,
      accessToken: accessToken as string,
      refreshToken: refreshToken as string,
      headers: bearer(accessToken),
    }
  }

  /** The admin an empty evaluation database begins with. */
  async function admin() {
    const [email, password] = p.platform.announcements
      .find(({ label }) => label === 'First admin')!
      .value.split(' / ') as [string, string]
    const { user, accessToken } = (await post('/login', { email, password })).json()
    return { id: user.id as string, email, password, headers: bearer(accessToken) }
  }

  /** The secret that was mailed with an invitation. */
  const invitationFor = async (email: string) => {
    const { invitationId } = (await p.published(MemberInvited)).filter(event => event.email === email).at(-1)!
    return (await ask(getInvitation, { invitationId })).link.split('/').at(-1)!
  }

  return { ...p, clock, holdings, evidence, ask, secret, post, get, mailed, person, admin, invitationFor }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** The claims of a token, unverified. */
export const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

/**
 * What requests answer that meet: `hold` keeps all of them waiting in the database until every one of them does.
 */
export async function held<T>(
  db: Postgres.Sql<{ bigint: bigint }>,
  hold: (tx: Postgres.TransactionSql<{ bigint: bigint }>) => Promise<unknown>,
  begin: () => Promise<T>[],
): Promise<T[]> {
  let begun: Promise<T>[] = []
  const waiting = async () =>
    (await db`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length
  await db.begin(async tx => {
    await hold(tx)
    begun = begin()
    for (const deadline = Date.now() + 4000; Date.now() < deadline && (await waiting()) < begun.length;);
  })
  return await Promise.all(begun)
}

export type Person = Awaited<ReturnType<Awaited<ReturnType<typeof startIdentity>>['person']>>

/** Identity, with people who found organisations and join them. */
export async function startOrganisations(
  t: Parameters<typeof startIdentity>[0],
  environment = {},
  beside: readonly Service[] = [],
) {
  const p = await startIdentity(t, { environment }, beside)
  const found = async (owner: Person, name = 'Voltaic GmbH') =>
    (await p.post('/organisations', { name }, owner.headers)).json().id as string
  const invite = (by: Person, id: string, email: string, role: string) =>
    p.post(`/organisations/${id}/invitations`, { email, role }, by.headers)
  /** Makes somebody a member the way it happens: by a mail. */
  const join = async (by: Person, id: string, who: Person, role: string) => {
    await invite(by, id, who.email, role)
    return await p.post('/invitations/accept', { token: await p.invitationFor(who.email) }, who.headers)
  }
  const put = (by: Person, id: string, who: Person, role: string) =>
    p.http.inject({
      method: 'PUT',
      url: `/api/auth/organisations/${id}/members/${who.id}`,
      payload: { role },
      headers: by.headers,
    })
  const remove = (by: Person, id: string, who: Person) =>
    p.http.inject({ method: 'DELETE', url: `/api/auth/organisations/${id}/members/${who.id}`, headers: by.headers })
  const roles = async (id: string) =>
    Object.fromEntries(
      (await p.ask(listMembers, { organisationId: id })).members.map(({ userId, role }) => [userId, role]),
    )
  const renew = async (who: Person) => {
    const { accessToken, refreshToken } = (await p.post('/refresh', { refreshToken: who.refreshToken })).json()
    return { ...who, accessToken, refreshToken, headers: bearer(accessToken) } as Person
  }
  return { ...p, found, invite, join, put, remove, roles, renew }
}
