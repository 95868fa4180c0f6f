import fc from 'fast-check'
import { attributeOf, attributes, parseGiven, read, type Attribute } from '#law'
import type { Values } from './converting.ts'

const units: Record<string, string[]> = {
  kg: ['kg', 'g', 't'],
  Ah: ['Ah', 'mAh'],
  kWh: ['kWh', 'Wh', 'MWh'],
  V: ['V', 'mV', 'kV'],
  W: ['W', 'kW'],
  Ω: ['Ω', 'mΩ', 'µΩ'],
  min: ['min', 'h'],
  '°C': ['°C', 'K'],
  'kg CO2e/kWh': ['kg CO2e/kWh', 'g CO2e/kWh'],
  'kg CO2e': ['kg CO2e', 't CO2e'],
}
const word = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter(text => text.trim() === text && text !== '')
const plainWord = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ;,-]{0,18}[A-Za-z0-9]$/)
const text = fc.oneof(
  plainWord,
  word,
  fc.constantFrom('BPNL0123456789ZZ', '94', '=1+1', '0012', '{', 'LFP', 'Li-ion NMC'),
)
const link = fc.webUrl({ validSchemes: ['https'] })
const day = fc.integer({ min: 0, max: 20_000 }).map(days => new Date(days * 86_400_000).toISOString().slice(0, 10))
const instant = fc.integer({ min: 0, max: 1_700_000_000 }).map(seconds => new Date(seconds * 1000).toISOString())
const decimal = (most: number) =>
  fc.oneof(
    fc.integer({ min: 0, max: most }).map(String),
    fc
      .tuple(fc.integer({ min: 0, max: most - 1 }), fc.stringMatching(/^\d{1,6}$/))
      .map(([whole, part]) => `${whole}.${part}`),
    fc.constantFrom('0', '0.0120', '12', '94', '0.1', '3.6'),
    ...(most > 1e9 ? [fc.constantFrom('1000000000000000001', '0.30000000000000004', '1e3')] : []),
  )

function number({ unit, type }: Attribute): fc.Arbitrary<Record<string, unknown>> {
  const named = fc.constantFrom(...(unit === null ? [null] : (units[unit] ?? [unit])))
  const digits =
    type === 'count' ? fc.nat(1_000_000).map(String) : decimal(unit?.startsWith('%') ? 100 : unit === '°C' ? 90 : 1e10)
  return fc.record({ value: digits, unit: named }).map(({ value, unit }) => ({ value, ...(unit !== null && { unit }) }))
}
const range = fc.oneof(
  fc.constant({}),
  fc.record({ temperature: fc.record({ min: fc.constantFrom('-20', '0.5'), max: fc.constantFrom('40', '60') }) }),
)
const some = <T extends Record<string, fc.Arbitrary<unknown>>>(model: T) =>
  fc.record(model, { requiredKeys: [] }).filter(one => Object.keys(one).length > 0)
const list = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 3 })
const contact = some({
  name: text,
  tradeName: text,
  street: text,
  postalCode: text,
  city: text,
  country: text,
  address: text,
  web: link,
  email: fc.emailAddress(),
})
const paper = some({
  title: text,
  url: link,
  language: fc.constantFrom('en', 'mt'),
  mediaType: fc.constant('application/pdf'),
  documentId: text,
})
const byLanguage = fc.oneof(
  text,
  link,
  fc.uniqueArray(fc.record({ language: fc.constantFrom('en', 'de', 'ga'), value: fc.oneof(text, link) }), {
    minLength: 1,
    maxLength: 3,
    selector: ({ language }) => language,
  }),
)

/** What somebody may say of an attribute, in our own format. */
function givenFor(attribute: Attribute): fc.Arbitrary<unknown> {
  const wrapped = (inner: fc.Arbitrary<unknown>) => inner.map(value => ({ value }))
  const { id, type } = attribute
  const one = number(attribute)
  switch (type) {
    case 'quantity':
      return fc.tuple(one, range).map(([value, more]) => ({ ...value, ...more }))
    case 'count':
      return one
    case 'bySoc':
      return wrapped(
        fc
          .uniqueArray(fc.tuple(fc.constantFrom('20', '80', '50'), one), {
            minLength: 1,
            maxLength: 3,
            selector: ([soc]) => soc,
          })
          .map(all => all.map(([soc, value]) => ({ soc, ...value }))),
      )
    case 'byPart':
      return wrapped(some({ pack: one, module: one, cell: one }))
    case 'enum':
      return wrapped(
        id === 'batteryStatus'
          ? fc.constantFrom('original', 're-used', 'waste')
          : fc.constantFrom('EV', 'LMT', 'industrial', 'industrialStationary', 'industrialWithoutBms', 'SLI'),
      )
    case 'month':
      return wrapped(
        fc.oneof(
          day,
          day.map(text => text.slice(0, 7)),
        ),
      )
    case 'date':
      return wrapped(fc.oneof(day, instant))
    case 'duration':
      return wrapped(fc.oneof(fc.constantFrom('P8Y', 'P6M', 'P96M', 'P1Y6M', 'P2W'), day))
    case 'uri':
    case 'symbol':
      return wrapped(type === 'symbol' ? fc.oneof(link, text) : link)
    case 'links':
      return wrapped(list(link))
    case 'texts':
      return wrapped(list(text))
    case 'localized':
      return wrapped(byLanguage)
    case 'document':
      return wrapped(paper)
    case 'documents':
      return wrapped(list(paper))
    case 'contact':
      return wrapped(contact)
    case 'contacts':
      return wrapped(list(contact))
    case 'chemistry':
      return wrapped(some({ shortName: text, clearName: text }))
    case 'materials':
      return wrapped(
        list(
          some({
            name: text,
            cas: fc.constantFrom('7439-93-2', '7440-48-4'),
            mass: decimal(1000),
            share: decimal(100),
            concentration: decimal(100),
            unit: fc.constantFrom('g', '%'),
            location: text,
            component: text,
            class: text,
          }),
        ),
      )
    case 'parts':
      return wrapped(list(some({ name: text, number: text })))
    case 'events':
      return wrapped(list(some({ date: day, type: text, description: text })))
    case 'readings':
      return wrapped(list(fc.record({ at: instant, value: decimal(60), unit: fc.constant('°C') })))
    default:
      return wrapped(text)
  }
}

/** Attributes that somebody writes. */
export const writable = attributes.filter(({ otherwise }) => otherwise !== 'computed')
/** Passports that say anything that can be said, of any part of the law. */
export const passports: fc.Arbitrary<Values> = fc
  .tuple(
    fc.record(
      Object.fromEntries(
        writable.map(attribute => [
          attribute.id,
          fc.option(
            fc.oneof(
              { weight: 20, arbitrary: givenFor(attribute) },
              { weight: 1, arbitrary: fc.constant({ notApplicable: 'none is built in' }) },
            ),
            { nil: undefined, freq: 3 },
          ),
        ]),
      ),
    ),
    instant,
  )
  .map(([all, at]) => {
    const given = parseGiven(JSON.stringify(all)) as Record<string, unknown>
    return new Map(
      Object.entries(given).flatMap(([id, one]) => {
        const { value } = read(attributeOf(id)!, one, null)
        return value ? [[id, { ...value, at }] as const] : []
      }),
    )
  })

/** Schemas of others by format and part, in the folder of their files. */
export const schemaFiles: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'batterypass-1.2': {
    GeneralProductInformation:
      'batterypass-datamodel/1.2.0/GeneralProductInformation/GeneralProductInformation-schema.json',
    CarbonFootprintForBatteries: 'batterypass-datamodel/1.2.0/CarbonFootprint/CarbonFootprintForBatteries-schema.json',
    Circularity: 'batterypass-datamodel/1.2.0/Circularity/Circularity-schema.json',
    Labeling: 'batterypass-datamodel/1.2.0/Labels/Labeling-schema.json',
    MaterialComposition: 'batterypass-datamodel/1.2.0/MaterialComposition/MaterialComposition-schema.json',
    SupplyChainDueDiligence: 'batterypass-datamodel/1.2.0/SupplyChainDueDiligence/SupplyChainDueDiligence-schema.json',
    PerformanceAndDurability: 'batterypass-datamodel/1.2.1/Performance/PerformanceAndDurability-schema.json',
  },
  'idta-02035': {
    Nameplate: 'idta-02035/batterypass.digital_nameplate/1.0.0/NameplateBattery-schema.json',
    HandoverDocumentation:
      'idta-02035/batterypass.handover_documentation/1.0.0/HandoverDocumentationBattery-schema.json',
    CarbonFootprint: 'idta-02035/batterypass.carbon_footprint/1.0.0/CarbonFootprintBattery-schema.json',
    TechnicalData: 'idta-02035/batterypass.technical_data/1.0.1/TechnicalDataBattery-schema.json',
    ProductCondition: 'idta-02035/batterypass.product_condition/1.0.1/ProductConditionBattery-schema.json',
    MaterialComposition: 'idta-02035/batterypass.material_composition/1.0.1/MaterialCompositionBattery-schema.json',
    Circularity: 'idta-02035/batterypass.circularity/1.0.0/CircularityBattery-schema.json',
    DppMetadata: 'idta-02035/dpp.dpp_metadata/1.0.0/DppMetadata-schema.json',
  },
}
