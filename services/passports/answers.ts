import { holdingsOf } from '#contracts/holdings'
import { getPassportAccess, getPassportFacts, getPassportTiers, notePassportReading } from '#contracts/passports'
import { fail } from '#kernel'
import { insertAccess } from './audiences/log.ts'
import { tiersOf } from './audiences/tiers.ts'
import { factsOf } from './facts.ts'
import type { PassportsHost } from './host.ts'
import { countOf, findAccess } from './store.ts'

/** What other services ask about passports. */
export function answers(host: PassportsHost): void {
  host.answer(
    getPassportAccess,
    async ({ passportId }) => (await findAccess(host.db, passportId)) ?? fail('not_found', 'passport_unknown'),
  )
  host.answer(
    getPassportFacts,
    async ({ passportId }) => (await factsOf(host.db, passportId)) ?? fail('not_found', 'passport_unknown'),
  )
  host.answer(
    getPassportTiers,
    async ({ passportId, reader }) =>
      (await tiersOf(host.db, passportId, reader, host.now())) ?? fail('not_found', 'passport_unknown'),
  )
  host.answer(notePassportReading, async ({ passportId, at, ...reading }) => {
    await host.db.transaction(tx => insertAccess(tx, passportId, { ...reading, at: at ? new Date(at) : host.now() }))
    return {}
  })
  host.answer(holdingsOf('passports'), async ({ organisationId }) => ({
    passports: await countOf(host.db, organisationId),
  }))
}
