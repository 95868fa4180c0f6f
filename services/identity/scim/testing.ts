import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { startOrganisations } from '../testing.ts'

/** A name server that knows these TXT records, for the time of a test. */
export async function nameServer(t: TestContext) {
  const texts = new Map<string, string>()
  const socket = createSocket('udp4')
  socket.on('message', (asked, { address, port }) => {
    const labels: string[] = []
    let at = 12
    for (let length = asked[at]!; length > 0; length = asked[at]!) {
      labels.push(asked.toString('ascii', at + 1, at + 1 + length))
      at += length + 1
    }
    const question = asked.subarray(12, at + 5)
    const text = texts.get(labels.join('.').toLowerCase())
    const head = Buffer.alloc(12)
    asked.copy(head, 0, 0, 2)
    // An answer with authority; 3 is that there is no such name.
    head.writeUInt16BE(0x8400 | (text === undefined ? 3 : 0), 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(text === undefined ? 0 : 1, 6)
    const record = (said: string) => {
      const meta = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0, said.length])
      meta.writeUInt16BE(said.length + 1, 10)
      return Buffer.concat([meta, Buffer.from(said)])
    }
    socket.send(Buffer.concat([head, question, ...(text === undefined ? [] : [record(text)])]), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return { texts, at: `127.0.0.1:${socket.address().port}` }
}

/** Ada's organisation with a verified domain, example.com, and a token for its provider. */
export async function startScim(
  t: TestContext,
  ...more: [environment?: object, beside?: Parameters<typeof startOrganisations>[2]]
) {
  const dns = await nameServer(t)
  const p = await startOrganisations(t, { DNS_SERVERS: dns.at, ...more[0] }, more[1])
  const ada = await p.person('Ada')
  const id = await p.found(ada)
  const at = (path: string) => `/organisations/${id}${path}`
  const { record } = (await p.post(at('/domains'), { domain: 'example.com' }, ada.headers)).json()
  dns.texts.set(record.name, record.value)
  await p.post(at('/domains/example.com/verify'), undefined, ada.headers)
  const { token, id: tokenId } = (await p.post(at('/scim-tokens'), {}, ada.headers)).json()
  const as =
    (token: string) =>
    (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, headers: object = {}) =>
      p.http.inject({
        method,
        url: `/api/auth/scim/v2${path}`,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/scim+json' }),
          ...headers,
        },
        ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
  return { ...p, dns, ada, id, at, token: token as string, tokenId: tokenId as string, as, scim: as(token) }
}

export type ScimSite = Awaited<ReturnType<typeof startScim>>

/** As Entra ID makes a user by its usual mapping. */
export const entraUser = (name: string, more: object = {}) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'],
  externalId: `${name}-0a21f0f2`,
  userName: `${name}@example.com`,
  active: true,
  addresses: null,
  displayName: `${name[0]!.toUpperCase()}${name.slice(1)} Hopper`,
  emails: [{ type: 'work', value: `${name}@example.com`, primary: true }],
  meta: { resourceType: 'User' },
  name: { formatted: `${name} Hopper`, familyName: 'Hopper', givenName: `${name[0]!.toUpperCase()}${name.slice(1)}` },
  phoneNumbers: [{ type: 'mobile', value: '+4930123456' }],
  preferredLanguage: 'de-DE',
  title: null,
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'Cells', employeeNumber: '701984' },
  ...more,
})

export const patchOf = (...Operations: object[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations,
})
