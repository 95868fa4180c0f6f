import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { TermsAnnounced, TermsAnswered, TermsPublished, TermsRetracted } from '#contracts/identity'
import { pkce, startProvider } from '../provider/testing.ts'
import { bearer, claimsOf, startIdentity, type Person } from '../testing.ts'
import { digestOf, holdingAt, type Terms } from './terms.ts'

const texts = {
  en: { title: 'Terms of use', text: 'Be **kind**.' },
  de: { title: 'Nutzungsbedingungen', text: 'Seien Sie **nett**.' },
}
const day = 86_400_000

type Headers = Record<string, string>
type Site = Pick<Awaited<ReturnType<typeof startIdentity>>, 'post' | 'get' | 'http'> & {
  admin: () => Promise<{ headers: Headers }>
}

/** An admin who publishes, and people who answer. */
function answering(p: Site) {
  /** Who answers themselves what they have published before. */
  const root = async (): Promise<Headers> => {
    const { headers } = await p.admin()
    const open = (await standing({ headers })).filter(one => one.open)
    if (open.length === 0) return headers
    const answers = open.map(({ id }) => ({ termsId: id, agreed: true }))
    return bearer((await p.post('/agreements', { answers }, headers)).json().accessToken)
  }
  const publish = async (about: object = {}) => {
    const answer = await p.post('/terms', { key: 'terms', kind: 'terms', texts, ...about }, await root())
    assert.equal(answer.statusCode, 201, answer.body)
    return answer.json() as { id: string; version: number; effectiveAt: string; digest: string }
  }
  const signIn = async ({ email, password }: Pick<Person, 'email' | 'password'>) => {
    const answer = (await p.post('/login', { email, password })).json()
    return { ...answer, headers: bearer(answer.accessToken), claims: claimsOf(answer.accessToken) }
  }
  const agree = (who: { headers: Record<string, string> }, termsId: string, agreed = true, more = {}) =>
    p.post('/agreements', { answers: [{ termsId, agreed }] }, { ...who.headers, ...more })
  const standing = async (who: { headers: Record<string, string> }) =>
    (await p.get('/agreements', who.headers)).json().items as {
      id: string
      key: string
      open: boolean
      version: number
      answered: { answer: string; version: number } | null
    }[]
  const remove = (path: string, headers: Record<string, string>, payload?: object) =>
    p.http.inject({ method: 'DELETE', url: `/api/auth${path}`, headers, ...(payload && { payload }) })
  return { root, publish, signIn, agree, standing, remove }
}

async function startTerms(t: TestContext, environment: Record<string, string> = {}) {
  const p = await startIdentity(t, { environment })
  return { ...p, ...answering(p) }
}

test('of each key the version holds whose time came last', () => {
  const terms = (key: string, version: number, at: number): Terms => ({
    id: `${key} ${version}`,
    key,
    kind: 'terms',
    version,
    effectiveAt: new Date(at),
  })
  const all = [terms('a', 1, 1), terms('a', 2, 10), terms('a', 3, 5), terms('a', 4, 10), terms('b', 1, 7)]
  const held = (at: number) => holdingAt(all, new Date(at)).map(({ id }) => id)
  assert.deepEqual(
    [held(0), held(1), held(6), held(7), held(10)],
    [[], ['a 1'], ['a 3'], ['a 3', 'b 1'], ['a 4', 'b 1']],
  )
})

test('a version of terms asks at the next sign-in, by a claim and a code, and lets everything be once it is answered', async t => {
  const p = await startTerms(t)
  const ada = await p.person('Ada')
  p.clock.pass(1_000)
  const first = await p.publish()
  assert.equal(first.version, 1)
  assert.equal(first.digest, digestOf(texts).toString('hex'))
  const spoken = [
    ['de', texts.de.title, texts.de.text],
    ['en', texts.en.title, texts.en.text],
  ]
  assert.equal(first.digest, createHash('sha256').update(JSON.stringify(spoken)).digest('hex'), 'as it is documented')
  // The session that is there goes on, and its refreshes do.
  assert.equal((await p.get('/organisations', ada.headers)).statusCode, 200)
  const refreshed = (await p.post('/refresh', { refreshToken: ada.refreshToken })).json()
  assert.equal(refreshed.termsOpen, undefined)
  assert.equal(claimsOf(refreshed.accessToken).terms, undefined)

  p.clock.pass(1_000)
  const back = await p.signIn(ada)
  assert.deepEqual([back.termsOpen, back.claims.terms], [true, 'open'])
  const refused = await p.get('/organisations', back.headers)
  assert.deepEqual([refused.statusCode, refused.json().code], [403, 'terms_open'])
  const later = (await p.post('/refresh', { refreshToken: back.refreshToken })).json()
  assert.equal(claimsOf(later.accessToken).terms, 'open', 'a refresh is no way around it')
  assert.deepEqual(
    (await p.standing(back)).map(({ key, open, answered }) => [key, open, answered]),
    [['terms', true, null]],
  )

  const agreed = await p.agree(back, first.id, true, {
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  })
  assert.equal(agreed.statusCode, 200, agreed.body)
  const { accessToken, termsOpen } = agreed.json()
  assert.equal(termsOpen, undefined)
  assert.equal((await p.get('/organisations', bearer(accessToken))).statusCode, 200)
  assert.equal((await p.signIn(ada)).termsOpen, undefined, 'nor is it asked again')
  assert.partialDeepStrictEqual(await p.published(TermsPublished), [
    { key: 'terms', version: 1, languages: ['en', 'de'] },
  ])
  assert.partialDeepStrictEqual(await p.published(TermsAnswered), [
    { userId: ada.id, termsId: first.id, answer: 'agreed', actor: { userId: ada.id } },
  ])
  // Said again it is no news.
  assert.equal((await p.agree({ headers: bearer(accessToken) }, first.id)).statusCode, 200)
  assert.equal((await p.published(TermsAnswered)).length, 1)
  const history = (await p.get('/agreements/history', bearer(accessToken))).json().items
  assert.partialDeepStrictEqual(history, [{ answer: 'agreed', version: 1, locale: 'en', device: 'Firefox on Linux' }])
  assert.match(history[0].addressHash, /^[0-9a-f]{64}$/)

  // The next version, announced: nothing is asked before its time, and the former answer is none to it.
  const effectiveAt = new Date(p.clock.at + 15 * day).toISOString()
  const second = await p.publish({ effectiveAt })
  assert.equal((await p.agree({ headers: bearer(accessToken) }, second.id)).json().code, 'terms_not_held')
  assert.equal((await p.signIn(ada)).termsOpen, undefined)
  p.clock.pass(16 * day)
  const asked = await p.signIn(ada)
  assert.equal(asked.termsOpen, true)
  assert.equal((await p.agree(asked, first.id)).json().code, 'terms_not_held', 'what holds no more')
  assert.equal((await p.agree(asked, second.id)).statusCode, 200)
  assert.equal((await p.signIn(ada)).termsOpen, undefined)
})

test('who agreed to a version is told of the next one before it holds, once, and can read it', async t => {
  const p = await startTerms(t)
  const [ada, bob, eve, carl] = [
    await p.person('Ada'),
    await p.person('Bob'),
    await p.person('Eve'),
    await p.person('Carl'),
  ]
  p.clock.pass(1_000)
  const [first, consent] = [await p.publish(), await p.publish({ key: 'newsletter', kind: 'consent' })]
  p.clock.pass(1_000)
  for (const who of [ada, bob]) await p.agree(who, first.id)
  await p.agree(ada, consent.id)
  await p.settle()
  assert.deepEqual(await p.published(TermsAnnounced), [], 'nothing is announced that holds')

  const effectiveAt = new Date(p.clock.at + 15 * day).toISOString()
  const second = await p.publish({ effectiveAt })
  await p.publish({ key: 'newsletter', kind: 'consent', effectiveAt })
  await p.publish({ key: 'imprint', kind: 'notice', effectiveAt })
  await p.settle()
  const who = async () =>
    (await p.published(TermsAnnounced)).filter(one => [ada.id, bob.id, eve.id, carl.id].includes(one.userId))
  assert.deepEqual(
    (await who()).map(({ userId, key, version }) => [userId, key, version]).toSorted(),
    [
      [ada.id, 'terms', 2],
      [bob.id, 'terms', 2],
    ].toSorted(),
    'nobody of a consent, which is asked for by itself, nor of a first version',
  )
  assert.partialDeepStrictEqual((await who())[0], {
    termsId: second.id,
    effectiveAt,
    titles: { en: texts.en.title, de: texts.de.title },
  })

  // Who agrees to the former one only now was not there: they are told then. Said again it is no news.
  await p.agree(eve, first.id)
  await p.agree(eve, first.id)
  await p.agree(ada, first.id)
  await p.settle()
  assert.deepEqual((await who()).map(({ userId }) => userId).toSorted(), [ada.id, bob.id, eve.id].toSorted())
  assert.equal((await p.db('identity')`select from terms where announced_to is not null`).length, 0)

  // The page that the mail leads to.
  const page = (await p.http.inject({ url: '/api/auth/agree', cookies: { 'ohmnibus-access': ada.accessToken } })).body
  assert.match(page, /What will hold/)
  assert.match(page, /version 2/)
})

test('a version that many are told of goes on where it was, and tells nobody twice', async t => {
  const p = await startTerms(t)
  p.clock.pass(1_000)
  const first = await p.publish()
  const db = p.db('identity')
  const people = Array.from({ length: 1_203 }, (_, index) => `many${index}@example.com`)
  await db`
    insert into users (id, email, password_hash, first_name, last_name, role, locale, created_at)
    select gen_random_uuid(), email, 'none', 'Somebody', '', 'user', 'en', now() from unnest(${people}::text[]) email`
  await db`
    insert into terms_answers (id, user_id, terms_id, answer, locale, created_at)
    select gen_random_uuid(), id, ${first.id}, 'agreed', 'en', now() from users where email like 'many%'`
  const second = await p.publish({ effectiveAt: new Date(p.clock.at + 15 * day).toISOString() })
  await p.settle()
  const told = (await p.published(TermsAnnounced)).filter(({ termsId }) => termsId === second.id)
  assert.ok(told.length >= people.length)
  assert.equal(new Set(told.map(({ userId }) => userId)).size, told.length)
})

test('who does not answer reads their data and what is kept of them, ends sessions, and leaves; nothing else', async t => {
  const p = await startTerms(t)
  const ada = await p.person('Ada')
  p.clock.pass(1_000)
  const { id } = await p.publish()
  const { headers } = await p.signIn(ada)
  for (const path of [
    '/profile',
    '/sessions',
    '/consents',
    '/agreements',
    '/agreements/history',
    `/terms/${id}`,
    '/terms',
  ])
    assert.equal((await p.get(path, headers)).statusCode, 200, path)
  for (const path of ['/organisations', '/keys', '/clients', '/sign-ins'])
    assert.equal((await p.get(path, headers)).json().code, 'terms_open', path)
  const rename = await p.http.inject({
    method: 'PATCH',
    url: '/api/auth/profile',
    headers,
    payload: { name: 'Ada B.' },
  })
  assert.equal(rename.statusCode, 200, 'what is wrong is put right')
  assert.equal((await p.remove('/profile', headers, { password: ada.password })).statusCode, 204)
})

test('a consent is given freely, taken back as easily, never stands in the way, and a newer text does not change the older yes', async t => {
  const p = await startTerms(t)
  const ada = await p.person('Ada')
  const consent = { key: 'newsletter', kind: 'consent' }
  const first = await p.publish(consent)
  const back = await p.signIn(ada)
  assert.equal(back.termsOpen, undefined)
  const stands = async () => {
    const [one] = await p.standing(back)
    return [one!.open, one!.version, one!.answered?.answer, one!.answered?.version]
  }
  assert.deepEqual(await stands(), [false, 1, undefined, undefined])
  assert.equal((await p.agree(back, first.id, false)).statusCode, 200)
  assert.deepEqual(await stands(), [false, 1, undefined, undefined], 'a no to what nobody asked is no news')
  await p.agree(back, first.id)
  assert.deepEqual(await stands(), [false, 1, 'agreed', 1])
  p.clock.pass(1_000)
  await p.publish(consent)
  assert.deepEqual(await stands(), [false, 2, 'agreed', 1])
  assert.equal((await p.agree(back, first.id, false)).statusCode, 200, 'also by the version that was agreed to')
  assert.deepEqual(await stands(), [false, 2, 'withdrawn', 1])
  const answers = (await p.published(TermsAnswered)).map(({ answer, version }) => [answer, version])
  assert.deepEqual(answers, [
    ['agreed', 1],
    ['withdrawn', 1],
  ])
  const terms = await p.publish()
  assert.equal((await p.agree(back, terms.id, false)).json().code, 'terms_binding')
})

test('only admins with a young sign-in publish; versions that hold stay, and a key keeps its kind', async t => {
  const p = await startTerms(t)
  const [ada, root] = [await p.person('Ada'), await p.admin()]
  const body = { key: 'terms', kind: 'terms', texts }
  assert.equal((await p.post('/terms', body, ada.headers)).json().code, 'role_insufficient')
  const { id } = await p.publish()
  assert.equal((await p.post('/terms', { ...body, kind: 'consent' }, root.headers)).json().code, 'terms_kind_fixed')
  assert.equal((await p.post('/terms', { ...body, texts: {} }, root.headers)).statusCode, 400)
  const early = await p.publish({ effectiveAt: '2020-01-01T00:00:00.000Z' })
  assert.equal(early.effectiveAt, p.clock.now().toISOString(), 'nothing holds before it could be read')
  const asked = (await p.admin()).headers
  assert.equal((await p.get('/terms/versions', asked)).json().code, 'terms_open', 'they are asked too')
  const coming = await p.publish({ effectiveAt: new Date(p.clock.at + day).toISOString() })
  const read = async (path = '/terms') =>
    (await p.get(path)).json().items.map((one: { version: number }) => one.version)
  assert.deepEqual(await read(), [2, 3], 'what holds, and what will')
  const asRoot = await p.root()
  assert.equal((await p.remove(`/terms/${id}`, asRoot)).json().code, 'terms_held')
  assert.equal((await p.remove(`/terms/${coming.id}`, asRoot)).statusCode, 204)
  assert.equal((await p.remove(`/terms/${coming.id}`, asRoot)).json().code, 'terms_unknown')
  assert.equal((await p.published(TermsRetracted)).length, 1)
  assert.deepEqual(await read(), [2])
  const versions = (await p.get('/terms/versions?key=terms', asRoot)).json().items
  assert.deepEqual(
    versions.map((one: { version: number }) => one.version),
    [2, 1],
  )
  assert.equal((await p.get(`/terms/${id}`)).json().texts.de.title, texts.de.title, 'what held stays readable')
  p.clock.pass(11 * 60_000)
  assert.equal((await p.post('/terms', body, asRoot)).statusCode, 401)
})

test('neither a program nor an admin in the place of somebody agrees for them', async t => {
  const p = await startTerms(t)
  const ada = await p.person('Ada')
  const key = (
    await p.post('/keys', { name: 'Mine', scopes: ['account:read'], password: ada.password }, ada.headers)
  ).json()
  const { id } = await p.publish()
  const program = await p.agree({ headers: bearer(key.key) }, id)
  assert.deepEqual([program.statusCode, program.json().code], [403, 'scope_insufficient'])
  const root = await p.signIn(await p.admin())
  const token = (await p.agree(root, id)).json().accessToken
  const acting = await p.post(`/users/${ada.id}/act`, { reason: 'Ticket 4711' }, bearer(token))
  assert.equal(acting.statusCode, 201, acting.body)
  const acted = await p.agree({ headers: bearer(acting.json().accessToken) }, id)
  assert.deepEqual([acted.statusCode, acted.json().code], [403, 'acting_for_another'])
  assert.equal((await p.published(TermsAnswered)).filter(({ userId }) => userId === ada.id).length, 0)
})

test('of who leaves the proof stays under a pseudonym for its time, without device and address, then nothing', async t => {
  const p = await startTerms(t, { TERMS_ANSWERS_KEPT: '30d' })
  const ada = await p.person('Ada')
  const { id } = await p.publish()
  const { headers } = await p.signIn(ada)
  await p.agree({ headers }, id)
  assert.equal((await p.remove('/profile', headers, { password: ada.password })).statusCode, 204)
  await p.settle()
  const answers = () =>
    p.db('identity')`select device, address_hash, answer from terms_answers where user_id = ${ada.id}`
  assert.deepEqual([...(await answers())], [{ device: null, address_hash: null, answer: 'agreed' }])
  const { deleteLeftAnswers } = await import('./store.ts')
  const forget = () => p.db('identity').begin(tx => deleteLeftAnswers(tx as never, new Date(p.clock.at - 30 * day)))
  p.clock.pass(29 * day)
  await forget()
  assert.equal((await answers()).length, 1)
  p.clock.pass(2 * day)
  await forget()
  assert.equal((await answers()).length, 0)
})

test('twenty answers at once are one', async t => {
  const p = await startTerms(t)
  const ada = await p.person('Ada')
  const { id } = await p.publish()
  const { headers } = await p.signIn(ada)
  const all = await Promise.all(Array.from({ length: 20 }, () => p.agree({ headers }, id)))
  assert.deepEqual([...new Set(all.map(({ statusCode }) => statusCode))], [200])
  assert.equal((await p.published(TermsAnswered)).length, 1)
  assert.equal((await p.get('/agreements/history', headers)).json().items.length, 1)
})

test('on pages one is led from the sign-in to the terms, and on to where one wanted; an app is let in only then', async t => {
  const p = await startProvider(t)
  const { publish } = answering({ ...p, admin: async () => p.admin })
  const { id } = await publish()
  const client = await p.register()
  const jar = new Map<string, string>()
  const signedIn = await p.open(jar, '/api/auth/sign-in?return=/api/auth/devices', {
    email: p.ada.email,
    password: p.ada.password,
  })
  assert.equal(signedIn.headers.location, '/api/auth/agree?return=%2Fapi%2Fauth%2Fdevices')
  assert.match(String((await p.open(jar, '/api/auth/sign-in')).headers.location), /^\/api\/auth\/agree/)
  const { challenge } = pkce()
  const way = await p.open(jar, p.wayTo(client, challenge))
  assert.match(String(way.headers.location), /^\/api\/auth\/agree\?return=%2Fapi%2Fauth%2Fauthorize/)
  const silent = p.ledTo(await p.open(jar, p.wayTo(client, challenge, { prompt: 'none' })))
  assert.equal(silent.searchParams.get('error'), 'interaction_required')

  const page = await p.open(jar, String(signedIn.headers.location), undefined, { 'accept-language': 'de' })
  assert.match(page.body, /Nutzungsbedingungen[\s\S]*<strong>nett<\/strong>/)
  assert.match(page.body, /href="\/api\/users\/export"[\s\S]*href="\/api\/auth\/leave"/)
  const nonsense = await p.open(jar, String(signedIn.headers.location), { agreed: 'nonsense' })
  assert.equal(nonsense.statusCode, 400)
  assert.match(nonsense.body, /Nothing was chosen/)
  const forged = await p.open(
    jar,
    String(signedIn.headers.location),
    { agreed: id },
    { 'sec-fetch-site': 'cross-site' },
  )
  assert.equal(forged.statusCode, 403)
  const answered = await p.open(jar, String(signedIn.headers.location), { agreed: id })
  assert.equal(answered.headers.location, '/api/auth/devices')
  assert.match((await p.open(jar, p.wayTo(client, challenge))).body, /Let “Fleet planner” in/)
  assert.match((await p.open(jar, '/api/auth/agree')).body, /You agreed on/)

  const wrong = await p.open(jar, '/api/auth/leave', { password: 'not the right one' })
  assert.equal(wrong.statusCode, 403)
  assert.match(wrong.body, /The password is wrong/)
  const left = await p.open(jar, '/api/auth/leave', { password: p.ada.password })
  assert.equal(left.headers.location, '/api/auth/leave?done=gone')
  assert.match((await p.open(jar, '/api/auth/leave?done=gone')).body, /Your account is deleted/)
  assert.equal((await p.post('/login', { email: p.ada.email, password: p.ada.password })).statusCode, 401)
})
