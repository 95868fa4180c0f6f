import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { newId, type Actor } from '#kernel'
import { getPassportFacts } from '#contracts/passports'
import { BatterySold } from '#contracts/orders'
import { attributes, categories, withheld, type Attribute } from '#law'
import policy from '../law/data/policy.json' with { type: 'json' }
import { open } from '../services/passports/testing.ts'

/**
 * The leak test: each attribute of each category has a marker of its own, each reader fetches every surface, and no marker
 * is where the law does not open it, nor missing where it does. A surface is added here with itself.
 */

const today = new Date().toISOString().slice(0, 10)
const reach = { public: [1], authority: [1, 2, 3], interest: [1, 2, 4], both: [1, 2, 3, 4] }
type Audience = keyof typeof reach

let counter = 0
/** Digits that stand nowhere else, in a value that its attribute takes. */
const next = (): string => String(70_000_000 + ++counter * 13)

/** A value of the attribute and the marker that it carries. */
function marked(attribute: Attribute): { value: unknown; marker: string } {
  const { id, type, unit } = attribute
  const marker = next()
  const text = `zq${marker}`
  // What may not be above a hundred has its marker behind the point.
  const digits = unit === '%' || unit === '%/month' || unit === '°C' ? `1.${marker}` : marker
  const number = { value: ['cycles', 'events'].includes(unit ?? '') ? marker : digits, unit }
  const values: Partial<Record<typeof type, unknown>> = {
    quantity: number,
    count: number,
    bySoc: [{ soc: '80', ...number }],
    byPart: { pack: number },
    readings: { value: [{ at: '2027-02-18', value: digits, unit }] },
    month: { value: `2027-02` },
    date: { value: '2027-02-18' },
    duration: { value: `P${marker}D` },
    uri: { value: `https://example.com/${text}` },
    links: { value: [`https://example.com/${text}`] },
    symbol: { value: `https://example.com/${text}` },
    document: { value: { title: text, url: 'https://example.com/' } },
    documents: { value: [{ title: text, url: 'https://example.com/' }] },
    texts: { value: [text] },
    localized: { value: [{ language: 'en', value: text }] },
    contact: { value: { name: text } },
    contacts: { value: [{ name: text }] },
    chemistry: { value: { clearName: text } },
    materials: { value: [{ name: text }] },
    parts: { value: [{ name: text }] },
    events: { value: [{ description: text }] },
    enum: { value: id === 'batteryStatus' ? 're-used' : undefined },
  }
  const value = values[type] ?? { value: text }
  const found = /\b2027-02(-18)?\b|re-used/.exec(JSON.stringify(value))
  return {
    value: { ...(Array.isArray(value) || type === 'byPart' ? { value } : (value as object)), evidence: `ev${marker}` },
    marker: type === 'month' || type === 'date' || type === 'enum' ? (found?.[0] ?? '') : marker,
  }
}

/** Attributes that somebody writes, but what says of which category it is, and what has no marker that could be told. */
const written = attributes.filter(({ otherwise, id }) => otherwise !== 'computed' && id !== 'batteryCategory')

interface Case {
  id: string
  category: string
  markers: Map<string, string>
  evidence: string[]
  owner: Partial<Actor>
}

async function published(of: Awaited<ReturnType<typeof open>>, category: string, owner: Partial<Actor>): Promise<Case> {
  const all = written.map(attribute => [attribute.id, marked(attribute)] as const)
  const values = Object.fromEntries(all.map(([id, { value }]) => [id, value]))
  const ada = of.as(owner)
  const { id } = await ada.make({
    attributes: { ...values, batteryCategory: { value: category } },
    hidden: { note: 'zqhidden1', batteryMass: 'zqhidden2' },
    generalInformation: { batteryMass: { value: 5, unit: 'kg', margin: 'zqhidden3' } },
  })
  assert.equal((await ada.post(`/${id}/publish`)).status, 200)
  return {
    id,
    category,
    owner,
    markers: new Map(all.map(([id, { marker }]) => [id, marker])),
    evidence: [
      ...all.map(([, { marker }]) => `ev${marker}`).filter(text => text.length > 4),
      'zqhidden1',
      'zqhidden2',
      'zqhidden3',
    ],
  }
}

/** Every surface on which something about a passport leaves, as the texts that leave there. */
async function surfaces(of: Awaited<ReturnType<typeof open>>, { id }: Case, reader: Partial<Actor> | undefined) {
  const headers = reader ? of.p.signedIn(reader) : {}
  const get = async (url: string): Promise<string> => {
    const answer = await of.p.http.inject({ url, headers })
    return `${answer.statusCode} ${JSON.stringify(answer.headers)} ${answer.body}`
  }
  const at = new Date(Date.now() + 60_000).toISOString()
  const api = `/api/passports/${id}`
  return {
    read: await get(api),
    past: await get(`${api}?at=${encodeURIComponent(at)}`),
    attributes: await get(`${api}/attributes`),
    attributesPast: await get(`${api}/attributes?at=${encodeURIComponent(at)}`),
    versions: await get(`${api}/versions`),
    children: await get(`${api}/children`),
    list: await get('/api/passports?limit=100'),
    count: await get('/api/passports/count'),
    readers: await get(`${api}/readers`),
    readiness: await get(`${api}/readiness`),
    log: await get(`${api}/access-log`),
    page: await get(`/passports/${id}`),
    public: await get(`/passport/${id}`),
    maltese: await get(`/passport/${id}?lang=mt`),
    head: JSON.stringify((await of.p.http.inject({ method: 'HEAD', url: api, headers })).headers),
    changed: (await of.p.http.inject({ method: 'PUT', url: api, headers, payload: { data: {} } })).body,
    unpublished: (await of.p.http.inject({ method: 'DELETE', url: api, headers })).body,
  }
}

/** By the table of attributes, which was written from Annex XIII: not by the policy that decides. */
const isOpen = (audience: Audience, { id, point }: Attribute, category: string): boolean =>
  reach[audience].includes(point) && !withheld(id, category, today)

/** Each reader: who they are, and as whom the law sees them. */
const readers = (interested: string): [string, Audience, Partial<Actor> | undefined][] => [
  ['nobody', 'public', undefined],
  ['a stranger', 'public', { userId: newId() }],
  ['an interest without a grant', 'public', { userId: newId(), role: 'interest' }],
  ['an operator', 'public', { userId: newId(), role: 'operator' }],
  ['an authority', 'authority', { userId: newId(), role: 'authority' }],
  ['who has a legitimate interest', 'interest', { userId: interested }],
  ['an authority with an interest', 'both', { userId: interested, role: 'authority' }],
]

async function setUp(t: TestContext) {
  const of = await open(t)
  const owner = { userId: newId() }
  const interested = newId()
  return { of, owner, interested }
}

/** Fails at the first marker that is where it may not be, or is not where it should be. */
async function requireExact(of: Awaited<ReturnType<typeof open>>, one: Case, interested: string): Promise<void> {
  for (const [name, audience, reader] of readers(interested)) {
    const found = await surfaces(of, one, reader)
    const all = Object.entries(found)
    for (const attribute of written) {
      const { id } = attribute
      const marker = one.markers.get(id)!
      // Dates and states have no marker that stands nowhere else: their names are looked for.
      const sign = /^[a-z0-9]*\d{8}$/.test(marker) ? marker : `"${id}"`
      if (isOpen(audience, attribute, one.category))
        for (const surface of ['read', 'past', 'attributes', 'attributesPast'] as const)
          assert.ok(found[surface].includes(sign), `${name} does not see ${id} by ${surface}`)
      else for (const [surface, text] of all) assert.ok(!text.includes(sign), `${name} sees ${id} by ${surface}`)
    }
    for (const secret of one.evidence)
      for (const [surface, text] of all) assert.ok(!text.includes(secret), `${name} sees ${secret} by ${surface}`)
  }
}

suite('who sees what', () => {
  for (const category of categories)
    test(`of a ${category} battery nothing leaves but what the law opens, and all of that`, async t => {
      const { of, owner, interested } = await setUp(t)
      const one = await published(of, category, owner)
      const lent = { kind: 'person', audience: 'interest' }
      assert.equal((await of.as(owner).put(`/${one.id}/readers/${interested}`, lent)).status, 204)
      await requireExact(of, one, interested)
      const own = await surfaces(of, one, owner)
      for (const [attribute, marker] of one.markers)
        assert.ok(own.read.includes(marker) && own.attributes.includes(marker), `its owner sees ${attribute}`)
    })

  test('a draft is nobody else’s, to each as one that is not there', async t => {
    const { of, owner, interested } = await setUp(t)
    const { id } = await of.as(owner).make({ attributes: { batteryMass: { value: '77123', unit: 'kg' } } })
    await of.as(owner).put(`/${id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    for (const [name, , reader] of readers(interested)) {
      const client = reader ? of.as(reader) : of.nobody
      for (const path of ['', '/attributes', '/versions', '/children', '/access-log', '/readiness']) {
        const [known, unknown] = [await client.get(`/${id}${path}`), await client.get(`/${newId()}${path}`)]
        assert.deepEqual([known.status, known.body.code], [unknown.status, unknown.body.code], `${name} ${path}`)
        assert.ok(known.status >= 401, `${name} ${path}`)
      }
    }
  })

  test('a hidden change moves no number, no time, no tag, no order and no list', async t => {
    let minute = 10
    const of = await open(t, { now: () => new Date(`2027-03-01T10:${minute}:00Z`) })
    const owner = { userId: newId() }
    const interested = newId()
    const ada = of.as(owner)
    const base = { batteryIdentifier: 'A', batteryCategory: 'EV', batteryModel: 'M' }
    const saying = (more: object) => ({ data: { generalInformation: base, ...more } })
    const { id } = await ada.make(saying({}).data)
    await ada.post(`/${id}/publish`)
    const other = await ada.make({ ...saying({}).data, generalInformation: { ...base, batteryIdentifier: 'B' } })
    minute++
    await ada.post(`/${other.id}/publish`)
    for (const one of [id, other.id])
      await ada.put(`/${one}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    const clients = readers(interested).map(([name, audience, who]) => ({
      name,
      audience,
      client: who ? of.as(who) : of.nobody,
    }))
    const state = async (client: (typeof clients)[number]['client']) => {
      const read = await client.get(`/${id}`)
      const items = async (path: string) => (await client.get(path)).body?.items ?? null
      return JSON.stringify([
        read.body,
        read.headers.etag,
        read.headers['last-modified'],
        (await client.get(`/${id}/attributes`)).body,
        (await client.get(`/${id}/attributes`)).headers.etag,
        await items(`/${id}/versions`),
        await items('?sort=-updatedAt&limit=100'),
        await items('?changedSince=2027-03-01T10:30:00Z'),
      ])
    }
    minute = 40
    const changes: [object, Audience[]][] = [
      [{ note: 'only the owner’s' }, []],
      [{ attributes: { batteryStatus: { value: 're-used' } } }, ['interest', 'both']],
      [{ attributes: { testReportResults: { value: ['https://example.com/r'] } } }, ['authority', 'both']],
      [{ attributes: { recycledCobaltPreConsumer: { value: '3', unit: '%' } } }, []],
      [
        { attributes: { dismantlingInformation: { value: ['https://example.com/d'] } } },
        ['authority', 'interest', 'both'],
      ],
      [{ attributes: { batteryMass: { value: '450', unit: 'kg' } } }, ['public', 'authority', 'interest', 'both']],
      [{ attributes: { batteryMass: { value: '450', unit: 'kg', evidence: 'e' } } }, []],
    ]
    let data = saying({}).data as Record<string, unknown> & { attributes?: object }
    for (const [change, movesFor] of changes) {
      const before = await Promise.all(clients.map(({ client }) => state(client)))
      minute++
      const { attributes: more, ...rest } = change as { attributes?: object }
      data = { ...data, ...rest, attributes: { ...data.attributes, ...more } }
      const put = await ada.put(`/${id}`, { data })
      assert.equal(put.status, 200, put.text)
      const after = await Promise.all(clients.map(({ client }) => state(client)))
      for (const [at, { name, audience }] of clients.entries())
        assert.equal(
          before[at] !== after[at],
          movesFor.includes(audience),
          `${JSON.stringify(change)} for ${name}\n${before[at]}\n${after[at]}`,
        )
    }
    const versions = (await of.nobody.get(`/${id}/versions`)).body.items
    assert.deepEqual(
      versions.map(({ version, actor, updatedFields }: Record<string, unknown>) => [version, actor, updatedFields]),
      [
        [2, undefined, ['/attributes/batteryMass/value', '/attributes/batteryMass/unit']],
        [1, undefined, []],
      ].map(([version, actor]) => [version, actor, versions[2 - (version as number)].updatedFields]),
    )
    assert.ok(versions[0].updatedFields.every((field: string) => field.startsWith('/attributes')))
    assert.equal((await ada.get(`/${id}`)).body.version, 9, 'its owner counts all')
  })

  test('searching for a hidden word finds nothing', async t => {
    const { of, owner, interested } = await setUp(t)
    const ada = of.as(owner)
    const { id } = await ada.make({
      batteryIdentifier: 'A',
      batteryCategory: 'EV',
      batteryModelIdentifier: 'M',
      note: 'zebra',
      attributes: { batteryStatus: { value: 're-used' }, partNumbers: { value: [{ name: 'gnu' }] } },
    })
    await ada.post(`/${id}/publish`)
    await ada.put(`/${id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    const [grace, officer] = [of.as({ userId: interested }), of.as({ role: 'authority' })]
    for (const [word, by] of [
      ['zebra', []],
      ['gnu', [grace, officer]],
      ['used', [grace]],
    ] as const) {
      assert.deepEqual(await ada.found(`q=${word}`), ['A'])
      for (const reader of [grace, officer]) {
        const isThere = (by as readonly unknown[]).includes(reader)
        assert.deepEqual(await reader.found(`q=${word}`), isThere ? ['A'] : [], word)
        assert.equal((await reader.get(`/count?q=${word}`)).body.count, isThere ? 1 : 0, word)
      }
    }
    assert.deepEqual(await of.as().found('q=gnu'), [])
  })

  test('what is read above point 1 is logged before it is answered, and its owner sees by whom', async t => {
    const { of, owner, interested } = await setUp(t)
    const one = await published(of, 'EV', owner)
    await of.as(owner).put(`/${one.id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    const officer = { userId: newId(), role: 'authority' as const }
    const root = { userId: newId(), role: 'admin' as const }
    await of.nobody.get(`/${one.id}`)
    await of.as().get(`/${one.id}`)
    await of.as(owner).get(`/${one.id}`)
    await of.as(officer).get(`/${one.id}`)
    await of.as({ userId: interested }).get(`/${one.id}/attributes`)
    await of.as(root).get(`/${one.id}/versions`)
    const log = async (who: Partial<Actor>) =>
      (await of.as(who).get(`/${one.id}/access-log`)).body.items.map(
        ({ reader, audience, route }: { reader: { id: string }; audience: string; route: string }) => [
          reader.id,
          audience,
          route,
        ],
      )
    const read = [officer.userId, 'authority', 'GET /api/passports/:id']
    assert.deepEqual(await log(owner), [
      [root.userId, 'admin', 'GET /api/passports/:id/versions'],
      [interested, 'interest', 'GET /api/passports/:id/attributes'],
      read,
    ])
    assert.deepEqual(await log(officer), [read])
    assert.deepEqual(await log({ userId: newId() }), [])
  })

  test('an interest ends when its time is over, and when the owner takes it back', async t => {
    let now = '2027-03-01T10:00:00Z'
    const of = await open(t, { now: () => new Date(now) })
    const owner = { userId: newId() }
    const one = await published(of, 'EV', owner)
    const grace = newId()
    const as = async () => (await of.as({ userId: grace }).get(`/${one.id}`)).body.audience
    const lend = (until?: string) =>
      of.as(owner).put(`/${one.id}/readers/${grace}`, { kind: 'person', audience: 'interest', ...(until && { until }) })
    assert.equal((await lend('2027-03-01T11:00:00Z')).status, 204)
    assert.equal(await as(), 'interest')
    const tag = (await of.as({ userId: grace }).get(`/${one.id}`)).headers.etag
    now = '2027-03-01T11:00:00Z'
    assert.equal(await as(), 'public')
    const again = await of.as({ userId: grace }).get(`/${one.id}`, undefined, { 'if-none-match': String(tag) })
    assert.equal(again.status, 200, 'a fresh tag tells nothing')
    await lend()
    assert.equal(await as(), 'interest')
    await of.as(owner).delete(`/${one.id}/readers/${grace}`)
    assert.equal(await as(), 'public')
  })

  test('events to buyers and calls of other services tell no more than point 1', async t => {
    const { of, owner } = await setUp(t)
    const one = await published(of, 'EV', owner)
    const buyer = newId()
    await of.p.publish(BatterySold, {
      orderId: newId(),
      lineId: newId(),
      productId: newId(),
      serial: null,
      passportId: one.id,
      seller: { kind: 'person', id: owner.userId },
      buyer: { kind: 'person', id: buyer },
      at: '2027-02-18T08:00:00.000Z',
    })
    await of.p.settle()
    assert.equal((await of.as({ userId: buyer }).get(`/${one.id}`)).body.audience, 'interest')
    const access = await of.as().ask(`/${one.id}`)
    assert.deepEqual(access.body.readers, [], 'who reads by the law alone is nobody’s reader')
    assert.equal(getPassportFacts.owner, 'passports')
  })

  test('a mutation of the policy is noticed', async t => {
    const { of, owner, interested } = await setUp(t)
    const one = await published(of, 'EV', owner)
    await of.as(owner).put(`/${one.id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    await requireExact(of, one, interested)
    const points = policy.attributes as Record<string, number>
    for (const [id, other] of [
      ['testReportResults', 1],
      ['batteryStatus', 2],
      ['batteryMass', 3],
    ] as const) {
      const point = points[id]!
      points[id] = other
      await assert.rejects(requireExact(of, one, interested), new RegExp(`see ${id} by|sees ${id} by`), id)
      points[id] = point
    }
  })
})
