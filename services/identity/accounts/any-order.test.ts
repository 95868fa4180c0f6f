import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer, startOrganisations } from '../testing.ts'

test('in whatever order people are disabled, invited, demoted, removed and deleted, nothing fails, and somebody is left in charge', async t => {
  const { http, post, person, admin, found, invite, join, invitationFor, db } = await startOrganisations(t)
  const root = { ...(await admin()), accessToken: '', refreshToken: '' }
  const people = [root, ...(await Promise.all(['Ada', 'Bea', 'Eve', 'Kim'].map(name => person(name))))]
  const id = await found(people[1]!)
  for (const who of people.slice(2)) await join(people[1]!, id, who, 'owner')
  // One a seed, so that a failure can be had again.
  let seed = 20270218
  const below = (end: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % end
  const any = () => people[below(people.length)]!
  const ask = (method: 'PUT' | 'DELETE' | 'PATCH', url: string, payload?: object) =>
    http.inject({ method, url: `/api/auth${url}`, headers: any().headers, ...(payload && { payload }) })
  const acts = [
    () => ask('PUT', `/users/${any().id}/disabled`, { disabled: below(2) === 1 }),
    () => ask('PUT', `/users/${any().id}/role`, { role: ['admin', 'user'][below(2)] }),
    () => ask('PUT', `/organisations/${id}/members/${any().id}`, { role: ['owner', 'admin', 'viewer'][below(3)] }),
    () => ask('DELETE', `/organisations/${id}/members/${any().id}`),
    () => ask('DELETE', '/profile', { password: below(4) === 0 ? 'quiet trains at dawn' : 'wrong' }),
    () => ask('PATCH', `/organisations/${id}`, { name: 'Another' }),
    () => post(`/organisations/${id}/switch`, undefined, any().headers),
    () => post('/organisations/personal/switch', undefined, any().headers),
    () => invite(any(), id, any().email, 'editor'),
    async () =>
      post('/invitations/accept', { token: await invitationFor(any().email).catch(() => 'none') }, any().headers),
  ]
  for (let round = 0; round < 12; round++) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => acts[below(acts.length)]!()))
    for (const answer of answers) assert.ok(answer.statusCode < 500, `round ${round}: ${answer.body}`)
    const [left] = await db('identity')`
      select (select count(*)::int from users where role = 'admin' and not disabled) as admins,
        (select count(*)::int from organisations o where not exists (
          select from members m where m.organisation_id = o.id and m.role = 'owner')) as "without owner"`
    assert.ok(left!.admins > 0, `round ${round}`)
    assert.equal(left!['without owner'], 0, `round ${round}`)
    for (const who of people) {
      const { accessToken } = (await post('/login', { email: who.email, password: who.password })).json()
      if (accessToken) who.headers = bearer(accessToken)
    }
  }
})
