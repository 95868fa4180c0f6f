import { EventEmitter, once } from 'node:events'
import { CommandEnded } from '#contracts/ocpp'
import type { OcppHost } from '../host.ts'
import { findCommand, type Command } from './store.ts'

export type Ended = Pick<Command, 'outcome' | 'answer' | 'errorCode' | 'errorDescription'>

/** Tells who waits in this process how a command has ended, wherever it did. */
export type Endings = ReturnType<typeof openEndings>

export function openEndings({ db, watch }: OcppHost) {
  const told = new EventEmitter<Record<string, [Ended]>>().setMaxListeners(0)
  watch(CommandEnded, ({ commandId, outcome, answer = null, errorCode = null, errorDescription = null }) =>
    told.emit(commandId, { outcome, answer, errorCode, errorDescription }),
  )
  return {
    /** Tells of the end of a command before the log does, if it is on disk. */
    async look(chargerId: string, id: string): Promise<void> {
      if (told.listenerCount(id) === 0) return
      const command = await findCommand(db, chargerId, id)
      if (command?.outcome) told.emit(id, command)
    },
    /**
     * The end of the command that `send` sends, where it does not fail; undefined after `ms` without one. It may be
     * another than `id`: that of the same request, sent before.
     */
    async after(chargerId: string, id: string, ms: number, send: () => Promise<string>) {
      const late = new AbortController()
      // From before it is sent, so that its end is not missed.
      const mine = once(told, id, { signal: late.signal })
      mine.catch(() => {})
      try {
        const commandId = await send()
        const timer = setTimeout(() => late.abort(), ms)
        try {
          const its = commandId === id ? mine : once(told, commandId, { signal: late.signal })
          its.catch(() => {})
          const before = commandId === id ? undefined : await findCommand(db, chargerId, commandId)
          if (before?.outcome) return { commandId, ended: before as Ended }
          const [ended] = (await its.catch(() => [])) as [Ended?]
          return { commandId, ended: ended ?? (await findCommand(db, chargerId, commandId)) }
        } finally {
          clearTimeout(timer)
        }
      } finally {
        late.abort()
      }
    },
  }
}
