import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { migrate, type Migratable } from '../../kernel/database/migrate.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { anyone, defineModule, defineService, StartError, type Module, type Service } from '../../kernel/index.ts'
import { start, type TestCluster } from '../../kernel/testing.ts'
import { folderWith } from './toys.ts'

/** Keeps books, as more than one service may want to. */
const books = async (t: TestContext, ...more: string[]): Promise<Module> =>
  defineModule({
    name: 'books',
    folder: await folderWith(t, 'create table accounts (id integer primary key, balance integer not null)', ...more),
  })

/** Has books, and tables of its own that refer to them. */
const keeper = async (t: TestContext, name: string, module: Module): Promise<Service> =>
  defineService({
    name,
    folder: await folderWith(t, 'create table owners (account integer primary key references accounts, name text)'),
    includes: [module],
    start({ http, db }) {
      const options = { config: { access: anyone }, schema: { summary: 'Keep books' } }
      http.post('/', options, async (_request, reply) => {
        await db.transaction(async tx => {
          await tx`insert into accounts values (1, 100)`
          await tx`insert into owners values (1, ${name})`
        })
        return reply.code(201).send({})
      })
      http.get('/', options, async () => await db`select name, balance from owners join accounts on id = account`)
      http.get('/strangers', options, async () => {
        const stranger = name === 'wallets' ? db`select * from earnings.accounts` : db`select * from wallets.accounts`
        return await stranger.then(
          () => ({ code: 'read' }),
          error => ({ code: error.code }),
        )
      })
    },
  })

/** An empty database, to be migrated again and again. */
async function setUp(t: TestContext) {
  const cluster = JSON.parse(process.env.OHMNIBUS_TEST_CLUSTER!) as TestCluster
  const at = { host: cluster.host, port: cluster.port, database: `modules_${randomUUID().replaceAll('-', '')}` }
  const root = openPool({ ...at, database: 'postgres' }, cluster.superuser, { max: 1, limits: false })
  await root.unsafe(`create database "${at.database}"`)
  const pool = openPool(at, cluster.superuser, { schema: 'public', max: 1 })
  t.after(async () => {
    await pool.end({ timeout: 1 })
    await root.unsafe(`drop database "${at.database}" with (force)`)
    await root.end({ timeout: 1 })
  })
  return {
    pool,
    async run(...services: Migratable[]): Promise<string[]> {
      const said: string[] = []
      await migrate(at, cluster.superuser, services, message => said.push(message))
      return said.filter(line => line.startsWith('Migrating mod_') || line.startsWith('Works with'))
    },
  }
}

const refused = (message: RegExp) => (error: Error) => {
  assert.ok(error instanceof StartError)
  assert.match(error.message, message)
  return true
}

test('two services include one module: each has its tables for itself, in its own schema, as its own', async t => {
  const module = await books(t)
  const p = await start(t, [await keeper(t, 'wallets', module), await keeper(t, 'earnings', module)])
  for (const name of ['wallets', 'earnings'])
    assert.equal((await p.http.inject({ method: 'POST', url: `/api/${name}` })).statusCode, 201)
  assert.deepEqual((await p.http.inject('/api/wallets')).json(), [{ name: 'wallets', balance: 100 }])
  assert.deepEqual((await p.http.inject('/api/earnings')).json(), [{ name: 'earnings', balance: 100 }])
  for (const name of ['wallets', 'earnings'])
    assert.deepEqual((await p.http.inject(`/api/${name}/strangers`)).json(), { code: '42501' })
})

test('migrations of a module run before those of the service, once for each that includes it', async t => {
  const { pool, run } = await setUp(t)
  const module = await books(t)
  const folder = await folderWith(t, 'create table owners (account integer references accounts)')
  const including = (name: string): Migratable => ({ name, folder, includes: [module] })
  const [one, other] = [including('mod_one'), including('mod_other')]
  assert.deepEqual(await run(one), [
    'Migrating mod_one/books to 0001_tables.sql',
    'Migrating mod_one to 0001_tables.sql',
  ])
  assert.deepEqual(await run(one, other), [
    'Migrating mod_other/books to 0001_tables.sql',
    'Migrating mod_other to 0001_tables.sql',
  ])
  assert.deepEqual(await run(one, other), [])
  const rows = await pool`select service from kernel.migrations where service like 'mod%' order by 1`
  assert.deepEqual(
    rows.map(({ service }) => service),
    ['mod_one', 'mod_one/books', 'mod_other', 'mod_other/books'],
  )
})

test('a module comes to a service that is there already, and grows beside it', async t => {
  const { run } = await setUp(t)
  const folder = await folderWith(t, 'create table things (id integer)')
  await run({ name: 'mod_one', folder })
  const module = await books(t)
  const service = { name: 'mod_one', folder, includes: [module] }
  assert.deepEqual(await run(service), ['Migrating mod_one/books to 0001_tables.sql'])
  await writeFile(join(module.folder, 'migrations', '0002_more.sql'), 'alter table accounts add column currency text')
  assert.deepEqual(await run(service), ['Migrating mod_one/books to 0002_more.sql'])
})

test('what holds for migrations of services holds for those of modules: none changes, and a newer one says who may stay', async t => {
  const { run } = await setUp(t)
  const folder = await folderWith(t)
  const including = (...includes: Module[]) => run({ name: 'mod_one', folder, includes })
  const old = await books(t)
  await including(await books(t, '-- works with code from 0001\nalter table accounts add column currency text'))
  assert.deepEqual(await including(old), ['Works with mod_one/books/0002_tables.sql of a newer version'])
  await writeFile(join(old.folder, 'migrations', '0001_tables.sql'), 'create table accounts (id bigint)')
  await assert.rejects(including(old), refused(/mod_one\/books\/0001_tables\.sql was changed after it had run/))
  const { run: elsewhere } = await setUp(t)
  await elsewhere({ name: 'mod_one', folder, includes: [await books(t, 'alter table accounts drop column balance')] })
  await assert.rejects(
    elsewhere({ name: 'mod_one', folder, includes: [await books(t)] }),
    refused(/holds mod_one\/books\/0002_tables\.sql, which this version of Ohmnibus does not know/),
  )
})

test('a migration of a module that fails leaves nothing and is named with who includes it; two of one name are refused', async t => {
  const { run } = await setUp(t)
  const folder = await folderWith(t)
  const bad = defineModule({ name: 'books', folder: await folderWith(t, 'create table half (id integer); selec 1') })
  await assert.rejects(
    run({ name: 'mod_one', folder, includes: [bad] }),
    refused(/mod_one\/books\/0001_tables\.sql failed and nothing of it was kept: syntax error/),
  )
  const module = await books(t)
  await assert.rejects(
    run({ name: 'mod_one', folder, includes: [module, module] }),
    refused(/mod_one includes two modules of one name: books, books/),
  )
})
