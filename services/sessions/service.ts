import {
  getSessionCourse,
  SessionCorrected,
  SessionEnded,
  SessionStarted,
  SessionStartRequested,
  SessionStopRequested,
  SessionUpdated,
} from '#contracts/sessions'
import { defineService } from '#kernel'
import { answerCourse } from './answers.ts'
import { closeForgotten } from './forgotten.ts'
import { asksLater, needs, settings } from './host.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { reactions } from './reactions.ts'
import { thinReadings } from './retention.ts'
import { remoteRoutes } from './routes-remote.ts'
import { routes } from './routes.ts'

/** Charging sessions: who charges where, from the plug to the last reading of the meter. */
export const sessions = defineService({
  name: 'sessions',
  about: 'Charging sessions: who charges where and how much, and starting and stopping them from afar.',
  problems,
  folder: import.meta.dirname,
  personal,
  needs,
  asksLater,
  settings,
  publishes: [
    SessionStarted,
    SessionUpdated,
    SessionEnded,
    SessionCorrected,
    SessionStartRequested,
    SessionStopRequested,
  ],
  start(host) {
    reactions(host)
    routes(host)
    remoteRoutes(host)
    host.answer(getSessionCourse, input => answerCourse(host.db, input))
    host.every('1 minute', 'close sessions that nobody ends', async () => void (await closeForgotten(host)))
    host.every('1 hour', 'thin old readings', async () => void (await thinReadings(host)))
  },
})
