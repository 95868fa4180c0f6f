import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import {
  getChargerTariffs,
  getSessionCosts,
  SessionCharged,
  TariffPublished,
  type TariffTerms,
} from '#contracts/billing'
import { TransactionReported, type OcppVersion } from '#contracts/ocpp'
import { newId } from '#kernel'
import { answering } from '../../../kernel/testing.ts'
import { boot2, open } from '../testing.ts'

const owner = { kind: 'organisation', id: newId() } as const
const terms: TariffTerms = {
  currency: 'EUR',
  taxIncluded: true,
  elements: [
    {
      priceComponents: [{ type: 'ENERGY', price: '0.357' }],
      restrictions: { startTime: '22:00', endTime: '06:00', daysOfWeek: ['SATURDAY', 'SUNDAY'], maxEnergyWh: 20_000 },
    },
    {
      priceComponents: [
        { type: 'ENERGY', price: '0.595' },
        { type: 'PARKING_TIME', price: '7.14', graceSeconds: 900 },
        { type: 'FLAT', price: '1.19' },
      ],
    },
  ],
  maxPrice: '80.00',
}
const perKwh = (price: string): TariffTerms => ({
  currency: 'EUR',
  taxIncluded: false,
  elements: [{ priceComponents: [{ type: 'ENERGY', price }] }],
})
const tariff = (of: TariffTerms, tariffId = newId(), version = 1) => ({
  tariffId,
  version,
  terms: of,
  taxPercent: '19',
})
type Tariff = ReturnType<typeof tariff>

/** Chargers of an owner, and what billing says of prices. */
async function shop(t: TestContext) {
  const said: {
    tariffs: { evse: number; tariff: Tariff | null }[]
    costs: Map<string, { total: string; isFree: boolean; tariff: Tariff | null }>
  } = { tariffs: [], costs: new Map() }
  const it = await open(t, {
    answers: [
      answering(getChargerTariffs, async () => ({ tariffs: said.tariffs })),
      answering(getSessionCosts, async ({ sessionIds }) => ({
        costs: sessionIds.flatMap(sessionId => {
          const cost = said.costs.get(sessionId)
          return cost ? { sessionId, ...cost } : []
        }),
      })),
    ],
  })
  const { p, db, charger, periodically } = it
  return {
    ...it,
    said,
    /** One that notes what it is told of prices, and takes it. */
    async show(id: string, version: OcppVersion) {
      const asked: [action: string, payload: any][] = []
      const line = await charger(id, version)
      await line.call('BootNotification', boot2)
      await p.settle()
      await db`update chargers set owner_kind = ${owner.kind}, owner_id = ${owner.id} where id = ${id}`
      const taken = () => ({ status: 'Accepted' })
      for (const [action, answer] of Object.entries({
        SetDefaultTariff: taken,
        ChangeTransactionTariff: taken,
        ClearTariffs: () => ({ clearTariffsResult: [{ status: 'Accepted' }] }),
        CostUpdated: () => ({}),
        SetVariables: ({ setVariableData }: any) => ({
          setVariableResult: setVariableData.map(({ component, variable }: object & any) => ({
            component,
            variable,
            attributeStatus: 'Accepted',
          })),
        }),
      }))
        line.answers.set(action, payload => {
          asked.push([action, payload])
          return answer(payload)
        })
      return { ...line, asked, heard: () => asked.splice(0) }
    },
    async tell(): Promise<void> {
      await p.settle()
      await periodically(/tell chargers what charging costs/)
      await p.settle()
    },
    async count(): Promise<void> {
      await periodically(/what their transactions cost/)
      await p.settle()
    },
    published: (tariffId: string) =>
      p.publish(TariffPublished, { tariffId, owner, name: 'Standard', version: 1, terms }),
  }
}

type Line = Awaited<ReturnType<Awaited<ReturnType<typeof shop>>['show']>>
let seqNo = 0
const event = (line: Line, eventType: 'Started' | 'Updated' | 'Ended', more: object = {}) =>
  line.call('TransactionEvent', {
    eventType,
    seqNo: seqNo++,
    timestamp: new Date().toISOString(),
    triggerReason: 'MeterValuePeriodic',
    transactionInfo: { transactionId: 'T-1' },
    evse: { id: 1, connectorId: 1 },
    ...more,
  })

suite('a charger of 2.1', () => {
  test('is told what charging costs once it has started, of all EVSEs and of each that differs, without tax', async t => {
    const { as, said, show, tell } = await shop(t)
    const [one, other] = [tariff(terms), tariff(perKwh('0.40'))]
    said.tariffs = [
      { evse: 0, tariff: one },
      { evse: 2, tariff: other },
    ]
    const line = await show('CP-1', 'ocpp2.1')
    await tell()
    const [first, second, ...rest] = line.heard()
    assert.deepEqual([first![0], first![1].evseId, rest], ['SetDefaultTariff', 0, []])
    assert.deepEqual(first![1].tariff, {
      tariffId: `${one.tariffId}.1.0`,
      currency: 'EUR',
      description: [
        {
          format: 'UTF8',
          language: 'en',
          content:
            '0.357 EUR/kWh (Sat Sun, 22:00-06:00, -20 kWh), 0.595 EUR/kWh, 0.119 EUR/min idle (after 15 min), ' +
            '1.19 EUR per session, at most 80.00 EUR, incl. tax',
        },
      ],
      energy: {
        prices: [
          {
            priceKwh: 0.3,
            conditions: {
              startTimeOfDay: '22:00',
              endTimeOfDay: '06:00',
              dayOfWeek: ['Saturday', 'Sunday'],
              maxEnergy: 20_000,
            },
          },
          { priceKwh: 0.5 },
        ],
        taxRates: [{ type: 'VAT', tax: 19 }],
      },
      idleTime: {
        prices: [{ priceMinute: 0.1, conditions: { minIdleTime: 900 } }],
        taxRates: [{ type: 'VAT', tax: 19 }],
      },
      fixedFee: { prices: [{ priceFixed: 1 }], taxRates: [{ type: 'VAT', tax: 19 }] },
      maxCost: { inclTax: 80, taxRates: [{ type: 'VAT', tax: 19 }] },
    })
    assert.deepEqual([second![1].evseId, second![1].tariff.energy.prices], [2, [{ priceKwh: 0.4 }]])
    const organisation = { id: owner.id, role: 'editor' } as const
    const { body } = await as({ organisation }).get('/chargers/CP-1/tariffs')
    assert.deepEqual(
      body.items.map(({ evse, state, said }: Record<string, unknown>) => [evse, state, said]),
      [
        [0, 'accepted', 'Accepted'],
        [2, 'accepted', 'Accepted'],
      ],
    )
    assert.equal((await as().get('/chargers/CP-1/tariffs')).body.code, 'charger_unknown')
  })

  test('is told what it costs that it is reserved, and not what is due where nobody comes, which it has no words for', async t => {
    const { said, show, tell } = await shop(t)
    const reserved = (reservation: 'RESERVATION' | 'RESERVATION_EXPIRES', price: string) => ({
      priceComponents: [
        { type: 'TIME' as const, price },
        { type: 'FLAT' as const, price: '2.38' },
      ],
      restrictions: { reservation, startTime: '06:00', endTime: '22:00' },
    })
    const elements = [
      reserved('RESERVATION_EXPIRES', '14.28'),
      reserved('RESERVATION', '7.14'),
      { priceComponents: [{ type: 'ENERGY' as const, price: '0.595' }] },
    ]
    said.tariffs = [{ evse: 0, tariff: tariff({ currency: 'EUR', taxIncluded: true, elements }) }]
    const line = await show('CP-1', 'ocpp2.1')
    await tell()
    const [[, payload]] = line.heard() as [[string, any]]
    const { tariffId: _, description, currency: _currency, ...prices } = payload.tariff
    const conditions = { startTimeOfDay: '06:00', endTimeOfDay: '22:00' }
    const taxRates = [{ type: 'VAT', tax: 19 }]
    assert.deepEqual(prices, {
      energy: { prices: [{ priceKwh: 0.5 }], taxRates },
      reservationTime: { prices: [{ priceMinute: 0.1, conditions }], taxRates },
      reservationFixed: { prices: [{ priceFixed: 2, conditions }], taxRates },
    })
    assert.match(description[0].content, /0\.119 EUR\/min reserved \(06:00-22:00\), 2\.38 EUR per booking \(/)
    assert.match(description[0].content, /0\.238 EUR\/min of an unused booking/)
  })

  test('is told anew when a tariff changes or ends and when it starts again, and nothing where it knows already', async t => {
    const { p, said, show, tell, published, as } = await shop(t)
    const one = tariff(terms)
    said.tariffs = [{ evse: 0, tariff: one }]
    const line = await show('CP-1', 'ocpp2.1')
    await tell()
    await published(one.tariffId)
    await tell()
    assert.deepEqual(
      line.heard().map(([action]) => action),
      ['SetDefaultTariff'],
      'once',
    )
    said.tariffs = [{ evse: 0, tariff: { ...one, version: 2 } }]
    line.answers.set('SetDefaultTariff', () => ({ status: 'TooManyElements' }))
    await published(one.tariffId)
    await tell()
    const organisation = { id: owner.id, role: 'editor' } as const
    const shown = async () =>
      (await as({ organisation }).get('/chargers/CP-1/tariffs')).body.items.map(
        ({ tariffId, state, said }: Record<string, string>) => [tariffId!.slice(36), state, said],
      )
    assert.deepEqual(await shown(), [['.2.0', 'refused', 'TooManyElements']])
    line.answers.set('SetDefaultTariff', () => ({ status: 'Accepted' }))
    await line.call('BootNotification', boot2)
    await tell()
    assert.deepEqual(await shown(), [['.2.0', 'accepted', 'Accepted']])
    said.tariffs = [{ evse: 0, tariff: null }]
    await published(one.tariffId)
    await tell()
    assert.deepEqual(line.heard().at(-1), ['ClearTariffs', { tariffIds: [`${one.tariffId}.2.0`] }])
    assert.deepEqual(await shown(), [])
    await p.settle()
  })

  test('hears what a transaction costs when that changes, and by which tariff where it is not the one of its EVSE', async t => {
    const { p, said, show, tell, count } = await shop(t)
    const [usual, own] = [tariff(terms), tariff(perKwh('0.20'))]
    said.tariffs = [{ evse: 0, tariff: usual }]
    const line = await show('CP-1', 'ocpp2.1')
    await tell()
    line.heard()
    assert.deepEqual(await event(line, 'Started'), {})
    await p.settle()
    const [{ transactionId: sessionId } = { transactionId: '' }] = await p.published(TransactionReported)
    await count()
    assert.deepEqual(line.heard(), [], 'nobody knows yet')
    said.costs.set(sessionId, { total: '1.25', isFree: false, tariff: own })
    await count()
    await count()
    const [changed, updated, ...rest] = line.heard()
    assert.deepEqual(
      [changed![0], changed![1].transactionId, changed![1].tariff.tariffId, rest],
      ['ChangeTransactionTariff', 'T-1', `${own.tariffId}.1.1`, []],
    )
    assert.deepEqual(updated, ['CostUpdated', { totalCost: 1.25, transactionId: 'T-1' }])
    assert.deepEqual(await event(line, 'Updated', { triggerReason: 'TariffChanged' }), { totalCost: 1.25 })
    said.costs.set(sessionId, { total: '2.50', isFree: false, tariff: own })
    await count()
    assert.deepEqual(line.heard(), [['CostUpdated', { totalCost: 2.5, transactionId: 'T-1' }]])
    assert.deepEqual(await event(line, 'Ended'), {}, 'the last reading was not counted yet')
    await p.settle()
    await p.publish(SessionCharged, charged(sessionId, 311))
    await p.settle()
    assert.deepEqual(line.heard(), [['CostUpdated', { totalCost: 3.11, transactionId: 'T-1' }]])
    assert.deepEqual(await event(line, 'Ended'), { totalCost: 3.11 }, 'told again, as it was queued')
    await count()
    assert.deepEqual(line.heard(), [])
  })
})

const charged = (sessionId: string, totalMinor: number) => ({
  sessionId,
  revision: 1,
  chargerId: 'CP-1',
  stationId: null,
  evse: 1,
  connector: 1,
  seller: owner,
  driverId: null,
  tariffId: null,
  energyWh: 7_000,
  startedAt: '2027-03-01T10:00:00.000Z',
  endedAt: '2027-03-01T11:00:00.000Z',
  currency: 'EUR',
  netMinor: totalMinor,
  taxMinor: 0,
  totalMinor,
  owedMinor: 0,
  at: '2027-03-01T11:00:01.000Z',
})

suite('a charger of 2.0.1', () => {
  test('hears what a transaction costs, at its end that it was free, and by messages of its own alone', async t => {
    const { p, said, show, count } = await shop(t)
    const line = await show('CP-1', 'ocpp2.0.1')
    await event(line, 'Started')
    await p.settle()
    const [{ transactionId: sessionId } = { transactionId: '' }] = await p.published(TransactionReported)
    said.costs.set(sessionId, { total: '0', isFree: true, tariff: null })
    await count()
    await count()
    assert.deepEqual(line.heard(), [['CostUpdated', { totalCost: 0, transactionId: 'T-1' }]])
    assert.deepEqual(await event(line, 'Updated'), {})
    assert.deepEqual(await event(line, 'Ended'), { totalCost: 0 })
  })

  test('that says it has a text for prices shows them, in one line and the currency they are in', async t => {
    const { said, show, tell, published } = await shop(t)
    const one = tariff(perKwh('0.40'))
    said.tariffs = [{ evse: 0, tariff: one }]
    const line = await show('CP-1', 'ocpp2.0.1')
    await tell()
    assert.deepEqual(line.heard(), [], 'nobody knows yet what it has')
    const reported = (name: string, value: string) => ({
      component: { name: 'TariffCostCtrlr' },
      variable: { name },
      variableAttribute: [{ value, mutability: 'ReadWrite' }],
    })
    await line.call('NotifyReport', {
      requestId: 1,
      generatedAt: new Date().toISOString(),
      seqNo: 0,
      reportData: [reported('TariffFallbackMessage', ''), reported('Currency', 'EUR')],
    })
    await published(one.tariffId)
    await tell()
    assert.deepEqual(line.heard(), [
      [
        'SetVariables',
        {
          setVariableData: [
            {
              component: { name: 'TariffCostCtrlr' },
              variable: { name: 'TariffFallbackMessage' },
              attributeValue: '0.40 EUR/kWh, without tax',
            },
          ],
        },
      ],
    ])
    await published(one.tariffId)
    await tell()
    assert.deepEqual(line.heard(), [], 'it shows it already')
  })
})

test('a charger of 1.6 is told nothing of prices', async t => {
  const { p, said, charger, tell, count } = await shop(t)
  said.tariffs = [{ evse: 0, tariff: tariff(terms) }]
  const line = await charger('CP-16')
  await line.call('BootNotification', { chargePointVendor: 'Voltaic', chargePointModel: 'V2-22' })
  await p.settle()
  line.heard.splice(0)
  await tell()
  await count()
  assert.deepEqual(line.heard, [])
})
