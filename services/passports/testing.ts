import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { defineService, newId, signedIn, type Actor } from '#kernel'
import { getPassportAccess } from '#contracts/passports'
import { start, type TestOptions, type TestPlatform } from '../../kernel/testing.ts'
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
export async function open(t: TestContext, options: TestOptions = {}) {
  const p = await start(t, [passports, asker], options)
  return { p, as: (actor: Partial<Actor> = {}) => client(p, p.signedIn(actor)), nobody: client(p, {}) }
}

export type Client = ReturnType<typeof client>

function client(p: TestPlatform, signedIn: Record<string, string>) {
  const send =
    (method: 'GET' | 'POST' | 'PUT' | 'DELETE', prefix = '/api/passports') =>
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
