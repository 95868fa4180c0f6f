import { imports } from '#imports/imports'
import { defineService } from '#kernel'
import {
  PassportCreated,
  PassportDeleted,
  PassportInterestChanged,
  PassportMoved,
  PassportPublished,
  PassportReaderInvited,
  PassportSerialisationEnded,
  PassportSerialised,
  PassportShared,
  PassportStatusChanged,
  PassportUpdated,
} from '#contracts/passports'
import { answers } from './answers.ts'
import { recountAll } from './audiences/recount.ts'
import { turnWithTheLaw } from './audiences/turning.ts'
import { fillCodes } from './codes/filling.ts'
import { resolver } from './codes/resolver.ts'
import { composeTexts, fillNewColumns } from './backfill.ts'
import { history } from './history/history.ts'
import { asksLater, needs } from './host.ts'
import { invitations } from './invitations.ts'
import { forgetWhoLeaves } from './leaving.ts'
import { pages } from './pages.ts'
import { personal } from './personal.ts'
import { problems } from './problems.ts'
import { publicPage } from './public/page.ts'
import { routes } from './routes.ts'
import { openToBuyers } from './sold.ts'
import { hearOfOperators } from './operators/operators.ts'
import { checkReadiness } from './units/checking.ts'
import { watchHosts } from './units/hosts.ts'
import { openRuleSets } from './units/sets.ts'

/** Battery passports: what is known of a battery, each version of it, and who may read it. */
export const passports = defineService({
  name: 'passports',
  about: 'Battery passports: drafts, versions, publishing and who reads them.',
  problems,
  folder: import.meta.dirname,
  personal,
  includes: [imports],
  needs,
  asksLater,
  publishes: [
    PassportCreated,
    PassportUpdated,
    PassportDeleted,
    PassportPublished,
    PassportStatusChanged,
    PassportShared,
    PassportInterestChanged,
    PassportReaderInvited,
    PassportMoved,
    PassportSerialised,
    PassportSerialisationEnded,
  ],
  async start(host) {
    await openRuleSets(host)
    routes(host, invitations(host))
    pages(host)
    publicPage(host)
    resolver(host)
    openToBuyers(host)
    forgetWhoLeaves(host)
    hearOfOperators(host)
    await fillNewColumns(host)
    await composeTexts(host)
    await recountAll(host)
    turnWithTheLaw(host)
    checkReadiness(host)
    watchHosts(host)
    await history(host)
    await fillCodes(host)
    answers(host)
  },
})
