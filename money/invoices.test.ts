import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { newId } from '#kernel'
import { credit, findInvoiceFor, gapsIn, issue, issueMany, listInvoices, postpone, recordPayment } from './invoices.ts'
import { at, billing, buyer, draft, german, seller } from './invoices/testing.ts'
import { treat } from './tax.ts'

const zone = { at, timeZone: 'Europe/Berlin' }

suite('invoices', () => {
  test('an invoice says what was sold, to whom, at which tax, as it was; its numbers count by seller and year', async t => {
    const b = await billing(t)
    const first = await b.issue({ cause: 'session 1' })
    const second = await b.issue()
    const other = await b.issue({ seller: { ...seller, id: newId(), name: 'Another' } })
    const later = await b.issue({ at: new Date('2027-01-02T10:00:00Z') })
    assert.deepEqual(
      [first, second, other, later].map(({ number }) => number),
      ['INV-2026-000001', 'INV-2026-000002', 'INV-2026-000001', 'INV-2027-000001'],
    )
    const invoice = await b.find(first.id)
    assert.deepEqual(
      { seller: invoice.seller, buyer: invoice.buyer, issuedOn: invoice.issuedOn, dueOn: invoice.dueOn },
      { seller, buyer, issuedOn: '2026-06-15', dueOn: '2026-06-29' },
    )
    // 18.437 kWh at 0.49 are 9.03413, 12 minutes at 0.10 are 1.20; of 10.23 with 19 % the tax is 1.6333….
    assert.deepEqual([invoice.netMinor, invoice.taxMinor, invoice.grossMinor], [860n, 163n, 1023n])
    assert.deepEqual(
      invoice.lines.map(({ name, quantity, price, grossMinor, item }) => [name, quantity, price, grossMinor, item]),
      [
        ['Energy', '18.437', '0.49', 903n, '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4f'],
        ['Occupied after charging', '12', '0.10', 120n, undefined],
      ],
    )
    assert.deepEqual(invoice.taxes, [
      {
        category: 'S',
        percent: '19',
        reasons: [],
        netMinor: 860n,
        taxMinor: 163n,
        parts: [{ name: 'VAT', percent: '19', taxMinor: 163n }],
      },
    ])
    assert.deepEqual(await findInvoiceFor(b.db, 'session 1'), invoice)
    assert.equal(invoice.state, 'open')
  })

  test('one cause is billed once, however often and however many at once it is asked for', async t => {
    const b = await billing(t)
    const same = draft({ cause: 'session 7' })
    const issued = await Promise.all(Array.from({ length: 10 }, () => b.within(tx => issue(tx, same))))
    assert.equal(new Set(issued.map(({ id }) => id)).size, 1)
    assert.equal(issued.filter(({ isNew }) => isNew).length, 1)
    const [again, next] = await b.within(tx => issueMany(tx, [same, draft(), same]))
    assert.deepEqual([again!.isNew, again!.number, next!.number], [false, 'INV-2026-000001', 'INV-2026-000002'])
    await assert.rejects(b.issue({ cause: 'session 7', seller: { ...seller, id: newId() } }), {
      code: 'invoice_cause_taken',
    })
    assert.deepEqual(await gapsIn(b.db), [])
  })

  test('numbers have no gaps among 20 transactions at once of which some fail after they had one', async t => {
    const b = await billing(t)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ fails: fc.boolean(), many: fc.integer({ min: 1, max: 4 }) }), {
          minLength: 20,
          maxLength: 20,
        }),
        async attempts => {
          const mine = { ...seller, id: newId() }
          const results = await Promise.allSettled(
            attempts.map(({ fails, many }) =>
              b.within(async tx => {
                const issued = await issueMany(
                  tx,
                  Array.from({ length: many }, () => draft({ seller: mine })),
                )
                if (fails) throw new Error('changed its mind')
                return issued
              }),
            ),
          )
          const numbers = results.flatMap(result =>
            result.status === 'fulfilled' ? result.value.map(({ number }) => Number(number.slice(-6))) : [],
          )
          assert.deepEqual(
            numbers.sort((a, b) => a - b),
            numbers.map((_, index) => index + 1),
          )
          for (const result of results)
            if (result.status === 'rejected')
              assert.equal(result.reason.message, 'changed its mind', result.reason.stack)
          const expected = attempts.reduce((sum, { fails, many }) => sum + (fails ? 0 : many), 0)
          assert.equal(numbers.length, expected)
        },
      ),
      { numRuns: 8 },
    )
    assert.deepEqual(await gapsIn(b.db), [])
  })

  test('a connection that dies before its commit leaves no gap', async t => {
    const b = await billing(t)
    const postgres = b.platform.db('toys')
    await assert.rejects(
      b.within(async tx => {
        await issue(tx, draft())
        const [{ pid }] = (await tx`select pg_backend_pid() as pid`) as unknown as [{ pid: number }]
        await postgres`select pg_terminate_backend(${pid})`
        await tx`select 1`
      }),
    )
    assert.equal((await b.issue()).number, 'INV-2026-000001')
    assert.deepEqual(await gapsIn(b.db), [])
  })

  test('numbers follow the days: who comes late by a clock is dated as the one before', async t => {
    const b = await billing(t)
    await b.issue({ at: new Date('2026-06-16T00:00:01+02:00') })
    const late = await b.issue({ at: new Date('2026-06-15T23:59:59+02:00') })
    assert.deepEqual([late.number, late.issuedOn], ['INV-2026-000002', '2026-06-16'])
    // It is still 2026 in Lisbon when it is 2027 in Berlin.
    const moment = new Date('2026-12-31T23:30:00Z')
    assert.equal((await b.issue({ at: moment })).number, 'INV-2027-000001')
    const lisbon = { at: moment, timeZone: 'Europe/Lisbon', seller: { ...seller, id: newId() } }
    assert.equal((await b.issue(lisbon)).number, 'INV-2026-000001')
  })

  test('the database refuses to change, delete, empty or add to what was issued', async t => {
    const b = await billing(t)
    const { id } = await b.issue({ prepaidMinor: 100n })
    const refused = { code: '23001' }
    for (const table of ['invoices', 'invoice_lines', 'invoice_taxes', 'invoice_payments']) {
      await assert.rejects(
        b.within(tx => tx`delete from ${tx(table)}`),
        refused,
        table,
      )
      await assert.rejects(
        b.within(tx => tx`truncate ${tx(table)} cascade`),
        { code: /23001|42501/ },
        table,
      )
    }
    const changes = [
      `update invoices set gross_minor = 1, net_minor = 1, tax_minor = 0`,
      `update invoices set buyer = '{}'`,
      `update invoice_lines set price = 0`,
      `update invoice_taxes set percent = 0`,
      `update invoice_payments set minor = 5`,
      `update invoice_states set paid_minor = 5`,
      `update invoice_states set credited_minor = 5`,
      `delete from invoice_states`,
      `delete from invoice_series`,
      `update invoice_series set next = next - 1`,
      `insert into invoice_lines select invoice_id, 99, name, description, quantity, unit, price, net_minor, tax_minor,
         gross_minor, treatment, about, credits from invoice_lines where position = 1`,
      `insert into invoice_taxes select invoice_id, 99, category, percent, reasons, net_minor, tax_minor, parts from invoice_taxes`,
    ]
    for (const change of changes)
      await assert.rejects(
        b.within(tx => tx.unsafe(change)),
        refused,
        change,
      )
    // When it is due may be agreed anew.
    await b.within(tx => postpone(tx, id, '2026-07-31'))
    const invoice = await b.find(id)
    assert.deepEqual([invoice.dueOn, invoice.paidMinor], ['2026-06-29', 100n])
    assert.equal((await listInvoices(b.db, { limit: 1 }))[0]!.dueOn, '2026-07-31')
  })

  test('payments count once, and tell when an invoice is paid', async t => {
    const b = await billing(t)
    const { id } = await b.issue({ prepaidMinor: 23n })
    const pay = (cause: string, minor: bigint) =>
      b.within(tx => recordPayment(tx, { invoice: id, cause, minor, means: 'card', at }))
    assert.deepEqual(await Promise.all([pay('pi_1', 500n), pay('pi_1', 500n)]).then(done => done.sort()), [false, true])
    assert.equal((await b.find(id)).state, 'open')
    await pay('pi_2', 500n)
    assert.deepEqual(
      [(await b.find(id)).state, (await b.find(id)).paidMinor, await listInvoices(b.db, { open: true, limit: 5 })],
      ['paid', 1023n, []],
    )
    await pay('refund', -500n)
    assert.equal((await b.find(id)).state, 'open')
    await assert.rejects(
      b.within(tx => recordPayment(tx, { invoice: newId(), cause: 'x', minor: 1n, means: 'card', at })),
      { code: 'invoice_unknown' },
    )
  })

  test('what no invoice can say is refused by name', async t => {
    const b = await billing(t)
    const line = draft().lines[0]!
    const french = treat({
      sold: 'charging',
      seller: { established: { country: 'FR' } },
      buyer: { kind: 'consumer' },
      place: { country: 'FR' },
      at,
    })
    const outside = { ...german, category: 'O', percent: '0', parts: [] } as const
    const owed = { ...outside, category: 'AE', reason: 'reverse-charge' } as const
    const refused: [Parameters<typeof draft>[0], string][] = [
      [{ lines: [] }, 'invoice_invalid'],
      [{ lines: [{ ...line, quantity: 'NaN' }] }, 'invoice_invalid'],
      [{ lines: [{ ...line, price: '1e5' }] }, 'invoice_invalid'],
      [{ lines: [{ ...line, price: '-1' }] }, 'invoice_negative'],
      [{ lines: [line, { ...line, treatment: french }] }, 'invoice_mixed'],
      [{ lines: [line, { ...line, treatment: outside }] }, 'invoice_mixed'],
      [{ lines: [{ ...line, treatment: owed }] }, 'invoice_invalid'],
      [{ currency: 'EUX' }, 'invoice_invalid'],
      [{ suppliedTo: '2026-06-01' }, 'invoice_invalid'],
      [{ suppliedTo: 'yesterday' }, 'invoice_invalid'],
      [{ prepaidMinor: 1024n }, 'invoice_invalid'],
      [{ cause: '' }, 'invoice_invalid'],
      [{ buyer: { ...buyer, country: 'Germany' } }, 'invoice_invalid'],
      [{ lines: [{ ...line, unit: 'kilowatt-hours' }] }, 'invoice_invalid'],
      [{ lines: [{ ...line, quantity: '999999999999999', price: '999999999999999' }] }, 'invoice_invalid'],
    ]
    for (const [more, code] of refused)
      await assert.rejects(b.issue(more), { code }, JSON.stringify(Object.keys(more!)))
    assert.equal((await b.issue({ lines: [{ ...line, quantity: '0' }] })).grossMinor, 0n)
    assert.deepEqual(await gapsIn(b.db), [])
  })

  test('lists go on after the last of a page, by seller, buyer, kind and time', async t => {
    const b = await billing(t)
    const driver = newId()
    const issued = await b.within(tx =>
      issueMany(
        tx,
        Array.from({ length: 25 }, (_, hour) =>
          draft({
            at: new Date(at.getTime() + (hour >> 1) * 3_600_000),
            buyer: { ...buyer, id: hour % 5 === 0 ? driver : buyer.id },
          }),
        ),
      ),
    )
    const seen: string[] = []
    for (let after: { issuedAt: Date; id: string } | undefined; ;) {
      const rows = await listInvoices(b.db, { sellers: [seller.id], limit: 10, after })
      seen.push(...rows.map(({ id }) => id))
      after = rows.at(-1)
      if (rows.length < 10) break
    }
    assert.deepEqual([seen.length, new Set(seen)], [25, new Set(issued.map(({ id }) => id))])
    const count = async (filter: Omit<Parameters<typeof listInvoices>[1], 'limit'>) =>
      (await listInvoices(b.db, { ...filter, limit: 100 })).length
    assert.equal(await count({ buyers: [driver] }), 5)
    assert.equal(await count({ buyers: [driver, buyer.id, driver] }), 25)
    assert.equal(await count({ sellers: [seller.id, newId()], buyers: [driver] }), 5)
    assert.equal(await count({ sellers: [newId()], buyers: [driver] }), 0)
    assert.equal(await count({}), 25)
    assert.equal(await count({ open: true }), 25)
    const paid = issued[0]!
    await b.within(tx =>
      recordPayment(tx, { invoice: paid.id, cause: 'pi_1', minor: paid.grossMinor, means: 'card', at }),
    )
    const back = { cause: 'x', invoice: issued[1]!.id, lines: 'all', reason: 'wrong', ...zone } as const
    const note = await b.within(tx => credit(tx, back))
    for (const whose of [{}, { sellers: [seller.id] }, { buyers: [driver, buyer.id] }]) {
      assert.equal(await count({ ...whose, open: true }), 23)
      assert.deepEqual(
        (await listInvoices(b.db, { ...whose, kind: 'credit-note', limit: 9 })).map(({ id, creditsId }) => [
          id,
          creditsId,
        ]),
        [[note.id, back.invoice]],
      )
    }
    assert.equal(await count({ sellers: [newId()] }), 0)
    assert.equal(await count({ from: new Date(at.getTime() + 3_600_000), to: new Date(at.getTime() + 7_200_000) }), 2)
  })
})

suite('credit notes', () => {
  test('a credit note cites its invoice, mirrors it to the last unit, and is there once', async t => {
    const b = await billing(t)
    const { id } = await b.issue()
    const back = { cause: 'complaint 1', invoice: id, lines: 'all', reason: 'The meter was wrong', ...zone } as const
    const notes = await Promise.all(Array.from({ length: 5 }, () => b.within(tx => credit(tx, back))))
    assert.deepEqual([new Set(notes.map(({ id }) => id)).size, notes[0]!.number], [1, 'CN-2026-000001'])
    const [invoice, note] = await Promise.all([b.find(id), b.find(notes[0]!.id)])
    assert.deepEqual(note.credits, { id, number: invoice.number, issuedOn: invoice.issuedOn })
    assert.deepEqual(
      [note.netMinor, note.taxMinor, note.grossMinor, note.taxes, note.reason, note.lines.map(line => line.quantity)],
      [860n, 163n, 1023n, invoice.taxes, 'The meter was wrong', ['18.437', '12']],
    )
    assert.deepEqual([invoice.state, invoice.creditedMinor], ['credited', 1023n])
    await assert.rejects(
      b.within(tx => credit(tx, { ...back, cause: 'complaint 2' })),
      { code: 'credit_nothing_left' },
    )
    await assert.rejects(
      b.within(tx => credit(tx, { ...back, cause: 'complaint 3', invoice: notes[0]!.id })),
      { code: 'credit_of_credit' },
    )
    await assert.rejects(
      b.within(tx => credit(tx, { ...back, cause: 'complaint 4', invoice: newId() })),
      { code: 'invoice_unknown' },
    )
  })

  test('credit notes that would begin as invoices do are refused where their numbers meet', async t => {
    const b = await billing(t)
    const { id } = await b.issue()
    const back = { cause: 'x', invoice: id, lines: 'all', reason: 'wrong', prefix: 'INV', ...zone } as const
    await assert.rejects(
      b.within(tx => credit(tx, back)),
      { code: 'invoice_prefix_taken' },
    )
    assert.deepEqual(await gapsIn(b.db), [])
  })

  test('parts are credited by quantity or amount, what is left to the last unit, and no more', async t => {
    const b = await billing(t)
    const { id } = await b.issue()
    const back = (lines: Parameters<typeof credit>[1]['lines']) =>
      b.within(tx => credit(tx, { cause: newId(), invoice: id, lines, reason: 'less', ...zone }))
    const part = await b.find((await back([{ position: 1, quantity: '8.437' }])).id)
    assert.deepEqual([part.grossMinor, part.lines[0]!.quantity, part.lines[0]!.credits], [413n, '8.437', 1])
    await assert.rejects(back([{ position: 1, quantity: '10.1' }]), { code: 'credit_above_invoice' })
    await assert.rejects(back([{ position: 2, amountMinor: 121n }]), { code: 'credit_above_invoice' })
    await assert.rejects(back([{ position: 3, amountMinor: 1n }]), { code: 'credit_line_unknown' })
    for (const wrong of [
      { position: 1, quantity: '-1' },
      { position: 1, quantity: 'all' },
      { position: 1, amountMinor: -1n },
    ])
      await assert.rejects(back([wrong]), { code: 'credit_invalid' })
    await assert.rejects(back([{ position: 1 }, { position: 1 }]), { code: 'credit_invalid' })
    await assert.rejects(back([]), { code: 'credit_nothing_left' })
    await back([{ position: 2, amountMinor: 20n }])
    const rest = await b.find((await back('all')).id)
    assert.deepEqual(
      rest.lines.map(({ grossMinor }) => grossMinor),
      [490n, 100n],
    )
    assert.equal((await b.find(id)).state, 'credited')
  })

  test('discounts are taken back with what they discount, and never for more than was asked', async t => {
    const b = await billing(t)
    const [energy] = draft().lines
    const discount = { ...energy!, name: 'Welcome', quantity: '1', unit: 'C62', price: '-2' }
    const { id, grossMinor } = await b.issue({ lines: [energy!, discount] })
    assert.equal(grossMinor, 703n)
    const back = (lines: Parameters<typeof credit>[1]['lines']) =>
      b.within(tx => credit(tx, { cause: newId(), invoice: id, lines, reason: 'less', ...zone }))
    await assert.rejects(back([{ position: 1 }]), { code: 'credit_above_invoice' })
    assert.equal((await back('all')).grossMinor, 703n)
  })

  test('credits at once, of every size and under every rounding, never take back more than the invoice asked for', async t => {
    const b = await billing(t)
    const amount = fc.integer({ min: 1, max: 99_999 }).map(thousandths => String(thousandths / 1000))
    const line = fc.record({ quantity: amount, price: amount, percent: fc.constantFrom('19', '7.7', '0') })
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('net' as const, 'gross' as const),
        fc.constantFrom('line' as const, 'document' as const),
        fc.array(fc.record({ position: fc.integer({ min: 1, max: 4 }), share: fc.integer({ min: 1, max: 100 }) }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (lines, prices, rounding, credits) => {
          const { id } = await b.issue({
            prices,
            rounding,
            lines: lines.map(({ percent, ...rest }) => ({
              ...rest,
              name: 'Energy',
              unit: 'KWH',
              treatment:
                percent === '0'
                  ? { ...german, category: 'Z' as const, percent, parts: [] }
                  : { ...german, percent, parts: [{ name: 'VAT', percent }] },
            })),
          })
          const whole = await b.find(id)
          const notes = await Promise.allSettled(
            credits.map(({ position, share }) => {
              const of = whole.lines[(position - 1) % lines.length]!
              const most = prices === 'gross' ? of.grossMinor : of.netMinor
              const amountMinor = (most * BigInt(share)) / 100n
              return b.within(tx =>
                credit(tx, {
                  cause: newId(),
                  invoice: id,
                  lines: [{ position: of.position, amountMinor }],
                  reason: 'less',
                  ...zone,
                }),
              )
            }),
          )
          for (const note of notes)
            if (note.status === 'rejected')
              assert.match(note.reason.code, /^credit_(above_invoice|nothing_left)$/, note.reason.stack)
          if ((await b.find(id)).creditedMinor < whole.grossMinor)
            await b.within(tx => credit(tx, { cause: newId(), invoice: id, lines: 'all', reason: 'the rest', ...zone }))
          // Together they are the invoice: net, tax and total, of each line and of each rate.
          const [sums] = await b.db<{ net: bigint; tax: bigint; gross: bigint }[]>`
            select sum(net_minor)::bigint as net, sum(tax_minor)::bigint as tax, sum(gross_minor)::bigint as gross
            from invoices where credits = ${id}`
          assert.deepEqual(whole.grossMinor === 0n ? { net: 0n, tax: 0n, gross: 0n } : { ...sums }, {
            net: whole.netMinor,
            tax: whole.taxMinor,
            gross: whole.grossMinor,
          })
          const groups = await b.db<{ percent: string; tax: bigint }[]>`
            select percent::text, sum(x.tax_minor)::bigint as tax from invoice_taxes x join invoices i on i.id = invoice_id
            where i.credits = ${id} group by percent order by percent`
          for (const { percent, tax } of groups)
            assert.equal(tax, whole.taxes.find(group => group.percent === percent)!.taxMinor)
        },
      ),
      { numRuns: 40 },
    )
    assert.deepEqual(await gapsIn(b.db), [])
  })
})
