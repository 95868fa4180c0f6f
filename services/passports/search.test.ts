import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { newId, type Db } from '#kernel'
import type { Owner } from '#contracts/shared'
import { searchPassports } from './search.ts'
import { battery, codeOf, cursor, data, member, open, pages, publishable, type Client } from './testing.ts'

const orders = ['createdAt', 'updatedAt', 'identifier', 'model', 'manufacturedOn']

/** Four batteries: `c` was changed last, `d` is published, with a mass that cannot be mapped. */
async function fleet(owner: Client): Promise<void> {
  await owner.make(battery('a', { batteryModel: 'M2', batteryCategory: 'LMT', manufacturingDate: '2024-02-01' }))
  await owner.make(battery('b', { batteryModel: 'M1', batteryCategory: 'EV', manufacturingDate: '2024-03-01' }))
  const { id } = await owner.make(
    battery('c', { batteryModel: 'M2', batteryCategory: 'EV', manufacturingDate: '2024-01-01' }),
  )
  const d = await owner.make({
    ...publishable('d', { batteryMass: 'heavy', batteryCategory: 'SLI', batteryModel: 'A1' }),
    materialComposition: { batteryChemistry: 'Pb' },
  })
  await owner.post(`/${d.id}/publish`)
  await owner.put(`/${id}`, {
    data: battery('c', {
      batteryModel: 'M2',
      batteryCategory: 'EV',
      manufacturingDate: '2024-01-01',
      note: 'Überprüft in Łódź',
    }),
  })
}

/** What a search in that fleet finds, the last made first. */
const searches: Record<string, string[]> = {
  'identifier=b': ['b'],
  'identifier=B': [],
  'serial=c': ['c'],
  'model=M2': ['c', 'a'],
  'category=EV': ['c', 'b'],
  'category=electric%20vehicle%20battery': ['c', 'b'],
  'chemistry=Pb': ['d'],
  'chemistry=pB': ['d'],
  'chemistry=pb&status=draft': [],
  'status=published': ['d'],
  'status=draft': ['c', 'b', 'a'],
  'model=M2&category=ev&status=draft': ['c'],
  'model=M1&category=LMT': [],
  'q=m2': ['c', 'a'],
  'q=M2%20LMT': ['a'],
  'q=ueberpruft': [],
  'q=uberpruft,%20LODZ': ['c'],
  'q=%C5%81%C3%B3d%C5%BA': ['c'],
  'q=heavy%20pb': ['d'],
  'q=m': [],
  'q=%20-%20': [],
  'q=%27%7C!()%3A*%26': [],
  'sort=identifier': ['a', 'b', 'c', 'd'],
  'sort=-identifier': ['d', 'c', 'b', 'a'],
  'sort=createdAt': ['a', 'b', 'c', 'd'],
  'sort=-updatedAt': ['c', 'd', 'b', 'a'],
  'sort=manufacturedOn': ['d', 'c', 'a', 'b'],
  'sort=-manufacturedOn': ['b', 'a', 'c', 'd'],
  'sort=-model&limit=3': ['c', 'a', 'b'],
  'sort=model&category=EV': ['b', 'c'],
}

/** Each reading of the clock is a second later than the one before. */
const ticking = () => {
  let time = Date.now() - 1_000_000
  return { now: () => new Date((time += 1000)) }
}

suite('a list of passports', () => {
  test('shows what passports are found by, without their data', async t => {
    const { as } = await open(t)
    const ada = as()
    const { data: _, ...made } = await ada.make(data)
    assert.partialDeepStrictEqual((await ada.get('')).body, {
      items: [
        {
          ...made,
          serial: 'BP-2024-011',
          model: 'LM3-BAT-2024',
          category: 'EV',
          chemistry: 'LiFePO4',
          massKg: 450,
          manufacturedOn: '2024-01-15',
        },
      ],
      nextCursor: null,
    })
  })

  test('keeps what cannot be mapped out of its columns only', async t => {
    const { as } = await open(t)
    const ada = as()
    const given = battery('x', {
      batteryMass: 'heavy',
      batteryCategory: 'car',
      manufacturingDate: 'spring',
      batteryModel: 7,
    })
    const { id } = await ada.make(given)
    const [item] = (await ada.get('')).body.items
    assert.deepEqual([item.massKg, item.category, item.manufacturedOn, item.model], [null, null, null, null])
    assert.deepEqual((await ada.get(`/${id}`)).body.data, given)
  })

  test('holds what one searches for', async t => {
    const { as } = await open(t, ticking())
    const ada = as()
    await fleet(ada)
    await fleet(as())
    for (const [query, expected] of Object.entries(searches)) {
      assert.deepEqual(await ada.found(query), expected, decodeURIComponent(query))
      const filters = query.replace(/&?(sort|limit)=[^&]*/g, '')
      const all = filters === query ? expected.length : (await ada.found(filters)).length
      assert.deepEqual((await ada.get(`/count?${filters}`)).body, { count: all, exact: true }, `count of ${query}`)
    }
  })

  test('holds what was made, or changed, in a span of time', async t => {
    const clock = ticking()
    const { as } = await open(t, clock)
    const ada = as()
    const [a, b] = [await ada.make(battery('a')), await ada.make(battery('b'))]
    const { body: changed } = await ada.put(`/${a.id}`, { data: battery('a', { batteryModel: 'M1' }) })
    for (const [query, expected] of [
      [`createdFrom=${b.createdAt}`, ['b']],
      [`createdTo=${b.createdAt}`, ['a']],
      [`createdFrom=${a.createdAt}&createdTo=${changed.updatedAt}`, ['b', 'a']],
      [`changedSince=${changed.updatedAt}`, ['a']],
      [`changedSince=${a.createdAt}&model=M1`, ['a']],
    ] as const) {
      assert.deepEqual(await ada.found(query), expected, query)
      assert.equal((await ada.get(`/count?${query}`)).body.count, expected.length, query)
    }
    assert.equal((await ada.get('?changedSince=lately')).status, 400)
    assert.equal((await ada.get('/count?sort=model')).status, 400)
  })

  test('finds a passport by what it says now, not by what it said', async t => {
    const { as } = await open(t)
    const ada = as()
    const { id } = await ada.make(battery('a', { batteryModel: 'M1' }))
    await ada.put(`/${id}`, { data: battery('b') })
    assert.deepEqual(
      [
        await ada.found('q=m1'),
        await ada.found('model=M1'),
        await ada.found('identifier=a'),
        await ada.found('identifier=b'),
      ],
      [[], [], [], ['b']],
    )
  })

  test("holds one's own, the organisation's, and what was shared; of one owner when asked", async t => {
    const { as } = await open(t, ticking())
    const [userId, acme, otherId] = [newId(), newId(), newId()]
    const [ada, other] = [as({ userId }), as({ userId: otherId })]
    const acting = as({ userId, organisation: { id: acme, role: 'editor' } })
    await ada.make(battery('own'))
    await acting.make(battery('acme'))
    const shared = await other.make(battery('shared'))
    await other.make(battery('hidden'))
    await other.put(`/${shared.id}/readers/${userId}`, { kind: 'person' })
    await as(member(newId(), 'owner')).make(battery('foreign'))

    assert.deepEqual(await acting.found('sort=createdAt'), ['own', 'acme', 'shared'])
    assert.deepEqual(await ada.found('sort=createdAt'), ['own', 'shared'])
    assert.deepEqual(await acting.found(`owner=${acme}`), ['acme'])
    assert.deepEqual(await acting.found(`owner=${acme.toUpperCase()}`), ['acme'])
    assert.deepEqual(await acting.found(`owner=${otherId}`), ['shared'], "only what one may read of another's")
    assert.deepEqual(await acting.found(`owner=${newId()}`), [])
    const admin = as({ role: 'admin' })
    assert.deepEqual(await admin.found('sort=createdAt'), ['own', 'acme', 'shared', 'hidden', 'foreign'])
    assert.deepEqual(await admin.found(`owner=${otherId}&sort=createdAt`), ['shared', 'hidden'])
  })
})

suite('its pages', () => {
  test('are complete and without repeats in every order, while passports are added, for owners and admins', async t => {
    const { p, as } = await open(t)
    const [userId, acme] = [newId(), newId()]
    const ada = as({ userId, organisation: { id: acme, role: 'editor' } })
    await seed(
      p.db('passports'),
      [
        { kind: 'person', id: userId },
        { kind: 'organisation', id: acme },
        { kind: 'person', id: newId() },
      ],
      userId,
    )
    for (const reader of [ada, as({ role: 'admin' })])
      for (const sort of orders.flatMap(order => [order, `-${order}`])) {
        const before = (await p.db('passports')`select id from passports`).map(({ id }) => id as string)
        const found = await pages(
          reader,
          `?limit=23&sort=${sort}`,
          async () => void (await ada.make(battery(newId(), { batteryModel: 'M5', manufacturingDate: '2024-06-01' }))),
        )
        const ids = found.flat().map(({ id }) => id as string)
        assert.equal(new Set(ids).size, ids.length, `${sort} repeats nothing`)
        assert.deepEqual(
          before.filter(id => !ids.includes(id)),
          [],
          `${sort} leaves nothing out`,
        )
        const keys = found.flat().map(item => item[sort.replace('-', '')] as string | null)
        assert.deepEqual(keys, inOrder(keys, sort.startsWith('-')), `${sort} is in order`)
      }
  })

  test('end with null, also when the last one is full', async t => {
    const { as } = await open(t)
    const ada = as()
    for (const name of ['a', 'b', 'c', 'd']) await ada.make(battery(name))
    assert.deepEqual(
      (await pages(ada, '?limit=2&sort=identifier')).map(items => items.map(({ identifier }) => identifier)),
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    )
    assert.deepEqual((await pages(ada, '?limit=25')).length, 1)
  })

  test('go on only where they stopped, in the order they had', async t => {
    const { as } = await open(t)
    const ada = as()
    for (const name of ['a', 'b']) await ada.make(battery(name))
    const { nextCursor } = (await ada.get('?limit=1&sort=identifier')).body
    const id = newId()
    for (const query of [
      `sort=-identifier&after=${nextCursor}`,
      `sort=model&after=${nextCursor}`,
      'after=x',
      'after=',
      `after=${cursor([])}`,
      `after=${cursor(['-createdAt', 'soon', id])}`,
      `after=${cursor(['-createdAt', '2024-01-01T00:00:00.000Z', 'id'])}`,
      `after=${cursor(['-createdAt', '0000-01-01T00:00:00.000Z', id])}`,
      `after=${cursor(['-createdAt', null, id])}`,
      `sort=manufacturedOn&after=${cursor(['manufacturedOn', '2024-02-30', id])}`,
      `sort=model&after=${cursor(['model', 7, id])}`,
      `sort=model&after=${cursor(['model', `a\0b`, id])}`,
    ])
      assert.equal((await ada.get(`?${query}`)).status, 400, query)
    assert.equal(
      (await ada.get(`?sort=manufacturedOn&after=${cursor(['manufacturedOn', '-infinity', id])}`)).status,
      200,
    )
  })
})

test('a search for a value is read by the database once, and planned for each value', async t => {
  const { p } = await open(t)
  const db = await p.db('passports').reserve()
  t.after(() => db.release())
  const actor = { userId: newId(), role: 'user', sessionId: newId() } as const
  for (let at = 0; at < 12; at++)
    await searchPassports(db as unknown as Db, actor, { limit: 20, sort: '-createdAt', q: `word${at}` })
  const [plans] = await db`
    select sum(custom_plans)::int as each, sum(generic_plans)::int as once, count(*)::int as statements
    from pg_prepared_statements where statement like '%tsquery%' and statement not like '%pg_prepared%'`
  // Where nothing is found of one's own, what was shared is looked through too.
  assert.deepEqual(plans, { each: 24, once: 0, statements: 2 })
})

test('a query that makes no sense is refused with its field', async t => {
  const { as } = await open(t)
  const ada = as()
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=many', 'limit'],
    ['sort=owner', 'sort'],
    ['sort=createdAt%3Bdrop', 'sort'],
    ['status=lost', 'status'],
    ['category=car', 'category'],
    ['owner=me', 'owner'],
    ['identifier=', 'identifier'],
    ['identifier=%20', 'identifier'],
    ['model=a%00b', 'model'],
    ['q=%00', 'q'],
    [`q=${'x'.repeat(257)}`, 'q'],
    ['model=a&model=b', 'model'],
    ['readiness=full', 'readiness'],
  ] as const) {
    const { status, body } = await ada.get(`?${query}`)
    assert.deepEqual([status, body.errors?.[0].pointer], [400, `/${field}`], query)
  }
  assert.deepEqual(await codeOf(ada.get('?after=%00')), [400, 'cursor_invalid'])
})

/** 200 passports with repeated and empty sort keys, of the owners in turn; the third's are shared with `readerId`. */
async function seed(db: Db, owners: Owner[], readerId: string): Promise<void> {
  for (const [at, { kind, id }] of owners.entries())
    await db`
    insert into passports (id, owner_kind, owner_id, status, version, created_at, updated_at, identifier, model, manufactured_on, words)
    select gen_random_uuid(), ${kind}, ${id}, 'draft', 1, timestamptz '2026-01-01' + n % 40 * interval '1 ms', timestamptz '2026-01-01' - n % 7 * interval '1 day',
      nullif('BP-' || n, 'BP-' || n / 3 * 3), case n % 4 when 0 then null else 'M' || n % 4 end, case n % 5 when 0 then null else date '2024-01-01' + n % 5 end, ''
    from generate_series(1, 200) n where n % 3 = ${at}`
  await db`insert into readers (passport_id, reader_id, kind, since) select id, ${readerId}, 'person', now() from passports where owner_id = ${owners[2]!.id}`
}

/** As the database orders: the empty first, texts by the rules of the language. */
const inOrder = (keys: (string | null)[], descending: boolean): (string | null)[] => {
  const sorted = keys.toSorted((a, b) => (a === b ? 0 : a === null ? -1 : b === null ? 1 : a.localeCompare(b)))
  return descending ? sorted.reverse() : sorted
}
