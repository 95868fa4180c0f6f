import type { OcppVersion } from '#contracts/ocpp'
import { certificates16, certificates2, certificates21 } from './certificates.ts'
import { customers } from './customers.ts'
import { device2, security } from './device.ts'
import { energy21 } from './energy.ts'
import { firmware16, firmware2 } from './firmware.ts'
import type { Handlers } from './handler.ts'
import { people2 } from './people.ts'
import { smartCharging201, smartCharging21 } from './smart-charging.ts'
import { v16 } from './v16.ts'
import { v2 } from './v2.ts'

/** What chargers say, by version and action. */
export const handlers: Readonly<Record<OcppVersion, Handlers>> = {
  'ocpp1.6': { ...v16, ...security, ...firmware16, ...certificates16 },
  'ocpp2.0.1': {
    ...v2,
    ...security,
    ...device2,
    ...people2,
    ...customers,
    ...firmware2,
    ...smartCharging201,
    ...certificates2,
  },
  'ocpp2.1': {
    ...v2,
    ...security,
    ...device2,
    ...people2,
    ...customers,
    ...firmware2,
    ...smartCharging21,
    ...certificates21,
    ...energy21,
  },
}
