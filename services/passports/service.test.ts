import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { newId } from '#kernel'
import {
  PassportCreated,
  PassportDeleted,
  PassportPublished,
  PassportStatusChanged,
  PassportUpdated,
} from '#contracts/passports'
import { battery, codeOf, cursor, data, open, pages, publishable } from './testing.ts'

suite('a passport', () => {
  test('is made with the body of the baseline and answered whole', async t => {
    const { p, as } = await open(t, { now: () => new Date('2026-11-21T10:00:00Z') })
    const userId = newId()
    const ada = as({ userId })
    const { status, headers, body } = await ada.post('', { data })
    assert.equal(status, 201)
    assert.deepEqual(body, {
      id: body.id,
      data,
      status: 'draft',
      version: 1,
      owner: { kind: 'person', id: userId },
      identifier: 'BP-2024-011',
      createdAt: '2026-11-21T10:00:00.000Z',
      updatedAt: '2026-11-21T10:00:00.000Z',
    })
    assert.equal(headers.location, `/api/passports/${body.id}`)
    assert.equal(headers.etag, '"1"')

    const read = await ada.get(`/${body.id}`)
    assert.deepEqual([read.status, read.headers.etag, read.body], [200, '"1"', body])
    const again = await ada.get(`/${body.id}`, undefined, { 'if-none-match': '"1"' })
    assert.deepEqual([again.status, again.text], [304, ''])

    const [event, ...more] = await p.published(PassportCreated)
    assert.deepEqual(more, [])
    assert.deepEqual(event, {
      eventId: event!.eventId,
      timestamp: event!.timestamp,
      actor: { userId, role: 'user' },
      passport: { id: body.id, data },
      identifier: 'BP-2024-011',
      owner: { kind: 'person', id: userId },
      version: 1,
    })
  })

  test('keeps its data as it was given, keys in their order and whatever they are called', async t => {
    const { as } = await open(t)
    const ada = as()
    const odd =
      '{"z":1,"__proto__":{"a":1},"a":{"constructor":{"prototype":null},"__proto__":[],"toString":"x","hasOwnProperty":null,"then":1,"":[[],{}]},"line\\nbreak":"\\u2028","a/b~c":"Ω🔋","toJSON":"no","$ref":"#","length":-0.5}'
    const { status, text, body } = await ada.post('', { data: JSON.parse(odd) })
    assert.equal(status, 201)
    const kept = JSON.stringify(JSON.parse(odd))
    assert.ok(text.includes(`"data":${kept},`), text)
    assert.ok((await ada.get(`/${body.id}`)).text.includes(`"data":${kept},`))
  })

  test('takes any JSON object there is', async t => {
    const { as } = await open(t)
    const ada = as()
    const key = fc.string({ unit: 'grapheme', maxLength: 20 }).filter(name => !name.includes('\0'))
    const object = fc.object({
      key,
      maxDepth: 5,
      withNullPrototype: false,
      values: [fc.boolean(), fc.integer(), fc.double({ noDefaultInfinity: true, noNaN: true }), key, fc.constant(null)],
    })
    await fc.assert(
      fc.asyncProperty(object, async given => {
        const { status, body } = await ada.post('', { data: given })
        assert.equal(status, 201, JSON.stringify(given))
        assert.deepEqual((await ada.get(`/${body.id}`)).body.data, JSON.parse(JSON.stringify(given)))
      }),
      { numRuns: 50 },
    )
  })

  test('takes a megabyte and refuses more', async t => {
    const { as } = await open(t)
    const ada = as()
    const { id } = await ada.make({ text: 'x'.repeat(1_000_000) })
    assert.equal((await ada.get(`/${id}`)).body.data.text.length, 1_000_000)
    assert.deepEqual(await codeOf(ada.post('', { data: { text: 'x'.repeat(1_100_000) } })), [413, 'body_too_large'])
  })

  test('is refused with the pointer of what is wrong', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const cases: [object, string, RegExp][] = [
      [{}, '/data', /required/],
      [{ data: [] }, '/data', /object/],
      [{ data: null }, '/data', /object/],
      [{ data: 'text' }, '/data', /object/],
      [{ data: {}, status: 'published' }, '/status', /not a field/],
    ]
    for (const [body, pointer, detail] of cases) {
      const { status, body: problem } = await ada.post('', body)
      assert.equal(status, 400)
      assert.equal(problem.errors[0].pointer, pointer)
      assert.match(problem.errors[0].detail, detail)
    }
    assert.deepEqual([await ada.found(), await p.published(PassportCreated)], [[], []])
  })

  test('is made once for one Idempotency-Key', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const key = { 'idempotency-key': 'one' }
    const [first, second] = [await ada.post('', { data }, key), await ada.post('', { data }, key)]
    assert.deepEqual(
      [second.status, second.body, second.headers.location, second.headers.etag],
      [201, first.body, first.headers.location, '"1"'],
    )
    assert.deepEqual(await codeOf(ada.post('', { data: {} }, key)), [422, 'idempotency_key_reused'])

    const many = await Promise.all(
      Array.from({ length: 5 }, () => ada.post('', { data: { of: 'five' } }, { 'idempotency-key': 'two' })),
    )
    const made = many.filter(({ status }) => status === 201)
    assert.ok(made.length > 0)
    assert.equal(new Set(made.map(({ body }) => body.id)).size, 1)
    assert.ok(many.every(({ status, body }) => status === 201 || body.code === 'idempotency_key_in_flight'))
    assert.equal((await ada.found()).length, 2)
    assert.equal((await p.published(PassportCreated)).length, 2)
  })
})

suite('a battery identifier', () => {
  test('stands in one passport of an owner, also when many are made at once', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const answers = await Promise.all(Array.from({ length: 8 }, () => ada.post('', { data })))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(7).fill(409)])
    const { body } = answers.find(({ status }) => status === 409)!
    assert.deepEqual(
      [body.code, body.errors[0].pointer],
      ['battery_identifier_taken', '/data/generalInformation/batteryIdentifier'],
    )
    assert.equal((await p.published(PassportCreated)).length, 1, 'the losers published nothing')
  })

  test('is refused where it was found', async t => {
    const { as } = await open(t)
    const ada = as()
    await ada.make(data)
    const { id } = await ada.make()
    const { status, body } = await ada.put(`/${id}`, { data: { uniqueBatteryIdentifier: 'BP-2024-011' } })
    assert.deepEqual(
      [status, body.code, body.errors[0].pointer],
      [409, 'battery_identifier_taken', '/data/uniqueBatteryIdentifier'],
    )
    assert.equal((await ada.get(`/${id}`)).body.version, 1)
  })

  test('may stand in passports of other owners, in a version given up, and again once its draft is gone', async t => {
    const { as } = await open(t)
    const userId = newId()
    const [ada, acme] = [as({ userId }), as({ userId, organisation: { id: newId(), role: 'editor' } })]
    const { id } = await ada.make(data)
    await acme.make(data)
    await as().make(data)
    await ada.put(`/${id}`, { data: {} })
    const other = await ada.make(data)
    await ada.delete(`/${other.id}`)
    await ada.make(data)
  })

  test('that is missing or cannot be mapped is no identifier', async t => {
    const { as } = await open(t)
    const ada = as()
    for (const identifier of [undefined, 7, '', 'x'.repeat(100_000)])
      for (const _ of [1, 2])
        assert.equal((await ada.make({ generalInformation: { batteryIdentifier: identifier } })).identifier, null)
  })
})

suite('a version', () => {
  test('is made by new data, with who, when and what', async t => {
    let time = '10:00'
    const { p, as } = await open(t, { now: () => new Date(`2026-11-21T${time}:00Z`) })
    const acme = { id: newId(), role: 'editor' } as const
    const [first, second] = [newId(), newId()]
    const [ada, bob] = [as({ userId: first, organisation: acme }), as({ userId: second, organisation: acme })]
    const { id } = await ada.make(data)
    time = '10:30'
    const changed = {
      ...data,
      generalInformation: { ...data.generalInformation, batteryMass: 451 },
      note: { by: 'bob' },
    }
    const { status, headers, body } = await bob.put(`/${id}`, { data: changed })
    assert.deepEqual(
      [status, headers.etag, body.version, body.data, body.updatedAt],
      [200, '"2"', 2, changed, '2026-11-21T10:30:00.000Z'],
    )

    const updatedFields = ['/generalInformation/batteryMass', '/note/by']
    const listed = (await ada.get(`/${id}/versions`)).body
    // Which history has them is proven elsewhere.
    const bound = listed.items.map(({ hash }: { hash: string }) => ({ ruleSet: 'ec-2.0', hash }))
    assert.deepEqual(listed, {
      items: [
        {
          version: 2,
          status: 'draft',
          actor: { userId: second, role: 'user' },
          at: '2026-11-21T10:30:00.000Z',
          updatedFields,
          ...bound[0],
        },
        {
          version: 1,
          status: 'draft',
          actor: { userId: first, role: 'user' },
          at: '2026-11-21T10:00:00.000Z',
          updatedFields: [],
          ...bound[1],
        },
      ],
      nextCursor: null,
    })
    const [event] = await p.published(PassportUpdated)
    assert.deepEqual(event, {
      eventId: event!.eventId,
      timestamp: event!.timestamp,
      actor: { userId: second, role: 'user' },
      passport: { id, data: changed },
      identifier: 'BP-2024-011',
      owner: { kind: 'organisation', id: acme.id },
      version: 2,
      updatedFields,
    })
  })

  test('is not made when nothing changed', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const { id } = await ada.make({ a: 1, b: [{ c: null }] })
    const { status, body } = await ada.put(`/${id}`, { data: { b: [{ c: null }], a: 1 } })
    assert.deepEqual([status, body.version], [200, 1])
    assert.deepEqual(await p.published(PassportUpdated), [])
    assert.equal((await ada.get(`/${id}/versions`)).body.items.length, 1)
  })

  test('is readable by the time at which it was the present one', async t => {
    let time = '10:00:00'
    const { as } = await open(t, { now: () => new Date(`2026-11-21T${time}Z`) })
    const ada = as()
    const { id } = await ada.make(publishable('BP-1'))
    time = '10:20:00'
    await ada.put(`/${id}`, { data: publishable('BP-2') })
    time = '10:40:00'
    await ada.post(`/${id}/publish`)
    const then = async (at: string) => (await ada.get(`/${id}?at=${encodeURIComponent(at)}`)).body
    for (const [at, version, status, identifier] of [
      ['2026-11-21T10:00:00Z', 1, 'draft', 'BP-1'],
      ['2026-11-21T10:19:59.999Z', 1, 'draft', 'BP-1'],
      ['2026-11-21T11:20:00+01:00', 2, 'draft', 'BP-2'],
      ['2026-11-21T10:40:00Z', 3, 'published', 'BP-2'],
      ['9999-12-31T23:59:59Z', 3, 'published', 'BP-2'],
    ] as const) {
      const past = await then(at)
      assert.deepEqual(
        [past.version, past.status, past.identifier, past.data],
        [version, status, identifier, publishable(identifier)],
        at,
      )
    }
    for (const at of ['2026-11-21T09:59:59Z', '0000-01-01T00:00:00Z'])
      assert.equal((await then(at)).code, 'version_unknown', at)
    for (const at of ['yesterday', '2026-06-30T23:59:60Z', '2026-13-01T00:00:00Z', '']) {
      const { status, errors } = await then(at)
      assert.deepEqual([status, errors[0].pointer], [400, '/at'], at)
    }
    assert.equal((await as().get(`/${id}?at=2026-11-21T10:00:00Z`)).status, 404, 'the past is as closed as the present')
  })

  test('is listed page by page, the latest first', async t => {
    const { as } = await open(t)
    const ada = as()
    const { id } = await ada.make({ n: 1 })
    for (const n of [2, 3, 4, 5]) await ada.put(`/${id}`, { data: { n } })
    assert.deepEqual(
      (await pages(ada, `/${id}/versions?limit=2`)).map(items => items.map(({ version }) => version)),
      [[5, 4], [3, 2], [1]],
    )
    for (const keys of ['x', 1.5, -1, 2 ** 40, null])
      assert.deepEqual(await codeOf(ada.get(`/${id}/versions?after=${cursor([keys])}`)), [400, 'cursor_invalid'])
  })

  test('is kept only if it follows the one that was read', async t => {
    const { as } = await open(t)
    const ada = as()
    const { id } = await ada.make()
    const put = (value: number) => ada.put(`/${id}`, { data: { value } }, { 'if-match': '"1"' })
    const answers = await Promise.all([put(1), put(2)])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412])
    const { body } = answers.find(({ status }) => status === 412)!
    assert.deepEqual([body.code, body.version], ['version_stale', 2])
    assert.deepEqual(await codeOf(ada.post(`/${id}/publish`, undefined, { 'if-match': '"1"' })), [412, 'version_stale'])
    assert.deepEqual(await codeOf(ada.delete(`/${id}`, undefined, { 'if-match': '"1"' })), [412, 'version_stale'])
    assert.equal((await ada.delete(`/${id}`, undefined, { 'if-match': '"2"' })).status, 204)
  })

  test('follows the last one when many change a passport at once, and none is lost', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const { id } = await ada.make({ value: -1 })
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, value) => ada.put(`/${id}`, { data: { value, [`by${value}`]: true } })),
    )
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(10).fill(200),
    )
    const versions = (await ada.get(`/${id}/versions`)).body.items
    assert.deepEqual(
      versions.map(({ version }: { version: number }) => version),
      [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
    )
    for (const { version, updatedFields } of versions.slice(0, -2))
      assert.equal(updatedFields.length, 3, `version ${version} is compared with the one before`)
    assert.deepEqual(
      (await p.published(PassportUpdated)).map(({ version }) => version),
      [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    )
  })
})

suite('its life', () => {
  test('a draft is deleted, and everything with it', async t => {
    const { p, as } = await open(t)
    const userId = newId()
    const ada = as({ userId })
    const { id } = await ada.make(data)
    await ada.put(`/${id}/readers/${newId()}`, { kind: 'person' })
    const { status, text } = await ada.delete(`/${id}`)
    assert.deepEqual([status, text], [204, ''])
    for (const path of [`/${id}`, `/${id}/versions`, `/${id}/readers`])
      assert.deepEqual(await codeOf(ada.get(path)), [404, 'passport_unknown'])
    assert.deepEqual(await codeOf(ada.delete(`/${id}`)), [404, 'passport_unknown'])
    const db = p.db('passports')
    assert.deepEqual(
      await db`select id from passports union all select passport_id from versions union all select passport_id from readers`.then(
        rows => [...rows],
      ),
      [],
    )
    const [event] = await p.published(PassportDeleted)
    assert.deepEqual(event, {
      eventId: event!.eventId,
      timestamp: event!.timestamp,
      actor: { userId, role: 'user' },
      passport: { id },
      identifier: 'BP-2024-011',
      owner: { kind: 'person', id: userId },
      version: 2,
    })
  })

  test('once published it is kept: deleting archives it, and after that nothing changes it', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const { id, owner } = await ada.make(data)
    const published = await ada.post(`/${id}/publish`)
    assert.deepEqual(
      [published.status, published.body.status, published.body.version, published.headers.etag],
      [200, 'published', 2, '"2"'],
    )
    assert.deepEqual(await codeOf(ada.post(`/${id}/publish`)), [409, 'passport_published'])
    assert.equal((await ada.put(`/${id}`, { data: { ...data, note: 'a correction' } })).body.status, 'published')

    const archived = await ada.delete(`/${id}`)
    assert.deepEqual([archived.status, archived.body.status, archived.headers.etag], [200, 'archived', '"4"'])
    const refused = await ada.delete(`/${id}`)
    assert.deepEqual([refused.status, refused.body.code], [409, 'passport_archived'])
    assert.match(refused.body.detail, /Art\. 77/)
    assert.deepEqual(await codeOf(ada.put(`/${id}`, { data: {} })), [409, 'passport_archived'])
    assert.deepEqual(await codeOf(ada.post(`/${id}/publish`)), [409, 'passport_archived'])
    assert.equal((await ada.get(`/${id}`)).body.status, 'archived')

    const facts = { passport: { id }, identifier: 'BP-2024-011', owner }
    const bare = ({ eventId: _, timestamp: __, actor: ___, ...rest }: Record<string, unknown>) => rest
    assert.deepEqual((await p.published(PassportPublished)).map(bare), [{ ...facts, version: 2 }])
    assert.deepEqual((await p.published(PassportStatusChanged)).map(bare), [
      { ...facts, version: 2, status: 'published', formerStatus: 'draft' },
      { ...facts, version: 4, status: 'archived', formerStatus: 'published' },
    ])
    assert.deepEqual(await p.published(PassportDeleted), [])
  })

  test('one of two who publish at once learns that it is published, and both of one Idempotency-Key do not', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const [one, two] = [await ada.make(publishable('one')), await ada.make(publishable('two'))]
    const answers = await Promise.all([ada.post(`/${one.id}/publish`), ada.post(`/${one.id}/publish`)])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
    const key = { 'idempotency-key': 'publish' }
    for (const _ of [1, 2]) assert.equal((await ada.post(`/${two.id}/publish`, undefined, key)).body.version, 2)
    assert.equal((await p.published(PassportPublished)).length, 2)
  })
  test('it is published with an identifier, a category and a model at the least, and is told which of them it lacks', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const { id } = await ada.make()
    const lacking = async () => {
      const { status, body } = await ada.post(`/${id}/publish`)
      assert.deepEqual([status, body.code], [422, 'passport_incomplete'])
      return body.errors.map(({ pointer }: { pointer: string }) => pointer)
    }
    const at = (field: string) => `/data/generalInformation/${field}`
    assert.deepEqual(await lacking(), [at('batteryIdentifier'), at('batteryCategory'), at('batteryModel/id')])
    await ada.put(`/${id}`, { data: battery('BP-1', { batteryCategory: 'car', batteryModel: '  ' }) })
    assert.deepEqual(await lacking(), [at('batteryCategory'), at('batteryModel/id')])
    await ada.put(`/${id}`, { data: battery('BP-1', { batteryCategory: 'LMT' }) })
    assert.deepEqual(await lacking(), [at('batteryModel/id')])
    assert.deepEqual(await p.published(PassportPublished), [])
    await ada.put(`/${id}`, { data: publishable('BP-1') })
    assert.equal((await ada.post(`/${id}/publish`)).status, 200)
  })

  test('a published passport keeps its identifier, whatever else of it is corrected', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const { id } = await ada.make(publishable('BP-1'))
    await ada.post(`/${id}/publish`)
    for (const data of [publishable('BP-2'), {}, { note: 'gone' }]) {
      const { status, body } = await ada.put(`/${id}`, { data })
      assert.deepEqual([status, body.code], [409, 'identifier_kept'])
      assert.match(body.detail, /"BP-1".*Art\. 77\(3\)/)
      assert.equal(body.errors[0].pointer, '/data/generalInformation/batteryIdentifier')
    }
    const without = await ada.put(`/${id}`, { data: battery('BP-1', { batteryCategory: 'EV' }) })
    assert.deepEqual([without.status, without.body.code], [422, 'passport_incomplete'])
    assert.equal((await ada.get(`/${id}`)).body.version, 2)
    assert.deepEqual(await p.published(PassportUpdated), [])
    // The same identifier in another place of the data is the same.
    const moved = { uniqueBatteryIdentifier: 'BP-1', batteryCategory: 'EV', generalInformation: { batteryModel: 'M2' } }
    assert.equal((await ada.put(`/${id}`, { data: moved })).body.identifier, 'BP-1')
  })
})
