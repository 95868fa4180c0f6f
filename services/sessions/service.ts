import {
  SessionCorrected,
  SessionEnded,
  SessionStarted,
  SessionStartRequested,
  SessionStopRequested,
  SessionUpdated,
} from '#contracts/sessions'
import { defineService } from '#kernel'
import { needs, settings } from './host.ts'

/** Charging sessions: who charges where, from the plug to the last reading of the meter. */
export const sessions = defineService({
  name: 'sessions',
  about: 'Charging sessions: who charges where and how much, and starting and stopping them from afar.',
  folder: import.meta.dirname,
  needs,
  settings,
  publishes: [
    SessionStarted,
    SessionUpdated,
    SessionEnded,
    SessionCorrected,
    SessionStartRequested,
    SessionStopRequested,
  ],
  start() {},
})
