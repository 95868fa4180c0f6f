import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { getOrganisation, OrganisationKindsChanged } from '#contracts/identity'
import { newId } from '#kernel'
import { held, startOrganisations, type Person } from '../testing.ts'
import { readIdentifiers } from './identifiers.ts'

async function startOperators(t: TestContext) {
  const p = await startOrganisations(t)
  const request = (method: 'PUT' | 'DELETE' | 'PATCH', path: string, headers: Person['headers'], payload?: object) =>
    p.http.inject({ method, url: `/api/auth${path}`, headers, ...(payload && { payload }) })
  const identify = (who: Person, id: string, ...identifiers: [string, string][]) =>
    request('PUT', `/organisations/${id}/identifiers`, who.headers, {
      identifiers: identifiers.map(([scheme, value]) => ({ scheme, value })),
    })
  /** A document of the organisation. */
  const documentOf = (id: string) => {
    const docId = newId()
    p.evidence.set(docId, id)
    return docId
  }
  const askFor = (who: Person, id: string, kind: string, evidence = [documentOf(id)]) =>
    p.post(`/organisations/${id}/kinds`, { kind, evidence }, who.headers)
  const decide = (headers: Person['headers'], kindId: string, state = 'verified', note?: string) =>
    request('PUT', `/organisation-kinds/${kindId}`, headers, { state, ...(note && { note }) })
  const standing = async (organisationId: string) => await p.ask(getOrganisation, { organisationId })
  return { ...p, request, identify, documentOf, askFor, decide, standing }
}

test('an owner asks with documents what their organisation is, an admin verifies it, and the world is told', async t => {
  const p = await startOperators(t)
  const [ada, root] = [await p.person('Ada'), await p.admin()]
  const id = await p.found(ada)
  assert.equal((await p.askFor(ada, id, 'manufacturer')).json().code, 'identifier_missing')
  assert.equal((await p.identify(ada, id, ['VAT', 'de 136.695.976'], ['GLN', '4012345000009'])).statusCode, 200)
  const asked = (await p.askFor(ada, id, 'manufacturer')).json()
  assert.equal(asked.state, 'asked')
  assert.deepEqual((await p.standing(id)).kinds, [], 'who asks is nothing yet')
  const waiting = (await p.get('/organisation-kinds', root.headers)).json().items
  assert.deepEqual(waiting, [asked])
  const verified = await p.decide(root.headers, asked.id, 'verified', 'Looked up.')
  assert.partialDeepStrictEqual(verified.json(), { state: 'verified', note: 'Looked up.' })
  const numbers = [
    { scheme: 'GLN', value: '4012345000009' },
    { scheme: 'VAT', value: 'DE136695976' },
  ]
  assert.partialDeepStrictEqual(await p.standing(id), { kinds: ['manufacturer'], identifiers: numbers })
  assert.partialDeepStrictEqual((await p.published(OrganisationKindsChanged)).at(-1), {
    organisationId: id,
    kinds: ['manufacturer'],
    identifiers: numbers,
    decided: { kind: 'manufacturer', state: 'verified', note: 'Looked up.' },
  })
  assert.equal((await p.askFor(ada, id, 'manufacturer')).json().code, 'kind_decided')
  assert.equal((await p.decide(root.headers, asked.id, 'refused')).statusCode, 400, 'not without the reason')
  assert.equal((await p.decide(root.headers, asked.id, 'refused', 'Struck off.')).statusCode, 200)
  assert.deepEqual((await p.standing(id)).kinds, [])
})

test('nobody verifies themselves, and only owners ask', async t => {
  const p = await startOperators(t)
  const [ada, bea, root] = [await p.person('Ada'), await p.person('Bea'), await p.admin()]
  const id = await p.found(ada)
  await p.join(ada, id, bea, 'admin')
  const gln: [string, string] = ['GLN', '4012345000009']
  assert.equal((await p.identify(bea, id, gln)).json().code, 'organisation_owner_required')
  assert.equal((await p.askFor(bea, id, 'importer')).json().code, 'organisation_owner_required')
  await p.identify(ada, id, gln)
  const asked = (await p.askFor(ada, id, 'importer')).json()
  assert.equal((await p.decide(ada.headers, asked.id)).statusCode, 403)
  const own = await p.found({ ...ada, headers: root.headers }, 'Of an admin')
  await p.identify({ ...ada, headers: root.headers }, own, gln)
  const mine = (await p.askFor({ ...ada, headers: root.headers }, own, 'importer')).json()
  assert.equal((await p.decide(root.headers, mine.id)).json().code, 'kind_own')
})

test('the evidence is a document of the organisation; one of another is as one that nobody has', async t => {
  const p = await startOperators(t)
  const ada = await p.person('Ada')
  const [id, other] = [await p.found(ada), await p.found(ada, 'Other GmbH')]
  for (const evidence of [[newId()], [p.documentOf(id), p.documentOf(other)]]) {
    const refused = await p.askFor(ada, id, 'authority', evidence)
    assert.equal(refused.json().code, 'evidence_unknown')
    assert.equal(refused.json().errors[0].pointer, `/evidence/${evidence.length - 1}`)
  }
})

test('whoever changes name or numbers after an admin looked is not verified with the new ones', async t => {
  const p = await startOperators(t)
  const [ada, root] = [await p.person('Ada'), await p.admin()]
  const id = await p.found(ada)
  await p.identify(ada, id, ['GLN', '4012345000009'])
  const asked = (await p.askFor(ada, id, 'recycler')).json()
  await p.identify(ada, id, ['LEI', '529900T8BM49AURSDO55'])
  assert.equal((await p.decide(root.headers, asked.id)).json().code, 'kind_unknown', 'it is not what was looked at')
  const again = async () => (await p.get('/organisation-kinds', root.headers)).json().items[0].id as string
  assert.equal((await p.decide(root.headers, await again())).statusCode, 200)
  await p.identify(ada, id, ['LEI', '529900T8BM49AURSDO55'], ['GLN', '4012345000009'])
  assert.deepEqual((await p.standing(id)).kinds, ['recycler'], 'one that is added changes nothing')
  await p.request('PATCH', `/organisations/${id}`, ada.headers, { name: 'Someone Famous AG' })
  assert.deepEqual((await p.standing(id)).kinds, [])
  assert.deepEqual((await p.published(OrganisationKindsChanged)).at(-1)!.kinds, [])
  assert.equal((await p.decide(root.headers, await again())).statusCode, 200)
  await p.identify(ada, id)
  assert.deepEqual((await p.standing(id)).kinds, [])
})

test('of two that say the same number one is verified, also when two admins decide at once', async t => {
  const p = await startOperators(t)
  const [ada, eve, root] = [await p.person('Ada'), await p.person('Eve'), await p.admin()]
  const kinds: string[] = []
  for (const who of [ada, eve]) {
    const id = await p.found(who)
    await p.identify(who, id, ['GLN', '4012345000009'])
    kinds.push((await p.askFor(who, id, 'operator')).json().id)
  }
  const answers = await held(
    p.db('identity'),
    tx => tx`select pg_advisory_xact_lock(hashtext('identity verifies organisations'))`,
    () => kinds.map(id => p.decide(root.headers, id)),
  )
  assert.deepEqual(answers.map(({ statusCode }) => statusCode).sort(), [200, 409])
  assert.equal(answers.find(({ statusCode }) => statusCode === 409)!.json().code, 'identifier_taken')
})

test('numbers are checked by their check digits, whatever way they are written', async () => {
  const read = async (scheme: string, value: string) =>
    await readIdentifiers([{ scheme: scheme as 'VAT', value }]).then(
      ([one]) => one!.value,
      ({ code }) => code,
    )
  assert.equal(await read('VAT', 'FR 40 303 265 045'), 'FR40303265045')
  assert.equal(await read('LEI', '5299 00T8 BM49 AURSDO55'), '529900T8BM49AURSDO55')
  assert.equal(await read('EORI', 'de1234567'), 'DE1234567')
  for (const [scheme, value] of [
    ['VAT', 'DE136695977'],
    ['VAT', 'ZZ1'],
    ['LEI', '529900T8BM49AURSDO56'],
    ['GLN', '4012345000008'],
    ['EORI', '1234'],
  ] as const)
    assert.equal(await read(scheme, value), 'identifier_invalid', value)
  await assert.rejects(
    readIdentifiers([
      { scheme: 'GLN', value: '4012345000009' },
      { scheme: 'GLN', value: '4012345000009' },
    ]),
    { code: 'identifier_invalid' },
  )
})

test('an organisation changes hands in one step, and only by who owns it and signed in a moment ago', async t => {
  const p = await startOperators(t)
  const [ada, bea, eve] = [await p.person('Ada'), await p.person('Bea'), await p.person('Eve')]
  const id = await p.found(ada)
  await p.join(ada, id, bea, 'viewer')
  const transfer = (who: Person, to: Person, stayAs: string | null) =>
    p.post(`/organisations/${id}/transfer`, { userId: to.id, stayAs }, who.headers)
  assert.equal((await transfer(bea, bea, 'admin')).json().code, 'organisation_owner_required')
  assert.equal((await transfer(ada, eve, 'admin')).json().code, 'member_unknown')
  assert.equal((await transfer(ada, ada, 'admin')).json().code, 'member_unknown')
  p.clock.pass(16 * 60_000)
  const later = await p.renew(ada)
  assert.equal((await transfer(later, bea, null)).json().code, 'fresh_sign_in_required')
  const signedIn = (await p.post('/login', { email: ada.email, password: ada.password })).json().accessToken
  const handed = await transfer({ ...ada, headers: { authorization: `Bearer ${signedIn}` } }, bea, null)
  assert.deepEqual(
    handed.json().members.map(({ userId, role }: { userId: string; role: string }) => [userId, role]),
    [[bea.id, 'owner']],
  )
  assert.deepEqual(await p.roles(id), { [bea.id]: 'owner' })
})
