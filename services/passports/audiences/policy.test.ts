import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId, type Actor } from '#kernel'
import { attributes, policyDifference, policyInForce, type Policy } from '#law'
import table from '../../../law/data/policy.json' with { type: 'json' }
import { codeOf, open, publishable } from '../testing.ts'

/** What an act might say, as a file beside the one in force. */
const coming = (): Policy & { id: string } => ({
  ...structuredClone(policyInForce),
  id: 'art-77-9',
  title: 'As an act might have it',
  purposes: policyInForce.purposes.map(one => (one.id === 'purchase' ? { ...one, points: [1] } : one)),
  audiences: {
    ...policyInForce.audiences,
    interest: { ...policyInForce.audiences.interest, actions: ['view'] },
  },
  attributes: { ...policyInForce.attributes, stateOfCharge: 1 },
})

test('the policy says who sees what, and a coming one is shown by what it changes before it decides', async t => {
  const { nobody } = await open(t)
  const { status, body } = await nobody.get('/policy')
  assert.equal(status, 200)
  assert.equal(body.attributes.length, attributes.length)
  assert.deepEqual(
    body.audiences.map(({ audience, points, actions }: any) => [audience, points.join(), actions.join()]),
    [
      ['public', '1', 'view,download'],
      ['authority', '1,2,3', 'view,download'],
      ['interest', '1,2,4', 'view,download'],
    ],
  )
  assert.deepEqual(
    body.purposes.map(({ id, grant }: any) => [id, grant]),
    [
      ['treatment', true],
      ['purchase', true],
    ],
  )
  assert.ok(body.authorities.some(({ kind }: any) => kind === 'market_surveillance'))
  assert.deepEqual([body.state, body.drafts, body.awaits[0].article], ['in_force', [], 'Art. 77(9)'])
  assert.deepEqual(await codeOf(nobody.get('/policy/art-77-9')), [404, 'passport_policy_unknown'])
  assert.deepEqual((await nobody.get(`/policy/${body.id}`)).body.changes, [])

  const drafts = table.drafts as unknown as Policy[]
  drafts.push(coming())
  t.after(() => void drafts.pop())
  const { policy, against, changes } = (await nobody.get('/policy/art-77-9')).body
  assert.deepEqual([policy.state, against.id], ['draft', body.id])
  assert.deepEqual(
    changes.map(({ of, id }: any) => `${of} ${id}`),
    ['audience interest', 'purpose purchase', 'attribute stateOfCharge'],
  )
  assert.deepEqual([changes[2].was, changes[2].is], [4, 1])
  assert.equal((await nobody.get('/policy')).body.drafts[0].id, 'art-77-9')
  const [gone] = policyDifference(coming(), { ...coming(), authorities: [] })
  assert.deepEqual([gone!.of, gone!.is], ['authority', null])
})

test('a policy that lets somebody see and not have it keeps files from them, and from nobody else', async t => {
  const { p, as } = await open(t)
  const [owner, reader] = [{ userId: newId() }, { userId: newId() }]
  const ada = as(owner)
  const { id } = await ada.make(publishable('BP-1'))
  await ada.post(`/${id}/publish`)
  await ada.put(`/${id}/readers/${reader.userId}`, { kind: 'person', audience: 'interest' })
  const exported = async (who: Partial<Actor>) => {
    const url = `/api/exchange/passports/${id}?download=true`
    const { statusCode, json } = await p.http.inject({ url, headers: p.signedIn(who) })
    return [statusCode, json().code]
  }
  const given = [200, undefined]
  assert.deepEqual(await exported(reader), given)
  const { actions } = table.audiences.interest
  // Whoever is everybody too has what everybody has.
  const everybody = table.audiences.public.actions
  const before = [[...actions], [...everybody]] as const
  t.after(() => {
    actions.splice(0, Infinity, ...before[0])
    everybody.splice(0, Infinity, ...before[1])
  })
  actions.splice(1)
  everybody.splice(1)
  assert.deepEqual(await exported(reader), [403, 'action_closed'])
  assert.equal((await as(reader).get(`/${id}`)).body.audience, 'interest', 'they see it still')
  assert.deepEqual(await exported(owner), given)
  assert.deepEqual(await exported({ role: 'authority' }), given)
})
