import { Problem, type Db } from '#kernel'
import { faultsOfSets, anySetOf, ruleSetOn, ruleSets } from '#law'
import { dayOf } from '../audiences/views.ts'
import type { PassportsHost } from '../host.ts'

/** Refuses to start with rule sets that cannot decide together, and keeps which ones there were. */
export async function openRuleSets({ db, now }: PassportsHost): Promise<void> {
  const faults = faultsOfSets(ruleSets)
  if (faults.length > 0) throw new Error(`The rule sets of the law contradict each other: ${faults.join('; ')}.`)
  const ids = ruleSets.map(({ id }) => id)
  await db.transaction(
    tx => tx`
      insert into rule_sets (id, since) select id, ${now()} from unnest(${ids}::text[]) id on conflict do nothing`,
  )
}

/** Fails with `rule_set_removed` for one that decided once, and with `rule_set_unknown`. */
export async function requireRuleSet(db: Db, id: string, now: Date) {
  const set = anySetOf(id)
  if (set) return set
  const [former] = await db`select from rule_sets where id = ${id}`
  if (!former) throw new Problem('not_found', 'rule_set_unknown', { detail: 'There is no such rule set.' })
  const current = ruleSetOn(dayOf(now)).id
  throw new Problem('not_found', 'rule_set_removed', {
    detail: `${id} was taken back. What was found by it stands in the history of passports; now ${current} decides.`,
    current,
  })
}
