import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPool } from '../../kernel/database/pool.ts'
import { keyOf } from '../../services/passports/codes/codes.ts'
import { runningEmbedded } from '../../tools/embedded.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { client } from '../journeys/client.ts'
import { randomFrom, seedFrom } from '../journeys/random.ts'
import { kill, launch, serversOf, until } from './product.ts'

const admin = { email: 'maker@example.com', password: 'quiet trains at dawn' }
const seed = seedFrom(process.env.FAULT_SEED)
const kills = 3
/** How many are ordered; OHMNIBUS_ITEMS=100000 for a whole run. */
const items = Number(process.env.OHMNIBUS_ITEMS ?? 6_000)
const [lines, badEvery] = [600, 50]
const gtin = '09506000134352'

/** A file: two of three lines publish, some are wrong. */
const file = [
  'uniqueBatteryIdentifier,batteryCategory,batteryModelIdentifier,status',
  ...Array.from({ length: lines }, (_, at) => {
    const code = `https://id.example.com/01/${gtin}/21/F${at}`
    return `${code},${at % badEvery === 0 ? 'balloon' : 'EV'},M1,${at % 3 === 0 ? 'draft' : 'published'}`
  }),
].join('\n')
const bad = lines / badEvery
const isPublished = (at: number): boolean => at % 3 !== 0 && at % badEvery !== 0
const published = Array.from({ length: lines }, (_, at) => at).filter(isPublished).length

test(
  'killed with everything it has between the steps of an order for items and of an import, it makes each once and loses none',
  { timeout: 1_500_000, skip: process.platform !== 'linux' && 'it finds processes in /proc' },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-items-'))
    const port = await freePort()
    const environment = {
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      RATE_LIMIT_FACTOR: '100',
      // No others have a part in it, and it starts again and again.
      OHMNIBUS_SERVICES: 'gateway,identity,passports',
    }
    const start = () => launch({ folder, port, environment })
    let product = start()
    const end = async () => {
      kill([product.pid, ...serversOf(product.dataFolder)])
      await product.exit
      await until('the end of PostgreSQL', () => serversOf(product.dataFolder).length === 0, 10_000)
    }
    t.after(async () => {
      await end()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    })
    await product.ready(400_000)
    const { address } = product
    const maker = client(address)
    maker.use(await maker.get(200, 'POST /api/auth/login', admin))
    const model = { generalInformation: { batteryCategory: 'EV', batteryModel: 'M1' } }
    const { id: modelId } = await maker.get(201, 'POST /api/passports', { data: model, granularity: 'model' })
    await maker.get(200, `POST /api/passports/${modelId}/publish`)

    // Both at once. What is asked again by its key is the same.
    const order = {
      range: { prefix: 'S', from: 1, count: items },
      identifier: `https://id.example.com/01/${gtin}/21/{serial}`,
      publish: true,
    }
    const { id: orderId } = await maker.get(202, `POST /api/passports/${modelId}/items`, order)
    const headers = { ...maker.headers, 'content-type': 'text/csv', 'idempotency-key': 'the-file' }
    const bring = async () => {
      const sent = await fetch(`${address}/api/passports/import`, { method: 'POST', headers, body: file })
      assert.equal(sent.status, 202, await sent.clone().text())
      return ((await sent.json()) as { id: string }).id
    }
    const importId = await bring()
    const stands = async () => {
      const [made, brought] = await Promise.all([
        maker.get(200, `GET /api/passports/${modelId}/items/${orderId}`),
        maker.get(200, `GET /api/passports/imports/${importId}`),
      ])
      return { made, brought }
    }

    const random = randomFrom(seed)
    const struck = { order: 0, import: 0 }
    let before = { done: 0, lines: 0 }
    for (let count = 0; count < kills; count++) {
      // What a process left is taken up a moment after the next one is there. By turns one of both has to have moved.
      const isUnderWay = async () => {
        const { made, brought } = await stands()
        return count % 2 === 0
          ? made.done > before.done || made.endedAt !== null
          : brought.lines > before.lines || brought.endedAt !== null
      }
      await until('the work going on', isUnderWay, 300_000)
      await sleep(random() * 300)
      const { made, brought } = await stands()
      before = { done: made.done, lines: brought.lines }
      if (made.endedAt === null) struck.order++
      if (brought.endedAt === null) struck.import++
      await end()
      product = start()
      await product.ready(400_000)
    }
    assert.equal(await bring(), importId, 'sent again it is the same import')
    const isOver = async () => {
      const { made, brought } = await stands()
      return made.endedAt !== null && brought.endedAt !== null
    }
    await until('the end of the order and of the import', isOver, 300_000)
    const { made, brought } = await stands()
    t.diagnostic(`seed ${seed}: killed ${struck.order} times at the order, ${struck.import} times at the import`)
    assert.ok(struck.order > 0 && struck.import > 0, `one was over too soon: ${JSON.stringify(struck)}`)
    assert.deepEqual([made.state, made.total, made.done, made.created, made.failed], ['done', items, items, items, 0])
    const { state, created, updated, unchanged, failed } = brought
    assert.deepEqual([state, created, updated, unchanged, failed], ['done', lines - bad, 0, 0, bad])

    const { at, admin: superuser } = runningEmbedded(product.dataFolder)!
    const db = openPool(at, superuser, { schema: 'passports', max: 1 })
    try {
      const rows = await db<{ id: string; identifier: string; status: string; versions: number }[]>`
        select id, identifier, status,
          (select count(*)::int from versions where passport_id = id and hash is not null) as versions
        from passports where granularity = 'item'`
      assert.equal(rows.length, items + lines - bad, 'each is there once')
      const wanted = [
        ...Array.from({ length: items }, (_, at) => `S${at + 1}`),
        ...Array.from({ length: lines }, (_, at) => `F${at}`).filter((_, at) => at % badEvery !== 0),
      ]
      assert.deepEqual(rows.map(({ identifier }) => identifier.split('/').at(-1)).sort(), wanted.sort())
      const codes = await db<{ key: string; passportId: string }[]>`
        select key, passport_id as "passportId" from identifiers`
      const open = rows.filter(({ status }) => status === 'published')
      assert.equal(open.length, items + published)
      assert.deepEqual(
        new Map(codes.map(({ key, passportId }) => [key, passportId])),
        new Map(open.map(({ identifier, id }) => [keyOf(identifier)!, id])),
        'each published battery has its code, and no other has one',
      )
      // Of a line one version is the draft, one its publication; an item of an order begins as what it is.
      const isOf = (letter: string, one: { identifier: string }) => one.identifier.includes(`/21/${letter}`)
      assert.ok(rows.every(one => one.versions === (isOf('F', one) && one.status === 'published' ? 2 : 1)))

      const told = await db<{ topic: string; data: { items?: { passportId: string }[] } }[]>`
        select topic, data from kernel.log where topic like 'passport.%'`
      const of = (topic: string) => told.filter(one => one.topic === topic)
      const ids = of('passport.serialised').flatMap(({ data }) => data.items!.map(({ passportId }) => passportId))
      assert.deepEqual([ids.length, new Set(ids).size], [items, items], 'each item is told of once')
      // The model was made and published too.
      assert.equal(of('passport.created').length, lines - bad + 1)
      assert.equal(of('passport.published').length, published + 1)
      assert.equal(of('passport.serialisation-ended').length, 1)
    } finally {
      await db.end({ timeout: 1 })
    }
  },
)
