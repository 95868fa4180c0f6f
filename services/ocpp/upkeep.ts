import { followBookings } from './bookings/following.ts'
import { watchTrouble } from './chargers/trouble.ts'
import type { OcppHost } from './host.ts'
import { keepMessages } from './log/retention.ts'
import { followDrivers } from './tokens/drivers.ts'
import { forgetWhoLeaves } from './tokens/leaving.ts'

/** What is to be done as time goes by and as others tell, whatever chargers say. */
export function keepUp(host: OcppHost): void {
  keepMessages(host)
  watchTrouble(host)
  followDrivers(host)
  forgetWhoLeaves(host)
  followBookings(host)
}
