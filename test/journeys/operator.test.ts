import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from '../../kernel/testing.ts'
import { documents } from '../../services/documents/service.ts'
import { identity } from '../../services/identity/service.ts'
import { notifications } from '../../services/notifications/service.ts'
import { passports } from '../../services/passports/service.ts'
import { baseline, client, codeIn, mailsIn, register } from './client.ts'
import { becomeManufacturer } from './operator.ts'

const password = 'quiet trains at dawn'
const admin = { email: 'root@example.com', password: 'no train before dawn' }

test('on a platform at work a draft of a person is published by the organisation that an admin has verified', async t => {
  const p = await start(t, [identity, documents, passports, notifications], {
    environment: {
      // Named, it is no platform to look at; the test has a database of its own.
      DATABASE_URL: 'postgres://nobody@localhost/none',
      PUBLIC_URL: 'http://localhost:3000',
      HOST: '127.0.0.1',
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
    },
  })
  const address = await p.listen()
  const codeFor = async (email: string): Promise<string> => {
    await p.settle()
    return codeIn((await mailsIn(p.platform.mailFolder!)).findLast(mail => mail.to === email)!)
  }
  const ada = client(address)
  await register(ada, '/api/auth', { email: 'ada@example.com', password, name: 'Ada' }, codeFor)
  const { id } = await ada.get(201, 'POST /api/passports', { data: baseline('BP-2024-011') })
  const at = `/api/passports/${id}`
  const refused = await ada.get(403, `POST ${at}/publish`)
  assert.equal(refused.code, 'economic_operator_required')

  const root = client(address)
  root.use(await root.get(200, 'POST /api/auth/login', admin))
  assert.equal((await root.get(403, `POST ${at}/publish`)).code, 'economic_operator_required')
  const organisationId = await becomeManufacturer(root, ada, 'Voltaic GmbH')
  await ada.get(200, `POST ${at}/move`, { organisationId })
  // At once: its event may be on the way.
  assert.equal((await ada.get(200, `POST ${at}/publish`)).status, 'published')

  await ada.get(204, `DELETE /api/auth/organisations/${organisationId}/kinds/manufacturer`)
  await p.settle()
  const other = await ada.get(201, 'POST /api/passports', { data: baseline('BP-2024-012') })
  const again = await ada.get(403, `POST /api/passports/${other.id}/publish`)
  assert.match(again.detail, new RegExp(`/api/auth/organisations/${organisationId}/kinds`))
  assert.equal((await ada.get(200, `PUT ${at}`, { data: { ...baseline('BP-2024-011'), note: 1 } })).status, 'published')
})
