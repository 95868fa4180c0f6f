import type { Table } from './table.ts'

/**
 * VAT of the member states: standard rates, and those for charging where these differ. Charging is a supply of
 * electricity, whatever else the price counts (CJEU C-282/22 of 20 April 2023), so a reduced rate that a state has for
 * all electricity holds for it; one for households alone (Belgium, Italy, Portugal, Spain, Cyprus) does not.
 *
 * Left out: reduced rates of goods and services other than electricity, the Aegean islands (17 of 24 for 100), Jungholz
 * and Mittelberg (19), Livigno and Campione, Corsica, and the oversea departments of France (which have country codes of
 * their own and no table here).
 */
export const memberStates: Table = {
  source:
    'European Commission, Taxes in Europe Database; Ireland: Finance Resolution 3 of 7 October 2025 (9 % until 2030); ' +
    'Greece: AADE E.2060/2023; Croatia: Porezna uprava 410-19/23-02/262 of 25 March 2024; Slovakia: zákon 222/2004, annex 7a',
  checkedOn: '2026-02-01',
  countries: {
    AT: { zone: 'Europe/Vienna', standard: [['2021-01-01', '20']] },
    BE: { zone: 'Europe/Brussels', standard: [['2021-01-01', '21']] },
    BG: { zone: 'Europe/Sofia', standard: [['2021-01-01', '20']] },
    CY: { zone: 'Asia/Nicosia', standard: [['2021-01-01', '19']] },
    CZ: { zone: 'Europe/Prague', standard: [['2021-01-01', '21']] },
    DE: { zone: 'Europe/Berlin', standard: [['2021-01-01', '19']] },
    DK: { zone: 'Europe/Copenhagen', standard: [['2021-01-01', '25']] },
    EE: {
      zone: 'Europe/Tallinn',
      standard: [
        ['2021-01-01', '20'],
        ['2024-01-01', '22'],
        ['2025-07-01', '24'],
      ],
    },
    ES: {
      zone: 'Europe/Madrid',
      standard: [['2021-01-01', '21']],
      // Outside of the territory of VAT (Art. 6 of the Directive), with taxes of their own.
      regions: { CN: 'outside', CE: 'outside', ML: 'outside' },
    },
    FI: {
      zone: 'Europe/Helsinki',
      standard: [
        ['2021-01-01', '24'],
        ['2024-09-01', '25.5'],
      ],
    },
    FR: { zone: 'Europe/Paris', standard: [['2021-01-01', '20']] },
    GR: {
      zone: 'Europe/Athens',
      standard: [['2021-01-01', '24']],
      charging: [
        ['2021-01-01', '24'],
        ['2023-10-12', '6'],
      ],
    },
    HR: { zone: 'Europe/Zagreb', standard: [['2021-01-01', '25']], charging: [['2021-01-01', '13']] },
    HU: { zone: 'Europe/Budapest', standard: [['2021-01-01', '27']] },
    IE: {
      zone: 'Europe/Dublin',
      standard: [['2021-03-01', '23']],
      charging: [
        ['2021-03-01', '13.5'],
        ['2022-05-01', '9'],
        ['2031-01-01', '13.5'],
      ],
    },
    IT: { zone: 'Europe/Rome', standard: [['2021-01-01', '22']] },
    LT: { zone: 'Europe/Vilnius', standard: [['2021-01-01', '21']] },
    LU: {
      zone: 'Europe/Luxembourg',
      standard: [
        ['2021-01-01', '17'],
        ['2023-01-01', '16'],
        ['2024-01-01', '17'],
      ],
      charging: [
        ['2021-01-01', '8'],
        ['2023-01-01', '7'],
        ['2024-01-01', '8'],
      ],
    },
    LV: { zone: 'Europe/Riga', standard: [['2021-01-01', '21']] },
    MT: { zone: 'Europe/Malta', standard: [['2021-01-01', '18']], charging: [['2021-01-01', '5']] },
    NL: { zone: 'Europe/Amsterdam', standard: [['2021-01-01', '21']] },
    PL: { zone: 'Europe/Warsaw', standard: [['2021-01-01', '23']] },
    PT: {
      zone: 'Europe/Lisbon',
      standard: [['2021-01-01', '23']],
      regions: {
        '20': { zone: 'Atlantic/Azores', standard: [['2021-07-01', '16']] },
        '30': { zone: 'Atlantic/Madeira', standard: [['2021-01-01', '22']] },
      },
    },
    RO: {
      zone: 'Europe/Bucharest',
      standard: [
        ['2021-01-01', '19'],
        ['2025-08-01', '21'],
      ],
    },
    SE: { zone: 'Europe/Stockholm', standard: [['2021-01-01', '25']] },
    SI: { zone: 'Europe/Ljubljana', standard: [['2021-01-01', '22']] },
    SK: {
      zone: 'Europe/Bratislava',
      standard: [
        ['2021-01-01', '20'],
        ['2025-01-01', '23'],
      ],
      charging: [
        ['2021-01-01', '20'],
        ['2025-01-01', '19'],
      ],
    },
  },
}

/**
 * The United Kingdom holds public charging to the standard rate (Revenue and Customs Brief 7/2021). A tribunal found 5 %
 * for less than 1,000 kWh a month at one place (Charge My Street, TC09802 of February 2026); who goes by that says so
 * with a `percent` of their own.
 */
export const unitedKingdom: Table = {
  source: 'HMRC, VAT rates; Revenue and Customs Brief 7 (2021)',
  checkedOn: '2026-03-01',
  countries: { GB: { zone: 'Europe/London', standard: [['2021-01-01', '20']] } },
}

/** Switzerland has one rate for charging and all that is not food, medicine, print or a night in a hotel; Liechtenstein has its law. */
export const switzerland: Table = {
  source: 'Federal Tax Administration, MWSTG Art. 25',
  checkedOn: '2026-02-01',
  countries: {
    CH: {
      zone: 'Europe/Zurich',
      standard: [
        ['2021-01-01', '7.7'],
        ['2024-01-01', '8.1'],
      ],
    },
    LI: {
      zone: 'Europe/Vaduz',
      standard: [
        ['2021-01-01', '7.7'],
        ['2024-01-01', '8.1'],
      ],
    },
  },
}
