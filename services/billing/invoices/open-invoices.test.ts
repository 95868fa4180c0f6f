import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { InvoiceIssued } from '#contracts/billing'
import { BookingFeeDue, BookingFeeWaived } from '#contracts/booking'
import { newId } from '#kernel'
import type { Pool } from '../../../kernel/database/database.ts'
import type { TestPlatform } from '../../../kernel/testing.ts'
import { perKwh, type Charging } from '../testing.ts'
import { pay } from '../wallets/testing.ts'

const address = { street: 'Marktplatz 1', postalCode: '10178', city: 'Berlin', country: 'DE' }

/** A seller in Berlin, a driver, and a clock. */
async function sell(t: TestContext) {
  const clock = { now: new Date('2027-03-01T09:00:00.000Z') }
  const it = await pay(t, { now: () => clock.now })
  await it.tariff(perKwh('0.50'))
  const said = await it.operator.put('/seller', { name: 'Example Charging', address, taxId: 'DE136695976' })
  assert.equal(said.status, 200, JSON.stringify(said.body))
  const session = (more: Partial<Charging> = {}): Charging & { sessionId: string } => ({
    sessionId: newId(),
    driverId: it.driverId,
    energyWh: 10_000,
    ...more,
  })
  const fee = (kind: 'booking' | 'no-show' | 'late-cancellation') => ({
    feeId: newId(),
    bookingId: newId(),
    kind,
    driverId: it.driverId,
    seller: it.seller,
    place: { timeZone: 'Europe/Berlin', country: 'DEU', region: null },
    currency: 'EUR',
    amountMinor: 238,
    at: '2027-03-01T10:00:00.000Z',
  })
  return {
    ...it,
    clock,
    session,
    fee,
    /** Invoices and credit notes, the oldest first. */
    async invoices(of = it.driver): Promise<any[]> {
      return (await of.get('/invoices')).body.items.toReversed()
    },
    async tell(event: typeof BookingFeeDue | typeof BookingFeeWaived, what: ReturnType<typeof fee>): Promise<void> {
      for (let time = 0; time < 2; time++) await it.p.publish(event, what)
      await it.p.settle()
    },
    monthly: () => it.driver.put('/invoicing', { every: 'month', language: 'en', party: null }),
  }
}

const shown = ({ kind, totalMinor, paidMinor, state }: any) => [kind, totalMinor, paidMinor, state]

suite('an open invoice', () => {
  test('is paid by a later top-up, the oldest first, and a correction gives back what was paid', async t => {
    const { ended, corrected, session, topUp, invoices, wallet, driverId, isRight } = await sell(t)
    const [first, second] = [session(), session({ energyWh: 4_000, minutes: 90 })]
    await ended(first)
    await ended(second)
    assert.deepEqual((await invoices()).map(shown), [
      ['invoice', 500, 0, 'open'],
      ['invoice', 200, 0, 'open'],
    ])
    await topUp(600)
    assert.deepEqual((await invoices()).map(shown), [
      ['invoice', 500, 500, 'paid'],
      ['invoice', 200, 100, 'open'],
    ])
    // What the first cost too much pays the rest of the second.
    await corrected({ ...first, energyWh: 6_000 }, 90)
    const after = await invoices()
    assert.deepEqual(after.filter(({ kind }) => kind === 'invoice').map(shown), [
      ['invoice', 500, 500, 'credited'],
      ['invoice', 200, 200, 'paid'],
      ['invoice', 300, 300, 'paid'],
    ])
    const { balanceMinor, owedMinor } = await wallet(driverId)
    assert.deepEqual([balanceMinor, owedMinor], [100, 0])
    await isRight()
  })

  test('of a month says what was paid before it was issued', async t => {
    const { ended, session, topUp, invoices, monthly, periodically, clock } = await sell(t)
    await monthly()
    await ended(session())
    await ended(session())
    await topUp(700)
    clock.now = new Date('2027-04-01T00:10:00.000Z')
    await periodically(/months/)
    assert.deepEqual((await invoices()).map(shown), [['invoice', 1_000, 700, 'open']])
    await topUp(400)
    assert.deepEqual((await invoices()).map(shown), [['invoice', 1_000, 1_000, 'paid']])
  })

  test('is paid by who bought, by card, once, whoever tells of it; what is paid twice is theirs', async t => {
    const { ended, session, driver, as, invoices, standIn, settle, wallet, driverId, isRight } = await sell(t)
    await ended(session())
    const [{ id }] = await invoices()
    assert.equal((await as().post(`/invoices/${id}/pay`, {})).body.code, 'invoice_unknown')
    const [one, same] = await Promise.all([
      driver.post(`/invoices/${id}/pay`, {}),
      driver.post(`/invoices/${id}/pay`, {}),
    ])
    assert.deepEqual([one.status, one.body.amountMinor, same.body.id], [201, 500, one.body.id])
    // Meanwhile they put money into their wallet, too.
    const { body } = await driver.post('/wallet/top-ups', { amountMinor: 300, currency: 'EUR' })
    standIn.state.act(body.providerId, 'approve')
    await settle()
    assert.deepEqual((await invoices()).map(shown), [['invoice', 500, 300, 'open']])
    standIn.state.act(one.body.providerId, 'approve')
    await settle()
    assert.deepEqual((await invoices()).map(shown), [['invoice', 500, 500, 'paid']])
    const { balanceMinor, owedMinor, blocked } = await wallet(driverId)
    assert.deepEqual([balanceMinor, owedMinor, blocked], [300, 0, false])
    assert.equal((await driver.post(`/invoices/${id}/pay`, {})).body.code, 'invoice_settled')
    await isRight()
  })

  test('in dinars is paid by card in coins that there are, and what is more is theirs', async t => {
    const { ended, session, driver, standIn, settle, driverId, wallet, tariff, stationId, isRight } = await sell(t)
    await tariff(perKwh('0.1234', { currency: 'KWD' }), [{ stationId }])
    await ended(session())
    const [{ id, totalMinor }] = (await driver.get('/invoices')).body.items
    assert.equal(totalMinor, 1_234)
    const { body } = await driver.post(`/invoices/${id}/pay`, {})
    assert.equal(body.amountMinor, 1_240)
    standIn.state.act(body.providerId, 'approve')
    await settle()
    const [after] = (await driver.get('/invoices')).body.items
    assert.deepEqual([after.paidMinor, after.state, (await wallet(driverId)).balanceMinor], [1_234, 'paid', 6])
    await isRight()
  })

  test('of a company that pays by invoice is paid by its owners by card, and by nobody else there', async t => {
    const { ended, session, as, cards, members, operator, periodically, clock, standIn, settle, p, isRight } =
      await sell(t)
    const [organisationId, boss, ada] = [newId(), newId(), newId()]
    members.set(
      organisationId,
      new Map([
        [boss, 'owner'],
        [ada, 'editor'],
      ] as const),
    )
    const acting = (userId: string, role: string) => as({ userId, organisation: { id: organisationId, role } })
    const owner = acting(boss, 'owner')
    await owner.put('/company', { party: { name: 'Voltaic GmbH', country: 'DE' }, language: 'en' })
    const terms = await operator.put(`/companies/${organisationId}/terms`, { limitMinor: 10_000, dueInDays: 14 })
    assert.equal(terms.status, 200)
    cards.set('ADA', ada)
    clock.now = new Date('2027-02-01T11:00:00.000Z')
    const card = await owner.post('/company/cards', { idToken: 'ADA', holderId: ada, costCentreId: null })
    assert.equal(card.status, 201, JSON.stringify(card.body))
    clock.now = new Date('2027-04-01T00:10:00.000Z')
    const about = { token: { idToken: 'ADA', type: 'ISO14443' } }
    await ended(session({ driverId: ada, about }))
    await periodically(/months/)
    const [invoice] = (await owner.get('/invoices')).body.items
    assert.deepEqual([invoice.totalMinor, invoice.state], [500, 'open'])
    assert.equal((await acting(ada, 'editor').post(`/invoices/${invoice.id}/pay`, {})).body.code, 'invoice_unknown')
    const { body } = await owner.post(`/invoices/${invoice.id}/pay`, {})
    standIn.state.act(body.providerId, 'approve')
    await settle()
    assert.equal((await owner.get(`/invoices/${invoice.id}`)).body.state, 'paid')
    const [owed] = await p.db('billing')`
      select balance_minor as minor from ledger_accounts where kind = 'receivable' and owner_id = ${organisationId}`
    assert.equal(owed!.minor, 0n)
    await isRight()
  })

  test('that was paid by transfer is paid once, of a driver too', async t => {
    const { ended, session, operator, invoices, wallet, driverId, isRight } = await sell(t)
    await ended(session())
    await ended(session({ energyWh: 2_000 }))
    const [, second] = await invoices()
    for (const [amountMinor, status] of [
      [0, 400],
      [-1, 400],
      [0.5, 400],
      [100.5, 400],
      [1e300, 400],
      [101, 409],
      [Number.MAX_SAFE_INTEGER, 409],
    ])
      assert.equal((await operator.post(`/invoices/${second.id}/payments`, { amountMinor })).status, status)
    const paid = await operator.post(`/invoices/${second.id}/payments`, { amountMinor: 100 })
    assert.deepEqual([paid.status, paid.body.openMinor], [201, 0])
    assert.deepEqual((await invoices()).map(shown), [
      ['invoice', 500, 0, 'open'],
      ['invoice', 100, 100, 'paid'],
    ])
    assert.equal((await wallet(driverId)).owedMinor, 500)
    await isRight()
  })
})

suite('what a booking cost', () => {
  test('is on an invoice of its own, which is taken back where nothing is due after all', async t => {
    const { tell, fee, invoices, driver, topUp, isRight } = await sell(t)
    const [kept, gone, early] = [fee('no-show'), fee('booking'), fee('booking')]
    await tell(BookingFeeDue, kept)
    await tell(BookingFeeDue, gone)
    await tell(BookingFeeWaived, early)
    await tell(BookingFeeDue, early)
    const [first, second, ...others] = await invoices()
    assert.deepEqual(others, [], 'one that was given back before it was asked for has none')
    assert.deepEqual([first.netMinor, first.taxMinor, ...shown(first)], [200, 38, 'invoice', 238, 0, 'open'])
    const { lines } = (await driver.get(`/invoices/${first.id}`)).body
    assert.deepEqual(
      lines.map(({ name, description, sessionId, totalMinor }: any) => [name, description, sessionId, totalMinor]),
      [['Booking that was not used', kept.bookingId, null, 238]],
    )
    await tell(BookingFeeWaived, gone)
    assert.deepEqual((await invoices()).map(shown), [
      ['invoice', 238, 0, 'open'],
      ['invoice', 238, 0, 'credited'],
      ['credit-note', 238, 0, 'open'],
    ])
    await topUp(500)
    assert.equal((await driver.get(`/invoices/${first.id}`)).body.state, 'paid')
    assert.equal((await driver.get(`/invoices/${second.id}`)).body.state, 'credited')
    await isRight()
  })

  test('is beside the sessions of a month on one invoice', async t => {
    const { tell, fee, ended, session, invoices, driver, monthly, periodically, clock, fund, driverId } = await sell(t)
    await monthly()
    await fund(driverId, 2_000n)
    await ended(session())
    await tell(BookingFeeDue, fee('late-cancellation'))
    assert.deepEqual(await invoices(), [])
    clock.now = new Date('2027-04-01T00:10:00.000Z')
    for (let time = 0; time < 2; time++) await periodically(/months/)
    const [invoice, ...others] = await invoices()
    assert.deepEqual([shown(invoice), others], [['invoice', 738, 738, 'paid'], []])
    const { lines } = (await driver.get(`/invoices/${invoice.id}`)).body
    assert.deepEqual(
      lines.map(({ name, totalMinor }: any) => [name, totalMinor]),
      [
        ['Energy', 500],
        ['Late cancellation', 238],
      ],
    )
  })
})

/** Charges as if they had been booked like one that is there: so many of each of these drivers. */
const copied = (db: Pool, sessionId: string, drivers: readonly string[], count: number) =>
  db.unsafe(`
    create table copies as select c.*, driver from charges c, generate_series(1, ${count}),
      unnest('{${drivers.join()}}'::uuid[]) driver where c.session_id = '${sessionId}';
    update copies set session_id = uuidv7(), driver_id = driver, booked_id = driver;
    alter table copies drop column driver;
    insert into charges select * from copies;
    drop table copies`)

/** How many sessions there are, how many of them stand on an invoice, and on how many lines. */
const onInvoices = async (db: Pool) =>
  Object.values(
    (
      await db`
        select (select count(*) from charges)::int as all,
          (select count(*) from charges where invoice_id is not null)::int as on_one,
          (select count(distinct about ->> 'item') from invoice_lines)::int as items, (select count(*) from invoice_lines)::int as lines`
    )[0]!,
  )

test('a month in which one has more than 10,000 sessions, in two countries, has each on one invoice, and holds up nobody', async t => {
  const { p, session, ended, known, monthly, invoices, periodically, clock, driverId, fund, as } = await sell(t)
  await monthly()
  await fund(driverId, 1_000n)
  const one = session()
  await ended(one)
  known.country = 'AUT'
  await ended(session())
  const db = p.db('billing')
  // Some come before and some behind them in the order of ids.
  const others = Array.from({ length: 20 }, (_, at) => `${at < 10 ? '0' : 'f'}${newId().slice(1)}`)
  await copied(db, one.sessionId, [driverId], 10_400)
  await copied(db, one.sessionId, others, 2)
  clock.now = new Date('2027-04-01T00:10:00.000Z')
  await periodically(/months/)
  for (const userId of others)
    assert.deepEqual(
      (await invoices(as({ userId }))).map(one => one.totalMinor),
      [1_000],
    )
  // Those of each country by themselves, ten thousand in all; which of them come first is up to their ids.
  const charged = async () => (await invoices()).reduce((sum, { totalMinor }) => sum + totalMinor, 0)
  assert.equal(await charged(), 10_000 * 500)
  // What had no room comes an hour later.
  for (let time = 0; time < 2; time++) await periodically(/months/)
  assert.equal(await charged(), 10_402 * 500)
  assert.deepEqual(await onInvoices(db), [10_442, 10_442, 10_442, 10_442])
})

/**
 * Connections end at one step after the other, as they do with their process, and each time some steps further on; a
 * sequence counts them, which no rollback takes back. Until what it gives is called: then all that waits is done.
 */
async function dying(p: TestPlatform) {
  const db = p.db('billing')
  const tables = await db`
    select relname as name from pg_class where relnamespace = 'billing'::regnamespace and relkind = 'r' and relname ~ '^(ledger|invoice|payment)'`
  // No job fails as often as it is tried.
  const ends = [1, 4, 9, 16, 26, 39, 56, 78, 107, 145]
  await db.unsafe(`
    create sequence public.steps;
    grant all on sequence public.steps to public;
    create function public.die() returns trigger language plpgsql as $$ begin
      if session_user = 'billing' and nextval('public.steps') = any('{${ends.join()}}') then perform pg_terminate_backend(pg_backend_pid(), 1000); end if;
      return null;
    end $$;
    ${[...tables.map(({ name }) => name), 'kernel.log']
      .map(at => `create trigger die after insert or update on ${at} for each statement execute function public.die();`)
      .join('')}`)
  const goOn = async () => {
    const waiting = () => p.db('kernel')`update graphile_worker._private_jobs set run_at = now() returning id`
    await p.settle()
    for (let round = 0; round < 60 && (await waiting()).length > 0; round++) await p.settle()
  }
  const live = async () => {
    await goOn()
    const [{ steps }] = (await db`select last_value::int as steps from public.steps`) as unknown as [{ steps: number }]
    assert.ok(steps > 30, `only ${steps} steps`)
    await db.unsafe('drop function public.die cascade')
  }
  return { goOn, live }
}

test('ended again and again between steps of hold, charge, settlement, invoice and refund, it ends the same', async t => {
  const { p, started, ended, corrected, session, topUp, invoices, wallet, driver, driverId, settle, standIn, isRight } =
    await sell(t)
  await topUp(1_000)
  const { goOn, live } = await dying(p)
  const one = session()
  await started({ ...one, energyWh: 1 })
  await ended(one)
  await goOn()
  await corrected({ ...one, energyWh: 6_000 }, 90)
  const key = { 'idempotency-key': newId() }
  const refund = () => driver.post('/wallet/refunds', { amountMinor: 700, currency: 'EUR' }, key)
  // Who has no answer asks again.
  await goOn()
  for (let time = 0; (await refund()).status !== 202; time++) assert.ok(time < 20)
  await live()
  await settle()
  assert.deepEqual((await invoices()).map(shown), [
    ['invoice', 500, 500, 'credited'],
    ['credit-note', 500, 0, 'open'],
    ['invoice', 300, 300, 'paid'],
  ])
  const { balanceMinor, heldMinor, owedMinor } = await wallet(driverId)
  assert.deepEqual([balanceMinor, heldMinor, owedMinor], [0, 0, 0])
  assert.deepEqual(
    standIn.state.all().flatMap(({ refunds }) => refunds.map(({ amount }) => amount)),
    [700],
  )
  await isRight()
})

test('ended again and again between steps of a month, each session is on one invoice, and no number is left out', async t => {
  const { p, session, ended, monthly, periodically, clock, driverId, fund } = await sell(t)
  await monthly()
  await fund(driverId, 1_000n)
  const one = session()
  await ended(one)
  const db = p.db('billing')
  await copied(db, one.sessionId, Array.from({ length: 120 }, newId), 2)
  const { live } = await dying(p)
  clock.now = new Date('2027-04-01T00:10:00.000Z')
  await periodically(/months/)
  await live()
  // An hour later all is as if nothing had been.
  await periodically(/months/)
  assert.deepEqual(await onInvoices(db), [241, 241, 241, 241])
  const numbers = (await p.published(InvoiceIssued)).map(({ number }) => number)
  assert.deepEqual(
    numbers.toSorted(),
    numbers.map((_, at) => `INV-2027-${String(at + 1).padStart(6, '0')}`),
  )
  assert.equal(numbers.length, 121)
})
