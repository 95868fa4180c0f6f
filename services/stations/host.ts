import Type from 'typebox'
import { listMembers } from '#contracts/identity'
import { Setting, type Host } from '#kernel'

export const settings = Type.Object({
  STATIONS_HISTORY: Setting.duration('How long it is kept how stations worked, for figures of uptime.', {
    default: '800d',
  }),
})

/** Who may take a station into an organisation. */
export const needs = [listMembers] as const

/** What this service has of the world. */
export type StationsHost = Host<'stations', (typeof needs)[number], typeof settings>
