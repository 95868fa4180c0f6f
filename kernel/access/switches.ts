import { type Feature, isOnFor, listSwitches, type Switch, SwitchTurned } from '../../contracts/admin.ts'
import { Problem } from '../problem.ts'
import type { Host } from '../service.ts'
import type { Actor } from './access.ts'

/**
 * What a service asks before it does what admins may switch off, with `listSwitches` among what it `asksLater`. Refuses with
 * `feature_off` who has it not; guests (no actor) have what is on for all. Asked for once, and followed from then on: who
 * asks before anything is known while admin is away is told to come again.
 */
export function openSwitches({
  ask,
  isAnswered,
  watch,
}: Pick<Host<string, typeof listSwitches>, 'ask' | 'isAnswered' | 'watch'>) {
  const known = new Map<string, Switch>()
  let asked: Promise<void> | undefined
  const take = (one: Switch): void => {
    if (one.version > (known.get(one.name)?.version ?? 0)) known.set(one.name, one)
  }
  watch(SwitchTurned, take)
  const load = async (): Promise<void> => {
    if (isAnswered(listSwitches)) (await ask(listSwitches, {})).switches.forEach(take)
  }
  return async (feature: Feature, actor: Pick<Actor, 'userId' | 'organisation'> | undefined): Promise<void> => {
    asked ??= load()
    await asked.catch(error => {
      asked = undefined
      throw error
    })
    const one = known.get(feature)
    const isOn =
      !one ||
      (actor ? isOnFor(one, actor.organisation?.id ?? actor.userId) : one.isOn && one.shareBasisPoints === 10_000)
    if (!isOn) throw new Problem('forbidden', 'feature_off', { detail: `${feature} is switched off for you.`, feature })
  }
}

export type RequireOn = ReturnType<typeof openSwitches>
