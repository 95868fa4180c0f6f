// More than 500 lines: all surfaces and all readers of the leak test, which is read as one.
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { newId, type Actor } from '#kernel'
import { getPassportFacts, notePassportReading } from '#contracts/passports'
import { BatterySold } from '#contracts/orders'
import { categories, ruleSetOf, ruleSets, withheld, type Attribute, type Cell, type RuleSet } from '#law'
import policy from '../law/data/policy.json' with { type: 'json' }
import { handOverReadings } from '../services/documents/readings.ts'
import { documents } from '../services/documents/service.ts'
import { turnWithTheLaw } from '../services/passports/audiences/turning.ts'
import { allColumns } from '../services/passports/columns.ts'
import type { PassportsHost } from '../services/passports/host.ts'
import { sealDays } from '../services/passports/history/sealing.ts'
import { passports } from '../services/passports/service.ts'
import { pages } from '../services/passports/testing.ts'
import { verifyHistory } from '../tools/verify.ts'
import { dueDiligenceFrom, isEmptied } from './lattice/emptied.ts'
import {
  bureau,
  inherited,
  open,
  published,
  surfaces,
  upload,
  verify,
  written,
  type Case,
  type Paper,
  type Surfaces,
} from './lattice/cases.ts'

/**
 * The leak test: each attribute and each kind of document of each category has a marker of its own, each reader fetches
 * every surface, and no marker is where the law does not open it, nor missing where it does. A surface is added with
 * itself (lattice/cases.ts).
 */

const today = new Date().toISOString().slice(0, 10)
const reach = { public: [1], authority: [1, 2, 3], interest: [1, 2, 4], both: [1, 2, 3, 4] }
type Audience = keyof typeof reach

interface Reader {
  name: string
  audience: Audience
  isNobody: boolean
}

/** By the table of attributes, which was written from Annex XIII: not by the policy that decides. */
const isOpen = (audience: Audience, { id, point }: Attribute, category: string, isEmpty: Emptied): boolean =>
  reach[audience].includes(point) && !isEmpty(id, category)

/** Whether the law wants an attribute of a category empty: not by the rules that decide either. */
type Emptied = (attribute: string, category: string) => boolean
const emptiedOn =
  (day: string): Emptied =>
  (attribute, category) =>
    isEmptied(attribute, category, day)

/** Each reader: who they are, and as whom the law sees them. */
const readers = (interested: string): [string, Audience, Partial<Actor> | undefined][] => [
  ['nobody', 'public', undefined],
  ['a stranger', 'public', { userId: newId() }],
  ['an interest without a grant', 'public', { userId: newId(), role: 'interest' }],
  ['an operator', 'public', { userId: newId(), role: 'operator' }],
  ['an authority', 'authority', { userId: newId(), role: 'authority' }],
  ['who has a legitimate interest', 'interest', { userId: interested }],
  ['an authority with an interest', 'both', acting(interested)],
]

/** Somebody who acts for the organisation that was verified as an authority. */
const acting = (userId = newId()): Partial<Actor> => ({ userId, organisation: { id: bureau, role: 'viewer' } })

/** Fails at the first document that tells of itself where it may not, or does not where it should. */
function requireExactPapers(one: Case, found: Surfaces, { name, audience, isNobody }: Reader, isEmpty: Emptied): void {
  const isOpenTo = ({ point, proves }: Paper): boolean =>
    point !== null && reach[audience].includes(point) && !(proves && isEmpty(proves, one.category))
  assert.match(found.counted!, new RegExp(`"count":${one.papers.filter(isOpenTo).length}\\b`), `${name} counts others`)
  for (const [at, paper] of one.papers.entries()) {
    const { kind, proves, marker, docId } = paper
    const what = `${kind} (${proves})`
    if (isOpenTo(paper)) {
      const single = `document ${at}`
      for (const surface of ['documents', single])
        assert.ok(found[surface]!.includes(marker), `${name} does not see the document ${what} by ${surface}`)
      assert.match(found[single]!, new RegExp(`in ${marker}[^]*in ${marker}`), `${name} gets its bytes and by link`)
      assert.match(found[single]!, isNobody ? /token_missing/ : /editor_required/)
    } else
      for (const [surface, text] of Object.entries(found)) {
        assert.ok(!text.includes(marker), `${name} sees the document ${what} by ${surface}`)
        // Whoever read it while it was open to them finds that in their log.
        if (!surface.startsWith('document ') && surface !== 'log')
          assert.ok(!text.includes(docId), `${name} sees its id by ${surface}`)
      }
  }
}

/** The data point of an attribute of one. */
const pointOfData = (id: string): number => written.find(attribute => attribute.id === id)!.dataPoints[0]!

/** What runs every ten minutes, and what follows from it. */
async function requireTurned({ p }: Awaited<ReturnType<typeof open>>): Promise<void> {
  const looking = { ...passports, needs: [], start: async (host: PassportsHost) => await turnWithTheLaw(host)() }
  await (await p.another([looking] as never)).settle()
  await p.settle()
}

async function setUp(t: TestContext) {
  const of = await open(t)
  const owner = { userId: newId() }
  const interested = newId()
  return { of, owner, interested }
}

/** By these each attribute is seen that is open. */
const everyWay = [
  'read',
  'past',
  'attributes',
  'attributesPast',
  'proof',
  'compressed',
  'full',
  'format ohmnibus-1',
] as const

/** Fails at the first marker that is where it may not be, or is not where it should be. */
async function requireExact(
  of: Awaited<ReturnType<typeof open>>,
  one: Case,
  interested: string,
  isEmpty: Emptied = emptiedOn(today),
  where: readonly string[] = everyWay,
): Promise<void> {
  for (const [name, audience, reader] of readers(interested)) {
    const found = await surfaces(of, one, reader)
    const all = Object.entries(found)
    for (const attribute of written) {
      const { id, point } = attribute
      const marker = one.markers.get(id)!
      // Dates and states have no marker that stands nowhere else: their names are looked for.
      const sign = /^[a-z0-9]*\d{8}$/.test(marker) ? marker : `"${id}"`
      if (isOpen(audience, attribute, one.category, isEmpty))
        for (const surface of [...where, ...(point === 1 ? ['json', 'linked'] : [])])
          assert.ok(found[surface]!.includes(sign), `${name} does not see ${id} by ${surface}`)
      else for (const [surface, text] of all) assert.ok(!text.includes(sign), `${name} sees ${id} by ${surface}`)
    }
    requireExactPapers(one, found, { name, audience, isNobody: !reader }, isEmpty)
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
      for (const { marker } of one.papers) assert.ok(own.documents!.includes(marker), 'its owner sees all documents')
      for (const [attribute, marker] of one.markers)
        assert.ok(own.read!.includes(marker) && own.attributes!.includes(marker), `its owner sees ${attribute}`)
    })

  test('what a battery begins with is hidden as what it says itself, and so is a change of that', async t => {
    const { of, owner, interested } = await setUp(t)
    const one = await inherited(of, 'EV', owner)
    for (const id of [one.id, one.model])
      await of.as(owner).put(`/${id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    const ways = ['attributes', 'attributesPast', 'compressed', 'full']
    await requireExact(of, one, interested, emptiedOn(today), ways)

    const all = readers(interested).map(([name, audience, who]) => ({
      name,
      audience,
      client: who ? of.as(who) : of.nobody,
    }))
    const told = async ({ client }: (typeof all)[number]) => {
      const paths = [one.id, one.model].flatMap(id =>
        ['', '/attributes', '/versions', '/proof'].map(on => `/${id}${on}`),
      )
      const answers = await Promise.all(paths.map(path => client.get(path)))
      // A proof is sealed by time; its items are what is told.
      return JSON.stringify(answers.map(({ body, headers }, at) => [at % 4 === 3 ? body.items : body, headers.etag]))
    }
    let before = await Promise.all(all.map(told))
    const said = one.said as { attributes: Record<string, unknown>; hidden: object }
    for (const [id, value, point] of [
      ['testReportResults', { value: ['https://example.com/changed'] }, 3],
      ['batteryStatus', { value: 'repurposed' }, 4],
      ['partNumbers', { value: [{ name: 'changed' }] }, 2],
      ['recycledCobaltPreConsumer', { value: '3', unit: '%' }, null],
      ['batteryMass', { value: '12', unit: 'kg' }, 1],
    ] as const) {
      said.attributes[id] = value
      const changed = await of.as(owner).put(`/${one.model}`, { data: said, reason: 'zqreason' })
      assert.equal(changed.status, 200, changed.text)
      const after = await Promise.all(all.map(told))
      for (const [at, { name, audience }] of all.entries()) {
        const isTold = point !== null && reach[audience].includes(point)
        assert.equal(before[at] !== after[at], isTold, `${name} learns of a change of ${id}`)
        assert.equal(after[at]!.includes(`/attributes/${id}/`), isTold, `${name} sees what was changed: ${id}`)
        assert.ok(!after[at]!.includes('zqreason'), name)
      }
      before = after
    }
  })

  test('a search finds nothing by a word that is hidden, filters and orders go by what is everybody’s alone', async t => {
    const { of, owner, interested } = await setUp(t)
    const one = await published(of, 'LMT', owner)
    await of.as(owner).put(`/${one.id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    const ada = of.as(owner)
    const countFor = async (client: typeof ada, query: string) => (await client.get(`/count?${query}`)).body.count
    const found: { attribute: Attribute; word: string }[] = []
    for (const attribute of written) {
      const word = `zq${one.markers.get(attribute.id)!}`
      if (/^zq\d{8}$/.test(word) && (await countFor(ada, `q=${word}`)) === 1) found.push({ attribute, word })
    }
    assert.ok(found.length > 15, `its owner finds it by ${found.length} words`)
    const filters = ['identifier', 'serial', 'model', 'category', 'chemistry']
    for (const [name, audience, who] of readers(interested)) {
      if (!who) continue
      const client = of.as(who)
      for (const [at, { attribute, word }] of found.entries()) {
        // Only what somebody has more to do with is in their lists.
        const isFound: boolean = audience !== 'public' && isOpen(audience, attribute, one.category, emptiedOn(today))
        assert.equal(await countFor(client, `q=${word}`), isFound ? 1 : 0, `${name} by a word of ${attribute.id}`)
        if (isFound) continue
        const filter = filters[at % filters.length]
        const { status, body } = await client.get(`?${filter}=${word}`)
        assert.ok(status === 400 || body.items.length === 0, `${name} by ${filter} of ${attribute.id}`)
      }
      for (const secret of one.evidence.slice(-4)) assert.equal(await countFor(client, `q=${secret}`), 0, name)
      for (const query of ['sort=batteryStatus', 'sort=-testReportResults', 'sort=words_interest'])
        assert.equal((await client.get(`?${query}`)).status, 400, `${name} by ${query}`)
      const all = (await client.get('')).text
      // What no filter is called is refused or passed over, whatever it says.
      for (const query of ['batteryStatus=re-used', 'batteryStatus=waste', 'words_authority=x']) {
        const { status, text } = await client.get(`?${query}`)
        assert.ok(status === 400 || text === all, `${name} by ${query}`)
      }
    }
  })

  test('a draft is nobody else’s, to each as one that is not there', async t => {
    const { of, owner, interested } = await setUp(t)
    const { id } = await of.as(owner).make({ attributes: { batteryMass: { value: '77123', unit: 'kg' } } })
    await of.as(owner).put(`/${id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    for (const [name, , reader] of readers(interested)) {
      const client = reader ? of.as(reader) : of.nobody
      for (const path of [
        '',
        '/attributes',
        '/versions',
        '/children',
        '/access-log',
        '/access-log/proof',
        '/readiness',
        '/proof',
      ]) {
        const [known, unknown] = [await client.get(`/${id}${path}`), await client.get(`/${newId()}${path}`)]
        assert.deepEqual([known.status, known.body.code], [unknown.status, unknown.body.code], `${name} ${path}`)
        assert.ok(known.status >= 401, `${name} ${path}`)
      }
    }
  })

  test('a document is hidden as one that is not there, and what its title says opens nothing', async t => {
    const { of, owner, interested } = await setUp(t)
    const one = await published(of, 'EV', owner)
    await of.as(owner).put(`/${one.id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    const report = one.papers.find(({ kind }) => kind === 'test-report')!
    const send = async (method: 'GET' | 'PUT', url: string, who: Partial<Actor> | undefined, payload?: object) => {
      const answer = await of.p.http.inject({ method, url, headers: who ? of.p.signedIn(who) : {}, payload })
      return [answer.statusCode, answer.json().code]
    }
    for (const who of [undefined, { userId: newId() }, { userId: interested }])
      for (const query of ['', '?download=1'])
        assert.deepEqual(
          await send('GET', `/api/documents/${report.docId}${query}`, who),
          await send('GET', `/api/documents/${newId()}${query}`, who),
        )
    const change = (payload: object) => send('PUT', `/api/documents/${report.docId}`, owner, payload)
    assert.deepEqual(await change({ title: 'EU declaration of conformity' }), [200, undefined])
    assert.equal((await send('GET', `/api/documents/${report.docId}`, undefined))[0], 401, 'a title opens nothing')
    assert.deepEqual(await change({ attribute: 'batteryMass' }), [422, 'document_attribute_unfit'])
    assert.deepEqual(await change({ attribute: 'nothingOfTheLaw' }), [422, 'document_attribute_unfit'])
    const draft = await of.as(owner).make({ generalInformation: { batteryIdentifier: 'D' } })
    const hidden = await upload(of, owner, { passportId: draft.id, kind: 'declaration-of-conformity' })
    for (const [who, code] of [
      [undefined, 401],
      [{ userId: newId() }, 404],
      [{ userId: newId(), role: 'authority' as const }, 404],
    ] as const) {
      assert.equal((await send('GET', `/api/documents/${hidden.docId}`, who))[0], code, 'a draft opens none')
      assert.equal((await send('GET', `/api/documents?passportId=${draft.id}`, who))[0], code)
    }
  })

  test('who reads documents above point 1 is noted before they get them, and the owner sees by whom', async t => {
    const { of, owner } = await setUp(t)
    const one = await published(of, 'EV', owner)
    const officer = { userId: newId(), role: 'authority' as const }
    const root = { userId: newId(), role: 'admin' as const }
    const get = async (url: string, who?: Partial<Actor>) =>
      (await of.p.http.inject({ url, headers: who ? of.p.signedIn(who) : {} })).json()
    const report = `/api/documents/${one.papers.find(({ kind }) => kind === 'test-report')!.docId}`
    for (const who of [undefined, { userId: newId() }, owner]) await get(`/api/documents?passportId=${one.id}`, who)
    await get(report, officer)
    await get(report, root)
    const log = async (who: Partial<Actor>) =>
      (await of.as(who).get(`/${one.id}/access-log`)).body.items.map(
        ({ reader, audience, docId }: { reader: { id: string }; audience: string; docId: string }) => [
          reader.id,
          audience,
          `/api/documents/${docId}`,
        ],
      )
    assert.deepEqual(await log(owner), [
      [root.userId, 'admin', report],
      [officer.userId, 'authority', report],
    ])
    assert.deepEqual(await log(officer), [[officer.userId, 'authority', report]])

    // What is read of the passport itself stands there too, in the order in which it was read.
    await of.as(officer).get(`/${one.id}`)
    await get(`/api/documents?passportId=${one.id}`, officer)
    await of.as(root).get(`/${one.id}/attributes`)
    const docId = report.split('/').at(-1)!
    const whole: [string, string, string | null][] = [
      [root.userId, 'GET /api/passports/:id/attributes', null],
      [officer.userId, 'GET /api/documents', null],
      [officer.userId, 'GET /api/passports/:id', null],
      [root.userId, 'GET /api/documents/:docId', docId],
      [officer.userId, 'GET /api/documents/:docId', docId],
    ]
    for (const limit of [1, 2, 3, 100]) {
      const noted = (await pages(of.as(owner), `/${one.id}/access-log?limit=${limit}`)).flat()
      assert.deepEqual(
        noted.map(({ reader, route, docId }) => [(reader as { id: string }).id, route, docId]),
        whole,
        `${limit} a page`,
      )
    }
    const own = (await pages(of.as(officer), `/${one.id}/access-log?limit=2`)).flat()
    assert.deepEqual(
      own.map(({ route }) => route),
      whole.filter(([id]) => id === officer.userId).map(([, route]) => route),
      'a reader sees what they read themselves',
    )
  })

  test('which documents were read is bound and sealed with all else, also what a version before had noted elsewhere', async t => {
    let now = '2027-03-01T10:00:00.000Z'
    const of = await open(t, { now: () => new Date(now) })
    const [owner, officer, former] = [{ userId: newId() }, { userId: newId(), role: 'authority' as const }, newId()]
    const one = await published(of, 'EV', owner)
    const { docId } = one.papers.find(({ kind }) => kind === 'test-report')!
    const { statusCode } = await of.p.http.inject({
      url: `/api/documents/${docId}`,
      headers: of.p.signedIn(officer),
    })
    assert.equal(statusCode, 200)
    const db = of.p.db('documents')
    for (const passport of [one.id, newId()])
      await db`
        insert into readings (passport_id, doc_id, reader_id, organisation_id, audience, route, at)
        values (${passport}, ${docId}, ${former}, null, 'authority', 'GET /api/documents/:docId', '2027-02-27T08:00:00Z')`
    const handingOver = { ...documents, needs: [notePassportReading], start: handOverReadings }
    await (await of.p.another([handingOver, { ...passports, needs: [] }] as never)).settle()
    assert.equal((await db`select from readings`).length, 0)

    now = '2027-03-02T01:00:00.000Z'
    const sealing = { ...passports, needs: [], start: async (host: PassportsHost) => void (await sealDays(host)) }
    await (await of.p.another([sealing] as never)).settle()
    const { body: page } = await of.as(owner).get(`/${one.id}/access-log/proof`)
    const { keys } = (await of.nobody.get('/checkpoints/keys')).body
    assert.deepEqual(verifyHistory([page], { keys }), { wrong: [], open: [], versions: 1, sealed: '2027-03-01' })
    const said = page.items[0].disclosed[0].said as { reader: string; document?: string; at: string }[]
    assert.deepEqual(
      said.map(({ reader, document, at }) => [reader, document, at]),
      [
        [officer.userId, docId, '2027-03-01T10:00:00.000Z'],
        [former, docId, '2027-02-27T08:00:00.000Z'],
      ],
    )
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
        await items(`/${id}/proof`),
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
      attributes: {
        batteryStatus: { value: 're-used' },
        partNumbers: { value: [{ name: 'gnu' }] },
        testReportResults: { value: [{ title: 'crush', url: 'https://example.com/' }] },
      },
    })
    await ada.post(`/${id}/publish`)
    await ada.put(`/${id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    const [grace, officer] = [of.as({ userId: interested }), of.as({ role: 'authority' })]
    const [clerk, visitor] = [of.as(acting()), of.as({ organisation: { id: newId(), role: 'owner' } })]
    const both = [of.as({ userId: interested, role: 'authority' }), of.as(acting(interested))]
    for (const [word, by] of [
      ['zebra', []],
      ['gnu', [grace, officer, clerk, ...both]],
      ['used', [grace, ...both]],
      ['crush', [officer, clerk, ...both]],
      ['crush%20used', both],
    ] as const) {
      assert.deepEqual(await ada.found(`q=${word}`), ['A'])
      for (const reader of [grace, officer, clerk, visitor, ...both]) {
        const isThere = (by as readonly unknown[]).includes(reader)
        assert.deepEqual(await reader.found(`q=${word}`), isThere ? ['A'] : [], word)
        assert.equal((await reader.get(`/count?q=${word}`)).body.count, isThere ? 1 : 0, word)
      }
    }
    assert.deepEqual(await of.as().found('q=gnu'), [])
  })

  test('whoever acts for an organisation that was verified as an authority is one, as long as it is', async t => {
    const { of, owner, interested } = await setUp(t)
    const one = await published(of, 'EV', owner)
    await of.as(owner).put(`/${one.id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    const clerk = of.as(acting())
    const report = one.papers.find(({ kind }) => kind === 'test-report')!.docId
    const seen = async (who: Partial<Actor>) => [
      (await of.as(who).get(`/${one.id}`)).body.audience,
      (await of.p.http.inject({ url: `/api/documents/${report}`, headers: of.p.signedIn(who) })).statusCode,
      (await of.as(who).get('?limit=100')).body.items.length,
    ]
    assert.deepEqual(await seen(acting()), ['authority', 200, 1])
    assert.deepEqual(await seen(acting(interested)), ['both', 200, 1])
    const elsewhere = { userId: newId(), organisation: { id: newId(), role: 'owner' as const } }
    assert.deepEqual(await seen(elsewhere), ['public', 404, 0], 'of no other organisation')
    // What is its own is found with what it reads, and a draft of others is not.
    await of.as({ userId: newId(), organisation: { id: bureau, role: 'editor' } }).make({ note: 'its own' })
    await of.as(owner).make({ note: 'a draft' })
    assert.equal((await clerk.get('/count')).body.count, 2)
    const log = (await of.as(owner).get(`/${one.id}/access-log`)).body.items
    assert.deepEqual(
      [...new Set(log.map((item: { audience: string }) => item.audience))].sort(),
      ['authority', 'both'],
      'and its owner sees that',
    )
    assert.ok(log.every((item: { organisationId: string }) => item.organisationId === bureau))

    await verify(of, ['workshop'], 2)
    assert.deepEqual(await seen(acting()), ['public', 404, 1], 'what it makes itself')
    assert.deepEqual(await seen(acting(interested)), ['interest', 404, 2])
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
    await of.p.http.inject({ url: `/passports/${one.id}`, headers: of.p.signedIn(root) })
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
      [root.userId, 'admin', 'GET /passports/:id'],
      [root.userId, 'admin', 'GET /api/passports/:id/versions'],
      [interested, 'interest', 'GET /api/passports/:id/attributes'],
      read,
    ])
    assert.deepEqual(await log(officer), [read])
    assert.deepEqual(await log({ userId: newId() }), [])
  })

  test('an admin is in the owner’s place, and by whichever way they read a passport, a draft too, its owner sees that', async t => {
    const { of, owner, interested } = await setUp(t)
    const ada = of.as(owner)
    const data = { attributes: { batteryCategory: { value: 'EV' }, batteryModelIdentifier: { value: 'M1' } } }
    const model = (await ada.post('', { data, granularity: 'model' })).body.id
    const order = (await ada.post(`/${model}/items`, { serials: ['1'] })).body.id
    await of.p.settle()
    const draft = (await ada.get(`/${model}/children`)).body.items[0].id
    const one = await published(of, 'EV', owner)
    const root = { userId: newId(), role: 'admin' as const }
    const ways = [
      '/passports/:id',
      ...['', '/attributes', '/versions', '/proof', '/children', '/readers', '/readiness', '/label'].map(
        path => `/api/passports/:id${path}`,
      ),
      '/api/passports/:id/access-log',
      '/api/passports/:id/access-log/proof',
      '/api/exchange/passports/:id',
      '/v1/dpps/:dppId',
    ]
    const seen = async (id: string) =>
      (await pages(ada, `/${id}/access-log?limit=100`))
        .flat()
        .map(({ reader, audience, route }) => [(reader as { id: string }).id, audience, route])
    const go = async (way: string, id: string, who: Partial<Actor>) => {
      const url = way.replace(':id', id).replace(':dppId', `urn:uuid:${id}`).replace(':orderId', order)
      return (await of.p.http.inject({ url, headers: of.p.signedIn(who) })).statusCode
    }
    for (const id of [draft, one.id])
      for (const way of ways) {
        const before = await seen(id)
        assert.equal(await go(way, id, owner), 200, way)
        assert.deepEqual(await seen(id), before, `its owner is nobody to be noted, ${way}`)
        assert.equal(await go(way, id, root), 200, way)
        assert.deepEqual(await seen(id), [[root.userId, 'admin', `GET ${way}`], ...before])
      }
    for (const way of ['/api/passports/:id/items/:orderId', '/api/passports/:id/items/:orderId/errors']) {
      assert.equal(await go(way, model, root), 200, way)
      assert.deepEqual((await seen(model))[0], [root.userId, 'admin', `GET ${way}`])
    }
    const sheet = { method: 'POST', url: '/api/passports/labels', payload: { passportIds: [draft] } } as const
    assert.equal((await of.p.http.inject({ ...sheet, headers: of.p.signedIn(root) })).statusCode, 200)
    assert.deepEqual((await seen(draft))[0], [root.userId, 'admin', 'POST /api/passports/labels'])
    // What everybody gets, and what is refused, is in no log.
    const before = await seen(one.id)
    for (const who of [{ userId: newId() }, { userId: interested, role: 'authority' as const }])
      for (const way of [
        '/passports/:id',
        '/passport/:id',
        '/api/passports/:id/children',
        '/api/passports/:id/readers',
      ])
        await go(way, one.id, who)
    const { group } = written.find(({ id }) => id === 'batteryStatus')!
    const closed = encodeURIComponent(`$['${group}']['batteryStatus']`)
    const officer = of.p.signedIn({ userId: newId(), role: 'authority' })
    const url = `/v1/dpps/urn:uuid:${one.id}/elements/${closed}`
    assert.equal((await of.p.http.inject({ url, headers: officer })).statusCode, 403)
    assert.deepEqual(await seen(one.id), before)
  })

  test('an interest that ends during a download: neither the link to a file nor the next part of it goes on', async t => {
    let now = '2027-03-01T10:58:00Z'
    const of = await open(t, { now: () => new Date(now) })
    const owner = { userId: newId() }
    const one = await published(of, 'EV', owner)
    const grace = { userId: newId() }
    const lent = { kind: 'person', audience: 'interest', until: '2027-03-01T11:00:00Z' }
    assert.equal((await of.as(owner).put(`/${one.id}/readers/${grace.userId}`, lent)).status, 204)
    const { docId } = one.papers.find(({ kind }) => kind === 'dismantling')!
    const get = (url: string, headers = {}) =>
      of.p.http.inject({ url, headers: { ...of.p.signedIn(grace), ...headers } })
    const { url, urlExpiresAt } = (await get(`/api/documents/${docId}`)).json()
    assert.equal(urlExpiresAt, '2027-03-01T11:00:00.000Z', 'and not five minutes on')
    const { pathname, search } = new URL(url)
    const part = (range: string) => get(`/api/documents/${docId}?download=1`, { range })
    assert.deepEqual([(await get(pathname + search)).statusCode, (await part('bytes=0-3')).statusCode], [200, 206])
    now = '2027-03-01T11:00:00Z'
    const after = [await get(pathname + search), await part('bytes=4-')]
    assert.deepEqual(
      after.map(answer => [answer.statusCode, answer.json().code]),
      [
        [403, 'link_expired'],
        [404, 'document_unknown'],
      ],
    )
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

  test('what is to be empty is kept, named to its owner alone, and opened on its day, by every surface', async t => {
    let now = '2027-08-17T23:59:00.000Z'
    const of = await open(t, { now: () => new Date(now) })
    const [owner, interested] = [{ userId: newId() }, newId()]
    const one = await published(of, 'EV', owner)
    await of.as(owner).put(`/${one.id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    await requireExact(of, one, interested, emptiedOn('2027-08-17'))
    const marker = one.markers.get('dueDiligenceReport')!
    const word = async (who: Partial<Actor>) => (await of.as(who).found(`q=zq${marker}`)).length
    const officer = { userId: newId(), role: 'authority' as const }
    const counts = async () => {
      const { status, body } = await of.nobody.get(`/${one.id}`)
      assert.equal(status, 200)
      return [body.version, body.updatedAt]
    }
    assert.deepEqual([await word(owner), await word(officer)], [1, 0])
    const before = await counts()

    const own = (await of.as(owner).get(`/${one.id}/attributes`)).body.items as { id: string; withheld?: object }[]
    for (const { id, withheld } of own)
      assert.equal(withheld !== undefined, isEmptied(id, 'EV', '2027-08-17'), `its owner is told of ${id}`)
    assert.deepEqual(own.find(({ id }) => id === 'dueDiligenceReport')!.withheld, {
      ruleSet: 'ec-2.0',
      dataPoint: 19,
      kind: 'duty_later',
      until: dueDiligenceFrom,
    })
    const named = async () => {
      const { items } = (await of.as(owner).get(`/${one.id}/readiness`)).body
      return items.filter((item: { finding: string }) => item.finding === 'must_be_empty')
    }
    const emptied = (await named()).flatMap(({ attributes }: { attributes: string[] }) => attributes)
    for (const { id } of written)
      assert.equal(emptied.includes(id), isEmptied(id, 'EV', '2027-08-17'), `readiness names ${id}`)

    now = '2027-08-18T00:00:00.000Z'
    await requireTurned(of)
    await requireExact(of, one, interested, emptiedOn('2027-08-18'))
    assert.deepEqual([await word(owner), await word(officer)], [1, 1], 'it is found by its words from then on')
    const [version, at] = await counts()
    assert.deepEqual([version, at], [before[0] + 1, now], 'what others see changed, and they can tell')
    const versions = (await of.as(owner).get(`/${one.id}/versions`)).body.items
    assert.deepEqual(versions[0].actor, { userId: null, role: 'system' }, 'nobody did it')
    assert.match(versions[0].reason, /ec-2\.0/)
    const changed = (await of.nobody.get(`/${one.id}/versions`)).body.items[0].updatedFields
    assert.ok(
      changed.every((field: string) => field.startsWith('/attributes/dueDiligenceReport')),
      changed.join(),
    )
    await requireTurned(of)
    assert.deepEqual(await counts(), [version, at], 'once')
  })

  test('a rule set that empties what was open closes it everywhere on its day, and one that fills opens it', async t => {
    let now = '2027-05-31T12:00:00.000Z'
    const of = await open(t, { now: () => new Date(now) })
    const [owner, interested] = [{ userId: newId() }, newId()]
    const one = await published(of, 'EV', owner)
    const other = await of.as(owner).make({ attributes: { uniqueBatteryIdentifier: 'B', batteryCategory: 'EV' } })
    await of.as(owner).put(`/${one.id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    await requireExact(of, one, interested, emptiedOn('2027-05-31'))
    const [part, cobalt] = ['partNumbers', 'recycledCobaltPreConsumer'].map(id => one.markers.get(id)!)
    const found = async () => (await of.as({ role: 'authority' }).found(`q=zq${part}`)).length
    assert.equal(await found(), 1)

    const { cells, ...former } = ruleSetOf('ec-2.0')!
    const [closing, opening] = ['partNumbers', 'recycledCobaltPreConsumer'].map(pointOfData)
    const revised = cells.map((cell): Cell => {
      if (cell.category !== 'EV') return cell
      const { kind: _, trigger: __, condition: ___, ...rest } = cell
      if (cell.dataPoint === closing) return { ...rest, status: 'N', kind: 'must_be_empty' }
      return cell.dataPoint === opening ? { ...rest, status: 'M' } : cell
    })
    const sets = ruleSets as RuleSet[]
    sets.push({ ...former, id: 'test-3.0', published: '2027-06-01', supersedes: 'ec-2.0', cells: revised })
    t.after(() => void sets.pop())
    const isEmpty: Emptied = (id, category) =>
      pointOfData(id) === closing || (pointOfData(id) !== opening && isEmptied(id, category, '2027-06-01'))
    await requireExact(of, one, interested, emptiedOn('2027-05-31'))
    now = '2027-06-01T00:00:00.000Z'
    await requireTurned(of)
    await requireExact(of, one, interested, isEmpty)
    assert.equal(await found(), 0, 'nor is it found by its words')
    assert.match((await of.nobody.get(`/${one.id}`)).text, new RegExp(cobalt!))
    assert.equal((await of.as(owner).get(`/${other.id}`)).body.version, 1, 'a draft is nobody else’s')
  })

  test('what lists and the shop show of a published passport is everybody’s, by each rule set and on each day', () => {
    const shown: Record<string, string> = {
      identifier: 'uniqueBatteryIdentifier',
      serial: 'batterySerialNumber',
      model: 'batteryModelIdentifier',
      category: 'batteryCategory',
      chemistry: 'batteryChemistry',
      massKg: 'batteryMass',
      manufacturedOn: 'manufacturingDate',
    }
    assert.deepEqual(
      allColumns.map(({ name }) => name),
      Object.keys(shown),
    )
    const days = ruleSets.flatMap(set => [set.published, ...set.cells.flatMap(({ from }) => from ?? [])])
    for (const id of Object.values(shown)) {
      assert.equal(written.find(one => one.id === id)?.point ?? 1, 1, id)
      for (const category of [...categories, null])
        for (const day of days) assert.ok(!withheld(id, category, day), `${id} of ${category} on ${day}`)
    }
  })

  test('a mutation of the rules is noticed', async t => {
    const { of, owner, interested } = await setUp(t)
    const one = await published(of, 'EV', owner)
    await of.as(owner).put(`/${one.id}/readers/${interested}`, { kind: 'person', audience: 'interest' })
    for (const [id, status] of [
      ['recycledCobaltPreConsumer', 'M'],
      ['batteryMass', 'N'],
    ] as const) {
      const cell = ruleSetOf('ec-2.0')!.cells.find(
        ({ dataPoint, category }) => dataPoint === pointOfData(id) && category === 'EV',
      ) as { status: string }
      const before = cell.status
      cell.status = status
      await assert.rejects(requireExact(of, one, interested), new RegExp(`sees? (${id} by|\\w+ by proof)`), id)
      cell.status = before
    }
    await requireExact(of, one, interested)
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
      await assert.rejects(requireExact(of, one, interested), new RegExp(`sees? (${id} by|\\w+ by proof)`), id)
      points[id] = point
    }
    const kinds = policy.documents as Record<string, number>
    for (const [kind, attribute, other] of [
      // What it proves holds it back too.
      ['test-report', 'testReportResults', 2],
      ['declaration-of-conformity', 'euDeclarationOfConformity', 3],
    ] as const) {
      const before = [kinds[kind]!, points[attribute]!]
      kinds[kind] = points[attribute] = other
      await assert.rejects(requireExact(of, one, interested), /count|see/, kind)
      kinds[kind] = before[0]!
      await assert.rejects(requireExact(of, one, interested), /count|see/, attribute)
      points[attribute] = before[1]!
    }
  })
})
