import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { newId } from '#kernel'
import { openLog } from '../../kernel/telemetry/log.ts'
import type { Pool } from '../../kernel/database/database.ts'
import { open } from './testing.ts'

test('a balance that somebody changed by hand is found: the figure and the log say so until it is right', async t => {
  const lines: any[] = []
  const stream = new Writable({ write: (line, _, done) => (lines.push(JSON.parse(String(line))), done()) })
  const { p, fund, periodically, isRight } = await open(t, { log: openLog({ level: 'error', stream }) })
  const [driverId, other] = [newId(), newId()]
  for (const who of [driverId, other]) await fund(who, 2_500n)
  const figure = async () =>
    Number(/^ohmnibus_billing_accounts_wrong (\d+)$/m.exec((await p.http.inject('/metrics')).body)?.[1])
  await periodically(/compare balances/)
  assert.deepEqual([await figure(), lines], [0, []])
  const db = p.db('billing') as unknown as Pool
  const tamper = (column: string, minor: number) =>
    db.begin(async tx => {
      // As somebody would who may do everything: the database lets nobody else.
      await tx`set local session_replication_role = replica`
      const rows = await tx.unsafe(
        `update ledger_accounts set ${column} = ${column} + ${minor} where owner_id = '${driverId}' and kind = 'wallet' returning id`,
      )
      return rows[0]!.id as string
    })
  await assert.rejects(async () => await db`update ledger_accounts set balance_minor = 1 where owner_id = ${driverId}`)
  const accountId = await tamper('balance_minor', 100)
  await periodically(/compare balances/)
  assert.equal(await figure(), 1)
  assert.deepEqual(
    lines.map(line => [line.msg, line.accountId, line.balanceMinor, line.postedMinor]),
    [['an account is not the sum of its postings', accountId, '2600', '2500']],
  )
  await tamper('balance_minor', -100)
  await periodically(/compare balances/)
  assert.deepEqual([await figure(), lines.length], [0, 1])
  await tamper('held_minor', 5)
  await periodically(/compare balances/)
  assert.deepEqual([await figure(), lines.length], [1, 2], 'what is held for nothing')
  await tamper('held_minor', -5)
  await isRight()
})
