import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passports } from '../../services/passports/service.ts'
import { startIdentity } from '../../services/identity/testing.ts'
import { bearer } from '../../services/identity/testing.ts'

test('an admin does not change the own account, in whatever case the id is typed', async t => {
  const { http, admin } = await startIdentity(t)
  const { id, headers } = await admin()
  for (const [path, payload] of [
    ['role', { role: 'user' }],
    ['disabled', { disabled: true }],
  ] as const) {
    const url = `/api/auth/users/${id.toUpperCase()}/${path}`
    const answer = await http.inject({ method: 'PUT', url, headers, payload })
    assert.deepEqual([answer.statusCode, answer.json().code], [409, 'own_account'], path)
  }
})

test('who acts for an organisation whose id was typed in capitals reads what they made for it', async t => {
  const { http, post, person } = await startIdentity(t, {}, [passports])
  const ada = await person('Ada')
  const { id } = (await post('/organisations', { name: 'Voltaic' }, ada.headers)).json()
  const { accessToken, user } = (await post(`/organisations/${id.toUpperCase()}/switch`, undefined, ada.headers)).json()
  assert.equal(user.organisation.id, id)
  const headers = bearer(accessToken)
  const made = await http.inject({ method: 'POST', url: '/api/passports', headers, payload: { data: { a: 1 } } })
  assert.deepEqual([made.statusCode, made.json().owner.id], [201, id])
  const found = await http.inject({ url: `/api/passports/${made.json().id.toUpperCase()}`, headers })
  assert.deepEqual([found.statusCode, found.json().id], [200, made.json().id])
  const listed = await http.inject({ url: `/api/passports?owner=${id.toUpperCase()}`, headers })
  assert.equal(listed.json().items.length, 1)
})
