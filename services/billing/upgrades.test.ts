import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { newId } from '#kernel'
import { perKwh } from './testing.ts'
import { pay } from './wallets/testing.ts'

const migration = (name: string): Promise<string> =>
  readFile(join(import.meta.dirname, 'migrations', `${name}.sql`), 'utf8')

test('what was owed and given back before there were columns for it is found by the migrations that made them', async t => {
  const it = await pay(t)
  await it.tariff(perKwh('0.50'))
  const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }
  await it.operator.put('/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
  const [debtor, other] = [it.driverId, newId()]
  const sessions = [debtor, debtor, debtor, other].map(driverId => ({ sessionId: newId(), driverId, energyWh: 10_000 }))
  for (const session of sessions) await it.ended(session)
  // The first is paid whole, the second in part, the third not at all.
  await it.topUp(700)
  const path = `/charges/${sessions[3]!.sessionId}/credits`
  for (const amountMinor of [119, 31])
    assert.equal((await it.operator.post(path, { amountMinor, reason: 'It stopped twice' })).status, 201)
  await it.settle()

  const sql = it.p.db('billing')
  const owed = () => sql<{ owed: bigint; session: string }[]>`
    select owed_minor as owed, session_id as session from charges where booked_id = ${debtor} order by charged_at, session_id`
  const paid = () => sql`
    select invoice_id, sum(minor) as minor from invoice_payments group by 1 order by 1`
  const credited = () => sql`
    select session_id, credited_net_minor, credited_tax_minor from charges order by 1`
  const now = { owed: await owed(), paid: await paid(), credited: await credited() }
  assert.deepEqual(
    now.owed.map(({ owed }) => owed),
    [0n, 300n, 500n],
  )

  // As the code before 0012 left it: what was owed at first stood for ever, and what was paid of it was on no invoice.
  await sql`update charges set owed_minor = total_minor where booked_id = ${debtor}`
  await sql`alter table invoice_payments disable trigger user`
  await sql`delete from invoice_payments where cause like '%-debt %'`
  await sql`alter table invoice_payments enable trigger user`
  await sql`alter table booking_fees
    drop column asked_at, drop column time_zone, drop column treatment, drop column owed_minor, drop column invoice_id`
  await sql`drop index charges_owed`
  await sql`alter table charges drop column credited_net_minor, drop column credited_tax_minor`
  for (const name of ['0012_owed', '0016_credited']) await sql.unsafe(await migration(name))
  assert.deepEqual({ owed: await owed(), paid: await paid(), credited: await credited() }, now)
})
