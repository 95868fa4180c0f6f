/**
 * What is not to be filled in a category by the guidance of the Commission of 15 August 2026, without what is only said
 * elsewhere: written from its tables and from Annex VII, not from the rules that decide. It is its owner's alone.
 */

const everywhere = [
  // Data points 17 and 18: the acts of Art. 7 are pending.
  'carbonFootprintPerFunctionalUnit',
  'carbonFootprintPerformanceClass',
  'carbonFootprintStudyLink',
  'carbonFootprintLabel',
  'carbonFootprintGeneralInformation',
  ...['RawMaterial', 'Production', 'Distribution', 'EndOfLife'].map(stage => `cfContribution${stage}`),
  // 20 to 23: that of Art. 8.
  ...['Nickel', 'Cobalt', 'Lithium', 'Lead'].flatMap(metal =>
    ['PreConsumer', 'PostConsumer'].map(waste => `recycled${metal}${waste}`),
  ),
  'recycledLeadShare',
  // 44: Omnibus IV.
  'instructionsForUse',
]

/** Due diligence is owed from this day on, and not to be told of before. */
export const dueDiligenceFrom = '2027-08-18'

// The parameters of Annex VII, part A, are those of stationary systems and light means of transport; of vehicles it is
// the state of certified energy.
const healthOfOthers = [
  'remainingCapacity',
  'remainingPowerCapability',
  'remainingRoundTripEfficiency',
  'selfDischargeEvolution',
  'ohmicResistance',
]
const healthOfVehicles = ['stateOfCertifiedEnergy', 'capacityThresholdForExhaustion']
// Without a battery management system nothing measures them.
const measured = [
  'stateOfCharge',
  'fullCycles',
  'temperatureInformation',
  'timeExtremeHighTemperature',
  'timeExtremeLowTemperature',
  'timeChargingExtremeHighTemperature',
  'timeChargingExtremeLowTemperature',
]

const ofCategory: Record<string, readonly string[]> = {
  EV: healthOfOthers,
  LMT: healthOfVehicles,
  industrial: healthOfVehicles,
  industrialStationary: healthOfVehicles,
  industrialWithoutBms: [...healthOfOthers, ...healthOfVehicles, ...measured],
}

/** Whether an attribute is to be empty in a category on a day. */
export const isEmptied = (attribute: string, category: string, day: string): boolean =>
  everywhere.includes(attribute) ||
  ofCategory[category]!.includes(attribute) ||
  (attribute === 'dueDiligenceReport' && day < dueDiligenceFrom)
