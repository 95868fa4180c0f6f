import type { Table } from './table.ts'

/**
 * Goods and services tax. Charging is a service (Ministry of Power, 23/08/2018-R&R of 13 April 2018; AAR Karnataka in
 * Chamundeshwari Electricity Supply, 2023) at the standard rate; electricity alone is exempt. Left out: other rates of
 * goods (5 and 40 since 22 September 2025; chargers are at 5), cesses, and rounding to the rupee (s. 170).
 */
export const india: Table = {
  source: 'CBIC, notification 11/2017-Central Tax (Rate) and notification 9/2025-Central Tax (Rate)',
  checkedOn: '2026-02-01',
  countries: { IN: { zone: 'Asia/Kolkata', standard: [['2017-07-01', '18']] } },
}

/** Codes of states as invoices and GSTINs carry them, by ISO 3166-2. */
export const stateCodes: Readonly<Record<string, string>> = {
  JK: '01',
  HP: '02',
  PB: '03',
  CH: '04',
  UK: '05',
  HR: '06',
  DL: '07',
  RJ: '08',
  UP: '09',
  BR: '10',
  SK: '11',
  AR: '12',
  NL: '13',
  MN: '14',
  MZ: '15',
  TR: '16',
  ML: '17',
  AS: '18',
  WB: '19',
  JH: '20',
  OD: '21',
  CG: '22',
  MP: '23',
  GJ: '24',
  DH: '26',
  MH: '27',
  KA: '29',
  GA: '30',
  LD: '31',
  KL: '32',
  TN: '33',
  PY: '34',
  AN: '35',
  TS: '36',
  AP: '37',
  LA: '38',
}

/** Codes that ISO had before, and that are still written. */
const formerly: Readonly<Record<string, string>> = { UT: 'UK', OR: 'OD', CT: 'CG', TG: 'TS', DN: 'DH', DD: 'DH' }

export const stateOf = (region: string | undefined): string | undefined => {
  const state = region && (formerly[region] ?? region)
  return state && stateCodes[state] ? state : undefined
}

/** The state of whoever has a GSTIN. */
export const stateOfNumber = (gstin: string): string | undefined =>
  Object.entries(stateCodes).find(([, code]) => gstin.startsWith(code))?.[0]

// Union territories without a legislature have UTGST (UTGST Act 2017, s. 1).
const territories = new Set(['AN', 'CH', 'DH', 'LD', 'LA'])

/** What the rate is made of: two halves within a state, one whole between two (IGST Act, s. 7 and 8). */
export function partsWithin(percent: string, from: string | undefined, to: string | undefined) {
  if (!from || !to || from !== to) return [{ name: 'IGST', percent }]
  const half = String(Number(percent) / 2)
  return [
    { name: 'CGST', percent: half },
    { name: territories.has(to) ? 'UTGST' : 'SGST', percent: half },
  ]
}
