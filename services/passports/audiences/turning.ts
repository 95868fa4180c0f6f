import { PassportUpdated } from '#contracts/passports'
import type { EventActor } from '#contracts/shared'
import { Problem, type Job, type Tx } from '#kernel'
import { ruleSetOn, turnedBetween, withheld } from '#law'
import { nextPublished } from '../codes/store.ts'
import type { PassportsHost } from '../host.ts'
import { told, type Passport } from '../passports.ts'
import { findPublished, updatePassport } from '../store.ts'
import { saidIn } from './said.ts'
import { seenAfter } from './seen.ts'
import { allViews, dayOf } from './views.ts'
import { holdPublished, lawDay, noteLawDay } from './store.ts'

const some = 200

/** Nobody made it: the law turned. */
const law: EventActor = { userId: null, role: 'system' }

/**
 * Looks after what the law opens or closes on a day: reading goes by the day itself, but what is found by words and what
 * readers count was kept when a passport was written. Where they see something else than then, that makes a version.
 */
export function turnWithTheLaw(host: PassportsHost): () => Promise<void> {
  const { db, now, log } = host
  const isDue = async (): Promise<boolean> => turnedBetween(await lawDay(db), dayOf(now()))
  const turn: Job<object> = host.job<object>(
    'turn with the law',
    async (_, { signal }) => {
      if (!(await isDue())) return
      const day = dayOf(now())
      let turned = 0
      for (let after: string | null = null; !signal.aborted;) {
        const { last, count } = await db.transaction(tx => turnSome(host, tx, after))
        turned += count
        if (last === null) {
          await db.transaction(tx => noteLawDay(tx, day))
          log.info({ day, ruleSet: ruleSetOn(day).id, turned }, 'passports show what the law of the day opens')
          return
        }
        after = last
      }
      // Begun again, it passes those by that are done.
      throw new Problem('unavailable', 'stopping')
    },
    { urgency: 'bulk' },
  )
  const look = async (): Promise<void> => {
    if (await isDue()) await db.transaction(tx => tx.enqueue(turn, {}, { key: 'passports turn' }))
  }
  host.every('10 minutes', 'see whether the law opens or closes something', look)
  return look
}

/** Of the next ones; null for the last where there are no more. */
async function turnSome(
  { now }: PassportsHost,
  tx: Tx<'passports'>,
  after: string | null,
): Promise<{ last: string | null; count: number }> {
  const ids = (await nextPublished(tx, after, some)).map(({ id }) => id)
  let count = 0
  for (const id of ids) {
    const at = now()
    const looked = await findPublished(tx, id)
    if (!looked || !isTurned(looked, at)) continue
    await holdPublished(tx, id)
    const former = await findPublished(tx, id)
    if (!former || !isTurned(former, at)) continue
    const next = { ...former, version: former.version + 1, updatedAt: at }
    const seen = seenAfter(former, next)
    if (!allViews.some(view => seen![view].fields)) continue
    const passport = { ...next, seen }
    const ruleSet = ruleSetOn(dayOf(at)).id
    await updatePassport(tx, passport, law, [], `What ${ruleSet} opens to whom on ${dayOf(at)}`)
    const about = { ...told(passport), passport: { id, data: passport.data } }
    await tx.publish(PassportUpdated, { ...about, updatedFields: [], ruleSet })
    count++
  }
  return { last: ids.length < some ? null : ids.at(-1)!, count }
}

/** Whether a value that it says itself was withheld when it was written and is not now, or the other way round. */
function isTurned({ data, category, updatedAt, seen }: Passport, at: Date): boolean {
  const [then, today] = [dayOf(updatedAt), dayOf(at)]
  // What nobody has counted yet is counted by the job of its own.
  if (!seen || !turnedBetween(then, today)) return false
  return [...saidIn(data).values.keys()].some(id => withheld(id, category, then) !== withheld(id, category, today))
}
