import { type Feature, isOnFor, listSwitches, type Switch, SwitchTurned } from '../../contracts/admin.ts'
import { Problem } from '../problem.ts'
import type { Host } from '../service.ts'
import type { Actor } from './access.ts'

/** So long after admin did not answer it is asked again, in milliseconds. */
const askAgainMs = 5_000

/**
 * What a service asks before it does what admins may switch off, with `listSwitches` among what it `asksLater`. Refuses with
 * `feature_off` who has it not; guests (no actor) have what is on for all. Asked for once, and followed from then on. While
 * admin is away before anything is known, all is on, as it is where nothing was ever switched: a car is not left uncharged
 * because somebody's desk is down.
 */
export function openSwitches({
  ask,
  isAnswered,
  watch,
  log,
  now,
}: Pick<Host<string, typeof listSwitches>, 'ask' | 'isAnswered' | 'watch' | 'log' | 'now'>) {
  const known = new Map<string, Switch>()
  let asked: Promise<void> | undefined
  let failedAt: number | undefined
  const take = (one: Switch): void => {
    if (one.version > (known.get(one.name)?.version ?? 0)) known.set(one.name, one)
  }
  watch(SwitchTurned, take)
  const load = async (): Promise<void> => {
    try {
      if (isAnswered(listSwitches)) (await ask(listSwitches, {})).switches.forEach(take)
    } catch (error) {
      log.warn({ err: error }, 'what is switched off is not known: all is taken to be on, and asked for again')
      failedAt = now().getTime()
      asked = undefined
    }
  }
  return async (feature: Feature, actor: Pick<Actor, 'userId' | 'organisation'> | undefined): Promise<void> => {
    if (now().getTime() >= (failedAt ?? 0) + askAgainMs) asked ??= load()
    // Nobody waits twice for who is away.
    if (failedAt === undefined) await asked
    const one = known.get(feature)
    const isOn =
      !one ||
      (actor ? isOnFor(one, actor.organisation?.id ?? actor.userId) : one.isOn && one.shareBasisPoints === 10_000)
    if (!isOn) throw new Problem('forbidden', 'feature_off', { detail: `${feature} is switched off for you.`, feature })
  }
}
