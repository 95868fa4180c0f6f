import { Problem, type Actor } from '#kernel'
import { isManager } from '../access.ts'

/** The company for which the actor looks after money, if any. */
export const companyFor = ({ organisation }: Actor): string | undefined =>
  organisation && isManager(organisation) ? organisation.id : undefined

/** The same; fails with `company_unknown` for who acts for none, and with `company_manager_required`. */
export function companyOf(actor: Actor): string {
  if (!actor.organisation)
    throw new Problem('not_found', 'company_unknown', { detail: 'Act for the organisation first.' })
  return companyFor(actor) ?? refused()
}

function refused(): never {
  throw new Problem('forbidden', 'company_manager_required', {
    detail: 'Owners and admins of an organisation, and those whose role has billing:write, look after its money.',
  })
}
