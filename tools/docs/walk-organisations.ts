import type { Step } from './steps.ts'

const role = { id: 'organisationId', roleId: 'organisationRoleId' }

/** Roles that an organisation defines. */
export const roles: readonly Step[] = [
  {
    operation: 'postAuthOrganisationsByIdRoles',
    with: { id: 'organisationId' },
    keep: { organisationRoleId: 'id', organisationRoleTag: 'ETag' },
  },
  { operation: 'getAuthOrganisationsByIdRoles', with: { id: 'organisationId' } },
  { operation: 'patchAuthOrganisationsByIdRolesByRoleId', with: { ...role, 'If-Match': 'organisationRoleTag' } },
  { operation: 'deleteAuthOrganisationsByIdRolesByRoleId', with: role },
]
