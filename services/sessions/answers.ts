import type { Static } from 'typebox'
import type { getSessionCourse } from '#contracts/sessions'
import { fail, type Db } from '#kernel'
import { courseOf } from './course.ts'
import { listMeasured } from './readings.ts'
import { told } from './sessions.ts'
import { findSession } from './store.ts'

/** See `get_session_course`. */
export async function answerCourse(
  db: Db,
  { sessionId }: Static<(typeof getSessionCourse)['input']>,
): Promise<Static<(typeof getSessionCourse)['output']>> {
  const session = (await findSession(db, sessionId)) ?? fail('not_found', 'session_unknown')
  const values = (await listMeasured(db, [sessionId])).get(sessionId)!
  const { startedAt, endedAt, lastAt, energyWh } = session
  const end = endedAt ?? (lastAt > startedAt ? lastAt : startedAt)
  const course = courseOf(values, startedAt.getTime(), end.getTime(), energyWh)
  return {
    ...told(session),
    endedAt: endedAt?.toISOString() ?? null,
    course: course.map(({ at, energyWh }) => ({ at: new Date(at).toISOString(), energyWh: Math.round(energyWh) })),
  }
}
