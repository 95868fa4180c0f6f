import { mean } from './measure.ts'

/** One figure over time. */
export interface Sample {
  /** Hours since the beginning. */
  readonly at: number
  readonly value: number
}

export interface Trend {
  /** Mean of the first tenth that counts. */
  readonly start: number
  /** Mean of the last tenth. */
  readonly end: number
  readonly slopePerHour: number
  /** Standard error of the slope. */
  readonly error: number
  readonly flat: boolean
}

/**
 * The least-squares line through the samples without the first tenth, in which everything warms up. It is flat unless
 * it rises in an hour by more than a tenth of the mean and by more than three times its standard error.
 */
export function trendOf(samples: readonly Sample[]): Trend {
  const tenth = Math.ceil(samples.length / 10)
  const counted = samples.slice(tenth)
  const values = counted.map(({ value }) => value)
  const [middle, level] = [mean(counted.map(({ at }) => at)), mean(values)]
  const width = sum(counted.map(({ at }) => (at - middle) ** 2))
  const slopePerHour = sum(counted.map(({ at, value }) => (at - middle) * (value - level))) / width
  const rest = sum(counted.map(({ at, value }) => (value - level - slopePerHour * (at - middle)) ** 2))
  const error = Math.sqrt(rest / (counted.length - 2) / width)
  const flat = slopePerHour <= level / 10 || slopePerHour <= 3 * error
  return { start: mean(values.slice(0, tenth)), end: mean(values.slice(-tenth)), slopePerHour, error, flat }
}

const sum = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
