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
      })
      .map(({ total, percent, of, back, fails, dispute, disputed, arrives }) => {
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
        return { order, told }
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

test('in any order, late, and told again, the same is booked, and all of it sums to zero', async (t: TestContext) => {
  const { p, vendor, isRight, clock, periodically, days } = await open(t)
  const owners = [(await vendor()).owner, (await vendor({}, { name: 'Bob' })).owner]
  const seed = process.env.EARNINGS_SEED
  const property = fc.asyncProperty(
    stories(owners, clock.at),
    fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
    async (all, random) => {
      const next = () => random.next().value as number
      const orders = all.map(({ order }) => order)
      const told = all.flatMap(one => one.told)
      const twice = [...told, ...told.filter(() => next() < 0.4)]
      const shuffled = twice.map(one => ({ one, at: next() })).toSorted((a, b) => a.at - b.at)
      for (const {
        one: [event, data],
      } of shuffled)
        await p.publish(event, data)
      await p.settle()
      await isRight()
      const booked = await booksOf(p, orders)
      // Everything once more: nothing is booked anew.
      for (const [event, data] of told) await p.publish(event, data)
      await p.settle()
      assert.equal(await booksOf(p, orders), booked)
      for (const { order, told } of all) {
        const expected = told.reduce((sum, [event, data]) => {
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
  await fc.assert(property, { numRuns: 12, ...(seed && { seed: Number(seed) }) })
  days(20)
  await periodically(/^settle/)
  await isRight()
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
