import Type from 'typebox'
import { findPerson, getPerson, listMembers } from '#contracts/identity'
import { Setting, type Host } from '#kernel'

export const settings = Type.Object({
  OCPP_UNKNOWN_CHARGERS: Setting.text(
    'What a charger that nobody made meets: accept, hold (it has to prove itself by a password, which it keeps, and waits for an operator) or refuse. ' +
      'Unless set: accept in evaluation mode, hold in production.',
    { pattern: '^(accept|hold|refuse)?$', form: 'accept, hold or refuse', default: '' },
  ),
  OCPP_HEARTBEAT: Setting.duration('Between the heartbeats of a charger.', { default: '5m' }),
  OCPP_CALL_TIMEOUT: Setting.duration('How long a charger may take to answer a call.', { default: '30s' }),
  OCPP_PING: Setting.duration(
    'Between looks whether a connection is still there; after two without an answer it ends.',
    {
      default: '30s',
    },
  ),
  OCPP_MAX_MESSAGE: Setting.bytes('Largest message of a charger, unpacked.', { default: '1 MB' }),
})

/** Whose tokens are, and who belongs to whom. */
export const needs = [findPerson, getPerson, listMembers] as const

export type OcppHost = Host<'ocpp', (typeof needs)[number], typeof settings>
