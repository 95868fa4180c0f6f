import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { newId } from '#kernel'
import { UserEmailChanged, UserRegistered } from '#contracts/identity'
import { BatterySold } from '#contracts/orders'
import { PassportReaderInvited, PassportShared, PassportUpdated } from '#contracts/passports'
import { codeOf, cursor, data, member, open, pages, publishable, type Client } from './testing.ts'

/** Every way to a passport by its id. */
const ways = (client: Client, id: string) => ({
  read: client.get(`/${id}`),
  readPast: client.get(`/${id}?at=2999-01-01T00:00:00Z`),
  versions: client.get(`/${id}/versions`),
  readers: client.get(`/${id}/readers`),
  change: client.put(`/${id}`, { data: { changed: true } }),
  publish: client.post(`/${id}/publish`),
  share: client.put(`/${id}/readers/${newId()}`, { kind: 'person' }),
  unshare: client.delete(`/${id}/readers/${newId()}`),
  delete: client.delete(`/${id}`),
})

async function answers(client: Client, id: string) {
  const all = Object.entries(ways(client, id))
  return Object.fromEntries(
    await Promise.all(all.map(async ([way, answer]) => [way, (await codeOf(answer)).join(' ')])),
  )
}

const each = (answer: string) => ({
  read: answer,
  readPast: answer,
  versions: answer,
  readers: answer,
  change: answer,
  publish: answer,
  share: answer,
  unshare: answer,
  delete: answer,
})

suite('who may', () => {
  test('without a token there is nothing', async t => {
    const { as, nobody } = await open(t)
    const { id } = await as().make(data)
    for (const known of [id, newId()]) assert.deepEqual(await answers(nobody, known), each('401 token_missing'))
    assert.deepEqual(await codeOf(nobody.get('')), [401, 'token_missing'])
    assert.deepEqual(await codeOf(nobody.post('', { data })), [401, 'token_missing'])
  })

  test("somebody else's passport is not there, whichever way one comes", async t => {
    const { as } = await open(t)
    const userId = newId()
    const organisation = newId()
    const ada = as({ userId })
    const acme = as({ userId, organisation: { id: organisation, role: 'owner' } })
    const [own, theirs] = [await ada.make(data), await acme.make(data)]
    const unknown = await answers(as(), newId())
    assert.deepEqual(unknown, each('404 passport_unknown'))
    assert.deepEqual(await answers(as(), own.id), unknown, 'a stranger')
    assert.deepEqual(
      await answers(as(member(newId(), 'owner')), theirs.id),
      unknown,
      'the owner of another organisation',
    )
    assert.deepEqual(await answers(ada, theirs.id), unknown, 'a member who acts for themselves')
    assert.deepEqual(await as().found(), [])
    assert.equal((await ada.get(`/${own.id}`)).body.version, 1)
  })

  test('a refusal tells no more of a passport than its id', async t => {
    const { as } = await open(t)
    const { id } = await as().make(data)
    const told = async (which: string) => {
      const { body, headers } = await as().get(`/${which}`)
      const { traceId: _, ...rest } = body
      return [rest, headers.etag, headers['content-length']]
    }
    assert.deepEqual(await told(id), await told(newId()))
  })

  test('in an organisation all read, and editors and stronger change', async t => {
    const { as } = await open(t)
    const acme = newId()
    const passport = await as(member(acme, 'editor')).make(data)
    assert.deepEqual(passport.owner, { kind: 'organisation', id: acme })
    const viewer = as(member(acme, 'viewer'))
    assert.deepEqual(await answers(viewer, passport.id), {
      ...each('403 editor_required'),
      read: '200 ',
      readPast: '200 ',
      versions: '200 ',
    })
    assert.deepEqual(await viewer.found(), ['BP-2024-011'])
    assert.deepEqual(await codeOf(viewer.post('', { data: {} })), [403, 'editor_required'])
    for (const role of ['editor', 'admin', 'owner'] as const)
      assert.equal((await as(member(acme, role)).put(`/${passport.id}`, { data: { by: role } })).status, 200, role)
  })

  test('an admin of the platform may all, other roles nothing by themselves', async t => {
    const { p, as } = await open(t)
    const { id } = await as().make(data)
    const adminId = newId()
    const admin = as({ userId: adminId, role: 'admin' })
    assert.deepEqual(await admin.found(), ['BP-2024-011'])
    assert.equal((await admin.put(`/${id}`, { data: { by: 'admin' } })).status, 200)
    assert.deepEqual((await p.published(PassportUpdated))[0]!.actor, { userId: adminId, role: 'admin' })
    for (const role of ['vendor', 'operator', 'technician', 'authority', 'interest'] as const)
      assert.deepEqual(await codeOf(as({ role }).get(`/${id}`)), [404, 'passport_unknown'], role)
  })
})

suite('sharing', () => {
  test('opens a passport to a person for reading, until it is taken back', async t => {
    const { p, as } = await open(t)
    const userId = newId()
    const [ada, bob] = [as(), as({ userId })]
    const { id, owner } = await ada.make(data)
    assert.equal((await ada.put(`/${id}/readers/${userId}`, { kind: 'person' })).status, 204)

    assert.deepEqual((await bob.get(`/${id}`)).body.data, data)
    assert.deepEqual(await bob.found(), ['BP-2024-011'])
    assert.deepEqual(await answers(bob, id), {
      ...each('403 editor_required'),
      read: '200 ',
      readPast: '200 ',
      versions: '200 ',
    })
    assert.deepEqual(await codeOf(as().get(`/${id}`)), [404, 'passport_unknown'])

    assert.equal((await ada.delete(`/${id}/readers/${userId}`)).status, 204)
    assert.deepEqual(await codeOf(bob.get(`/${id}`)), [404, 'passport_unknown'])
    assert.deepEqual(await bob.found(), [])
    assert.deepEqual(await codeOf(ada.delete(`/${id}/readers/${userId}`)), [404, 'reader_unknown'])

    const facts = {
      passport: { id },
      identifier: 'BP-2024-011',
      owner,
      version: 1,
      reader: { kind: 'person', id: userId },
    }
    assert.deepEqual(
      (await p.published(PassportShared)).map(({ eventId: _, timestamp: __, actor: ___, ...rest }) => rest),
      [
        { ...facts, shared: true },
        { ...facts, shared: false },
      ],
    )
  })

  test('opens a passport to whoever acts for an organisation', async t => {
    const { as } = await open(t)
    const acme = newId()
    const ada = as()
    const { id } = await ada.make(data)
    await ada.put(`/${id}/readers/${acme}`, { kind: 'organisation' })
    const bob = newId()
    assert.equal((await as({ userId: bob, organisation: { id: acme, role: 'viewer' } }).get(`/${id}`)).status, 200)
    assert.equal(
      (await as({ userId: bob, organisation: { id: acme, role: 'owner' } }).put(`/${id}`, { data: {} })).status,
      403,
    )
    assert.equal((await as({ userId: bob }).get(`/${id}`)).status, 404)
  })

  test("twice is once: one event, one row in the reader's list", async t => {
    const { p, as } = await open(t)
    const userId = newId()
    const acme = newId()
    const ada = as({ userId: newId() })
    const { id } = await ada.make(data)
    await Promise.all([1, 2, 3].map(() => ada.put(`/${id}/readers/${userId}`, { kind: 'person' })))
    assert.equal((await p.published(PassportShared)).length, 1)
    await ada.put(`/${id}/readers/${acme}`, { kind: 'organisation' })
    assert.deepEqual(await as({ userId, organisation: { id: acme, role: 'viewer' } }).found(), ['BP-2024-011'])
  })

  test('ends at two hundred, however many ask at once, and begins again when one goes', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const { id } = await ada.make(data)
    const first = newId()
    const share = (reader = newId()) => ada.put(`/${id}/readers/${reader}`, { kind: 'person' })
    await share(first)
    await p.db('passports')`insert into readers (passport_id, reader_id, kind, since)
      select ${id}, gen_random_uuid(), 'person', now() from generate_series(1, 198)`
    assert.deepEqual(
      (await Promise.all([1, 2, 3].map(() => share()))).map(({ status }) => status).sort(),
      [204, 409, 409],
    )
    assert.deepEqual(await codeOf(share()), [409, 'readers_limit_reached'])
    assert.equal((await share(first)).status, 204, 'who reads already may go on')
    await ada.delete(`/${id}/readers/${first}`)
    assert.equal((await share()).status, 204)
    assert.equal((await p.published(PassportShared)).length, 4)
  })

  test("with oneself or one's organisation lists nothing twice", async t => {
    const { as } = await open(t)
    const userId = newId()
    const acme = newId()
    const ada = as({ userId, organisation: { id: acme, role: 'owner' } })
    const { id } = await ada.make(data)
    await ada.put(`/${id}/readers/${userId}`, { kind: 'person' })
    await ada.put(`/${id}/readers/${acme}`, { kind: 'organisation' })
    assert.deepEqual(await ada.found(), ['BP-2024-011'])
  })

  test('shows with whom and since when, page by page', async t => {
    const { as } = await open(t, { now: () => new Date('2026-11-21T10:00:00Z') })
    const ada = as()
    const { id } = await ada.make(data)
    const ids = Array.from({ length: 5 }, () => newId()).sort()
    for (const reader of ids) await ada.put(`/${id}/readers/${reader.toUpperCase()}`, { kind: 'organisation' })
    const found = await pages(ada, `/${id}/readers?limit=2`)
    assert.deepEqual(
      found.map(items => items.length),
      [2, 2, 1],
    )
    assert.deepEqual(
      found.flat(),
      ids.map(reader => ({ kind: 'organisation', id: reader, since: '2026-11-21T10:00:00.000Z' })),
    )
    assert.deepEqual(await codeOf(ada.get(`/${id}/readers?after=${cursor(['nobody'])}`)), [400, 'cursor_invalid'])
  })

  test('takes a person or an organisation, by its id', async t => {
    const { as } = await open(t)
    const ada = as()
    const { id } = await ada.make(data)
    for (const [reader, body, pointer] of [
      [newId(), { kind: 'world' }, '/kind'],
      [newId(), {}, '/kind'],
      ['everybody', { kind: 'person' }, '/readerId'],
    ] as const) {
      const { status, body: problem } = await ada.put(`/${id}/readers/${reader}`, body)
      assert.deepEqual([status, problem.errors[0].pointer], [400, pointer])
    }
  })
})

suite('sharing with an address', () => {
  const answered = ({ status, text }: { status: number; text: string }) => [
    status,
    text.replace(/[0-9a-f-]{36}/, '').replace(/"since":"[^"]*"/, ''),
  ]

  test('answers and lists the same, whether or not it is somebody’s, and opens the passport to who has it', async t => {
    const { p, as, known } = await open(t)
    const [userId, email] = [newId(), 'grace@example.com']
    known.addresses.set(email, userId)
    const [ada, grace] = [as(), as({ userId })]
    const { id } = await ada.make(data)
    const there = await ada.post(`/${id}/readers`, { email: 'Grace@Example.com' })
    const nobody = await ada.post(`/${id}/readers`, { email: 'ghost@example.com' })
    assert.deepEqual(answered(nobody), answered({ ...there, text: there.text.replace('grace', 'ghost') }))
    assert.deepEqual((await ada.post(`/${id}/readers`, { email })).body, there.body, 'twice is once')
    await p.settle()
    assert.deepEqual((await grace.get(`/${id}`)).body.data, data)
    assert.deepEqual(await grace.found(), ['BP-2024-011'])
    assert.deepEqual((await ada.get(`/${id}/readers`)).body.items, [there.body, nobody.body])
    const [shared, ...more] = await p.published(PassportShared)
    assert.deepEqual([shared!.reader, shared!.byAddress, more], [{ kind: 'person', id: userId }, true, []])
    const [invited, ...others] = await p.published(PassportReaderInvited)
    assert.deepEqual([invited!.email, invited!.locale, others], ['ghost@example.com', 'de', []])

    // Not even a share by id makes the two look like one.
    await ada.put(`/${id}/readers/${userId}`, { kind: 'person' })
    const kinds = (await ada.get(`/${id}/readers`)).body.items.map(({ kind }: { kind: string }) => kind)
    assert.deepEqual(kinds.sort(), ['address', 'address', 'person'])
    assert.equal((await ada.delete(`/${id}/readers/${userId}`)).status, 204)
    assert.equal((await grace.get(`/${id}`)).status, 200, 'the address lets them in still')
    for (const reader of [there.body.id, nobody.body.id])
      assert.equal((await ada.delete(`/${id}/readers/${reader}`)).status, 204)
    assert.deepEqual(await codeOf(grace.get(`/${id}`)), [404, 'passport_unknown'])
    assert.deepEqual(await codeOf(ada.delete(`/${id}/readers/${there.body.id}`)), [404, 'reader_unknown'])
  })

  test('opens all to who may read less by their id, and leaves them with that when it is taken back', async t => {
    const { p, as, known } = await open(t)
    const [userId, email] = [newId(), 'grace@example.com']
    known.addresses.set(email, userId)
    const [ada, grace] = [as(), as({ userId })]
    const { id } = await ada.make(publishable('BP-2'))
    assert.equal((await ada.post(`/${id}/publish`)).status, 200)
    // Nothing is said to who sees all of it.
    const reads = async () => (await grace.get(`/${id}`)).body.audience ?? 'owner'
    const share = async () => {
      const { body } = await ada.post(`/${id}/readers`, { email })
      await p.settle()
      assert.equal(await reads(), 'owner')
      return body.id as string
    }
    const interest = { kind: 'person', audience: 'interest', until: '2999-01-01T00:00:00.000Z' }
    assert.equal((await ada.put(`/${id}/readers/${userId}`, interest)).status, 204)
    assert.equal(await reads(), 'interest')
    await ada.delete(`/${id}/readers/${await share()}`)
    assert.equal(await reads(), 'interest')
    const [left] = (await ada.get(`/${id}/readers`)).body.items
    assert.deepEqual([left.audience, left.until], ['interest', '2999-01-01T00:00:00.000Z'])

    // The interest is taken back while the address stands: nothing is left with it.
    const again = await share()
    assert.equal((await ada.delete(`/${id}/readers/${userId}`)).status, 204)
    assert.equal(await reads(), 'owner')
    await ada.delete(`/${id}/readers/${again}`)
    assert.equal(await reads(), 'public')
  })

  test('waits for whoever proves it, by registering or by changing theirs', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const { id } = await ada.make(data)
    const [grace, edith] = [newId(), newId()]
    for (const email of ['grace@example.com', 'edith@example.com']) await ada.post(`/${id}/readers`, { email })
    await p.settle()
    assert.deepEqual(await codeOf(as({ userId: grace }).get(`/${id}`)), [404, 'passport_unknown'])
    const person = { firstName: 'G', name: 'G', locale: 'en' as const, version: 1 }
    await p.publish(UserRegistered, { ...person, userId: grace, email: 'grace@example.com' })
    const changed = { ...person, userId: edith, email: 'edith@example.com', formerEmail: 'e@example.com' }
    await p.publish(UserEmailChanged, changed)
    await p.settle()
    for (const userId of [grace, edith]) assert.equal((await as({ userId }).get(`/${id}`)).status, 200)
    assert.equal((await p.published(PassportShared)).length, 2)
  })

  test('is for editors of the owner, takes an address, and counts with the others', async t => {
    const { as } = await open(t)
    const acme = newId()
    const editor = as(member(acme, 'editor'))
    const { id } = await editor.make(data)
    const email = 'grace@example.com'
    assert.deepEqual(await codeOf(as().post(`/${id}/readers`, { email })), [404, 'passport_unknown'])
    const viewer = as(member(acme, 'viewer'))
    assert.deepEqual(await codeOf(viewer.post(`/${id}/readers`, { email })), [403, 'editor_required'])
    assert.equal((await editor.post(`/${id}/readers`, { email: 'grace' })).body.errors[0].pointer, '/email')
    for (let number = 0; number < 200; number++)
      assert.equal((await editor.post(`/${id}/readers`, { email: `${number}@example.com` })).status, 201)
    assert.deepEqual(await codeOf(editor.post(`/${id}/readers`, { email })), [409, 'readers_limit_reached'])
    assert.deepEqual(
      (await pages(editor, `/${id}/readers?limit=80`)).map(({ length }) => length),
      [80, 80, 40],
    )
  })
})

test('sharing with an id that nobody has is refused', async t => {
  const { p, as, known } = await open(t)
  const ada = as()
  const { id } = await ada.make(data)
  for (const kind of ['person', 'organisation']) {
    const stranger = newId()
    known.strangers.add(stranger)
    assert.deepEqual(await codeOf(ada.put(`/${id}/readers/${stranger}`, { kind })), [404, 'reader_unknown'])
  }
  assert.deepEqual(await p.published(PassportShared), [])
})

test('another service hears whose a passport is and who may read it', async t => {
  const { as } = await open(t)
  const ada = as()
  const { id, owner } = await ada.make(data)
  const readers = [
    { kind: 'person', id: newId() },
    { kind: 'organisation', id: newId() },
  ]
  for (const reader of readers) await ada.put(`/${id}/readers/${reader.id}`, { kind: reader.kind })
  await ada.post(`/${id}/publish`)
  const { body } = await ada.ask(`/${id}`)
  assert.deepEqual(body, { passportId: id, identifier: 'BP-2024-011', owner, status: 'published', readers })
  assert.deepEqual(await codeOf(ada.ask(`/${newId()}`)), [404, 'passport_unknown'])
})

test('who bought a battery reads its passport from then on, once, and its maker still answers for it', async t => {
  const { p, as } = await open(t)
  const buyer = newId()
  const [maker, ada] = [as(), as({ userId: buyer })]
  const { id, owner } = await maker.make(data)
  assert.deepEqual(await codeOf(ada.get(`/${id}`)), [404, 'passport_unknown'])
  await maker.post(`/${id}/publish`)
  const sale = {
    orderId: newId(),
    lineId: newId(),
    productId: newId(),
    serial: null,
    seller: owner,
    at: '2027-02-18T08:00:00.000Z',
  }
  const sold = { ...sale, passportId: id, buyer: { kind: 'person' as const, id: buyer } }
  await p.publish(BatterySold, sold)
  await p.publish(BatterySold, sold)
  // One that is gone, and one that its maker buys back.
  await p.publish(BatterySold, { ...sold, passportId: newId() })
  await p.publish(BatterySold, { ...sold, buyer: owner })
  await p.settle()
  assert.deepEqual((await ada.get(`/${id}`)).body.audience, 'interest')
  assert.deepEqual(await codeOf(ada.put(`/${id}`, { data: { changed: true } })), [403, 'editor_required'])
  assert.deepEqual(
    (await p.published(PassportShared)).map(({ reader, shared }) => [reader.id, shared]),
    [[buyer, true]],
  )
})
