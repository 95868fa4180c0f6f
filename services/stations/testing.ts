import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { findPerson, getPerson, listMembers } from '#contracts/identity'
import { fail, type Actor } from '#kernel'
import { answering, start, type TestOptions, type TestPlatform } from '../../kernel/testing.ts'
import { stations } from './service.ts'

/** A platform with stations, to whose facts tests add what `ocpp` would tell. */
export async function open(t: TestContext, options: TestOptions = {}) {
  const known = options.answers ?? []
  const others = strangers.filter(({ call }) => call.name === 'list_members' && known.length === 0)
  const p = await start(t, [stations], { ...options, answers: [...known, ...others] })
  return { p, db: p.db('stations'), ...people(p) }
}

/** Nobody whom anybody knows. */
export const strangers = [
  answering(findPerson, async ({ email }) => ({ email, userId: null })),
  answering(getPerson, async () => fail('not_found', 'user_unknown')),
  answering(listMembers, async () => ({ members: [] })),
]

const people = (p: TestPlatform) => ({
  as: (actor: Partial<Actor> = {}) => client(p, p.signedIn(actor)),
  operator: (actor: Partial<Actor> = {}) => client(p, p.signedIn({ role: 'operator', ...actor })),
  nobody: client(p, {}),
})

export type Client = ReturnType<typeof client>

export function client(p: TestPlatform, signedIn: Record<string, string>) {
  const send =
    (method: 'GET' | 'POST' | 'PUT' | 'DELETE', prefix = '/api/stations') =>
    async (path: string, payload?: object | string, headers: Record<string, string> = {}) => {
      const { statusCode, ...answer } = await p.http.inject({
        method,
        url: prefix + path,
        headers: { ...signedIn, ...headers },
        payload,
      })
      const isJson = /json/.test(String(answer.headers['content-type']))
      const body = isJson && answer.body ? JSON.parse(answer.body) : undefined
      return { status: statusCode, headers: answer.headers, text: answer.body, body }
    }
  const [get, post] = [send('GET'), send('POST')]
  return {
    get,
    post,
    put: send('PUT'),
    delete: send('DELETE'),
    page: send('GET', ''),
    /** The station, made. */
    async make(more: object = {}) {
      const { status, text, body } = await post('', { ...described, ...more })
      assert.equal(status, 201, text)
      return body
    },
    async found(query = ''): Promise<string[]> {
      const { status, text, body } = await get(`?${query}`)
      assert.equal(status, 200, text)
      return body.items.map(({ name }: { name: string }) => name)
    },
  }
}

/** A station with all that makes it public. */
export const described = {
  name: 'Market square',
  address: { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DEU' },
  coordinates: { latitude: 52.52, longitude: 13.405 },
  timeZone: 'Europe/Berlin',
  public: true,
  evses: [
    {
      evse: 1,
      evseId: 'DE*ABC*E1',
      connectors: [
        { connector: 1, standard: 'IEC_62196_T2_COMBO', format: 'CABLE', powerType: 'DC', maxPowerW: 150_000 },
        { connector: 2, standard: 'CHADEMO', format: 'CABLE', powerType: 'DC', maxPowerW: 50_000 },
      ],
    },
  ],
}
