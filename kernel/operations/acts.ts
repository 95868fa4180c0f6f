import { noteAct } from '../../contracts/admin.ts'
import type { Calls } from '../calls/calls.ts'
import { newId } from '../ids.ts'
import type { Log } from '../telemetry/log.ts'

/** Writes down what an admin did here, where somebody keeps such things; what is done is done all the same. */
export type Told = (actorId: string, act: string, object: string, details?: Record<string, unknown>) => Promise<void>

export const telling =
  (calls: Calls, log: Log): Told =>
  async (actorId, act, object, details = {}) => {
    const told = { id: newId(), at: new Date().toISOString(), actorId, act, object, details }
    log.info(told, 'an admin did something')
    if (!calls.answers(noteAct)) return
    await calls.ask(noteAct, told, 'kernel').catch(error => log.warn({ err: error, ...told }, 'it is not written down'))
  }
