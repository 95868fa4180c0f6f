import Type from 'typebox'
import { type CustomRole, Id, Instant, Line, OrganisationRole, Permission, permissions } from '#contracts/shared'
import { Problem } from '#kernel'

/** What somebody is in an organisation; with a role that it has defined, `role` is what that comes to. */
export interface Standing {
  role: OrganisationRole
  custom: CustomRole | null
}

const reads = permissions.filter(permission => permission.endsWith(':read'))

/** What the four roles that every organisation has come to. Owners may change owners beside. */
export const predefined: Record<OrganisationRole, readonly string[]> = {
  owner: permissions,
  admin: permissions,
  editor: permissions.filter(permission => permission !== 'people:write'),
  viewer: reads,
}

const permissionsOf = ({ role, custom }: Standing): readonly string[] => custom?.permissions ?? predefined[role]

/** Who changes things of a part sees them. In the order of the list, each once. */
export const wholePermissions = (given: readonly string[]): string[] =>
  permissions.filter(permission => given.includes(permission) || given.includes(permission.replace(/:read$/, ':write')))

/** What a role comes to for all that knows but the four. */
export const roleOf = (given: readonly string[]): 'editor' | 'viewer' =>
  given.some(permission => permission !== 'people:write' && permission.endsWith(':write')) ? 'editor' : 'viewer'

export const sameStanding = (one: Standing, other: Standing): boolean =>
  one.role === other.role && one.custom?.id === other.custom?.id

/** As events tell of a member; null for one who is none any more. */
export const memberOf = (standing: Standing | null) => ({
  role: standing?.role ?? null,
  ...(standing?.custom && { customRole: standing.custom }),
})

/** As people read it. */
export const titleOf = ({ role, custom }: Standing): string => custom?.name ?? role

/** Owners may all, admins all but with owners. A member may always leave. */
export function refuseMemberChange(
  own: OrganisationRole,
  from: OrganisationRole | undefined,
  to: OrganisationRole | null,
): void {
  if (own !== 'owner' && own !== 'admin')
    throw new Problem('forbidden', 'organisation_admin_required', {
      detail: 'Only owners and admins of the organisation may do this.',
    })
  if (own === 'admin' && (from === 'owner' || to === 'owner'))
    throw new Problem('forbidden', 'organisation_owner_required', {
      detail: 'Only an owner may make or change owners.',
    })
}

/**
 * The same for memberships. Whom a role of the organisation lets look after its members gives and
 * takes nothing that it does not have itself, and changes neither owners nor admins.
 */
export function refuseMembership(own: Standing, from: Standing | undefined, to: Standing | null): void {
  if (!own.custom?.permissions.includes('people:write'))
    return refuseMemberChange(own.role, from?.role, to?.role ?? null)
  const has = own.custom.permissions
  const isWider = (standing: Standing | undefined | null): boolean =>
    standing?.role === 'owner' ||
    standing?.role === 'admin' ||
    (standing != null && permissionsOf(standing).some(permission => !has.includes(permission)))
  if (isWider(from) || isWider(to))
    throw new Problem('forbidden', 'role_wider', {
      detail: 'Your own role has less permissions than this one. Ask an owner or an admin of the organisation.',
    })
}

/** The one that lets do most; of those that let do as much, the first. */
export function widest(standings: readonly Standing[]): Standing | undefined {
  const rank = (standing: Standing) => permissionsOf(standing).length + (standing.custom ? 0 : 0.5)
  return standings.reduce<Standing | undefined>(
    (best, standing) => (best && rank(best) >= rank(standing) ? best : standing),
    undefined,
  )
}

/** Programs are never owners or admins. */
export const isOfMachines = ({ role }: Standing): boolean => role === 'editor' || role === 'viewer'

/** Of these scopes those that the role lets use; what is nobody's to restrict stays. */
export const scopesWithin = (scopes: readonly string[], granted: readonly string[] | undefined): string[] =>
  scopes.filter(scope => !granted || !permissions.includes(scope) || granted.includes(scope))

/** One of the four, or a role of the organisation by its id. */
export const GivenRole = Type.Union([OrganisationRole, Id], {
  description: 'One of the four, or the id of a role that the organisation has defined',
  examples: ['editor'],
})

const Name = Line(60, { examples: ['Accountant'] })
const Permissions = Type.Array(Permission, {
  minItems: 1,
  maxItems: permissions.length,
  uniqueItems: true,
  description: 'Who may change a part sees it',
  examples: [['billing:read', 'billing:write']],
})

export const RoleBody = Type.Object({ name: Name, permissions: Permissions })

export const RoleChange = Type.Object({ name: Type.Optional(Name), permissions: Type.Optional(Permissions) })

export const RoleView = Type.Object(
  {
    id: Id,
    name: Type.String({ examples: ['Accountant'] }),
    permissions: Type.Array(Permission),
    members: Type.Integer({ description: 'How many have it', examples: [2] }),
    serviceAccounts: Type.Integer({ description: 'How many programs have it', examples: [1] }),
    createdAt: Instant,
  },
  { title: 'OrganisationRole' },
)

/** The four and what each comes to. */
export const PredefinedRoleView = Type.Object({ role: OrganisationRole, permissions: Type.Array(Permission) })
