import type { OcppHost } from '../host.ts'

/** A command for whose end somebody waits, in the process that has the gateway `from`. */
export interface Hurried {
  readonly id: string
  readonly chargerId: string
  readonly connectionId: string
  readonly from: string
}
export type Hurry = (command: Hurried) => void

type Word = Hurried & { readonly what: 'waits' | 'ended' }

/**
 * Lets the process that has a charger's connection know at once that a command waits, and the one that waits for it that
 * it has ended: both are on disk by then. The log tells them too, later where others write much, so that a word that is
 * lost costs time alone.
 */
export function openHurry(host: OcppHost, self: string, heard: Readonly<Record<Word['what'], Hurry>>) {
  const say = (gateway: string, word: Word): void => {
    if (gateway === self) return heard[word.what](word)
    host.say(gateway, JSON.stringify(word)).catch(error => host.log.debug({ err: error }, 'a word was lost'))
  }
  host
    .hear(self, text => {
      try {
        const word = JSON.parse(text) as Word
        heard[word.what](word)
      } catch (error) {
        host.log.warn({ err: error }, 'a word about a command cannot be read')
      }
    })
    .catch(error => host.log.warn({ err: error }, 'commands to and from other processes take their time'))
  return {
    waits: (gateway: string, command: Omit<Hurried, 'from'>) => say(gateway, { ...command, from: self, what: 'waits' }),
    ended: (command: Hurried) => say(command.from, { ...command, what: 'ended' }),
  }
}

/** So many commands are remembered for which somebody waits; of others the log tells. */
const mostRemembered = 1_000

/** The last commands that somebody waits for. */
export function rememberHurried() {
  const last = new Map<string, Hurried>()
  return {
    has: (id: string): boolean => last.has(id),
    add(command: Hurried): void {
      last.set(command.id, command)
      if (last.size > mostRemembered) last.delete(last.keys().next().value!)
    },
    ended(id: string, tell: Hurry): void {
      const command = last.get(id)
      if (command) tell(command)
    },
  }
}
