import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createTransport } from 'nodemailer'
import postgres from 'postgres'
import { startEngine } from '../../tools/engines/engine.ts'
import { until } from '../kernel/toys.ts'
import { engine } from './engine.ts'

/** `npm run engines` as the shell runs it. */
function engines(t: TestContext, names: string[], environment: Record<string, string> = {}) {
  const program = join(dirname(dirname(import.meta.dirname)), 'tools', 'engines', 'run.ts')
  const child = spawn(process.execPath, [program, ...names], { env: { ...process.env, ...environment } })
  t.after(() => child.kill('SIGKILL'))
  const said = { out: '', err: '' }
  child.stdout.on('data', data => (said.out += data))
  child.stderr.on('data', data => (said.err += data))
  const exit = once(child, 'close') as Promise<[number | null]>
  const ready = () => until(() => said.out.endsWith('engines ready\n') || child.exitCode !== null, 30)
  const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(said.out)?.[1]
  return { child, said, exit, ready, setting }
}

const answers = (address: string): Promise<boolean> =>
  new Promise(resolve => {
    const { hostname, port } = new URL(address)
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => (socket.destroy(), resolve(true))).once('error', () => resolve(false))
  })

test('npm run engines prints settings that work and says when it is ready; told to end, it leaves nothing', async t => {
  await engine(t, 'redis')
  const { child, said, exit, ready, setting } = engines(t, ['mail', 'server', 'redis'])
  await ready()
  const lines = said.out.trimEnd().split('\n')
  assert.deepEqual(
    lines.map(line => line.replace(/=.+/, '')),
    ['DATABASE_URL', 'REDIS_URL', 'SMTP_HOST', 'SMTP_PORT', 'OHMNIBUS_SECRET', 'PUBLIC_URL', 'engines ready'],
  )
  const sql = postgres(setting('DATABASE_URL')!, { max: 1 })
  assert.deepEqual({ ...(await sql`select current_database() as name`)[0] }, { name: 'ohmnibus' })
  await sql.end()
  const mails = /^Mails are written to (.*)$/m.exec(said.err)![1]!
  const transport = createTransport({ host: setting('SMTP_HOST'), port: Number(setting('SMTP_PORT')) })
  await transport.sendMail({ from: 'a@example.com', to: 'b@example.com', subject: 'Grüße', text: 'seen' })
  const [mail] = await readdir(mails)
  assert.match(mail!, /\.eml$/)
  assert.match(await readFile(join(mails, mail!), 'utf8'), /^seen/m)
  child.kill('SIGTERM')
  assert.deepEqual((await exit)[0], 0)
  assert.equal(await answers(setting('REDIS_URL')!), false)
  assert.equal(await answers(setting('DATABASE_URL')!), false)
  assert.equal(existsSync(mails), false)
})

test('engines end with who started them, even by kill -9', async t => {
  await engine(t, 'redis')
  const { child, said, ready, setting } = engines(t, ['redis', 'server', 'mail'])
  await ready()
  const mails = /^Mails are written to (.*)$/m.exec(said.err)![1]!
  child.kill('SIGKILL')
  await until(
    async () =>
      !(await answers(setting('REDIS_URL')!)) && !(await answers(setting('DATABASE_URL')!)) && !existsSync(mails),
  )
})

test('an engine that ends by itself ends the others and is named with its last words', async t => {
  await engine(t, 'redis')
  const { said, exit, ready, setting } = engines(t, ['redis', 'mail'])
  await ready()
  const { hostname, port } = new URL(setting('REDIS_URL')!)
  connect(Number(port), hostname).end('SHUTDOWN NOSAVE\r\n')
  assert.deepEqual((await exit)[0], 1)
  assert.match(said.err, /redis ended \(code 0\)\. It said last:\n[^]*bye bye/)
})

test('what this machine cannot have is named with what to install, and how to go on without it', async t => {
  const { said, exit } = engines(t, ['kafka', 'redis', 'mail'], { PATH: join(tmpdir(), 'nowhere'), JAVA_HOME: '' })
  assert.deepEqual((await exit)[0], 1)
  assert.match(said.err, /kafka is missing: there is no Java; install the package default-jre-headless/)
  assert.match(said.err, /redis is missing: .* install the package redis-server/)
  assert.match(said.err, /Without: npm run engines -- mail\n/)
  assert.doesNotMatch(said.out, /ready/)
})

test('an engine that was killed or hangs works again after a restart, on the same port and data', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-engines-'))
  const server = await startEngine('server', { folder })
  t.after(() => server.stop().then(() => rm(folder, { recursive: true })))
  const ask = async <T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T> => {
    const sql = postgres(server.settings.DATABASE_URL!, { max: 1 })
    return await work(sql).finally(() => sql.end({ timeout: 1 }))
  }
  await ask(sql => sql`create table kept as select 42 as answer`)
  const kept = () => ask(async sql => (await sql`select answer from kept`).map(({ answer }) => answer))
  server.kill()
  assert.match(await server.ended, /SIGKILL/)
  await server.restart()
  assert.deepEqual(await kept(), [42])
  const { pid } = server
  server.kill('SIGSTOP')
  await server.restart()
  assert.notEqual(server.pid, pid)
  assert.deepEqual(await kept(), [42])
})
