import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { buffer } from 'node:stream/consumers'
import canonicalize from 'canonicalize'
import write from 'write-excel-file/node'
import { attributes } from '../../law/index.ts'
import { findPublished } from '../../services/passports/store.ts'
import { effectiveFor } from '../../services/passports/units/effective.ts'
import { findLine } from '../../services/passports/units/store.ts'
import { codeOf as qrOf, requireReadable } from '../../services/passports/labels/codes.ts'
import { svgOf } from '../../services/passports/labels/drawing.ts'
import { verifyHistory, type ProofPage } from '../../tools/verify.ts'
import { codeOf, following, identifierOf, openMaker, settled, type Maker } from '../law.ts'
import { alternate, latencies, median, paced, quantile, throughput, type Line, type Ratio } from '../measure.ts'
import type { Shot } from '../client.ts'
import { perSecond } from '../report.ts'
import { megabytes } from '../weight.ts'
import { signedIn, type World } from '../world.ts'

/** Passports to the law: what reads, orders, imports, labels and readiness take. */
export async function law(world: World): Promise<Line[]> {
  const maker = await openMaker(world, 'row_law')
  try {
    const lines = [...(await reading(world, maker)), ...(await resolving(world, maker)), ...(await dated(world, maker))]
    lines.push(...(await ordering(world, maker)), ...(await ready(world, maker)), ...(await labelling(world, maker)))
    return [...lines, ...(await importing(world, maker)), verifying(world), await leaking()]
  } finally {
    await Promise.all([maker.platform.close(), maker.floor.close()])
  }
}

const ms = (value: number): string => `${value.toFixed(value < 1 ? 3 : 1)} ms`
const seconds1 = (value: number): string => `${value.toFixed(1)} s`

/** One line of a comparison with a floor. */
const beside = (
  work: string,
  what: string,
  { floor, subject, ratio }: { floor: number; subject: number; ratio: Ratio },
  least: number,
): Line => ({
  work,
  floor: `${perSecond(floor)} ${what}`,
  ohmnibus: perSecond(subject),
  ratio,
  budget: `≥ ${least.toFixed(2)}`,
  met: ratio.median >= least,
})

async function itemsOf({ ask, sql, model }: Maker, prefix: string, count: number): Promise<string[]> {
  const range = { prefix, from: 1, count }
  await ask('POST', `/api/passports/${model}/items`, { range, identifier: identifierOf, publish: true })
  await settled(sql)
  const rows = await sql<{ id: string }[]>`
    select id from passports.passports where serial like ${`${prefix}%`} order by id`
  return rows.map(({ id }) => id)
}

const bareSelect = 'bare Fastify and postgres.js, the same rows'

async function reading(world: World, maker: Maker): Promise<Line[]> {
  const { rounds, seconds } = world.size
  const { platform, floor, headers, officer, maker: person } = maker
  const ids = await itemsOf(maker, 'R', 200)
  const [hot, cold] = [ids.slice(0, 100), ids.slice(100)]
  const own = { 'x-user': person.id }
  const compared = (left: Shot, right: Shot, is3xx = false) =>
    alternate(
      rounds,
      () => throughput(floor.url, left, { seconds, is3xx }),
      () => throughput(platform.url, right, { seconds, is3xx }),
    )
  const line: Shot = { paths: hot.map(id => `/line/${id}`), headers: own }
  const whole = await compared(line, { paths: hot.map(id => `/api/passports/${id}/attributes`), headers })
  const noted = await compared(
    { paths: hot.map(id => `/line-noted/${id}`), headers: own },
    { paths: hot.map(id => `/api/passports/${id}/attributes`), headers: await signedIn(platform, officer) },
  )
  const dpp = (id: string): string => `/v1/dpps/urn:uuid:${id}`
  const mass = encodeURIComponent("$['identity']['batteryMass']")
  const read = await compared(line, { paths: hot.map(dpp), headers: {} })
  const element = await compared(line, { paths: hot.map(id => `${dpp(id)}/elements/${mass}`), headers: {} })

  // Those that nobody has opened before.
  const page = (id: string): string => `/passport/${id}`
  const first = await latencies(platform.url, { paths: cold.map(page), headers: {} }, cold.length)
  const { length } = Buffer.from(await (await fetch(platform.url + page(hot[0]!))).arrayBuffer())
  const opened = await compared({ paths: [`/sized/${length}`] }, { paths: hot.map(page), headers: {} })
  const rate = world.size.quick ? 50 : 500
  // What it cannot do at all it cannot do in time.
  const isHeld = opened.subject > rate
  const calm = isHeld ? await paced(platform.url, { paths: hot.map(page) }, { rate, seconds: seconds * 2 }) : [Infinity]
  const tag = (await fetch(platform.url + page(hot[0]!))).headers.get('etag')!
  const known = { paths: [page(hot[0]!)], headers: { 'if-none-match': tag } }
  const unchanged = await compared({ paths: ['/unchanged'] }, known, true)
  const [p50, p99] = [median(first), quantile(calm, 0.99)]
  return [
    ...(await projecting(world, maker, hot[0]!)),
    beside(`an item of a model with ${attributes.length} attributes, what it says, 20 clients`, bareSelect, whole, 0.5),
    beside('the same for an authority, its line of the log committed', `${bareSelect} and an insert`, noted, 0.5),
    beside('EN 18222: a passport, compressed', bareSelect, read, 0.5),
    beside('EN 18222: an element', bareSelect, element, 0.5),
    beside(`the public page, ${(length / 1000).toFixed(0)} kB`, 'bare Fastify sending as many bytes', opened, 0.4),
    beside('the public page that one has already (304)', 'bare Fastify', unchanged, 0.65),
    {
      work: `the public page at ${rate} a second`,
      ohmnibus: isHeld ? `p99 ${ms(p99)}` : `not held: ${perSecond(opened.subject)} at most`,
      budget: 'p99 < 20 ms',
      met: p99 < 20,
    },
    {
      work: 'the public page of a passport that nobody opened before',
      ohmnibus: `p50 ${ms(p50)}`,
      budget: '< 10 ms',
      met: p50 < 10,
    },
  ]
}

/** What a reader may see of what was read, without the database. */
async function projecting(world: World, { database }: Maker, id: string): Promise<Line[]> {
  const sql = world.sqlOf(database, 'passports')
  const passport = (await findPublished(sql as never, id))!
  const take = async (times: number, lineOf: () => ReturnType<typeof findLine>): Promise<number> => {
    const taken: number[] = []
    for (let at = 0; at < times; at++) {
      const line = await lineOf()
      const began = performance.now()
      effectiveFor({ view: 'public' }, passport, line, '2027-02-18')
      taken.push(performance.now() - began)
    }
    return median(taken.slice(times / 2)) * 1000
  }
  const line = await findLine(sql as never, id, false)
  const [alone, anew] = [await take(2_000, async () => line), await take(200, () => findLine(sql as never, id, false))]
  return [
    {
      work: 'the projection of such an item alone',
      ohmnibus: `${alone.toFixed(0)} µs; ${anew.toFixed(0)} µs with reading what its data says`,
      budget: '< 50 µs',
      met: alone < 50,
    },
  ]
}

async function resolving({ size }: World, maker: Maker): Promise<Line[]> {
  const { rounds, seconds } = size
  const { platform, floor, sql, model } = maker
  const [few, many] = size.quick ? [1_000, 100_000] : [1_000, 1_000_000]
  const codes = Array.from({ length: 100 }, (_, at) => codeOf(`F${at + 1}`))
  const fill = (from: number, to: number) => sql`
    insert into passports.identifiers (key, passport_id, from_at)
    select ${codeOf('F')} || n, ${model}, now() from generate_series(${from}::int, ${to}::int) n`
  await fill(1, few)
  const at = (): Promise<number> => throughput(platform.url, { paths: codes }, { seconds, is3xx: true })
  const bare = () => throughput(floor.url, { paths: codes.map(code => `/code${code}`) }, { seconds, is3xx: true })
  const led = await alternate(rounds, bare, at)
  const small: number[] = []
  for (let round = 0; round < rounds; round++) small.push(await at())
  await fill(few + 1, many)
  await sql`analyze passports.identifiers`
  const large: number[] = []
  for (let round = 0; round < rounds; round++) large.push(await at())
  const [before, after] = [median(small), median(large)]
  return [
    beside('a code to its page (307)', 'bare Fastify and postgres.js, the same lookup', led, 0.6),
    {
      work: `the same among ${few.toLocaleString('en')} and ${many.toLocaleString('en')} codes`,
      floor: perSecond(before),
      ohmnibus: perSecond(after),
      budget: '≥ 0.80 of it',
      met: after >= 0.8 * before,
    },
  ]
}

async function dated({ size }: World, maker: Maker): Promise<Line[]> {
  const { platform, sql, headers, make } = maker
  const grown = async (serial: string, versions: number): Promise<string> => {
    const said = { uniqueBatteryIdentifier: { value: serial }, batteryCategory: { value: 'EV' } }
    const id = await make({ attributes: { ...said, batteryModelIdentifier: { value: 'M1' } } })
    await sql`
      insert into passports.versions (passport_id, version, status, actor_id, actor_role, at, updated_fields, data, seen, reason,
        hash, hash_salts, hash_views, said)
      select passport_id, n, status, actor_id, actor_role, at + n * interval '1 minute', updated_fields, data, seen, reason,
        hash, hash_salts, hash_views, said
      from passports.versions, generate_series(3, ${versions}::int) n where passport_id = ${id} and version = 2`
    await sql`update passports.passports set version = ${versions} where id = ${id}`
    return id
  }
  const [few, many] = [await grown('D-10', 10), await grown('D-10000', 10_000)]
  await sql`analyze passports.versions`
  const asked = (id: string, versions: number): Shot => ({
    // All over its history.
    paths: Array.from({ length: 50 }, (_, at) => {
      const minutes = Math.floor((at / 50) * versions)
      return `/api/passports/${id}?at=${new Date(Date.now() + minutes * 60_000 + 1_000).toISOString()}`
    }),
    headers,
  })
  const count = size.quick ? 50 : 200
  const of = (shot: Shot) => async () => median(await latencies(platform.url, shot, count))
  const measured = await alternate(size.rounds, of(asked(few, 10)), of(asked(many, 10_000)))
  return [
    {
      work: 'a passport by date, of 10 and of 10,000 versions',
      floor: `p50 ${ms(measured.floor)}`,
      ohmnibus: `p50 ${ms(measured.subject)}`,
      ratio: measured.ratio,
      budget: '≤ 2',
      met: measured.ratio.median <= 2,
    },
  ]
}

/** Seconds that COPY takes to bring rows of a table into another one like it. */
async function copying({ sql }: Maker, table: 'passports' | 'versions', which: string): Promise<number> {
  await sql.unsafe(`create table bench.${table}_again (like passports.${table} including all)`)
  const rows = await buffer(
    await sql.unsafe(`copy (select * from passports.${table} where ${which}) to stdout`).readable(),
  )
  const began = performance.now()
  await pipeline(Readable.from([rows]), await sql.unsafe(`copy bench.${table}_again from stdin`).writable())
  return (performance.now() - began) / 1000
}

const inOrder = (quick: boolean): number => (quick ? 3_000 : 100_000)

async function ordering({ size }: World, maker: Maker): Promise<Line[]> {
  const { platform, sql, headers, ask, model, make } = maker
  const count = inOrder(size.quick)
  const other = await make({ generalInformation: { batteryIdentifier: 'O', batteryCategory: 'EV', batteryModel: 'M' } })
  let isOver = false
  const others = (async () => {
    const taken: number[] = []
    const shot = { paths: [`/api/passports/${other}`], headers }
    while (!isOver) taken.push(...(await paced(platform.url, shot, { rate: 50, seconds: 1 })))
    return taken
  })()
  const began = performance.now()
  const done = await following(maker, async () => {
    const range = { prefix: 'O', from: 1, count }
    const order = { range, identifier: identifierOf, publish: true }
    return `/api/passports/${model}/items/${(await ask('POST', `/api/passports/${model}/items`, order)).id}`
  })
  await settled(sql)
  const seconds = (performance.now() - began) / 1000
  isOver = true
  const p99 = quantile(await others, 0.99)
  if (done.told.created !== count) throw new Error(`of ${count} items ${done.told.created} were made`)

  // The same rows: nothing brings them in faster.
  const ofOrder = `parent_id = '${model}' and serial like 'O%'`
  const copied =
    (await copying(maker, 'passports', ofOrder)) +
    (await copying(maker, 'versions', `passport_id in (select id from passports.passports where ${ofOrder})`))
  const inAll = (seconds * 100_000) / count
  return [
    {
      work: `${count.toLocaleString('en')} items of a model, with all that follows, while others read`,
      floor: `${seconds1(copied)} the same rows of both tables by COPY, with their indexes`,
      ohmnibus: `${seconds1(seconds)}; at this rate 100,000 take ${inAll.toFixed(0)} s, 1,000,000 ${(inAll / 6).toFixed(1)} min`,
      budget: '100,000 under 60 s, 1,000,000 under 12 min',
      met: inAll < 60,
    },
    {
      work: 'meanwhile: the process, and reads of others at 50 a second',
      ohmnibus: `${megabytes(done.most)} at most, ${megabytes(done.before)} before; p99 ${ms(p99)}`,
      budget: '< 400 MB, p99 < 50 ms',
      met: done.most < 400e6 && p99 < 50,
    },
  ]
}

async function ready({ size }: World, maker: Maker): Promise<Line[]> {
  const { platform, sql, headers, ask, make } = maker
  const count = inOrder(size.quick)
  // Of fifty models, as a fleet is.
  const models: string[] = []
  for (let at = 0; at < 50; at++)
    models.push(
      await make(
        { attributes: { batteryModelIdentifier: { value: `M${at}` }, batteryCategory: { value: 'EV' } } },
        { granularity: 'model' },
      ),
    )
  await sql`
    update passports.passports p set parent_id = (${models}::uuid[])[1 + n % 50]
    from (select id, row_number() over (order by id)::int as n from passports.passports where serial like 'O%') o where p.id = o.id`
  await settled(sql)
  const rows = await sql<{ id: string }[]>`select id from passports.passports where serial like 'O%' limit 100`
  const one = median(
    await latencies(platform.url, { paths: rows.map(({ id }) => `/api/passports/${id}/readiness`), headers }, 200),
  )
  const fleet = median(await latencies(platform.url, { paths: ['/api/passports/readiness/summary'], headers }, 20))
  const checked = await following(maker, async () => {
    const check = await ask('POST', '/api/passports/rules/checks', { set: 'ec-1.0' })
    return `/api/passports/rules/checks/${check.id}`
  })
  const inAll = (checked.seconds * 100_000) / checked.told.checked
  return [
    { work: 'the readiness of one item', ohmnibus: `p50 ${ms(one)}`, budget: '< 5 ms', met: one < 5 },
    {
      work: `another rule set over ${checked.told.checked.toLocaleString('en')} passports of 50 models`,
      ohmnibus: `${seconds1(checked.seconds)}; at this rate 100,000 take ${inAll.toFixed(0)} s`,
      budget: '100,000 under 2 min',
      met: inAll < 120,
    },
    {
      work: `the report of a fleet of ${count.toLocaleString('en')}`,
      ohmnibus: `p50 ${ms(fleet)}`,
      budget: '< 100 ms',
      met: fleet < 100,
    },
  ]
}

async function labelling({ size }: World, { ask, sql }: Maker): Promise<Line[]> {
  const links = Array.from({ length: size.quick ? 100 : 2_000 }, (_, at) => identifierOf.replace('{serial}', `L${at}`))
  const rate = async (work: (link: string) => Promise<unknown>, some: readonly string[]): Promise<number> => {
    await work(some[0]!)
    const began = performance.now()
    for (const link of some) await work(link)
    return (some.length * 1000) / (performance.now() - began)
  }
  const drawn = await rate(async link => svgOf(await qrOf(link, 'qr'), { sizeMm: 30, dpi: 300 }, link), links)
  const read = await rate(async link => await requireReadable(await qrOf(link, 'qr')), links.slice(0, 500))
  const wanted = size.quick ? 1_000 : 10_000
  const [{ parentId }] = (await sql`
    select parent_id as "parentId" from passports.passports where serial like 'O%' limit 1`) as never as [
    { parentId: string },
  ]
  await sql`
    update passports.passports set parent_id = ${parentId}
    where id in (select id from passports.passports where serial like 'O%' order by id limit ${wanted})`
  const began = performance.now()
  let count = 0
  for (let after: string | undefined; count < wanted;) {
    const sheet = await ask('POST', '/api/passports/labels', { parentId, ...(after && { after }) })
    count += Number(sheet.headers.get('x-labels'))
    after = sheet.headers.get('x-next') ?? undefined
    if (!after) break
  }
  const seconds = (performance.now() - began) / 1000
  const inAll = (seconds * 10_000) / count
  return [
    { work: 'labels drawn as SVG, alone', ohmnibus: perSecond(drawn), budget: '≥ 1,000/s', met: drawn >= 1_000 },
    { work: 'labels drawn and read again, alone', ohmnibus: perSecond(read), budget: '≥ 100/s', met: read >= 100 },
    {
      work: `sheets in PDF of ${count.toLocaleString('en')} labels, each read again`,
      ohmnibus: `${seconds1(seconds)}; at this rate 10,000 take ${inAll.toFixed(0)} s`,
      budget: '10,000 under 2 min',
      met: inAll < 120,
    },
  ]
}

const sheetType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

async function importing({ size }: World, maker: Maker): Promise<Line[]> {
  const { ask, sql } = maker
  const count = size.quick ? 2_000 : 100_000
  const head = ['identifier', 'category', 'model', 'Battery mass [kg]', 'manufacturingDate', 'Rated capacity [Ah]']
  const row = (kind: string, at: number): string[] => [`${kind}-${at}`, 'EV', 'M1', '450.5', '2026-11', '94.0']
  const rowsOf = (kind: string, count: number) => [head, ...Array.from({ length: count }, (_, at) => row(kind, at))]
  const csvOf = async (count: number): Promise<Buffer> =>
    Buffer.from(
      rowsOf('C', count)
        .map(cells => cells.join(','))
        .join('\r\n'),
    )
  const xlsxOf = async (count: number): Promise<Buffer> =>
    await write(rowsOf('X', count).map(cells => cells.map(value => ({ value, type: String })))).toBuffer()
  const lines: Line[] = []
  for (const [name, fileOf, type] of [
    ['CSV', csvOf, 'text/csv'],
    ['XLSX', xlsxOf, sheetType],
  ] as const) {
    const bring = (file: Buffer, query: string) =>
      following(maker, async () => {
        const { id } = await ask('POST', `/api/passports/import${query}`, file, type)
        return `/api/passports/imports/${id}`
      })
    const few = await bring(await fileOf(count / 4), '?dryRun=true')
    const file = await fileOf(count)
    const tried = await bring(file, '?dryRun=true')
    const written = await bring(file, '')
    await settled(sql)
    if (tried.told.created !== count || written.told.created !== count)
      throw new Error(`${name}: ${JSON.stringify([tried.told, written.told]).slice(0, 500)}`)
    const [dry, whole] = [tried, written].map(({ seconds }) => (seconds * 100_000) / count) as [number, number]
    const most = Math.max(tried.most, written.most)
    lines.push({
      work: `an import of ${count.toLocaleString('en')} rows as ${name}, tried and written`,
      ohmnibus:
        `${seconds1(tried.seconds)} and ${seconds1(written.seconds)}; at this rate 100,000 take ${dry.toFixed(0)} and ` +
        `${whole.toFixed(0)} s; ${megabytes(most)} at most, ${megabytes(tried.before)} before`,
      budget: '100,000 tried under 60 s, written under 3 min',
      met: dry < 60 && whole < 180,
    })
    lines.push({
      work: `the memory of the process, of a quarter of these rows as ${name} and of all`,
      floor: megabytes(few.most),
      ohmnibus: megabytes(tried.most),
      budget: '≤ 1.25 of it',
      met: tried.most <= 1.25 * few.most,
    })
  }
  return lines
}

/** A history of so many versions, each bound to the one before, as somebody fetched it by the hundred. */
function historyOf(versions: number): ProofPage[] {
  const sha256 = (value: object): string => hash('sha256', canonicalize(value)!)
  const [passport, chain] = ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d', 'public']
  const pages: ProofPage[] = []
  let previous: string | null = null
  for (let version = 1; version <= versions; version++) {
    const said = { batteryMass: { value: String(version), unit: 'kg', givenValue: String(version), givenUnit: 'kg' } }
    const salt = hash('sha256', `salt ${version}`)
    const at = new Date(Date.UTC(2027, 1, 18) + version * 1000).toISOString()
    const link = { passport, chain, version, at, status: 'published', roots: { 1: sha256({ said, salt }) }, previous }
    if (version % 100 === 1) pages.push({ passport, chain, items: [], seal: null, nextCursor: null })
    previous = sha256(link)
    pages.at(-1)!.items.push({ link, hash: previous, disclosed: [{ part: '1', salt, said }] })
  }
  return pages
}

function verifying({ size }: World): Line {
  const links = size.quick ? 10_000 : 100_000
  const pages = historyOf(links)
  const began = performance.now()
  const { wrong, versions } = verifyHistory(pages)
  const seconds = (performance.now() - began) / 1000
  if (wrong.length > 0 || versions !== links) throw new Error(`${versions} versions: ${wrong[0]}`)
  return {
    work: `a history of ${links.toLocaleString('en')} links verified, with what they disclose`,
    ohmnibus: `${seconds1(seconds)}; at this rate 100,000 take ${((seconds * 100_000) / links).toFixed(1)} s`,
    budget: '100,000 under 60 s',
    met: (seconds * 100_000) / links < 60,
  }
}

/** The leak test as `npm test` runs it, alone. */
async function leaking(): Promise<Line> {
  const root = join(import.meta.dirname, '..', '..')
  const files = globSync(['test/lattice.test.ts', 'test/lattice/{complete,readers,told}.test.ts'], { cwd: root })
  const how = ['--test', '--test-global-setup=test/setup.ts', '--test-force-exit', '--test-reporter=dot']
  const began = performance.now()
  const child = spawn(process.execPath, [...how, ...files], { cwd: root, stdio: 'ignore' })
  const [code] = (await once(child, 'exit')) as [number | null]
  const seconds = (performance.now() - began) / 1000
  if (code !== 0) throw new Error(`the leak test ended with ${code}: node ${[...how, ...files].join(' ')}`)
  return { work: 'the leak test, whole', ohmnibus: seconds1(seconds), budget: '< 60 s', met: seconds < 60 }
}
