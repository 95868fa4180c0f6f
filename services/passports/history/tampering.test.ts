import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId, type Actor } from '#kernel'
import { fakes } from '../../../kernel/testing.ts'
import { verifyCheckpoints, verifyHistory, type ProofPage } from '../../../tools/verify.ts'
import type { PassportsHost } from '../host.ts'
import { passports } from '../service.ts'
import { open, publishable, type Client } from '../testing.ts'
import { bindingOf, newSalts, type Kept } from './chain.ts'
import { sealDays } from './sealing.ts'

async function setUp(t: TestContext) {
  let now = '2027-03-01T10:00:00.000Z'
  const of = await open(t, { now: () => new Date(now) })
  const userId = newId()
  // A token is good for an hour of the clock.
  const as = (who: Partial<Actor>): Client =>
    new Proxy({} as Client, { get: (_, name) => of.as(who)[name as keyof Client] })
  const ada = as({ userId })
  const set = (at: string) => void (now = at)
  const seal = async (at: string) => {
    set(at)
    const sealing = { ...passports, needs: [], start: async (host: PassportsHost) => void (await sealDays(host)) }
    await (await of.p.another([sealing] as never)).settle()
  }
  const make = async (identifier: string) => {
    const { id } = await ada.make(publishable(identifier))
    await ada.post(`/${id}/publish`)
    return id as string
  }
  const weigh = async (id: string, mass: number) => {
    const answer = await ada.patch(`/${id}/attributes`, {
      attributes: { batteryMass: { value: `${mass}`, unit: 'kg' } },
    })
    assert.equal(answer.status, 200, answer.text)
  }
  const keys = async () => (await of.nobody.get('/checkpoints/keys')).body.keys
  return { of, ada, userId, set, seal, make, weigh, keys, db: of.p.db('passports'), clock: () => new Date(now) }
}

/** A page of a proof, or all of them. */
async function pagesOf(client: Client, id: string, before?: number): Promise<ProofPage[]> {
  const pages: ProofPage[] = []
  const cursorAt = (version: number) => Buffer.from(JSON.stringify([version])).toString('base64url')
  for (let after = before && cursorAt(before); ;) {
    const { status, text, body } = await client.get(`/${id}/proof?limit=100${after ? `&after=${after}` : ''}`)
    assert.equal(status, 200, text)
    pages.push(body)
    if (body.nextCursor === null || before) return pages
    after = body.nextCursor
  }
}

test('one bit changed in row 5,000 of 10,000 is found, and the row is named', async t => {
  const { ada, userId, db } = await setUp(t)
  const count = 10_000
  const { id } = await ada.make(publishable('A'))
  const [first] = await db<{ hash: Buffer; text: string; at: Date }[]>`
    select hash, data::text as text, at from versions where passport_id = ${id}`
  let former = first!.hash
  const rows = Array.from({ length: count - 1 }, (_, index) => {
    const version = index + 2
    const salts = newSalts(1)
    const text = first!.text.replace('M1', `M${version}`)
    const at = new Date(first!.at.getTime() + index)
    const kept: Kept = {
      passportId: id,
      version,
      status: 'draft',
      actorId: userId,
      actorRole: 'user',
      at,
      text,
      salts,
      seen: null,
      reason: null,
      owner: null,
      parentId: null,
      parentVersion: null,
      parentSeen: null,
      said: null,
    }
    const { hash } = bindingOf(kept, { hash: former.toString('hex'), views: null })
    former = hash
    return { at, text, hash, salts }
  })
  for (let from = 0; from < rows.length; from += 1000) {
    const column = (of: (row: (typeof rows)[number]) => string) => rows.slice(from, from + 1000).map(of)
    const [texts, hashes] = [column(({ text }) => text), column(({ hash }) => hash.toString('hex'))]
    const [salts, times] = [column(({ salts }) => salts.toString('hex')), column(({ at }) => at.toISOString())]
    await db`
      insert into versions (passport_id, version, status, actor_id, actor_role, at, updated_fields, data, hash, hash_salts)
      select ${id}, ${from + 1} + n, 'draft', ${userId}, 'user', a::timestamptz, '{}', d::json, decode(h, 'hex'), decode(s, 'hex')
      from unnest(${times}::text[], ${texts}::text[], ${hashes}::text[], ${salts}::text[]) with ordinality as t(a, d, h, s, n)`
  }
  await db`update passports set version = ${count} where id = ${id}`
  const whole = await pagesOf(ada, id)
  assert.deepEqual([verifyHistory(whole).wrong, verifyHistory(whole).versions], [[], count])

  const others = whole.filter(({ items }) => items.every(({ link }) => link.version <= 4_900 || link.version > 5_100))
  const around = async () => [...(await pagesOf(ada, id, 5_101)), ...(await pagesOf(ada, id, 5_001))]
  const flips: [string, () => Promise<unknown>][] = [
    ...[0, 100, 255].map((bit): [string, () => Promise<unknown>] => [
      `bit ${bit} of the hash`,
      () =>
        db`update versions set hash = set_bit(hash, ${bit}, 1 - get_bit(hash, ${bit})) where passport_id = ${id} and version = 5000`,
    ]),
    [
      'a bit of the salt',
      () => db`
        update versions set hash_salts = set_bit(hash_salts, 9, 1 - get_bit(hash_salts, 9))
        where passport_id = ${id} and version = 5000`,
    ],
    [
      'a bit of the data',
      async () => {
        const [{ text }] = (await db`
          select data::text as text from versions where passport_id = ${id} and version = 5000`) as never as [
          { text: string },
        ]
        const other = text.includes('M5000') ? text.replace('M5000', 'M5001') : text.replace('M5001', 'M5000')
        await db`update versions set data = ${other}::text::json where passport_id = ${id} and version = 5000`
      },
    ],
  ]
  for (const [what, flip] of flips) {
    await flip()
    const { wrong, versions } = verifyHistory([...others, ...(await around())])
    assert.equal(versions, count, what)
    assert.match(wrong.join(' '), /ersion 5000\b/, what)
    assert.ok(
      wrong.every(line => /\b(4999|5000|5001)\b/.test(line)),
      `${what}: ${wrong.slice(0, 3).join(' ')}`,
    )
    await flip()
  }
  assert.deepEqual(verifyHistory([...others, ...(await around())]).wrong, [])
})

test('a row that is added is found in the middle, and one that is bound to the end by the day that was sealed without it', async t => {
  const { of, ada, db, make, weigh, seal, keys } = await setUp(t)
  const id = await make('A')
  for (let mass = 1; mass <= 5; mass++) await weigh(id, mass)
  await seal('2027-03-03T00:20:00.000Z')
  const wrongIn = async () => verifyHistory(await pagesOf(ada, id), { keys: await keys() })
  assert.deepEqual([(await wrongIn()).wrong, (await wrongIn()).open], [[], []])
  const add = (at: number) =>
    db.begin(async tx => {
      await tx`update versions set version = -version where passport_id = ${id} and version >= ${at}`
      await tx`update versions set version = 1 - version where passport_id = ${id} and version < 0`
      await tx`
      insert into versions (passport_id, version, status, actor_id, actor_role, at, updated_fields, data, seen, hash, hash_salts, hash_views, said)
      select passport_id, ${at}, status, actor_id, actor_role, at, updated_fields, data, seen, hash, hash_salts, hash_views, said
      from versions where passport_id = ${id} and version = ${at - 1}`
      await tx`update passports set version = version + 1 where id = ${id}`
    })
  const remove = (at: number) =>
    db.begin(async tx => {
      await tx`delete from versions where passport_id = ${id} and version = ${at}`
      await tx`update versions set version = -version where passport_id = ${id} and version > ${at}`
      await tx`update versions set version = -version - 1 where passport_id = ${id} and version < 0`
      await tx`update passports set version = version - 1 where id = ${id}`
    })
  await add(4)
  assert.match((await wrongIn()).wrong.join(' '), /Version 4 is not what its hash says/)
  await remove(4)
  assert.deepEqual((await wrongIn()).wrong, [])
  await add(8)
  assert.match((await wrongIn()).wrong.join(' '), /Version 8 is not what its hash says/)
  // By somebody who has the platform’s own code, and an hour that is over.
  await db`
    update versions set hash = null, hash_salts = null, hash_views = null, said = null,
      seen = (select jsonb_object_agg(view, count - 'fields') from jsonb_each(seen::jsonb) as of (view, count))
    where passport_id = ${id} and version = 8`
  const { wrong, open: told } = await wrongIn()
  assert.deepEqual(wrong, [])
  assert.match(told.join(' '), /Version 8 is of 2027-03-01, which was sealed without it/)
  assert.deepEqual(verifyHistory(await pagesOf(of.nobody, id), { keys: await keys() }).wrong, [])
})

test('two chains that are spliced are found, by their pages and by their rows', async t => {
  const { ada, db, make, weigh } = await setUp(t)
  const [one, other] = [await make('A'), await make('B')]
  for (const id of [one, other]) for (let mass = 1; mass <= 5; mass++) await weigh(id, mass)
  const [ours, theirs] = [await pagesOf(ada, one), await pagesOf(ada, other)]
  assert.match(verifyHistory([...ours, ...theirs]).wrong.join(' '), /different histories/)
  const spliced = [{ ...ours[0]!, items: [...theirs[0]!.items.slice(0, 4), ...ours[0]!.items.slice(4)] }]
  assert.match(verifyHistory(spliced).wrong.join(' '), /Version 4 is of another history.*Version 4 does not follow/)
  await db`
    update versions a set data = b.data, hash = b.hash, hash_salts = b.hash_salts, hash_views = b.hash_views, said = b.said, at = b.at, seen = b.seen
    from versions b where a.passport_id = ${one} and b.passport_id = ${other} and a.version = b.version and a.version >= 4`
  const { wrong } = verifyHistory(await pagesOf(ada, one))
  for (const version of [4, 5, 6, 7])
    assert.match(wrong.join(' '), new RegExp(`Version ${version} is not what its hash`))
  await db`update versions set passport_id = ${newId()} where passport_id = ${one} and version >= 4`
  assert.match(verifyHistory(await pagesOf(ada, one), { kept: ours }).wrong.join(' '), /which were kept, are gone/)
})

test('two processes whose clocks differ write one history, and what the slow one wrote is sealed too', async t => {
  const { of, ada, set, seal, make, weigh, keys, clock } = await setUp(t)
  const id = await make('A')
  const behind = () => new Date(clock().getTime() - 3 * 3_600_000)
  const slow = await of.p.another([passports, ...fakes(of.known.answers)], { now: behind })
  const address = await slow.listen()
  const owner = (await ada.get(`/${id}`)).body.owner
  const slowly = async (mass: number) => {
    const answer = await fetch(`${address}/api/passports/${id}/attributes`, {
      method: 'PATCH',
      headers: { ...of.p.signedIn({ userId: owner.id }), 'content-type': 'application/json' },
      body: JSON.stringify({ attributes: { batteryMass: { value: `${mass}`, unit: 'kg' } } }),
    })
    assert.equal(answer.status, 200, await answer.text())
  }
  const check = async () => {
    for (const client of [ada, of.nobody]) {
      const { wrong, open: told, sealed } = verifyHistory(await pagesOf(client, id), { keys: await keys() })
      assert.deepEqual(wrong, [])
      if (sealed)
        assert.deepEqual(
          told.filter(line => !/sealed without it/.test(line)),
          [],
        )
    }
    return verifyHistory(await pagesOf(ada, id)).sealed
  }
  for (let mass = 1; mass <= 6; mass++) {
    set(`2027-03-01T1${mass}:00:00.000Z`)
    await (mass % 2 ? slowly(mass) : weigh(id, mass))
  }
  const times = (await ada.get(`/${id}/versions`)).body.items.map(({ at }: { at: string }) => at)
  assert.deepEqual(times, times.toSorted().toReversed(), 'time does not go back')
  await seal('2027-03-02T00:20:00.000Z')
  assert.equal(await check(), '2027-03-01')
  // For the slow one it is still the day before, which is sealed.
  await slowly(7)
  assert.equal((await ada.get(`/${id}`)).body.version, 9)
  await seal('2027-03-03T00:20:00.000Z')
  assert.equal(await check(), '2027-03-02', 'it is in the checkpoint of the day after')
})

test('a back-up that was restored behind the last checkpoint is noticed by who kept that', async t => {
  const { of, db, set, seal, make, weigh, keys } = await setUp(t)
  const id = await make('A')
  const list = async () => (await of.nobody.get('/checkpoints?limit=100')).body.items
  await seal('2027-03-02T00:20:00.000Z')
  const backup = await list()
  set('2027-03-02T10:00:00.000Z')
  await weigh(id, 1)
  await seal('2027-03-03T00:20:00.000Z')
  const kept = await list()
  assert.deepEqual(verifyCheckpoints(kept, { keys: await keys(), kept: backup }).wrong, [])
  // The back-up of the night before.
  await db.begin(async tx => {
    await tx`delete from versions where passport_id = ${id} and version = 3`
    await tx`update passports set version = 2, updated_at = (select max(at) from versions where passport_id = ${id}) where id = ${id}`
    await tx`delete from seals where day = '2027-03-02'`
    await tx`delete from checkpoints where day = '2027-03-02'`
  })
  const { wrong } = verifyCheckpoints(await list(), { keys: await keys(), kept })
  assert.match(wrong.join(' '), /checkpoint of 2027-03-02, which was kept, is gone/)
  // And time goes on.
  set('2027-03-02T11:00:00.000Z')
  await weigh(id, 2)
  await seal('2027-03-03T00:20:00.000Z')
  const anew = await list()
  assert.match(
    verifyCheckpoints(anew, { keys: await keys(), kept }).wrong.join(' '),
    /checkpoint of 2027-03-02 is not the one that was kept/,
  )
  assert.deepEqual(verifyCheckpoints(anew, { keys: await keys() }).wrong, [], 'who kept nothing sees nothing')
  const forged = anew.map((one: { jws: string }) => ({ ...one, jws: one.jws.replace(/\.(.)/, '.A$1') }))
  assert.ok(verifyCheckpoints(forged, { keys: await keys() }).wrong.length > 0)
  assert.match(verifyCheckpoints(kept.slice(0, 1), { keys: await keys() }).open.join(' '), /before 2027-03-02/)
})
