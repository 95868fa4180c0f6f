/** Percentages as decimal text, each from a day on; the oldest first. Before the first day nothing is known. */
export type Dated = readonly (readonly [from: string, percent: string])[]

/** Rates of a country, or of a part of it that has its own. */
export interface Rates {
  /** Where a day begins, unless the place says which of several zones is its own. */
  readonly zone: string
  readonly standard: Dated
  /** Of charging, where it differs. */
  readonly charging?: Dated
}

export interface CountryRates extends Rates {
  /** Parts by their code (ISO 3166-2 without the country); `outside` of the country's tax. */
  readonly regions?: Readonly<Record<string, Rates | 'outside'>>
}

/** A table with where it was read and when it was last held against that. */
export interface Table {
  readonly source: string
  readonly checkedOn: string
  readonly countries: Readonly<Record<string, CountryRates>>
}
