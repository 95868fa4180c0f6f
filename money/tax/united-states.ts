import type { Rates, Table } from './table.ts'

const state = (zone: string, ...standard: [string, string][]): Rates => ({ zone, standard })
const since = '2021-01-01'
const [eastern, central, mountain, pacific] = [
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
]

/**
 * General sales tax of the states, with what is the same all over a state (California, Utah, Virginia). Left out: taxes
 * of counties, cities and districts, which come on top in most states; exemptions of electricity and of vehicle charging;
 * and the excise by the kilowatt-hour on public charging (Georgia, Iowa, Kentucky, Montana, Oklahoma, Pennsylvania, Utah,
 * Wisconsin and others), which is a price component of the tariff. Who needs these has a tax engine tell the `percent`.
 */
export const unitedStates: Table = {
  source: 'Federation of Tax Administrators, State Sales Tax Rates; Tax Foundation, State and Local Sales Tax Rates',
  checkedOn: '2026-02-01',
  countries: {
    US: {
      zone: eastern,
      standard: [],
      regions: {
        AL: state(central, [since, '4']),
        AK: state('America/Anchorage', [since, '0']),
        AZ: state('America/Phoenix', [since, '5.6']),
        AR: state(central, [since, '6.5']),
        CA: state(pacific, [since, '7.25']),
        CO: state(mountain, [since, '2.9']),
        CT: state(eastern, [since, '6.35']),
        DC: state(eastern, [since, '6']),
        DE: state(eastern, [since, '0']),
        FL: state(eastern, [since, '6']),
        GA: state(eastern, [since, '4']),
        HI: state('Pacific/Honolulu', [since, '4']),
        IA: state(central, [since, '6']),
        ID: state('America/Boise', [since, '6']),
        IL: state(central, [since, '6.25']),
        IN: state('America/Indiana/Indianapolis', [since, '7']),
        KS: state(central, [since, '6.5']),
        KY: state(eastern, [since, '6']),
        LA: state(central, [since, '4.45'], ['2025-01-01', '5']),
        MA: state(eastern, [since, '6.25']),
        MD: state(eastern, [since, '6']),
        ME: state(eastern, [since, '5.5']),
        MI: state('America/Detroit', [since, '6']),
        MN: state(central, [since, '6.875']),
        MO: state(central, [since, '4.225']),
        MS: state(central, [since, '7']),
        MT: state(mountain, [since, '0']),
        NC: state(eastern, [since, '4.75']),
        ND: state(central, [since, '5']),
        NE: state(central, [since, '5.5']),
        NH: state(eastern, [since, '0']),
        NJ: state(eastern, [since, '6.625']),
        NM: state(mountain, [since, '5.125'], ['2022-07-01', '5'], ['2023-07-01', '4.875']),
        NV: state(pacific, [since, '6.85']),
        NY: state(eastern, [since, '4']),
        OH: state(eastern, [since, '5.75']),
        OK: state(central, [since, '4.5']),
        OR: state(pacific, [since, '0']),
        PA: state(eastern, [since, '6']),
        PR: state('America/Puerto_Rico', [since, '11.5']),
        RI: state(eastern, [since, '7']),
        SC: state(eastern, [since, '6']),
        SD: state(central, [since, '4.5'], ['2023-07-01', '4.2']),
        TN: state(central, [since, '7']),
        TX: state(central, [since, '6.25']),
        UT: state(mountain, [since, '6.1']),
        VA: state(eastern, [since, '5.3']),
        VT: state(eastern, [since, '6']),
        WA: state(pacific, [since, '6.5']),
        WI: state(central, [since, '5']),
        WV: state(eastern, [since, '6']),
        WY: state(mountain, [since, '4']),
      },
    },
  },
}
