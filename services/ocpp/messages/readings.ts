import type { Reading } from '#contracts/ocpp'

/** A group of values of one instant, of all versions. */
export interface MeterValue {
  readonly timestamp: string
  readonly sampledValue: readonly SampledValue[]
}

interface SampledValue {
  readonly value: string | number
  readonly context?: string
  readonly format?: 'Raw' | 'SignedData'
  readonly measurand?: string
  readonly phase?: string
  readonly location?: string
  /** 1.6 */
  readonly unit?: string
  /** 2.x */
  readonly unitOfMeasure?: { readonly unit?: string; readonly multiplier?: number }
  readonly signedMeterValue?: {
    readonly signedMeterData: string
    readonly signingMethod?: string
    readonly encodingMethod?: string
    readonly publicKey?: string
  }
}

/** Energy that was taken, as the register of the meter has it: what is meant where nothing is said. */
export const energyRegister = 'Energy.Active.Import.Register'

/** Units that are multiples of another, or the same by another name. */
const factors: Record<string, readonly [unit: string, factor: number, offset?: number]> = {
  kWh: ['Wh', 1000],
  MWh: ['Wh', 1_000_000],
  kvarh: ['varh', 1000],
  kW: ['W', 1000],
  kVA: ['VA', 1000],
  kvar: ['var', 1000],
  kVAh: ['VAh', 1000],
  Celcius: ['Celsius', 1],
  Fahrenheit: ['Celsius', 5 / 9, -32],
  K: ['Celsius', 1, -273.15],
  Hertz: ['Hz', 1],
}

/** The unit of a value that names none (1.6 §7.43 and §7.44, 2.0.1 Part 2 appendix 3). */
function usualUnit(measurand: string): string {
  if (measurand.startsWith('Energy.Apparent')) return 'VAh'
  if (measurand.startsWith('Energy.Reactive')) return 'varh'
  if (measurand.startsWith('Energy')) return 'Wh'
  if (measurand === 'Power.Factor') return ''
  if (measurand.startsWith('Power.Reactive')) return 'var'
  if (measurand.startsWith('Power')) return 'W'
  if (measurand.startsWith('Current')) return 'A'
  if (measurand.startsWith('Voltage')) return 'V'
  if (measurand === 'SoC') return 'Percent'
  if (measurand === 'Temperature') return 'Celsius'
  if (measurand === 'Frequency') return 'Hz'
  if (measurand === 'RPM') return 'RPM'
  return ''
}

/** Values in base units. What is no number is none, unless it is signed: then its text is kept, and its value is 0. */
export function readingsOf(values: readonly MeterValue[] | undefined, receivedAt: Date): Reading[] {
  const readings: Reading[] = []
  for (const { timestamp, sampledValue } of values ?? []) {
    const at = timeOf(timestamp, receivedAt).toISOString()
    for (const sample of sampledValue) {
      const reading = readingOf(at, sample)
      if (reading) readings.push(reading)
    }
  }
  return readings
}

function readingOf(at: string, sample: SampledValue): Reading | undefined {
  const { measurand = energyRegister, phase, location, context, unitOfMeasure } = sample
  const isSigned = sample.format === 'SignedData'
  const given =
    typeof sample.value === 'number' ? sample.value : sample.value.trim() === '' ? NaN : Number(sample.value)
  if (!Number.isFinite(given) && !isSigned) return undefined
  const named = sample.unit ?? unitOfMeasure?.unit ?? usualUnit(measurand)
  const [unit, factor, offset = 0] = factors[named] ?? [named, 1]
  const scaled = (given * 10 ** (unitOfMeasure?.multiplier ?? 0) + offset) * factor
  const signed = isSigned ? { data: String(sample.value) } : signedOf(sample)
  return {
    at,
    measurand,
    // Six places: kilowatt-hours have three, and what is no decimal was none before either.
    value: isSigned ? 0 : Math.round(scaled * 1e6) / 1e6,
    unit,
    ...(phase && { phase }),
    ...(location && { location }),
    ...(context && { context }),
    ...(signed && { signed }),
  }
}

function signedOf({ signedMeterValue: signed }: SampledValue): Reading['signed'] {
  if (!signed) return undefined
  const { signedMeterData: data, signingMethod: method, encodingMethod: encoding, publicKey } = signed
  return { data, ...(method && { method }), ...(encoding && { encoding }), ...(publicKey && { publicKey }) }
}

const dayMs = 86_400_000
/** Longer no charger keeps what it could not send. */
const oldestDays = 90

/**
 * When something happened by the charger's clock. What says no zone is UTC; what cannot be, as of a clock that was never
 * set, is when it arrived.
 */
export function timeOf(text: string, receivedAt: Date): Date {
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`
  const at = new Date(zoned.replace(' ', 'T').replace(',', '.'))
  const ageMs = receivedAt.getTime() - at.getTime()
  return Number.isNaN(ageMs) || ageMs > oldestDays * dayMs || ageMs < -dayMs ? receivedAt : at
}
