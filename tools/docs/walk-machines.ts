import type { Step } from './steps.ts'

const account = { id: 'organisationId', accountId: 'serviceAccountId' }

/** Keys of programs: one's own, and those of a service account; behind the organisation that it is of. */
export const machines: readonly Step[] = [
  { operation: 'postAuthKeys', with: { password: 'password' }, keep: { keyId: 'id', key: 'key' } },
  { operation: 'getAuthKeys' },
  { operation: 'getAuthProviders' },
  { operation: 'deleteAuthProvidersByProvider', status: 404 },
  { operation: 'postAuthToken', with: { client_id: 'keyId', client_secret: 'key' } },
  { operation: 'postAuthKeysByIdRotate', with: { id: 'keyId', password: 'password' } },
  { operation: 'deleteAuthKeysById', with: { id: 'keyId' } },
  {
    operation: 'postAuthOrganisationsByIdServiceAccounts',
    with: { id: 'organisationId' },
    keep: { serviceAccountId: 'id' },
  },
  { operation: 'getAuthOrganisationsByIdServiceAccounts', with: { id: 'organisationId' } },
  {
    operation: 'postAuthOrganisationsByIdServiceAccountsByAccountIdKeys',
    with: { ...account, password: 'password' },
  },
  { operation: 'getAuthOrganisationsByIdServiceAccountsByAccountIdKeys', with: account },
  { operation: 'deleteAuthOrganisationsByIdServiceAccountsByAccountId', with: account },
]
