import type { Step } from './steps.ts'

const role = { id: 'organisationId', roleId: 'organisationRoleId' }

const token = { id: 'organisationId', tokenId: 'scimTokenId' }
const domain = { id: 'organisationId', domain: 'organisationDomain' }

/** The domains of an organisation, and what its provider may. */
export const provider: readonly Step[] = [
  {
    operation: 'postAuthOrganisationsByIdDomains',
    with: { id: 'organisationId' },
    keep: { organisationDomain: 'domain' },
  },
  { operation: 'getAuthOrganisationsByIdDomains', with: { id: 'organisationId' } },
  { operation: 'postAuthOrganisationsByIdDomainsByDomainAttest', with: domain },
  // Once it is verified nobody asks DNS, which a test may not reach.
  { operation: 'postAuthOrganisationsByIdDomainsByDomainVerify', with: domain },
  { operation: 'postAuthOrganisationsByIdScimTokens', with: { id: 'organisationId' }, keep: { scimTokenId: 'id' } },
  { operation: 'getAuthOrganisationsByIdScimTokens', with: { id: 'organisationId' } },
  { operation: 'getAuthOrganisationsByIdScimGroups', with: { id: 'organisationId' } },
  { operation: 'putAuthOrganisationsByIdScimGroupsByGroupId', with: { id: 'organisationId' }, status: 404 },
  { operation: 'deleteAuthOrganisationsByIdScimTokensByTokenId', with: token },
  { operation: 'deleteAuthOrganisationsByIdDomainsByDomain', with: domain },
]

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
