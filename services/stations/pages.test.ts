import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getPrices, type TariffTerms } from '#contracts/billing'
import { newId } from '#kernel'
import { answering } from '../../kernel/testing.ts'
import { described, open, strangers } from './testing.ts'

const whole = {
  ...described,
  name: 'Market <square>',
  openingTimes: {
    twentyFourSeven: false,
    regular: [{ weekday: 1, from: '08:00', to: '20:00' }],
    closed: [{ from: '2027-02-18T08:00:00Z', to: '2027-02-18T18:00:00Z' }],
  },
  accessibility: ['step-free'],
  directions: 'Behind the town hall',
  faultContact: { phone: '+49 30 123', email: 'help@example.com' },
  operatorName: 'Voltaic GmbH',
}

const terms: TariffTerms = {
  currency: 'EUR',
  taxIncluded: true,
  elements: [
    {
      priceComponents: [{ type: 'ENERGY', price: '0.39' }],
      restrictions: { startTime: '22:00', endTime: '06:00', daysOfWeek: ['MONDAY'] },
    },
    {
      priceComponents: [
        { type: 'ENERGY', price: '0.49' },
        { type: 'PARKING_TIME', price: '6.00', graceSeconds: 1800 },
      ],
    },
  ],
  maxPrice: '80.00',
}

test('a public station has a page for everybody, in their language, and others have none', async t => {
  const { operator, nobody } = await open(t)
  const mine = operator()
  const { id } = await mine.make(whole)
  const page = await nobody.page(`/stations/${id}`)
  assert.equal(page.status, 200)
  for (const part of [
    'Market &#60;square&#62;',
    'Marktplatz 1',
    'CCS (Combo 2)',
    'up to 150 kW',
    'Not known',
    'Monday 08:00–20:00',
    'Reached without steps',
    'tel:+4930123',
    'mailto:help@example.com',
    `/maintenance/report/${id}`,
    'DE*ABC*E1',
  ])
    assert.ok(page.text.includes(part), `${part} in ${page.text}`)
  const german = await nobody.page(`/stations/${id}`, undefined, { 'accept-language': 'de' })
  for (const part of ['Öffnungszeiten', 'Montag', 'bis 150 kW', 'Ohne Stufen'])
    assert.ok(german.text.includes(part), part)

  const draft = await mine.make({ public: false })
  for (const other of [draft.id, newId()]) {
    const missing = await nobody.page(`/stations/${other}`)
    assert.equal(missing.status, 404)
    assert.match(missing.text, /no such station/)
  }
  assert.equal((await mine.page(`/stations/${draft.id}`)).status, 200)
  await mine.delete(`/${id}`)
  assert.equal((await nobody.page(`/stations/${id}`)).status, 404)
})

test('the page of a station says what charging costs there, in the language of who reads, and stands without', async t => {
  let answers = true
  const { operator, nobody } = await open(t, {
    answers: [
      ...strangers,
      answering(getPrices, async ({ connectors }) => {
        if (!answers) throw new Error('billing is gone')
        return { prices: connectors.slice(0, 1).map(place => ({ ...place, terms })) }
      }),
    ],
  })
  const { id } = await operator().make(whole)
  const read = async (language: string) =>
    (await nobody.page(`/stations/${id}`, undefined, { 'accept-language': language })).text
  for (const [language, parts] of [
    [
      'en',
      [
        '€0.39 per kWh (Mon, 22:00–06:00)',
        '€0.49 per kWh',
        '€0.10 per minute in which nothing flows (after 30 minutes)',
        'at most €80.00',
      ],
    ],
    ['de', ['0,39 € je kWh (Mo, 22:00–06:00)', 'höchstens 80,00 €']],
  ] as const) {
    const text = (await read(language)).replaceAll(/&#160;|\u00a0/g, ' ')
    for (const part of parts) assert.ok(text.includes(part), `${part} in ${text}`)
  }
  answers = false
  assert.match(await read('en'), /up to 150 kW/)
})
