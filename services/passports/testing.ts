import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { defineService, newId, Problem, signedIn, type Actor } from '#kernel'
import { findPerson, getPerson, listMembers } from '#contracts/identity'
import { getPassportAccess } from '#contracts/passports'
import type { OrganisationRole } from '#contracts/shared'
import { answering, start, type TestOptions, type TestPlatform } from '../../kernel/testing.ts'
import { passports } from './service.ts'

/** A passport's data as clients of the baseline send it. */
export const data = {
  generalInformation: {
    batteryIdentifier: 'BP-2024-011',
    batteryModel: { id: 'LM3-BAT-2024', modelName: 'GMC WZX1' },
    batteryMass: 450,
    batteryCategory: 'EV',
    manufacturingDate: '2024-01-15',
  },
  materialComposition: { batteryChemistry: 'LiFePO4', criticalRawMaterials: ['Lithium', 'Iron'] },
  carbonFootprint: { totalCarbonFootprint: 850, measurementUnit: 'kg CO2e' },
}

export const battery = (batteryIdentifier: string, more: object = {}) => ({
  generalInformation: { batteryIdentifier, ...more },
})

/** One that says what it must to be published. */
export const publishable = (batteryIdentifier: string, more: object = {}) =>
  battery(batteryIdentifier, { batteryCategory: 'EV', batteryModel: 'M1', ...more })

/** A platform with passports, and what somebody sends to it: a fresh person, unless it is said who. */
export async function open(
  t: TestContext,
  { mode, ...options }: TestOptions & { mode?: 'production' } = {},
  more: NonNullable<TestOptions['answers']> = [],
  beside: Parameters<typeof start>[1] = [],
) {
  const known = people()
  const one = mode ? inMode(mode) : passports
  const p = await start(t, [one, asker, ...beside], { ...options, answers: [...known.answers, ...more] })
  return { p, known, as: (actor: Partial<Actor> = {}) => client(p, p.signedIn(actor)), nobody: client(p, {}) }
}

/** The service as it is on a platform that is no longer only looked at. */
const inMode = (mode: 'production'): typeof passports => ({
  ...passports,
  start: host => passports.start({ ...host, platform: { ...host.platform, mode } }),
})

/** Whom identity knows: every id, but those in `strangers`; addresses and members as they are noted. */
export function people() {
  const strangers = new Set<string>()
  const addresses = new Map<string, string>()
  const members = new Map<string, [userId: string, role: OrganisationRole][]>()
  const human = (userId: string) => {
    const email = 'somebody@example.com'
    return { userId, email, name: 'Some Body', firstName: 'Some', locale: 'de' as const, disabled: false }
  }
  const answers = [
    answering(findPerson, async ({ email }) => ({ email, userId: addresses.get(email) ?? null })),
    answering(getPerson, async ({ userId }) => {
      if (strangers.has(userId)) throw new Problem('not_found', 'user_unknown')
      return human(userId)
    }),
    answering(listMembers, async ({ organisationId }) => {
      const owner: [string, OrganisationRole][] = strangers.has(organisationId) ? [] : [[newId(), 'owner']]
      const all = members.get(organisationId) ?? owner
      return { members: all.map(([userId, role]) => ({ ...human(userId), role })) }
    }),
  ]
  return { strangers, addresses, members, answers }
}

export type Client = ReturnType<typeof client>

function client(p: TestPlatform, signedIn: Record<string, string>) {
  const send =
    (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', prefix = '/api/passports') =>
    async (path: string, payload?: object, headers: Record<string, string> = {}) => {
      const {
        statusCode: status,
        headers: answered,
        body: text,
      } = await p.http.inject({ method, url: prefix + path, headers: { ...signedIn, ...headers }, payload })
      return { status, headers: answered, text, body: text ? JSON.parse(text) : undefined }
    }
  const [get, post] = [send('GET'), send('POST')]
  return {
    get,
    post,
    put: send('PUT'),
    patch: send('PATCH'),
    delete: send('DELETE'),
    /** What another service hears that asks about a passport. */
    ask: send('GET', '/api/asker'),
    /** The passport, made. */
    async make(given: object = {}) {
      const { status, text, body } = await post('', { data: given })
      assert.equal(status, 201, text)
      return body
    },
    /** Identifiers on the first page of a search. */
    async found(query = ''): Promise<string[]> {
      const { status, text, body } = await get(`?${query}`)
      assert.equal(status, 200, text)
      return body.items.map(({ identifier }: { identifier: string }) => identifier)
    },
  }
}

const asker = defineService({
  name: 'asker',
  folder: import.meta.filename,
  needs: [getPassportAccess],
  start({ http, ask }) {
    http.get(
      '/:id',
      { config: { access: signedIn }, schema: { summary: 'Ask about a passport', refuses: ['passport_unknown'] } },
      ({ params }) => ask(getPassportAccess, { passportId: (params as { id: string }).id }),
    )
  },
})

/** A person acting for an organisation. */
export const member = (organisationId: string, role: 'owner' | 'admin' | 'editor' | 'viewer'): Partial<Actor> => ({
  userId: newId(),
  organisation: { id: organisationId, role },
})

export async function codeOf(answer: Promise<{ status: number; body: { code: string } }>): Promise<[number, string]> {
  const { status, body } = await answer
  return [status, body.code]
}

/** A cursor as somebody might write one. */
export const cursor = (keys: unknown[]): string => Buffer.from(JSON.stringify(keys)).toString('base64url')

/** The items of each page, to the last. */
export async function pages(
  reader: Client,
  path: string,
  between = async () => {},
): Promise<{ [field: string]: unknown }[][]> {
  const found = []
  for (let after = ''; ; await between()) {
    const { status, text, body } = await reader.get(`${path}${after}`)
    assert.equal(status, 200, text)
    found.push(body.items)
    if (body.nextCursor === null) return found
    after = `&after=${body.nextCursor}`
  }
}
