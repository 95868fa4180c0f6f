import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { OrderDisputed, OrderRefunded, PartDelivered, PaymentSucceeded, RefundFailed } from '#contracts/orders'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { deliveriesOf, disputeOf, open, paid, refundOf, type Paid } from '../testing.ts'

test('what is sold is pending, available after the hold, and what the platform keeps stands beside it', async t => {
  const { vendor, sold, delivered, days, periodically, earnings, isRight, as } = await open(t)
  const ada = await vendor()
  const order = await sold([ada.owner])
  assert.deepEqual(await earnings(ada), [90_00, 0, 0, 0, 10_00])
  days(30)
  await periodically(/^settle/)
  assert.deepEqual(await earnings(ada), [90_00, 0, 0, 0, 10_00], 'what nobody has got yet is not settled')
  await delivered(order)
  const { items, holdDays } = (await ada.get('/earnings')).body
  assert.deepEqual([holdDays, items[0].nextSettlement], [14, { at: '2027-04-14T12:00:00.000Z', amountMinor: 90_00 }])
  days(13)
  await periodically(/^settle/)
  assert.deepEqual((await earnings(ada))[1], 0)
  days(1)
  for (const _ of [1, 2]) await periodically(/^settle/)
  assert.deepEqual(await earnings(ada), [0, 90_00, 0, 0, 10_00])
  const { body } = await ada.get('/earnings/postings?currency=EUR&account=available')
  assert.deepEqual(
    body.items.map(({ kind, amountMinor, other, orderNumber }: any) => [kind, amountMinor, other, orderNumber]),
    [['settle', 90_00, 'pending', 'K7M2Q-9XWTB']],
  )
  assert.deepEqual((await as().get('/earnings')).body.items, [])
  await isRight()
})

test('a vendor reading another’s earnings sees their own: nothing', async t => {
  const { vendor, sold, as, admin } = await open(t)
  const [ada, eve] = [await vendor(), await vendor({}, { name: 'Eve' })]
  await sold([ada.owner])
  for (const path of ['/earnings?', '/earnings/postings?currency=EUR&account=pending&']) {
    assert.deepEqual((await eve.get(`${path}vendorId=${ada.vendorId}`)).body.items, [])
    assert.equal((await admin.get(`${path}vendorId=${ada.vendorId}`)).body.items.length, 1)
  }
  // Who works for an organisation sees what that earns, and not what the person does.
  const inOther = as({ userId: ada.vendorId, organisation: { id: newId(), role: 'owner' } })
  assert.deepEqual((await inOther.get('/earnings')).body.items, [])
})

test('what goes back comes from pending before the settlement and from available after it, with its commission', async t => {
  const { p, vendor, sold, settled, refunded, earnings, isRight, clock } = await open(t)
  const ada = await vendor()
  await refunded(await sold([ada.owner]), 0.5)
  assert.deepEqual(await earnings(ada), [45_00, 0, 0, 0, 5_00])
  const order = await settled(ada.owner)
  await refunded(order, 0.2)
  assert.deepEqual(await earnings(ada), [45_00, 72_00, 0, 0, 13_00])
  // It did not come about after all.
  const [, back] = await p.published(OrderRefunded)
  await p.publish(RefundFailed, { ...back!, at: clock.at.toISOString() } as never)
  await p.settle()
  assert.deepEqual(await earnings(ada), [45_00, 90_00, 0, 0, 15_00])
  await isRight()
})

test('a bank takes back from every vendor of an order as much as it was worth, and gives it back where the dispute is won', async t => {
  const { vendor, sold, disputed, earnings, isRight } = await open(t)
  const [ada, bob] = [await vendor(), await vendor({}, { name: 'Bob' })]
  const order = await sold([ada.owner, bob.owner], { totalMinor: 33_33, commissionMinor: 3_33 })
  await disputed(order, 'opened', 33_33)
  const [one, two] = [await earnings(ada), await earnings(bob)]
  assert.equal(one[0]! + one[4]! + two[0]! + two[4]!, 33_33, 'half is left')
  assert.equal(one[0]! + one[4]!, 16_66, 'the first one gives the odd cent')
  await disputed(order, 'won', 33_33)
  assert.deepEqual(await earnings(ada), [30_00, 0, 0, 0, 3_33])
  await isRight()
})

test('commission changed after placement: what the order has frozen is booked', async t => {
  const { admin, vendor, sold, earnings } = await open(t)
  const ada = await vendor()
  await admin.post('/commission-rules', { basisPoints: 1_000 })
  const order = paid([ada.owner], {})
  await admin.post('/commission-rules', { basisPoints: 9_000, vendorId: ada.vendorId })
  assert.equal((await ada.get('/commission')).body.basisPoints, 9_000)
  await sold([ada.owner], { totalMinor: order.totalMinor, commissionMinor: order.parts[0]!.commissionMinor })
  assert.deepEqual(await earnings(ada), [90_00, 0, 0, 0, 10_00])
})

/** What may be told of some orders of two vendors. */
function stories(owners: readonly Owner[], at: Date) {
  const amount = fc.integer({ min: 0, max: 100_000 })
  return fc.array(
    fc
      .record({
        total: amount,
        percent: fc.integer({ min: 0, max: 100 }),
        of: fc.subarray([...owners], { minLength: 1 }),
        back: fc.constantFrom(0, 0.25, 0.5, 1),
        fails: fc.boolean(),
        dispute: fc.constantFrom(undefined, 'opened', 'won', 'lost'),
        disputed: amount,
        arrives: fc.boolean(),
        // Of ten stories one is never told of its payment, and some of something else.
        unpaid: fc.integer({ min: 0, max: 9 }).map(one => one === 0),
        lost: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 2 }),
      })
      .map(({ total, percent, of, back, fails, dispute, disputed, arrives, unpaid, lost }) => {
        const totalMinor = total * 4
        const order = paid(of, {
          totalMinor,
          commissionMinor: Math.floor((total * percent) / 100) * 4,
          at: at.toISOString(),
        })
        const refund = refundOf(order, back, at)
        const told: [any, any][] = [[PaymentSucceeded, order]]
        if (back > 0) told.push([OrderRefunded, refund])
        if (back > 0 && fails) told.push([RefundFailed, refund])
        if (dispute) told.push([OrderDisputed, disputeOf(order, 'opened', disputed, at)])
        if (dispute && dispute !== 'opened')
          told.push([OrderDisputed, disputeOf(order, dispute as 'won', disputed, at)])
        if (arrives) told.push(...deliveriesOf(order, at).map((one): [any, any] => [PartDelivered, one]))
        const heard = told.filter(([event], index) => (event === PaymentSucceeded ? !unpaid : !lost.includes(index)))
        return { order, told: heard }
      }),
    { minLength: 1, maxLength: 4 },
  )
}

/** Balances, and what was booked, without the ids of accounts. */
async function booksOf(p: { db(name: string): any }, orders: readonly Paid[]) {
  const db = p.db('vendors')
  const causes = orders.map(({ orderId }) => orderId)
  const rows = await db`
    select t.cause_id, t.kind, f.kind as from_kind, f.owner_id as from_owner, o.kind as to_kind, t.minor::text as minor
    from ledger_transfers t join ledger_accounts f on f.id = t.from_id join ledger_accounts o on o.id = t.to_id
    join ledger_entries e on e.cause_id = t.cause_id and e.kind = t.kind
    where e.about->>'orderId' = any(${causes}) order by 1, 2, 3, 4, 5`
  const parts = await db`
    select order_id, vendor_id, pending_minor::text as pending, delivered_at from sold_parts
    where order_id = any(${causes}::uuid[]) and part_id is not null order by 1, 2`
  return JSON.stringify([rows, parts])
}

/** What happens meanwhile: time passes and is settled, vendors are paid out, take that back, and the bank is told. */
const meanwhile = fc.array(fc.constantFrom('settle', 'payout', 'cancel', 'file'), { maxLength: 6 })

test('in any order, late, told again or never, amid settlements and payouts the same is booked, and all of it sums to zero', async (t: TestContext) => {
  const { p, vendor, admin, isRight, clock, periodically, days, settled } = await open(t, {
    VENDORS_PAYOUT_ALONE_MINOR: '1000000000000',
    VENDORS_PAYOUT_IBAN: 'DE75512108001245126199',
    VENDORS_PAYOUT_HOLDER: 'Ohmnibus GmbH',
  })
  const people = [await vendor(), await vendor({}, { name: 'Bob' })] as const
  const owners = people.map(({ owner }) => owner)
  const { EARNINGS_SEED: seed, EARNINGS_RUNS: runs = '12' } = process.env
  const done = { settle: 0, payout: 0, cancel: 0, file: 0 }
  const acts = {
    async settle() {
      days(8)
      await periodically(/^settle/)
      done.settle++
    },
    async payout() {
      for (const { post } of people) {
        const { status, body, text } = await post('/payouts', { currency: 'EUR' })
        assert.ok(status === 201 || body.code === 'payout_short', text)
        if (status === 201) done.payout++
      }
    },
    async cancel() {
      const { items } = (await people[0].get('/payouts')).body
      for (const { id } of items.filter(({ status }: any) => status === 'requested' || status === 'approved')) {
        assert.equal((await people[0].post(`/payouts/${id}/cancel`)).status, 200)
        done.cancel++
      }
    },
    async file() {
      const { status, body, text } = await admin.post('/payout-files')
      assert.ok(status === 201 || body.code === 'payouts_none', text)
      if (status !== 201) return
      // One comes back from the bank, the others have left.
      const [{ id }] = (await admin.get(`/payout-files/${body.id}`)).body.payouts
      if (done.file++ % 2 === 0)
        assert.equal((await admin.post(`/payouts/${id}/failed`, { reason: 'Unknown.' })).status, 200)
      assert.equal((await admin.post(`/payout-files/${body.id}/paid`)).status, 200)
    },
  }
  const property = fc.asyncProperty(
    stories(owners, clock.at),
    meanwhile,
    fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
    async (all, between, random) => {
      const next = () => random.next().value as number
      const orders = all.map(({ order }) => order)
      const told = all.flatMap(one => one.told)
      const twice = [...told, ...told.filter(() => next() < 0.4)]
      const steps = [
        ...twice.map(
          ([event, data]) =>
            () =>
              p.publish(event, data),
        ),
        ...between.map(act => () => acts[act]()),
      ]
      for (const { step } of steps.map(step => ({ step, at: next() })).toSorted((a, b) => a.at - b.at)) await step()
      await p.settle()
      await isRight()
      const booked = await booksOf(p, orders)
      // Everything once more: nothing is booked anew.
      for (const [event, data] of told) await p.publish(event, data)
      await p.settle()
      assert.equal(await booksOf(p, orders), booked)
      for (const { order, told } of all) {
        // Of an order whose payment was never told nothing is booked: it may have been of somebody else.
        const isKnown = told.some(([event]) => event === PaymentSucceeded)
        const heard = isKnown ? told : []
        const expected = heard.reduce((sum, [event, data]) => {
          const back = (data.parts ?? []).reduce((all: number, part: any) => all + (part.amountMinor ?? 0), 0)
          if (event === PaymentSucceeded) return sum + data.totalMinor
          if (event === OrderRefunded) return sum - back
          if (event === RefundFailed) return sum + back
          if (event === OrderDisputed)
            return sum + { opened: -1, won: 1, lost: 0 }[data.state as 'won']! * data.amountMinor
          return sum
        }, 0)
        const [row] = await p.db('vendors')`
        select coalesce(sum(case when f.kind = 'buyers' then t.minor else -t.minor end), 0)::int as sum
        from ledger_transfers t join ledger_accounts f on f.id = t.from_id
        join ledger_entries e on e.cause_id = t.cause_id and e.kind = t.kind
        where e.about->>'orderId' = ${order.orderId} and t.kind <> 'settle'`
        assert.equal(row!.sum, expected, 'what buyers paid in the end is what vendors and the platform have')
      }
    },
  )
  await fc.assert(property, { numRuns: Number(runs), ...(seed && { seed: Number(seed) }) })
  // Whatever is owed by now, there is something to be paid out in the end.
  for (const owner of owners) await settled(owner, { totalMinor: 1_000_000_000, commissionMinor: 0 })
  for (const act of ['settle', 'payout', 'cancel', 'payout', 'file'] as const) await acts[act]()
  await isRight()
  assert.ok(
    Object.values(done).every(count => count > 0),
    JSON.stringify(done),
  )
})

/** The next write into a table fails, as if the process had ended there; resolves with what mends it. */
async function breaking(p: { db(name: string): any }, schema: string, table: string, when: string) {
  const db = p.db('vendors')
  const at = `${schema}.${table}`
  await db.unsafe(`
    create function public.broken() returns trigger language plpgsql as $$ begin raise exception 'ended here'; end $$;
    create trigger broken ${when} on ${at} for each statement execute function public.broken()`)
  return () => db.unsafe(`drop trigger broken on ${at}; drop function public.broken()`)
}

test('ended between any two steps of a settlement it goes on where it stood', async t => {
  const { p, vendor, sold, delivered, days, periodically, earnings, isRight } = await open(t)
  const ada = await vendor()
  for (const table of ['ledger_entries', 'ledger_transfers', 'ledger_accounts', 'sold_parts'])
    for (const when of ['before', 'after']) {
      const before = await (async () => {
        await delivered(await sold([ada.owner]))
        days(15)
        return await earnings(ada)
      })()
      const mend = await breaking(p, 'vendors', table, `${when} insert or update`)
      await assert.rejects(periodically(/^settle/), /ended here/)
      await mend()
      assert.deepEqual(await earnings(ada), before, `${when} ${table}: nothing of it is there`)
      await periodically(/^settle/)
      const [pending, available] = await earnings(ada)
      assert.deepEqual([pending, available], [0, before[1]! + 90_00], `${when} ${table}: all of it is there, once`)
      await isRight()
    }
})

/** The first try of a reaction has failed. */
async function failed(p: { db(name: string): any }): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    const [letter] = await p.db('kernel')`select error from kernel.dead_letters where state = 'retrying'`
    if (letter) return assert.match(letter.error, /ended here/)
    await new Promise(done => setTimeout(done, 10))
  }
  assert.fail('nothing failed')
}

test('ended between any two steps of a claw-back it is booked once, before a settlement and after it', async t => {
  const { p, vendor, sold, settled, earnings, isRight, clock } = await open(t)
  const ada = await vendor()
  const sum = async () => await earnings(ada)
  const less = (before: readonly number[], of: readonly number[]) => before.map((minor, index) => minor - of[index]!)
  const stories = {
    'a refund of what is pending': { order: () => sold([ada.owner]), told: OrderRefunded, of: [45_00, 0, 0, 0, 5_00] },
    'a refund of what is settled': {
      order: () => settled(ada.owner),
      told: OrderRefunded,
      of: [0, 45_00, 0, 0, 5_00],
    },
    'a dispute of what is pending': { order: () => sold([ada.owner]), told: OrderDisputed, of: [45_00, 0, 0, 0, 5_00] },
    'a dispute of what is settled': {
      order: () => settled(ada.owner),
      told: OrderDisputed,
      of: [0, 45_00, 0, 0, 5_00],
    },
  }
  for (const [story, { order: make, told, of }] of Object.entries(stories))
    for (const table of ['order_changes', 'ledger_entries', 'ledger_transfers', 'ledger_accounts', 'sold_parts'])
      for (const when of ['before', 'after']) {
        const about = `${story}, ended ${when} ${table}`
        const order = await make()
        const before = await sum()
        const change =
          told === OrderRefunded ? refundOf(order, 0.5, clock.at) : disputeOf(order, 'opened', 50_00, clock.at)
        const mend = await breaking(p, 'vendors', table, `${when} insert or update`)
        await p.publish(told as typeof OrderRefunded, change as never)
        await failed(p)
        assert.deepEqual(await sum(), before, `${about}: nothing of it is there`)
        const kept = await p.db('vendors')`select from order_changes where order_id = ${order.orderId}`
        assert.equal(kept.length, 0, `${about}: nor that it was told`)
        await mend()
        await p.settle()
        assert.deepEqual(await sum(), less(before, of), `${about}: all of it is there, once`)
        await p.publish(told as typeof OrderRefunded, change as never)
        await p.settle()
        assert.deepEqual(await sum(), less(before, of), `${about}: and told again it is not there twice`)
        await isRight()
      }
})

test('ten settlements at once settle once', async t => {
  const { vendor, sold, delivered, days, periodically, earnings, isRight, refunded } = await open(t)
  const ada = await vendor()
  const orders = []
  for (let count = 0; count < 5; count++) {
    orders.push(await sold([ada.owner]))
    await delivered(orders[count]!)
  }
  days(15)
  await Promise.all([...Array.from({ length: 10 }, () => periodically(/^settle/)), refunded(orders[0]!)])
  const [pending, available] = await earnings(ada)
  assert.deepEqual([pending, available], [0, 360_00])
  await isRight()
})
