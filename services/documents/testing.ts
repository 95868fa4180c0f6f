import type { TestContext } from 'node:test'
import { listDocumentsOf } from '#contracts/documents'
import { listMembers } from '#contracts/identity'
import { getPassportAccess, getPassportTiers, notePassportReading, type PassportStatus } from '#contracts/passports'
import type { OrganisationRole, Owner } from '#contracts/shared'
import { defineService, mayRead, newId, Problem, type Actor, type Host } from '#kernel'
import { answering, start, type TestOptions } from '../../kernel/testing.ts'
import type { DocumentsHost } from './host.ts'
import { documents } from './service.ts'

interface FakePassport {
  owner: Owner
  readers?: Owner[]
  status?: PassportStatus
  category?: string
  /** Who has a legitimate interest. */
  interested?: string[]
}

/** The service on a real socket, beside passports that only say whose they are. */
export async function open(t: TestContext, options: TestOptions & { passports?: Map<string, FakePassport> } = {}) {
  let host: DocumentsHost | undefined
  const known = options.passports ?? new Map<string, FakePassport>()
  const works = new Map<string, () => Promise<void>>()
  const observed = {
    ...documents,
    start(given: DocumentsHost) {
      host = { ...given, every: (_, purpose, work) => void works.set(purpose, work) }
      documents.start(host)
    },
  }
  const asked: string[] = []
  const access = answering(getPassportAccess, async ({ passportId }) => {
    asked.push(passportId)
    const passport = known.get(passportId)
    if (!passport) throw new Problem('not_found', 'passport_unknown')
    return {
      passportId,
      identifier: null,
      owner: passport.owner,
      status: passport.status ?? 'draft',
      readers: passport.readers ?? [],
    }
  })
  const tiers = answering(getPassportTiers, async ({ passportId, reader }) => {
    asked.push(passportId)
    const passport = known.get(passportId)
    if (!passport) throw new Problem('not_found', 'passport_unknown')
    const { owner, status = 'draft', category = 'EV', readers = [], interested = [] } = passport
    const isOf = (thing: { owner: Owner; readers?: Owner[] }) =>
      reader !== null && mayRead({ ...reader, role: 'user', sessionId: '' }, thing)
    const reads = reader?.role === 'admin' || isOf({ owner, readers })
    const by = reads
      ? (['owner'] as const)
      : status === 'draft'
        ? []
        : ([
            'public',
            ...(reader?.role === 'authority' ? ['authority' as const] : []),
            ...(reader && interested.includes(reader.userId) ? ['interest' as const] : []),
          ] as const)
    const asAdmin = reader?.role === 'admin' && !isOf({ owner, readers })
    return { passportId, owner, status, category, audiences: [...by], asAdmin }
  })
  const noted = answering(notePassportReading, async () => ({}))
  const members = new Map<string, [userId: string, role: OrganisationRole][]>()
  const belonging = answering(listMembers, async ({ organisationId }) => ({
    members: (members.get(organisationId) ?? []).map(([userId, role]) => ({
      userId,
      role,
      email: 'a@example.com',
      name: 'A',
      firstName: 'A',
      locale: 'en' as const,
      disabled: false,
    })),
  }))
  let ask: Host<'reader', typeof listDocumentsOf>['ask']
  const reader = defineService({
    name: 'reader',
    folder: 'no migrations',
    needs: [listDocumentsOf],
    start: host => void ({ ask } = host),
  })
  const p = await start(t, [observed as never, reader], { ...options, answers: [access, tiers, noted, belonging] })
  const url = await p.listen()
  const as = (actor: Partial<Actor> = {}) => {
    const headers = p.signedIn(actor)
    const send = async (
      method: string,
      path: string,
      more: { headers?: Record<string, string>; body?: FormData | string } = {},
    ) => {
      const answer = await fetch(path.startsWith('http') ? path : `${url}/api/documents${path}`, {
        method,
        headers: { ...headers, ...more.headers },
        body: more.body,
      })
      const bytes = Buffer.from(await answer.arrayBuffer())
      const json =
        /json/.test(answer.headers.get('content-type') ?? '') && bytes.length > 0
          ? JSON.parse(bytes.toString())
          : undefined
      return { status: answer.status, headers: answer.headers, bytes, json }
    }
    return {
      headers,
      get: (path: string, more = {}) => send('GET', path, { headers: more }),
      head: (path: string, more = {}) => send('HEAD', path, { headers: more }),
      post: (path: string, body: object, more = {}) =>
        send('POST', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...more } }),
      delete: (path: string) => send('DELETE', path),
      change: (path: string, body: object, more = {}) =>
        send('PUT', path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...more } }),
      upload: (
        content: string | Buffer,
        { name = 'a.txt', fields = {}, headers: more = {}, to = '/upload', method = 'POST', first = true } = {} as {
          name?: string
          fields?: Record<string, string>
          headers?: Record<string, string>
          to?: string
          method?: string
          first?: boolean
        },
      ) => {
        const body = new FormData()
        const add = () => Object.entries(fields).forEach(([field, value]) => body.append(field, value))
        if (first) add()
        body.append('file', new Blob([content as never]), name)
        if (!first) add()
        return send(method, to, { body, headers: more })
      },
    }
  }
  const keys = async () => (await Array.fromAsync(host!.files.list('documents/'))).map(({ key }) => key)
  /** Does the periodic work whose purpose this is. */
  const periodically = async (purpose: RegExp) => {
    const [, work] = works.entries().find(([words]) => purpose.test(words))!
    await work()
  }
  const listed = async (passportId: string) =>
    (await ask(listDocumentsOf, { passportId })).documents.map(({ docId }) => docId)
  return { p, url, as, keys, listed, periodically, host: () => host!, passports: known, members, asked }
}

export const person = (): { userId: string; owner: Owner } => {
  const userId = newId()
  return { userId, owner: { kind: 'person', id: userId } }
}
