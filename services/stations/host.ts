import Type from 'typebox'
import { Setting, type Host } from '#kernel'

export const settings = Type.Object({
  STATIONS_HISTORY: Setting.duration('How long it is kept how stations worked, for figures of uptime.', {
    default: '800d',
  }),
})

/** What this service has of the world. */
export type StationsHost = Host<'stations', never, typeof settings>
