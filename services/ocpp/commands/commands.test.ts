import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommandEnded, CommandSent, OcppMessage } from '#contracts/ocpp'
import { newId } from '#kernel'
import { isAction, schemaOf } from '../messages/schemas.ts'
import { boot16, connect, gateway, open } from '../testing.ts'
import { commandOf, commands } from './actions.ts'

const reset = { type: 'Soft' }

/** A charger that is listened to: it is noted by then. */
async function here(connecting: ReturnType<typeof connect>) {
  const it = await connecting
  await it.call('Heartbeat', {})
  it.heard.length = 0
  return it
}

suite('a command', () => {
  test('is answered with what the charger answers, is kept, and its end is told', async t => {
    const { p, charger, as } = await open(t)
    const it = await here(charger('CP-1'))
    it.answers.set('Reset', () => ({ status: 'Accepted' }))
    const operator = as()
    const { status, body, headers } = await operator.post('/chargers/CP-1/commands/reset', reset)
    assert.deepEqual([status, body], [200, { status: 'Accepted' }])

    const { body: kept } = await operator.get(headers.get('location')!.replace('/api/ocpp', ''))
    assert.deepEqual(
      [kept.action, kept.payload, kept.outcome, kept.answer],
      ['Reset', reset, 'answered', { status: 'Accepted' }],
    )
    assert.ok(kept.askedAt <= kept.sentAt && kept.sentAt <= kept.endedAt)
    const [sent] = await p.published(CommandSent)
    const [ended] = await p.published(CommandEnded)
    assert.equal(sent!.commandId, kept.id)
    assert.deepEqual([ended!.commandId, ended!.outcome, ended!.answer], [kept.id, 'answered', { status: 'Accepted' }])
    const message = (await p.published(OcppMessage)).find(({ direction }) => direction === 'sent')!
    assert.deepEqual([message.action, message.outcome], ['Reset', 'answered'])
  })

  test('goes to the process that has the connection', async t => {
    const { p, as } = await open(t)
    const elsewhere = await gateway(p)
    const it = await here(connect(t, `${elsewhere.replace('http', 'ws')}/ocpp/CP-1`, 'ocpp1.6'))
    it.answers.set('Reset', () => ({ status: 'Accepted' }))
    const { status, body } = await as().post('/chargers/CP-1/commands/Reset', reset)
    assert.deepEqual([status, body], [200, { status: 'Accepted' }])
    assert.equal(it.heard.length, 1, 'it was called once')
  })

  test('is answered at once by another process, whatever holds up the event log', async t => {
    const { p, as } = await open(t, { environment: { OCPP_CALL_TIMEOUT: '3s' } })
    const elsewhere = await gateway(p)
    const it = await here(connect(t, `${elsewhere.replace('http', 'ws')}/ocpp/CP-1`, 'ocpp1.6'))
    it.answers.set('Reset', () => ({ status: 'Accepted' }))
    await p.settle()
    // What is written behind a place that is taken and not committed yet is not read by anybody.
    const kernel = p.db('kernel')
    await kernel.begin(async tx => {
      await tx`
        insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
        values (${newId()}, 'note.taken', 'notes', '1', '', '{}', '{}')`
      const { status, body } = await as().post('/chargers/CP-1/commands/Reset', reset)
      assert.deepEqual([status, body], [200, { status: 'Accepted' }])
    })
    await p.settle()
    assert.equal(it.heard.length, 1, 'it was called once')
  })

  test('is refused with pointers where the version of the charger has it otherwise', async t => {
    const { charger, as } = await open(t)
    await here(charger('CP-1'))
    const { status, body } = await as().post('/chargers/CP-1/commands/ChangeConfiguration', { value: 3, more: true })
    assert.equal(status, 422)
    assert.equal(body.code, 'command_invalid')
    assert.deepEqual(body.errors.map(({ pointer }: { pointer: string }) => pointer).sort(), ['/key', '/more', '/value'])
    const nowhere = await as().post('/chargers/CP-1/commands/GetDiagnostics', { location: 'on the server' })
    assert.deepEqual([nowhere.body.code, nowhere.body.errors[0].pointer], ['command_invalid', '/location'])
  })

  test('that a version does not have, or that only chargers send, is refused', async t => {
    const { charger, as } = await open(t)
    await here(charger('CP-1'))
    await here(charger('CP-2', 'ocpp2.0.1'))
    const of = async (id: string, command: string) =>
      (await as().post(`/chargers/${id}/commands/${command}`, {})).body.code
    assert.equal(await of('CP-1', 'RequestStartTransaction'), 'command_unsupported')
    assert.equal(await of('CP-2', 'RemoteStartTransaction'), 'command_unsupported')
    assert.equal(await of('CP-2', 'GetTariffs'), 'command_unsupported')
    for (const command of ['BootNotification', 'constructor'])
      assert.equal(await of('CP-1', command), 'command_unsupported')
  })

  test('says why there is no answer that goes along with it', async t => {
    const { charger, as, db } = await open(t, { environment: { OCPP_CALL_TIMEOUT: '300ms' } })
    const operator = as()
    const it = await here(charger('CP-1'))
    it.answers.set('Reset', () => ({ status: 'Rejected' }))
    const rejected = await operator.post('/chargers/CP-1/commands/Reset', reset)
    assert.deepEqual(
      [rejected.status, rejected.body.code, rejected.body.answer],
      [409, 'command_rejected', { status: 'Rejected' }],
    )

    it.answers.delete('Reset')
    it.answers.set('Reset', (_, id) => void it.socket.send(JSON.stringify([4, id, 'NotSupported', 'not here', {}])))
    const failed = await operator.post('/chargers/CP-1/commands/Reset', reset)
    assert.deepEqual([failed.status, failed.body.code, failed.body.errorCode], [409, 'command_failed', 'NotSupported'])
    assert.match(failed.body.detail, /not here/)

    it.answers.set('Reset', () => ({ status: 'Perhaps' }))
    const unreadable = await operator.post('/chargers/CP-1/commands/Reset', reset)
    assert.deepEqual(
      [unreadable.body.code, unreadable.body.errorCode],
      ['command_failed', 'PropertyConstraintViolation'],
    )

    it.answers.delete('Reset')
    const silent = await operator.post('/chargers/CP-1/commands/Reset', reset)
    assert.deepEqual([silent.status, silent.body.code], [503, 'command_unanswered'])

    it.answers.set('Reset', () => void it.socket.terminate())
    const gone = await operator.post('/chargers/CP-1/commands/Reset', reset)
    assert.deepEqual([gone.status, gone.body.code], [409, 'charger_offline'])
    while ((await db`select from chargers where connection_id is not null`).length > 0);
    const offline = await operator.post('/chargers/CP-1/commands/Reset', reset)
    assert.deepEqual([offline.status, offline.body.code], [409, 'charger_offline'])

    const { body } = await operator.get('/chargers/CP-1/commands?limit=3')
    assert.deepEqual(
      body.items.map(({ outcome }: { outcome: string }) => outcome),
      ['offline', 'timeout', 'error'],
    )
    const rest = await operator.get(`/chargers/CP-1/commands?limit=3&after=${body.nextCursor}`)
    assert.equal(rest.body.items.length, 2)
    assert.equal((await operator.get('/chargers/CP-1/commands/count?outcome=error')).body.count, 2)
  })

  test('waits for the one before it: a charger has one open call', async t => {
    const { charger, as } = await open(t)
    const it = await here(charger('CP-1'))
    let isOpen = false
    it.answers.set('GetConfiguration', (_, id) => {
      assert.equal(isOpen, false)
      isOpen = true
      setTimeout(() => {
        isOpen = false
        it.socket.send(JSON.stringify([3, id, { unknownKey: [] }]))
      }, 20)
    })
    const all = await Promise.all([1, 2, 3].map(() => as().post('/chargers/CP-1/commands/GetConfiguration', {})))
    assert.deepEqual(
      all.map(({ status }) => status),
      [200, 200, 200],
    )
  })

  test('of a person does not wait for what the platform asks after a start, which is taken when it comes late', async t => {
    const { charger, as, db } = await open(t, { environment: { OCPP_CALL_TIMEOUT: '10m' } })
    const it = await charger('CP-1')
    const asked = Promise.withResolvers<string>()
    it.answers.set('GetConfiguration', (_, id) => void asked.resolve(id))
    it.answers.set('Reset', () => ({ status: 'Accepted' }))
    await it.call('BootNotification', boot16)
    const inventory = await asked.promise
    const { status, body } = await as().post('/chargers/CP-1/commands/Reset', reset)
    assert.deepEqual([status, body], [200, { status: 'Accepted' }])
    const configurationKey = [{ key: 'HeartbeatInterval', readonly: false, value: '300' }]
    it.socket.send(JSON.stringify([3, inventory, { configurationKey }]))
    while ((await db`select from variables where variable = 'HeartbeatInterval' and value = '300'`).length === 0)
      await sleep(20)
    assert.deepEqual(
      (await as().get('/chargers/CP-1/commands')).body.items.map((one: any) => [one.action, one.outcome]),
      [
        ['Reset', 'answered'],
        ['GetConfiguration', 'answered'],
      ],
    )
  })

  test('of a person goes first among those that wait, and those of the platform follow', async t => {
    const { p, charger, as, db } = await open(t)
    const it = await here(charger('CP-1'))
    const order: string[] = []
    const unanswered = Promise.withResolvers<string>()
    it.answers.set('GetConfiguration', (_, id) => void unanswered.resolve(id))
    for (const [action, answer] of Object.entries({
      ClearCache: { status: 'Accepted' },
      GetLocalListVersion: { listVersion: 0 },
      Reset: { status: 'Accepted' },
    }))
      it.answers.set(action, () => {
        order.push(action)
        return answer
      })
    await it.call('BootNotification', boot16)
    const inventory = await unanswered.promise
    const [known] = await db`select connection_id as id from chargers`
    for (const [action, role] of [
      ['ClearCache', 'system'],
      ['GetLocalListVersion', 'operator'],
    ] as const) {
      const about = { commandId: newId(), chargerId: 'CP-1', action, connectionId: known!.id }
      await db`
        insert into commands (id, charger_id, action, payload, asked_by, asked_at, until, connection_id)
        values (${about.commandId}, 'CP-1', ${action}, '{}', ${db.json({ userId: null, role })}, now(),
          now() + interval '1 hour', ${about.connectionId})`
      await p.publish(CommandSent, { ...about, until: new Date(Date.now() + 3_600_000).toISOString() })
    }
    assert.equal((await as().post('/chargers/CP-1/commands/Reset', reset)).status, 200)
    assert.deepEqual(order, ['GetLocalListVersion', 'Reset'])
    it.socket.send(JSON.stringify([3, inventory, {}]))
    while (order.length < 3) await sleep(10)
    assert.equal(order[2], 'ClearCache')
  })

  test('with the Idempotency-Key of one before is answered alike, and sent no more', async t => {
    const { charger, as } = await open(t)
    const it = await here(charger('CP-1'))
    const statuses = ['Accepted', 'Rejected']
    it.answers.set('Reset', () => ({ status: statuses.shift() }))
    const operator = as({ role: 'operator', userId: newId() })
    const key = { 'idempotency-key': newId() }
    for (const _ of [1, 2]) {
      const { status, body } = await operator.post('/chargers/CP-1/commands/Reset', reset, key)
      assert.deepEqual([status, body], [200, { status: 'Accepted' }])
    }
  })

  test('is for operators, and for those of the owner', async t => {
    const { charger, as, db } = await open(t)
    const it = await here(charger('CP-1'))
    it.answers.set('Reset', () => ({ status: 'Accepted' }))
    const send = async (who: Parameters<typeof as>[0]) =>
      (await as(who).post('/chargers/CP-1/commands/Reset', reset)).status
    assert.equal(await send({ role: 'user' }), 403)
    assert.equal(await send({ role: 'operator' }), 200, 'it is nobody’s yet')
    const owner = newId()
    await db`update chargers set owner_kind = 'organisation', owner_id = ${owner}`
    assert.equal(await send({ role: 'operator' }), 404)
    assert.equal(await send({ role: 'operator', organisation: { id: owner, role: 'viewer' } }), 403)
    assert.equal(await send({ role: 'operator', organisation: { id: owner, role: 'editor' } }), 200)
    assert.equal(await send({ role: 'admin' }), 200)
    assert.equal((await as({ role: 'operator' }).get('/chargers/CP-1/commands')).status, 404)
  })

  test('starts nothing at a charger that was not accepted', async t => {
    const { charger, as, db } = await open(t)
    const it = await here(charger('CP-1'))
    it.answers.set('Reset', () => ({ status: 'Accepted' }))
    await db`update chargers set status = 'pending'`
    const start = await as().post('/chargers/CP-1/commands/RemoteStartTransaction', { idTag: 'A' })
    assert.equal(start.body.code, 'charger_not_accepted')
    assert.equal((await as().post('/chargers/CP-1/commands/Reset', reset)).status, 200)
    await db`update chargers set status = 'rejected'`
    assert.equal((await as().post('/chargers/CP-1/commands/Reset', reset)).body.code, 'charger_not_accepted')
  })

  test('whose process died is ended by another', async t => {
    const { p, charger, db } = await open(t)
    await here(charger('CP-1'))
    const before = new Date(Date.now() - 60_000)
    const ids = [newId(), newId(), newId()]
    const [now] = await db`select connection_id as id from chargers`
    for (const [index, connection] of [newId(), now!.id, null].entries())
      await db`
        insert into commands (id, charger_id, action, payload, asked_by, asked_at, until, sent_at, connection_id)
        values (${ids[index]!}, 'CP-1', 'Reset', '{}', '{}', ${before}, ${before},
          ${index === 2 ? null : before}, ${connection})`
    await gateway(p, { periodic: true })
    while ((await db`select from commands where ended_at is null`).length > 0) await p.settle()
    const ended = await p.published(CommandEnded)
    assert.deepEqual(
      ended.map(({ commandId, outcome }) => [commandId, outcome]).sort(),
      ids.map(id => [id, 'timeout']).sort(),
    )
  })
})

test('who makes forms of commands asks for their schemas, and gets each', async t => {
  const { as } = await open(t)
  const me = as()
  for (const [version, length] of [
    ['ocpp1.6', 26],
    ['ocpp2.0.1', 40],
    ['ocpp2.1', 55],
  ] as const) {
    const { body } = await me.get(`/schemas/${version}`)
    assert.equal(body.commands.length, length)
    assert.ok(body.messages.includes('BootNotification') && !body.commands.includes('BootNotification'))
    for (const action of [...body.commands, ...body.messages]) {
      const answer = await me.get(`/schemas/${version}/${action}`)
      assert.equal(answer.status, 200, action)
      assert.equal(answer.body.request.type, 'object', action)
    }
  }
  const { headers, body } = await me.get('/schemas/ocpp2.0.1/SetChargingProfile')
  assert.ok(body.request.definitions.ChargingSchedulePeriodType, 'with what it refers to')
  assert.match(headers.get('cache-control')!, /max-age/)
  assert.equal((await me.get('/schemas/ocpp1.6/SetVariables')).body.code, 'action_unknown')
  assert.equal((await me.get('/schemas/ocpp3/Reset')).status, 400)
})

for (const version of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const)
  test(`every action of ${version} that a charger takes can be sent, in any case of letters`, () => {
    for (const action of commands[version]) {
      assert.ok(isAction(version, action) && schemaOf(version, action, 'answer'), action)
      assert.equal(commandOf(version, action.toUpperCase()), action)
    }
    assert.equal(commands[version].length, { 'ocpp1.6': 26, 'ocpp2.0.1': 40, 'ocpp2.1': 55 }[version])
  })
