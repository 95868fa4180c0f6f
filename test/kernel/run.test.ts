import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import Type from 'typebox'
import { call, event } from '../../contracts/define.ts'
import { anyone, defineFront, StartError, type Tx } from '../../kernel/index.ts'
import { start } from '../../kernel/testing.ts'
import { plain, refusals } from './refused.ts'
import { Noted, notes, until } from './toys.ts'

for (const [what, { services, message, cause, bug }] of Object.entries(refusals))
  test(`the platform does not start with ${what}, and says so`, async t => {
    await assert.rejects(start(t, services), (error: Error) => {
      assert.match(error.message, message)
      if (cause) assert.match((error.cause as Error).message, cause)
      assert.equal(error instanceof StartError, !cause && !bug, 'what people can mend comes without a stack')
      return true
    })
  })

test('after a refused start nothing is left running: the process ends by itself', async t => {
  const child = fork(join(import.meta.dirname, 'refused.ts'), { execArgv: [] })
  t.after(() => child.kill('SIGKILL'))
  const heard: unknown[] = []
  child.on('message', message => heard.push(message))
  await once(child, 'disconnect')
  const disconnected = Date.now()
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
  assert.deepEqual(
    heard,
    Object.keys(refusals).map(() => 'refused'),
  )
  assert.ok(Date.now() - disconnected < 3_000, `it lingered for ${Date.now() - disconnected} ms`)
})

test('services start in the order of their needs and stop in reverse, with their database still there', async t => {
  const asked = (owner: string) => call(owner, `get_${owner}`, Type.Object({}), Type.Object({}))
  const order: string[] = []
  const service = (name: string, ...needs: string[]) =>
    plain(
      name,
      host => {
        order.push(`start ${name}`)
        host.answer(asked(name), async () => ({}))
        host.onStop(async () => {
          const [row] = await host.db`select 1 as alive`
          order.push(`stop ${name} ${row.alive}`)
        })
      },
      { needs: needs.map(asked) },
    )
  const p = await start(t, [
    service('roof', 'walls'),
    service('walls', 'ground'),
    service('garden', 'ground'),
    service('ground'),
  ])
  assert.deepEqual(p.platform.services, ['ground', 'walls', 'roof', 'garden'])
  await Promise.all([p.platform.close(), p.platform.close()])
  assert.deepEqual(
    order,
    ['ground', 'walls', 'roof', 'garden']
      .map(name => `start ${name}`)
      .concat(['garden', 'roof', 'walls', 'ground'].map(name => `stop ${name} 1`)),
  )
})

test('a service that started is stopped when a later one cannot', async t => {
  const stopped: string[] = []
  const good = plain('good', host => host.onStop(() => void stopped.push('good')))
  const bad = plain('bad', () => {
    throw new Error('broken')
  })
  await assert.rejects(start(t, [good, bad]), /bad could not start/)
  assert.deepEqual(stopped, ['good'])
})

test('an event belongs to its owner: nobody else can publish it, not even with SQL of their own', async t => {
  const thief = plain('thief', ({ http, db }) => {
    const attempt = (work: (tx: Tx) => Promise<unknown>) =>
      db.transaction(work).then(
        () => 'done',
        (error: { code?: string; message: string }) => error.code ?? error.message,
      )
    http.get('/', { config: { access: anyone }, schema: { summary: 'Steal' } }, async () => ({
      publish: await attempt(tx => tx.publish(Noted, { page: 'x', number: 1, text: 'x' })),
      insert: await attempt(
        tx =>
          tx`insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data) values (gen_random_uuid(), 'note.taken', 'notes', 'x', 'x', '{}', '{}')`,
      ),
      position: await attempt(tx => tx`update kernel.cursors set at_offset = 0, position = 0 returning 1`),
      answers: await attempt(tx => tx`select * from kernel.answers`),
      log: await attempt(tx => tx`select * from kernel.log`),
    }))
  })
  const p = await start(t, [await notes(t), thief])
  const { publish, insert, ...others } = (await p.http.inject('/api/thief')).json()
  assert.match(publish, /^thief may not publish note\.taken, which belongs to notes$/)
  assert.equal(insert, '42501')
  assert.deepEqual(others, { position: 'done', answers: 'done', log: '42501' }, 'rows of others are not to be seen')
  assert.deepEqual(await p.published(Noted), [])
})

test('an event of a service that does not run here may be subscribed to', async t => {
  const Elsewhere = event('elsewhere', 'thing.happened', 'id', Type.Object({ id: Type.String() }))
  const heard: string[] = []
  const p = await start(t, [
    plain('readers', host =>
      host.on(
        Elsewhere,
        { id: 'read', purpose: 'read', from: 'beginning' },
        async ({ id }: { id: string }) => void heard.push(id),
      ),
    ),
  ])
  await p.publish(Elsewhere, { id: 'a' })
  await p.settle()
  assert.deepEqual(heard, ['a'])
})

test('a question between services goes through JSON both ways, so that nothing live leaks', async t => {
  const getThing = call('things', 'get_thing', Type.Any(), Type.Any())
  let received: unknown
  const secret = { at: new Date(0), gone: undefined, live: () => 'leak' }
  const things = plain('things', host => host.answer(getThing, async (input: unknown) => ((received = input), secret)))
  let given: unknown
  const asker = plain(
    'asker',
    host =>
      host.http.get(
        '/',
        { config: { access: anyone }, schema: { summary: 'Ask' } },
        async () => ((given = await host.ask(getThing, secret)), {}),
      ),
    { needs: [getThing] },
  )
  const p = await start(t, [things, asker])
  await p.http.inject('/api/asker')
  assert.deepEqual(received, { at: '1970-01-01T00:00:00.000Z' })
  assert.deepEqual(given, { at: '1970-01-01T00:00:00.000Z' })
})

test('only a service that stands before the other processes sees them', async t => {
  const seen: Record<string, boolean> = {}
  const see = (host: { name: string }) => void (seen[host.name] = 'peers' in host || 'reportElsewhere' in host)
  await start(t, [plain('behind', see), defineFront({ name: 'before', folder: '/nowhere', start: see })])
  assert.deepEqual(seen, { behind: false, before: true })
})

test('secrets differ by purpose and are the same in every process of the platform', async t => {
  const secrets: string[] = []
  const keeper = plain(
    'keeper',
    host => void secrets.push(host.secret('a').toString('hex'), host.secret('b').toString('hex')),
  )
  await start(t, [keeper])
  await start(t, [keeper])
  assert.deepEqual(secrets.slice(0, 2), secrets.slice(2))
  assert.notEqual(secrets[0], secrets[1])
  assert.match(secrets[0]!, /^[0-9a-f]{64}$/)
})

test('closing waits for a reaction that is at work, and no later event begins', async t => {
  let release = () => {}
  const gate = new Promise<void>(resolve => (release = resolve))
  const begun: string[] = []
  const slow = plain('readers', host =>
    host.on(Noted, { id: 'read', purpose: 'read slowly', from: 'beginning' }, async ({ text }: { text: string }) => {
      begun.push(text)
      await gate
    }),
  )
  const p = await start(t, [await notes(t), slow])
  await p.http.inject({ method: 'POST', url: '/api/notes', payload: { page: 'a', texts: ['first'] } })
  await until(() => begun.length === 1)
  await p.http.inject({ method: 'POST', url: '/api/notes', payload: { page: 'b', texts: ['second'] } })
  const closing = p.platform.close()
  setTimeout(release, 50)
  await closing
  assert.deepEqual(begun, ['first'])
  const [subscription] = await p.db(
    'kernel',
  )`select at_offset::int as position, (select position::int from kernel.log order by 1 limit 1) as first from kernel.cursors`
  assert.equal(subscription!.position, subscription!.first)
})

test('one who does not end, or ends badly, keeps nobody else from a clean end', async t => {
  const ended: string[] = []
  const ends = (name: string, how: () => unknown) => plain(name, host => host.onStop(() => (ended.push(name), how())))
  const services = [
    ends('first', () => {}),
    ends('throws', () => {
      throw new Error('not like this')
    }),
    ends('rejects', async () => Promise.reject(new Error('nor like that'))),
    ends('hangs', () => new Promise(() => {})),
    ends('last', () => {}),
  ]
  const p = await start(t, services)
  const began = performance.now()
  await p.platform.close()
  assert.deepEqual(ended, ['last', 'hangs', 'rejects', 'throws', 'first'])
  assert.ok(performance.now() - began < 4_500, `${performance.now() - began} ms`)
})

test('however many do not end, all of the end takes less than five seconds', async t => {
  const ended: string[] = []
  const first = plain('first', host => host.onStop(() => void ended.push('first')))
  const hanging = Array.from({ length: 20 }, (_, index) =>
    plain(`hangs_${'abcdefghijklmnopqrst'[index]}`, host => host.onStop(() => new Promise(() => {}))),
  )
  const p = await start(t, [first, ...hanging])
  const began = performance.now()
  await p.platform.close()
  assert.ok(performance.now() - began < 5_000, `${performance.now() - began} ms`)
  assert.deepEqual(ended, ['first'])
})
