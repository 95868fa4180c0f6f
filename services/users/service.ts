import { WishAvailable, WishCheaper, WishGone } from '#contracts/users'
import { defineService } from '#kernel'
import { addressRoutes } from './addresses/routes.ts'
import { followCharges } from './dashboard/charges.ts'
import { dashboardRoutes } from './dashboard/routes.ts'
import { needs, settings } from './host.ts'
import { forgetWhoLeaves } from './leaving.ts'
import { problems } from './problems.ts'
import { profileReactions } from './profiles/reactions.ts'
import { profileRoutes } from './profiles/routes.ts'
import { openAlarms } from './wishes/alarms.ts'
import { followProducts } from './wishes/reactions.ts'
import { wishRoutes } from './wishes/routes.ts'

/** What people have of the platform: a profile, addresses, wishes, and what they bought and charged. */
export const users = defineService({
  name: 'users',
  about: 'What people have of the platform: a profile, addresses, wishes, and what they bought and charged.',
  problems,
  folder: import.meta.dirname,
  needs,
  settings,
  publishes: [WishCheaper, WishAvailable, WishGone],
  start(host) {
    profileReactions(host)
    profileRoutes(host)
    addressRoutes(host)
    const look = openAlarms(host)
    followProducts(host, look)
    wishRoutes(host, look)
    followCharges(host)
    dashboardRoutes(host)
    forgetWhoLeaves(host)
  },
})
