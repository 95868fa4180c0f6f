import assert from 'node:assert/strict'
import Fraction from 'fraction.js'
import { areAlike, convert, exactly } from '#law'
import table from '../../law/data/units.json' with { type: 'json' }
import { pythonOf } from '../../tools/outside/peers.ts'
import { answerOf, line } from './line.ts'

/** What pint calls them; it knows no equivalents of carbon dioxide, which are masses to it. */
const names: Record<string, string> = {
  t: 'metric_ton',
  Ah: 'ampere * hour',
  mAh: 'milliampere * hour',
  kWh: 'kilowatt_hour',
  Wh: 'watt_hour',
  MWh: 'megawatt_hour',
  Ω: 'ohm',
  mΩ: 'milliohm',
  µΩ: 'microohm',
  '%': 'percent',
  '%/month': 'percent / month',
  '°C': 'degree_Celsius',
  K: 'kelvin',
  '°F': 'degree_Fahrenheit',
  a: 'year',
  mo: 'month',
  cycles: 'turn',
  events: 'dimensionless',
  'kg CO2e/kWh': 'kilogram / kilowatt_hour',
  'g CO2e/kWh': 'gram / kilowatt_hour',
  'kg CO2e': 'kilogram',
  't CO2e': 'metric_ton',
  'A/Ah': 'ampere / (ampere * hour)',
  'W/Wh': 'watt / watt_hour',
}
const values = ['0', '1', '0.0120', '12', '-40', '0.1', '3.6', '1000000000000000001', '0.30000000000000004', '1e3', '7']

line('units: every pair of them, by pint in fractions', async () => {
  const python = await pythonOf('python')
  const codes = table.units.map(({ code }) => code)
  const asked = codes.flatMap(from =>
    codes.filter(to => areAlike(from, to)).flatMap(to => values.map(value => [value, from, to] as const)),
  )
  const others: string[] = await answerOf(
    python,
    'units.py',
    asked.map(([value, from, to]) => [value, names[from] ?? from, names[to] ?? to]),
  )
  for (const [at, [value, from, to]] of asked.entries()) {
    const [ours, theirs] = [convert(value, from, to), new Fraction(others[at]!)]
    const what = `${value} ${from} in ${to}`
    // What never ends in decimals is refused, and only that.
    if (ours === undefined) assert.match(String(theirs.toString()), /\(/, `${what} is refused`)
    else assert.ok(exactly(ours).equals(theirs), `${what}: ${ours}, by pint ${theirs.toFraction()}`)
  }
  return `${asked.length} conversions`
})
