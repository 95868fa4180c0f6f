import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { defineService, newId, type Database, type Span } from '#kernel'
import { start } from '../kernel/testing.ts'
import {
  accountFor,
  accountsOf,
  differencesIn,
  hold,
  ledger,
  post,
  release,
  releaseExpired,
  statementOf,
  type Entry,
} from './ledger.ts'

const at = new Date('2027-03-01T10:00:00Z')
const later = new Date('2027-03-02T10:00:00Z')

/** Somebody who keeps books, with a wallet of `euros` cents and what it is paid from and to. */
async function books(t: TestContext, cents = 1000n) {
  let db!: Database
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-bank-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await start(t, [defineService({ name: 'bank', folder, includes: [ledger], start: host => void ({ db } = host) })])
  const owner = { kind: 'person', id: newId() } as const
  const account = (kind: string, least: bigint | null, of: typeof owner | null = null, currency = 'EUR') =>
    db.transaction(tx => accountFor(tx, newId(), { kind, owner: of, currency }, least))
  const [wallet, outside, revenue, debt] = await Promise.all([
    account('wallet', 0n, owner),
    account('outside', null),
    account('revenue', null),
    account('debt', null, owner),
  ])
  const book = (entry: Partial<Entry> & Pick<Entry, 'transfers'>) =>
    db.transaction(tx => post(tx, { cause: newId(), kind: 'test', at, ...entry }))
  if (cents > 0n) await book({ transfers: [{ from: outside, to: wallet, minor: cents }] })
  return {
    db,
    owner,
    account,
    wallet,
    outside,
    revenue,
    debt,
    book,
    pay: (minor: bigint, more: Partial<Entry> = {}) =>
      book({ transfers: [{ from: wallet, to: revenue, minor }], ...more }),
    hold: (id: string, minor: bigint, expiresAt = later) =>
      db.transaction(tx => hold(tx, { id, account: wallet, minor, at, expiresAt })),
    async wallets() {
      const rows = await accountsOf(db, owner.id)
      return rows.map(({ kind, balanceMinor, heldMinor }) => [kind, balanceMinor, heldMinor])
    },
    async isRight() {
      assert.deepEqual([...(await differencesIn(db))], [])
      const [row] = await db<{ sum: bigint }[]>`select sum(balance_minor)::bigint as sum from ledger_accounts`
      assert.equal(row!.sum, 0n)
    },
  }
}

suite('a ledger', () => {
  test('moves money from one account to another, and tells both sides of it', async t => {
    const { db, wallet, revenue, pay, wallets, isRight } = await books(t)
    const cause = newId()
    assert.equal((await pay(250n, { cause, kind: 'session', about: { kWh: 5 } })).outcome, 'posted')
    assert.deepEqual(await wallets(), [
      ['debt', 0n, 0n],
      ['wallet', 750n, 0n],
    ])
    const statement = await statementOf(db, wallet, 10)
    assert.deepEqual(
      statement.map(({ kind, minor, other, about }) => [kind, minor, other, about]),
      [
        ['session', -250n, 'revenue', { kWh: 5 }],
        ['test', 1000n, 'outside', null],
      ],
    )
    assert.deepEqual(
      (await statementOf(db, wallet, 10, String(statement[0]!.id))).map(({ kind }) => kind),
      ['test'],
    )
    const within = async (span: Span) => (await statementOf(db, wallet, 10, undefined, span)).length
    assert.deepEqual([await within({ from: at }), await within({ to: at }), await within({ to: later })], [2, 0, 2])
    assert.deepEqual([...(await statementOf(db, null, 10))], [])
    assert.deepEqual(
      (await statementOf(db, revenue, 10)).map(({ minor, other }) => [minor, other]),
      [[250n, 'wallet']],
    )
    await isRight()
  })

  test('books what has one cause once, also when it comes many times at once', async t => {
    const { pay, wallets, isRight } = await books(t)
    const cause = newId()
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => pay(100n, { cause })))
    assert.deepEqual(outcomes.map(({ outcome }) => outcome).toSorted(), [...Array(11).fill('before'), 'posted'])
    assert.equal((await pay(100n, { cause, kind: 'another' })).outcome, 'posted', 'kinds of one cause stand apart')
    assert.deepEqual((await wallets())[1], ['wallet', 800n, 0n])
    await isRight()
  })

  test('takes no more than there is, however many take at once', async t => {
    const { pay, wallets, isRight } = await books(t)
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => pay(300n)))
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'posted').length, 3)
    assert.deepEqual(await pay(101n).then(posted => posted.outcome === 'short' && posted.missingMinor), 1n)
    assert.deepEqual((await wallets())[1], ['wallet', 100n, 0n])
    await isRight()
  })

  test('lets another account give what one lacks', async t => {
    const { book, wallet, revenue, debt, wallets, isRight } = await books(t)
    const posted = await book({ transfers: [{ from: wallet, to: revenue, minor: 1300n, otherwise: debt }] })
    assert.deepEqual(posted.outcome === 'posted' && posted.transfers.map(({ minor }) => minor), [1000n, 300n])
    assert.deepEqual(await wallets(), [
      ['debt', -300n, 0n],
      ['wallet', 0n, 0n],
    ])
    await isRight()
  })

  test('two that want the same accounts the other way round wait for each other, and no money is made', async t => {
    const { book, account, wallet, revenue, isRight } = await books(t, 100_000n)
    const third = await account('third', null)
    const ways = [
      [wallet, revenue],
      [revenue, third],
      [third, wallet],
      [revenue, wallet],
    ] as const
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => {
        const [from, to] = ways[index % 4]!
        return book({ transfers: [{ from, to, minor: 7n }] })
      }),
    )
    await isRight()
  })

  test('refuses nothing, less than nothing, strangers and two currencies', async t => {
    const { book, account, wallet, revenue, isRight } = await books(t)
    const dollars = await account('wallet', 0n, null, 'USD')
    for (const minor of [0n, -5n])
      await assert.rejects(book({ transfers: [{ from: wallet, to: revenue, minor }] }), RangeError)
    for (const to of [dollars, newId()])
      await assert.rejects(book({ transfers: [{ from: wallet, to, minor: 5n }] }), RangeError)
    await isRight()
  })

  test('keeps what was booked: the database refuses to change it, and balances that nothing was posted for', async t => {
    const { db, wallet, isRight } = await books(t)
    for (const statement of [
      `update ledger_transfers set minor = 1`,
      `delete from ledger_transfers`,
      `update ledger_entries set kind = 'other'`,
      `delete from ledger_entries`,
      `update ledger_accounts set balance_minor = 5 where id = '${wallet}'`,
      `update ledger_accounts set held_minor = 5 where id = '${wallet}'`,
    ])
      await assert.rejects(
        db.transaction(tx => tx.unsafe(statement)),
        { code: '23001' },
        statement,
      )
    await isRight()
  })
})

suite('a hold', () => {
  test('keeps money from others until it is settled, which may take less than it or more', async t => {
    const { pay, hold, wallets, isRight } = await books(t)
    const [first, second] = [newId(), newId()]
    assert.deepEqual(await hold(first, 600n), { missing: 0n })
    assert.deepEqual(await hold(first, 600n), { missing: 0n }, 'it is one, however often it is asked for')
    assert.deepEqual(await hold(second, 500n), { missing: 100n })
    assert.equal((await pay(401n)).outcome, 'short')
    assert.equal((await pay(700n, { settles: [first] })).outcome, 'posted')
    assert.deepEqual((await wallets())[1], ['wallet', 300n, 0n])
    assert.deepEqual(await hold(second, 300n), { missing: 0n })
    assert.equal((await pay(301n, { settles: [second] })).outcome, 'short')
    assert.deepEqual((await wallets())[1], ['wallet', 300n, 300n], 'what was not booked leaves the hold as it was')
    assert.equal((await pay(100n, { settles: [second] })).outcome, 'posted')
    assert.deepEqual((await wallets())[1], ['wallet', 200n, 0n])
    await isRight()
  })

  test('is released once, however often and in whatever way it ends', async t => {
    const { db, pay, hold, wallets, isRight } = await books(t)
    const [first, second, third] = [newId(), newId(), newId()]
    for (const id of [first, second, third]) await hold(id, 300n, id === third ? at : later)
    const free = (id: string) => db.transaction(tx => release(tx, id, at))
    assert.deepEqual((await Promise.all([free(first), free(first), free(first)])).filter(Boolean).length, 1)
    assert.deepEqual(await db.transaction(tx => releaseExpired(tx, at)), [third])
    assert.deepEqual(await db.transaction(tx => releaseExpired(tx, at)), [])
    assert.deepEqual((await wallets())[1], ['wallet', 1000n, 300n])
    assert.equal((await pay(50n, { settles: [first, second, third] })).outcome, 'posted')
    assert.deepEqual((await wallets())[1], ['wallet', 950n, 0n])
    await assert.rejects(
      db.transaction(tx => tx`update ledger_holds set state = 'open' where id = ${second}`),
      { code: '23001' },
    )
    await isRight()
  })

  test('of twenty at once on one wallet as many stand as it covers', async t => {
    const { hold, wallets, isRight } = await books(t, 1000n)
    const held = await Promise.all(Array.from({ length: 20 }, () => hold(newId(), 150n)))
    assert.equal(held.filter(({ missing }) => missing === 0n).length, 6)
    assert.deepEqual((await wallets())[1], ['wallet', 1000n, 900n])
    await isRight()
  })
})

type Step = { cause: number; from: number; to: number; minor: number; holds: boolean; settles: boolean }

test('whatever happens in whatever order and however often, the sum of all is zero and nobody has less than they may', async t => {
  const { db, account, isRight } = await books(t, 0n)
  const step = fc.record<Step>({
    cause: fc.nat(30),
    from: fc.nat(3),
    to: fc.nat(3),
    minor: fc.integer({ min: 1, max: 500 }),
    holds: fc.boolean(),
    settles: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async steps => {
      const owner = { kind: 'person', id: newId() } as const
      const accounts = await Promise.all(
        [null, 0n, 0n, null].map((least, index) => account(`part-${index}`, least, owner)),
      )
      const causes = Array.from({ length: 31 }, newId)
      await Promise.all(
        steps.map(({ cause, from, to, minor, holds, settles }) =>
          db.transaction<unknown>(tx => {
            const id = causes[cause]!
            if (holds) return hold(tx, { id, account: accounts[from]!, minor: BigInt(minor), at, expiresAt: later })
            const transfer = { from: accounts[from]!, to: accounts[to]!, minor: BigInt(minor) }
            const transfers = from === to ? [] : [{ ...transfer, ...(settles && { otherwise: accounts[3]! }) }]
            return post(tx, { cause: id, kind: 'step', at, transfers, settles: settles ? [id] : [] })
          }),
        ),
      )
      for (const { balanceMinor, heldMinor, leastMinor } of await accountsOf(db, owner.id))
        assert.ok(leastMinor === null || balanceMinor - heldMinor >= leastMinor)
    }),
    { numRuns: Number(process.env.LEDGER_HISTORIES ?? 40) },
  )
  await isRight()
})
