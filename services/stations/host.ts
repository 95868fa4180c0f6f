import Type from 'typebox'
import { getPrices } from '#contracts/billing'
import { listMembers } from '#contracts/identity'
import { Setting, type Host } from '#kernel'

export const settings = Type.Object({
  STATIONS_HISTORY: Setting.duration('How long it is kept how stations worked, for figures of uptime.', {
    default: '800d',
  }),
})

type Asked = typeof listMembers | typeof getPrices

/** Who may take a station into an organisation. */
export const needs: readonly Asked[] = [listMembers]

/** What charging costs there, for its page. */
export const asksLater: readonly Asked[] = [getPrices]

/** What this service has of the world. */
export type StationsHost = Host<'stations', Asked, typeof settings>
