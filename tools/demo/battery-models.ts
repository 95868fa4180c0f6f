/** A document of a model: at which point of Annex XIII it is, its kind says. */
export interface Paper {
  readonly title: string
  readonly kind: string
  readonly lines: readonly string[]
  /** What it proves, and whether that is a list. */
  readonly attribute?: string
  readonly many?: true
}

/** A model and its batteries, as bodies of the API. */
export interface Model {
  readonly data: object
  readonly papers?: readonly Paper[]
  readonly batch?: object
  /** Batteries by their serials. */
  readonly orders: readonly { range: object; identifier: string; attributes: object; published: boolean }[]
  /** Batteries as a file says them. */
  readonly spreadsheet?: (modelId: string) => string
  /** What is written of some batteries one after the other, a version each. */
  readonly life?: readonly (readonly object[])[]
  readonly correction?: { attributes: object; reason: string }
}

export interface Fleet {
  readonly name: string
  readonly kind: 'manufacturer' | 'importer'
  readonly gln: string
  readonly email: string
  readonly person: string
  readonly models: readonly Model[]
  /** Batteries without a model of their own. */
  readonly alone: readonly { data: object; published: boolean }[]
}

const of = (value: string, unit: string) => ({ value, unit })
const is = (value: unknown) => ({ value })
const said = (en: string, de: string) => ({
  value: [
    { language: 'en', value: en },
    { language: 'de', value: de },
  ],
})
const atCharge = (full: string, low: string) => [
  { soc: '80', value: full, unit: 'kW' },
  { soc: '20', value: low, unit: 'kW' },
]

const maker = {
  name: 'Donau Batteriewerk GmbH',
  address: 'Donaumarkt 1, 93047 Regensburg, Germany',
  web: 'https://donau-batteriewerk.example',
  email: 'passports@donau-batteriewerk.example',
}

/** What all models of the maker say. */
const house = {
  manufacturerInformation: is({ name: maker.name, address: maker.address }),
  manufacturerWebAndEmail: is(`${maker.web} ${maker.email}`),
  manufacturingPlace: is('Regensburg, Germany'),
  separateCollectionSymbol: is('Crossed-out wheeled bin'),
  extinguishingAgent: is(['Water', 'Water mist']),
  meaningOfLabelsAndSymbols: said(
    'The crossed-out bin asks for separate collection.',
    'Die durchgestrichene Tonne bittet um getrennte Sammlung.',
  ),
  impactOfSubstances: said(
    'Salts of the electrolyte burn skin and harm water.',
    'Salze des Elektrolyten verätzen die Haut und schaden Gewässern.',
  ),
  wastePreventionInfo: said(
    'Kept between 20 % and 80 % it lasts longest; it can be repaired module by module.',
    'Zwischen 20 % und 80 % hält sie am längsten; sie wird Modul für Modul repariert.',
  ),
  separateCollectionInfo: said(
    'Whoever sells batteries takes it back, free of charge.',
    'Wer Batterien verkauft, nimmt sie kostenlos zurück.',
  ),
  collectionSecondLifeTreatmentInfo: said(
    'Below 70 % of its capacity it goes on as storage, then it is recycled in Regensburg.',
    'Unter 70 % ihrer Kapazität dient sie als Speicher weiter, dann wird sie in Regensburg recycelt.',
  ),
  safeHandlingInfoEndUsers: said(
    'Do not open, drop or heat it. A damaged one stays outdoors until it is fetched.',
    'Nicht öffnen, fallen lassen oder erhitzen. Eine beschädigte bleibt im Freien, bis sie geholt wird.',
  ),
  sparePartSources: is([{ name: maker.name, email: maker.email }]),
}

const papersOf = (model: string): Paper[] => [
  {
    title: `EU declaration of conformity: ${model}`,
    kind: 'declaration-of-conformity',
    attribute: 'euDeclarationOfConformity',
    lines: [`${model} conforms to Regulation (EU) 2023/1542.`, 'Made for a demonstration: nobody declares anything.'],
  },
  {
    title: `Dismantling ${model}`,
    kind: 'dismantling',
    attribute: 'dismantlingInformation',
    many: true,
    lines: [
      '1. Switch it off and wait for ten minutes.',
      '2. Undo the 24 screws of the lid.',
      '3. Lift the modules out.',
    ],
  },
  {
    title: `Safety measures for ${model}`,
    kind: 'safety-sheet',
    attribute: 'safetyMeasures',
    many: true,
    lines: ['Insulated gloves of class 0.', 'No work alone above 60 V.'],
  },
  {
    title: `Test reports of ${model}`,
    kind: 'test-report',
    attribute: 'testReportResults',
    many: true,
    lines: ['Thermal shock: passed.', 'External short circuit: passed.', 'Overcharge: passed.'],
  },
]

const volt: Model = {
  papers: papersOf('Volt 82'),
  data: {
    attributes: {
      ...house,
      uniqueBatteryIdentifier: is('https://id.example.com/01/09506000134352'),
      batteryModelIdentifier: is('VOLT-EV-82'),
      batteryCategory: is('EV'),
      batteryMass: of('478', 'kg'),
      warrantyPeriod: is('P8Y'),
      symbolsForCadmiumAndLead: { notApplicable: 'Neither is there above its limit' },
      batteryChemistry: is({ shortName: 'NMC811', clearName: 'Lithium nickel manganese cobalt oxide' }),
      criticalRawMaterials: is(['Lithium', 'Nickel', 'Cobalt', 'Graphite']),
      hazardousSubstances: is([{ name: 'Lithium hexafluorophosphate', cas: '21324-40-3', share: '1.8' }]),
      cathodeAnodeElectrolyteMaterials: is([
        { component: 'cathode', name: 'NMC811', share: '31.5' },
        { component: 'anode', name: 'Graphite', share: '18.2' },
        { component: 'electrolyte', name: 'Lithium hexafluorophosphate in carbonates', share: '12.4' },
      ]),
      renewableContentShare: of('2.5', '%'),
      partNumbers: is([
        { name: 'Module', number: 'V82-M-0012' },
        { name: 'Junction box', number: 'V82-J-0003' },
      ]),
      ratedCapacity: of('231.0', 'Ah'),
      minimumVoltage: of('264', 'V'),
      nominalVoltage: of('355', 'V'),
      maximumVoltage: of('403', 'V'),
      certifiedUsableBatteryEnergy: of('77.4', 'kWh'),
      originalPowerCapability: atCharge('210', '145'),
      maximumPermittedPower: of('230', 'kW'),
      expectedLifetimeCycles: of('1500', 'cycles'),
      cycleLifeReferenceTest: is('IEC 62660-1:2018'),
      capacityThresholdForExhaustion: of('70', '%'),
      idleTemperatureLower: of('-30', '°C'),
      idleTemperatureUpper: of('60', '°C'),
      initialRoundTripEfficiency: of('95.2', '%'),
      roundTripEfficiencyAt50PercentCycleLife: of('92.6', '%'),
      initialInternalResistance: { value: { pack: of('48', 'mΩ'), module: of('4', 'mΩ'), cell: of('0.48', 'mΩ') } },
      cRateCycleLifeTest: of('0.5', 'A/Ah'),
    },
  },
  batch: {
    attributes: {
      uniqueBatteryIdentifier: is('https://id.example.com/01/09506000134352/10/2026-10-H3'),
      manufacturingPlace: is('Regensburg, hall 3, Germany'),
    },
  },
  orders: [
    {
      range: { prefix: 'VOLT-', from: 1, count: 200, width: 6 },
      identifier: 'https://id.example.com/01/09506000134352/21/{serial}',
      published: true,
      attributes: {
        economicOperatorInformation: is(maker),
        manufacturingDate: is('2026-10'),
        batteryStatus: is('original'),
        ratedCapacityCurrent: of('231.0', 'Ah'),
        capacityFade: of('0', '%'),
        powerCurrent: of('210', 'kW'),
        powerFade: of('0', '%'),
        internalResistanceCurrent: of('48', 'mΩ'),
        internalResistanceIncrease: { value: { pack: of('0', '%') } },
        expectedLifetimeCyclesCurrent: of('1500', 'cycles'),
        expectedLifetimeYears: of('15', 'a'),
        stateOfCertifiedEnergy: of('100', '%'),
        fullCycles: of('3', 'cycles'),
        deepDischargeEvents: of('0', 'events'),
        stateOfCharge: of('30', '%'),
      },
    },
  ],
  life: [
    [
      { stateOfCharge: of('82', '%'), fullCycles: of('41', 'cycles') },
      { stateOfCertifiedEnergy: of('98.4', '%'), capacityFade: of('1.6', '%'), fullCycles: of('167', 'cycles') },
      { stateOfCertifiedEnergy: of('95.1', '%'), capacityFade: of('4.9', '%'), deepDischargeEvents: of('1', 'events') },
    ],
    [{ stateOfCharge: of('64', '%'), fullCycles: of('12', 'cycles') }],
  ],
  correction: { attributes: { batteryMass: of('479.5', 'kg') }, reason: 'Weighed anew, with its brackets' },
}

const velo: Model = {
  papers: papersOf('Velo 500'),
  data: {
    attributes: {
      ...house,
      uniqueBatteryIdentifier: is('https://id.example.com/01/09506000134369'),
      batteryModelIdentifier: is('VELO-LMT-500'),
      batteryCategory: is('LMT'),
      batteryMass: of('2.9', 'kg'),
      warrantyPeriod: is('P2Y'),
      // With lead in its solder: the signs stand on it.
      symbolsForCadmiumAndLead: is('Pb'),
      batteryChemistry: is({ shortName: 'LFP', clearName: 'Lithium iron phosphate' }),
      criticalRawMaterials: is(['Lithium', 'Graphite', 'Phosphorus']),
      hazardousSubstances: is([{ name: 'Lithium hexafluorophosphate', cas: '21324-40-3', share: '1.4' }]),
      cathodeAnodeElectrolyteMaterials: is([{ component: 'cathode', name: 'Lithium iron phosphate', share: '34' }]),
      renewableContentShare: of('0', '%'),
      partNumbers: is([{ name: 'Cell block', number: 'V5-C-0101' }]),
      ratedCapacity: of('13.8', 'Ah'),
      minimumVoltage: of('30', 'V'),
      nominalVoltage: of('36', 'V'),
      maximumVoltage: of('42', 'V'),
      originalPowerCapability: [
        { soc: '80', value: '620', unit: 'W' },
        { soc: '20', value: '540', unit: 'W' },
      ],
      maximumPermittedPower: of('720', 'W'),
      expectedLifetimeCycles: of('900', 'cycles'),
      cycleLifeReferenceTest: is('IEC 61960-3:2017'),
      idleTemperatureLower: of('-10', '°C'),
      idleTemperatureUpper: of('45', '°C'),
      initialRoundTripEfficiency: of('94.0', '%'),
      roundTripEfficiencyAt50PercentCycleLife: of('91.5', '%'),
      initialInternalResistance: { value: { pack: of('92', 'mΩ'), cell: of('18.5', 'mΩ') } },
      cRateCycleLifeTest: of('0.5', 'A/Ah'),
    },
  },
  orders: [
    {
      range: { prefix: 'VELO-', from: 1, count: 150, width: 6 },
      identifier: 'https://id.example.com/01/09506000134369/21/{serial}',
      published: true,
      attributes: {
        economicOperatorInformation: is(maker),
        manufacturingDate: is('2026-11'),
        batteryStatus: is('original'),
        ratedCapacityCurrent: of('13.8', 'Ah'),
        capacityFade: of('0', '%'),
        powerCurrent: of('620', 'W'),
        powerFade: of('0', '%'),
        internalResistanceCurrent: of('92', 'mΩ'),
        internalResistanceIncrease: { value: { pack: of('0', '%') } },
        expectedLifetimeCyclesCurrent: of('900', 'cycles'),
        expectedLifetimeYears: of('7', 'a'),
        remainingCapacity: of('13.8', 'Ah'),
        remainingPowerCapability: [{ soc: '80', value: '620', unit: 'W' }],
        remainingRoundTripEfficiency: of('94.0', '%'),
        selfDischargeEvolution: of('0', '%'),
        ohmicResistance: of('92', 'mΩ'),
      },
    },
  ],
}

/** Much is there and much is not: reports and manuals are with the laboratory, and some comes before its time. */
const depot: Model = {
  data: {
    attributes: {
      ...house,
      batteryModelIdentifier: is('DEPOT-IND-215'),
      batteryCategory: is('industrialStationary'),
      batteryMass: of('2150', 'kg'),
      warrantyPeriod: { notApplicable: 'Leased with service: there is no warranty by time' },
      batteryChemistry: is({ shortName: 'LFP', clearName: 'Lithium iron phosphate' }),
      criticalRawMaterials: is(['Lithium', 'Graphite']),
      hazardousSubstances: is([{ name: 'Lithium hexafluorophosphate', cas: '21324-40-3', share: '1.4' }]),
      ratedCapacity: of('280', 'Ah'),
      minimumVoltage: of('650', 'V'),
      nominalVoltage: of('768', 'V'),
      maximumVoltage: of('876', 'V'),
      maximumPermittedPower: of('108', 'kW'),
      // Said although nobody asks a stationary battery for it, and before the day it is asked for.
      capacityThresholdForExhaustion: of('70', '%'),
      dueDiligenceReport: is({
        title: 'Due diligence 2026',
        url: 'https://donau-batteriewerk.example/due-diligence.pdf',
      }),
      carbonFootprintPerFunctionalUnit: of('61.5', 'kg CO2e/kWh'),
    },
  },
  orders: [
    {
      range: { prefix: 'DEPOT-', from: 1, count: 60, width: 4 },
      identifier: '{serial}',
      published: true,
      attributes: { manufacturingDate: is('2026-09'), batteryStatus: is('original') },
    },
    {
      range: { prefix: 'DEPOT-', from: 61, count: 20, width: 4 },
      identifier: '{serial}',
      published: false,
      attributes: { manufacturingDate: is('2026-11') },
    },
  ],
}

const importer = {
  name: 'Nordhafen Import GmbH',
  address: 'Kai 7, 20457 Hamburg, Germany',
  email: 'batteries@nordhafen-import.example',
}

/** As a supplier says it: little, in words of their own, and one value that cannot be read. */
const kick: Model = {
  data: {
    generalInformation: {
      batteryModel: { id: 'KICK-360', modelName: 'Kick 360' },
      batteryCategory: 'LMT',
      batteryMass: 'about 2.4',
    },
    materialComposition: { batteryChemistry: 'NMC' },
    purchasing: { container: 'MSKU 123456 7', pricePerPiece: 41.2 },
  },
  orders: [],
  spreadsheet: modelId =>
    [
      'identifier;Serial;parentId;Manufacturing date;status',
      ...Array.from({ length: 48 }, (_, index) => {
        const serial = `K360-${String(index + 1).padStart(4, '0')}`
        return `${serial};${serial};${modelId};2026-0${1 + (index % 9)};${index < 30 ? 'published' : 'draft'}`
      }),
    ].join('\r\n'),
}

/** Below 2 kWh: the law asks no passport of it, its code leads to what Art. 13(6) asks for. */
const flur: Model = {
  data: {
    attributes: {
      batteryModelIdentifier: is('FLUR-24'),
      batteryCategory: is('industrial'),
      batteryMass: of('14.2', 'kg'),
      ratedCapacity: of('60', 'Ah'),
      nominalVoltage: of('24', 'V'),
      batteryChemistry: is({ shortName: 'Pb', clearName: 'Lead-acid' }),
      symbolsForCadmiumAndLead: is('Pb'),
      manufacturerInformation: is({ name: 'Long River Energy Co.', address: '8 Harbour Road, Ningbo, China' }),
    },
  },
  orders: [
    {
      range: { prefix: 'FLUR-', from: 1, count: 20, width: 4 },
      identifier: '{serial}',
      published: true,
      attributes: { economicOperatorInformation: is(importer), manufacturingDate: is('2026-08') },
    },
  ],
}

/** A maker and an importer, five models, 500 batteries. */
export const fleets: readonly Fleet[] = [
  {
    name: maker.name,
    kind: 'manufacturer',
    gln: '4012345000009',
    email: 'maker@ohmnibus.local',
    person: 'Mara Maker',
    models: [volt, velo, depot],
    alone: [],
  },
  {
    name: importer.name,
    kind: 'importer',
    gln: '4012345000016',
    email: 'importer@ohmnibus.local',
    person: 'Ivo Importer',
    models: [kick, flur],
    alone: [
      // Nobody knows how much it stores, so nobody knows whether it needs a passport.
      {
        data: { batteryIdentifier: 'STRAY-1', batteryCategory: 'industrial', batteryModelIdentifier: 'STRAY' },
        published: false,
      },
      {
        data: { batteryIdentifier: 'START-70-1', batteryCategory: 'SLI', batteryModelIdentifier: 'START-70' },
        published: true,
      },
    ],
  },
]
