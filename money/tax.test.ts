import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { exact, toWhole } from './amount.ts'
import {
  askVies,
  checkTaxId,
  dayAt,
  rateAt,
  regionOf,
  regionsOf,
  taxed,
  taxTables,
  treat,
  type Sale,
  type Treatment,
} from './tax.ts'
import { stateCodes } from './tax/india.ts'

const at = new Date('2026-06-15T10:00:00Z')
const berlin = { country: 'DE' }
const german = { established: berlin }
const driver = { kind: 'consumer', place: berlin } as const
const french = {
  kind: 'business',
  place: { country: 'FR' },
  taxId: { country: 'FR', number: 'FR40303265045' },
} as const

const charge = (more: Partial<Sale>): Sale => ({
  sold: 'charging',
  seller: german,
  buyer: driver,
  place: berlin,
  at,
  ...more,
})
/** What is told of a treatment in a line: `S 19 DE`. */
const told = (sale: Sale): string => {
  const { category, percent, place, reason, unregistered, parts } = treat(sale)
  const made = parts.map(part => part.name).join('+')
  return [category, percent, place.country, made !== 'VAT' && made, reason, unregistered && 'unregistered']
    .filter(Boolean)
    .join(' ')
}
const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'nothing'
}

test('charging is taxed where the charger stands, whoever sells and wherever the buyer lives', () => {
  assert.equal(told(charge({})), 'S 19 DE')
  assert.equal(told(charge({ place: { country: 'FR' } })), 'S 20 FR unregistered')
  const registered = { established: berlin, registrations: [{ country: 'FR' }] }
  assert.equal(told(charge({ place: { country: 'FR' }, seller: registered })), 'S 20 FR')
  assert.equal(told(charge({ buyer: { kind: 'consumer', place: { country: 'US' } } })), 'S 19 DE')
  assert.equal(
    told(charge({ place: { country: 'MC' }, seller: registered })),
    'S 20 FR',
    'Monaco has the VAT of France',
  )
  assert.equal(told(charge({ place: { country: 'CH' }, seller: { established: { country: 'CH' } } })), 'S 8.1 CH')
  assert.equal(told(charge({ place: { country: 'GB' }, seller: { established: { country: 'GB' } } })), 'S 20 GB')
  assert.equal(
    refusal(() => treat(charge({ place: { country: 'NO' } }))),
    'tax_unknown',
  )
  assert.equal(
    refusal(() => treat(charge({ place: { country: 'ES', region: 'CN' } }))),
    'tax_unknown',
  )
  assert.equal(
    refusal(() => treat(charge({ place: undefined }))),
    'tax_place_missing',
  )
})

test('a business with a number where the charger stands owes the tax itself when the seller is not there', () => {
  assert.equal(told(charge({ place: { country: 'FR' }, buyer: french })), 'AE 0 FR reverse-charge')
  assert.equal(told(charge({ buyer: french })), 'S 19 DE', 'its number is of another state than the charger')
  const there = { established: berlin, establishments: [{ country: 'FR' }] }
  assert.equal(told(charge({ place: { country: 'FR' }, buyer: french, seller: there })), 'S 20 FR')
  // Who sells the electricity on is taxed where they are.
  const reseller = { ...french, kind: 'reseller' } as const
  assert.equal(told(charge({ buyer: reseller })), 'AE 0 FR reverse-charge')
  assert.equal(
    told(charge({ buyer: { kind: 'reseller', place: { country: 'NO' } } })),
    'O 0 NO out-of-scope',
    'a reseller outside of the Union',
  )
})

test('reduced rates of electricity hold for charging where a state has them for all', () => {
  const rate = (country: string, when = at) => rateAt({ country }, 'charging', when)
  assert.deepEqual(
    ['IE', 'GR', 'HR', 'LU', 'MT', 'SK', 'IT', 'BE'].map(country => rate(country)),
    ['9', '6', '13', '8', '5', '19', '22', '21'],
  )
  assert.equal(rateAt({ country: 'SK' }, 'standard', at), '23')
  assert.equal(rate('IE', new Date('2031-06-01T00:00:00Z')), '13.5')
})

test('a rate changes at midnight where the charger stands, not where the server does', () => {
  // Estonia, two hours before UTC in winter and three in summer, went to 24 % on 1 July 2025.
  const estonia = { country: 'EE' }
  assert.equal(rateAt(estonia, 'charging', new Date('2025-06-30T20:59:59.999Z')), '22')
  assert.equal(rateAt(estonia, 'charging', new Date('2025-06-30T21:00:00.000Z')), '24')
  assert.equal(rateAt(estonia, 'charging', new Date('2023-12-31T21:59:59.999Z')), '20')
  assert.equal(rateAt(estonia, 'charging', new Date('2023-12-31T22:00:00.000Z')), '22')
  assert.equal(dayAt(new Date('2026-01-01T05:00:00Z'), { country: 'US', region: 'CA' }), '2025-12-31')
  assert.equal(dayAt(new Date('2026-01-01T00:30:00Z'), { country: 'PT', region: '20' }), '2025-12-31')
  assert.equal(
    refusal(() => rateAt(estonia, 'standard', new Date('1999-01-01T00:00:00Z'))),
    'tax_unknown',
  )
})

test('a region is known by its code, one that ISO had before, or its name, as people write them', () => {
  for (const country of ['US', 'ES', 'PT'] as const)
    assert.deepEqual(
      Object.keys(regionsOf(country)).toSorted(),
      Object.keys(
        Object.values(taxTables).find(({ countries }) => countries[country])!.countries[country]!.regions!,
      ).toSorted(),
      country,
    )
  assert.deepEqual(Object.keys(regionsOf('IN')).toSorted(), Object.keys(stateCodes).toSorted())
  for (const [country, written, code] of [
    ['US', 'CA', 'CA'],
    ['US', ' us-ca ', 'CA'],
    ['US', 'new  york', 'NY'],
    ['US', 'West Virginia', 'WV'],
    ['US', 'Karnataka', undefined],
    ['US', '', undefined],
    ['US', null, undefined],
    ['US', 'constructor', undefined],
    ['IN', 'Karnataka', 'KA'],
    ['IN', 'UT', 'UK'],
    ['IN', 'Dadra & Nagar Haveli', undefined],
    ['IN', 'Jammu and Kashmir', 'JK'],
    ['PT', 'Acores', '20'],
    ['DE', 'BE', undefined],
  ] as const)
    assert.equal(regionOf(country, written), code, `${country} ${written}`)
})

test('every table says where it comes from, is in order of time, and knows its zones', () => {
  assert.equal(Object.keys(taxTables.eu.countries).length, 27)
  assert.equal(Object.keys(taxTables.us.countries.US!.regions!).length, 52)
  for (const { source, checkedOn, countries } of Object.values(taxTables)) {
    assert.ok(source.length > 10 && /^\d{4}-\d\d-\d\d$/.test(checkedOn))
    for (const rates of Object.values(countries))
      for (const part of [rates, ...Object.values(rates.regions ?? {})])
        if (part !== 'outside')
          for (const dated of [part.standard, part.charging ?? []]) {
            assert.doesNotThrow(() => new Intl.DateTimeFormat('en', { timeZone: part.zone }))
            assert.deepEqual(
              dated.map(([from]) => from),
              dated.map(([from]) => from).toSorted(),
            )
            for (const [, percent] of dated) assert.match(percent, /^\d+(\.\d+)?$/)
          }
  }
})

test('goods are taxed where they go to, go free of tax to a business of another state, and out of the Union', () => {
  const goods = (more: Partial<Sale>) => charge({ sold: 'goods', ...more })
  const italy = { country: 'IT' }
  assert.equal(told(goods({})), 'S 19 DE')
  assert.equal(told(goods({ place: italy, buyer: french })), 'K 0 IT within-union')
  assert.equal(told(goods({ buyer: french })), 'S 19 DE')
  assert.equal(told(goods({ place: italy })), 'S 22 IT unregistered')
  assert.equal(told(goods({ place: italy, seller: { ...german, oneStopShop: true } })), 'S 22 IT')
  assert.equal(told(goods({ place: italy, seller: { ...german, belowThreshold: true } })), 'S 19 DE')
  assert.equal(told(goods({ place: { country: 'CH' } })), 'G 0 DE export')
  assert.equal(told(goods({ place: { country: 'ES', region: 'CN' } })), 'G 0 DE export')
  assert.equal(told(goods({ from: { country: 'CN' } })), 'O 0 CN out-of-scope')
})

test('services to a business are taxed where it is, digital ones to consumers where they live', () => {
  const services = (more: Partial<Sale>) => charge({ sold: 'services', place: undefined, ...more })
  const digital = (more: Partial<Sale>) => charge({ sold: 'digital', place: undefined, ...more })
  const italian = { kind: 'consumer', place: { country: 'IT' } } as const
  assert.equal(told(services({ buyer: french })), 'AE 0 FR reverse-charge')
  assert.equal(told(services({ buyer: { kind: 'business', place: { country: 'FR' } } })), 'S 19 DE', 'no number')
  assert.equal(told(services({ buyer: { kind: 'business', place: { country: 'CH' } } })), 'O 0 CH out-of-scope')
  assert.equal(told(services({ buyer: italian })), 'S 19 DE')
  assert.equal(told(digital({ buyer: italian, seller: { ...german, oneStopShop: true } })), 'S 22 IT')
  assert.equal(told(digital({ buyer: italian, seller: { ...german, belowThreshold: true } })), 'S 19 DE')
  assert.equal(told(digital({ buyer: french })), 'AE 0 FR reverse-charge')
  assert.equal(
    told(digital({ buyer: { kind: 'consumer', place: { country: 'US', region: 'CA' } } })),
    'O 0 US not-taxed',
  )
})

test('a small business asks no tax at home', () => {
  assert.equal(told(charge({ seller: { ...german, smallBusiness: true } })), 'E 0 DE small-business')
  assert.equal(
    told(charge({ seller: { ...german, smallBusiness: true }, place: { country: 'FR' } })),
    'S 20 FR unregistered',
  )
})

test('in India the tax is in two halves within a state and whole between two', async () => {
  const [karnataka, delhi] = [
    { country: 'IN', region: 'KA' },
    { country: 'IN', region: 'DL' },
  ]
  const indian = (more: Partial<Sale>) =>
    charge({ seller: { established: karnataka }, place: karnataka, buyer: { kind: 'consumer' }, ...more })
  assert.equal(told(indian({})), 'S 18 IN CGST+SGST')
  assert.deepEqual(treat(indian({})).parts, [
    { name: 'CGST', percent: '9' },
    { name: 'SGST', percent: '9' },
  ])
  const gstin = await checkTaxId('27AAPFU0939F1ZV')
  const registered = { kind: 'business', taxId: gstin } as const
  assert.equal(told(indian({ buyer: registered })), 'S 18 IN IGST', 'a buyer of Maharashtra')
  assert.equal(treat(indian({ buyer: registered })).place.region, 'MH')
  // Who is registered where the charger stands sells from there.
  const both = { established: karnataka, registrations: [delhi] }
  assert.equal(told(indian({ seller: both, place: delhi })), 'S 18 IN CGST+SGST')
  const island = { country: 'IN', region: 'AN' }
  assert.equal(told(indian({ seller: { established: island }, place: island })), 'S 18 IN CGST+UTGST')
  assert.equal(told(indian({ sold: 'goods', place: delhi })), 'S 18 IN IGST')
  assert.equal(told(indian({ sold: 'goods', place: { country: 'NP' } })), 'G 0 IN export')
})

test('in the United States a state taxes who is there or registered, and nobody else', () => {
  const california = { country: 'US', region: 'CA' }
  const american = (more: Partial<Sale>) =>
    charge({ seller: { established: california }, place: california, buyer: { kind: 'consumer' }, ...more })
  assert.equal(told(american({})), 'S 7.25 US Sales tax')
  assert.equal(told(american({ place: { country: 'US', region: 'TX' } })), 'O 0 US not-taxed')
  assert.equal(told(american({ place: { country: 'US', region: 'OR' } })), 'O 0 US not-taxed')
  assert.equal(told(american({ percent: '9.5' })), 'S 9.5 US Sales tax', 'with what county and city add')
})

test('a tax number has its form and its check digits', async () => {
  const good: [string, string][] = [
    ['ATU13585627', 'AT'],
    ['DE136695976', 'DE'],
    ['de 136 695 976', 'DE'],
    ['FR40303265045', 'FR'],
    ['EL 094259216', 'GR'],
    ['NL004495445B01', 'NL'],
    ['IT00743110157', 'IT'],
    ['PL8567346215', 'PL'],
    ['GB980780684', 'GB'],
    ['XI980780684', 'XI'],
    ['CHE-107.787.577 MWST', 'CH'],
    ['IE6433435F', 'IE'],
    ['27AAPFU0939F1ZV', 'IN'],
  ]
  for (const [text, country] of good) assert.equal((await checkTaxId(text)).country, country, text)
  assert.equal((await checkTaxId('094259216', 'GR')).number, 'EL094259216')
  assert.equal((await checkTaxId('CHE-107.787.577 MWST')).number, 'CHE107787577MWST')
  for (const bad of ['ATU13585628', 'DE136695977', 'FR41303265045', 'XX123', '', 'US123456789', '27AAPFU0939F1ZW'])
    await assert.rejects(checkTaxId(bad), { code: 'tax_id_invalid' }, bad)
})

/** An address that answers as VIES does. */
async function vies(t: TestContext, answer: (url: string) => [number, unknown] | undefined): Promise<string> {
  const server: Server = createServer((request, response) => {
    const said = answer(request.url!)
    if (said) response.writeHead(said[0], { 'content-type': 'application/json' }).end(JSON.stringify(said[1]))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('VIES is asked for a number, and is told apart from one that does not answer', async t => {
  const german = await checkTaxId('DE136695976')
  const asked: string[] = []
  const address = await vies(t, url => {
    asked.push(url)
    return [200, { isValid: true, userError: 'VALID', name: 'ACME', address: '---', requestIdentifier: 'W-1' }]
  })
  assert.deepEqual(await askVies(german, { address, as: await checkTaxId('EL094259216'), now: () => at }), {
    taxId: german,
    valid: true,
    at,
    name: 'ACME',
    address: undefined,
    consultation: 'W-1',
  })
  assert.deepEqual(asked, ['/ms/DE/vat/136695976?requesterMemberStateCode=EL&requesterNumber=094259216'])
  const wrong = await vies(t, () => [200, { isValid: false, userError: 'INVALID' }])
  assert.equal((await askVies(german, { address: wrong })).valid, false)
  for (const [answer, options] of [
    [() => [200, { isValid: false, userError: 'MS_UNAVAILABLE' }] as [number, unknown], {}],
    [() => [500, 'broken'] as [number, unknown], {}],
    [() => undefined, { timeoutMs: 50 }],
  ] as const)
    await assert.rejects(askVies(german, { address: await vies(t, answer), ...options }), {
      code: 'tax_office_unavailable',
    })
  await assert.rejects(askVies(german, { address: 'http://127.0.0.1:1' }), { code: 'tax_office_unavailable' })
})

const of = (percent: string, parts = [{ name: 'VAT', percent }]): Treatment => ({
  category: percent === '0' ? 'Z' : 'S',
  place: berlin,
  percent,
  parts: percent === '0' ? [] : parts,
})

test('tax is rounded for each line, or once for all, from net prices and from gross ones', () => {
  const sold = Array.from({ length: 3 }, () => ({ amount: exact('0.13'), treatment: of('19') }))
  const totals = (prices: 'net' | 'gross', rounding: 'line' | 'document') => {
    const { netMinor, taxMinor, grossMinor } = taxed(sold, { currency: 'EUR', prices, rounding })
    return [netMinor, taxMinor, grossMinor]
  }
  assert.deepEqual(totals('net', 'document'), [39n, 7n, 46n])
  assert.deepEqual(totals('net', 'line'), [39n, 6n, 45n])
  assert.deepEqual(totals('gross', 'document'), [33n, 6n, 39n])
  assert.deepEqual(totals('gross', 'line'), [33n, 6n, 39n])
  const yen = taxed([{ amount: exact('1234.5'), treatment: of('10') }], {
    currency: 'JPY',
    prices: 'net',
    rounding: 'document',
  })
  assert.deepEqual([yen.netMinor, yen.taxMinor], [1235n, 124n])
})

test('halves of one tax are the same, and lines and groups add up to the totals under every rounding', () => {
  const rates = [
    of('19'),
    of('8.1'),
    of('0'),
    of('18', [
      { name: 'CGST', percent: '9' },
      { name: 'SGST', percent: '9' },
    ]),
  ]
  const line = fc.record({
    amount: fc
      .tuple(fc.bigInt({ min: -(10n ** 9n), max: 10n ** 12n }), fc.integer({ min: 1, max: 10_000 }))
      .map(([size, per]) => exact(size, per)),
    treatment: fc.constantFrom(...rates),
  })
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 30 }),
      fc.constantFrom('EUR', 'JPY', 'KWD'),
      fc.constantFrom('net' as const, 'gross' as const),
      fc.constantFrom('line' as const, 'document' as const),
      (sold, currency, prices, rounding) => {
        const result = taxed(sold, { currency, prices, rounding })
        for (const key of ['netMinor', 'taxMinor'] as const) {
          const total = (list: readonly { netMinor: bigint; taxMinor: bigint }[]) =>
            list.reduce((all, item) => all + item[key], 0n)
          assert.equal(total(result.lines), result[key])
          assert.equal(total(result.groups), result[key])
        }
        assert.equal(result.netMinor + result.taxMinor, result.grossMinor)
        for (const item of result.lines) assert.equal(item.netMinor + item.taxMinor, item.grossMinor)
        for (const group of result.groups) {
          assert.equal(
            group.parts.reduce((all, part) => all + part.taxMinor, 0n),
            group.taxMinor,
          )
          const [one, other] = group.parts
          if (other) assert.equal(one!.taxMinor, other.taxMinor)
          // EN 16931 BR-CO-17, exactly where the tax is rounded once.
          const due = toWhole(exact(group.netMinor).mul(exact(group.percent)).div(100))
          const off = group.taxMinor - due
          const most = rounding === 'document' ? 1n : BigInt(sold.length * 2 + 1)
          assert.ok(off <= most && off >= -most, `${off}`)
        }
        // What was asked is what is paid.
        for (const [index, { amount }] of sold.entries()) {
          const digits = { EUR: 2n, JPY: 0n, KWD: 3n }[currency]!
          const asked = toWhole(amount.mul(10n ** digits))
          assert.equal(prices === 'net' ? result.lines[index]!.netMinor : result.lines[index]!.grossMinor, asked)
        }
      },
    ),
    { numRuns: 500 },
  )
})
