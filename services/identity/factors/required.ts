import { Role } from '#contracts/shared'
import { StartError } from '#kernel'
import type { IdentityHost } from '../host.ts'

/** A role that is spelt wrong would protect nobody. */
export function refuseUnknownRoles({ settings }: Pick<IdentityHost, 'settings'>): void {
  const unknown = settings.REQUIRE_MFA.filter(role => !(Role.enum as readonly string[]).includes(role))
  if (unknown.length > 0)
    throw new StartError(`REQUIRE_MFA: there is no role ${unknown.join(', ')}. Roles are ${Role.enum.join(', ')}.`)
}
