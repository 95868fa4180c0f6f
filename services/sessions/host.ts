import Type from 'typebox'
import { listSwitches } from '#contracts/admin'
import { getCharger } from '#contracts/ocpp'
import { Setting, type Host } from '#kernel'

export const settings = Type.Object({
  SESSION_SILENCE: Setting.duration(
    'How long a charger without a connection says nothing until its sessions count as over.',
    {
      default: '24h',
    },
  ),
  SESSION_READINGS_RETENTION: Setting.duration(
    'How long all meter readings of a session are kept; then one a quarter of an hour is, and what is signed.',
    { default: '90d' },
  ),
})

/** Whether a charger can be spoken to, and whose it is. */
export const needs = [getCharger] as const

type Asked = (typeof needs)[number] | typeof listSwitches
/** Whether starting from afar is switched on. */
export const asksLater: readonly Asked[] = [listSwitches]

export type SessionsHost = Host<'sessions', Asked, typeof settings>
