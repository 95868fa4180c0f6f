/** A way of a vendor to send things, with tax in its price. */
export interface ShippingOption {
  readonly id: string
  readonly vendorId: string
  readonly name: string
  /** None: everywhere. */
  readonly countries: readonly string[]
  readonly currency: string
  readonly priceMinor: bigint
  /** For each kilogram that is begun. */
  readonly perKgMinor: bigint
  /** From so much on it costs nothing. */
  readonly freeFromMinor: bigint | null
  readonly maxWeightG: bigint | null
  readonly minDays: number | null
  readonly maxDays: number | null
  readonly version: number
  readonly createdAt: Date
}

export interface Way {
  readonly option: ShippingOption
  readonly priceMinor: bigint
}

/** The ways there, the cheapest first; where nobody has said where it goes to, all. */
export function waysOf(
  options: readonly ShippingOption[],
  { currency, country, grams, worth }: { currency: string; country: string | null; grams: number; worth: bigint },
): Way[] {
  const kilograms = BigInt(Math.ceil(grams / 1000))
  return options
    .filter(
      option =>
        option.currency === currency &&
        (option.countries.length === 0 || country === null || option.countries.includes(country)) &&
        (option.maxWeightG === null || BigInt(grams) <= option.maxWeightG),
    )
    .map(option => ({
      option,
      priceMinor:
        option.freeFromMinor !== null && worth >= option.freeFromMinor
          ? 0n
          : option.priceMinor + option.perKgMinor * kilograms,
    }))
    .toSorted((a, b) => (a.priceMinor < b.priceMinor ? -1 : a.priceMinor > b.priceMinor ? 1 : 0))
}
