import type { Step } from './steps.ts'

const account = { id: 'organisationId', accountId: 'serviceAccountId' }

/** Keys of programs: one's own, and those of a service account; behind the organisation that it is of. */
export const machines: readonly Step[] = [
  { operation: 'postAuthKeys', with: { password: 'password' }, keep: { keyId: 'id', key: 'key' } },
  { operation: 'getAuthKeys' },
  { operation: 'getAuthProviders' },
  { operation: 'deleteAuthProvidersByProvider', status: 404 },
  { operation: 'postAuthToken', with: { client_id: 'keyId', client_secret: 'key' } },
  { operation: 'postAuthClients', with: { password: 'password' }, keep: { clientId: 'id', clientSecret: 'secret' } },
  { operation: 'getAuthClients' },
  { operation: 'getAuthClientsById', with: { id: 'clientId' } },
  { operation: 'patchAuthClientsById', with: { id: 'clientId', password: 'password' } },
  {
    operation: 'postAuthClientsByIdSecret',
    with: { id: 'clientId', password: 'password' },
    keep: { clientSecret: 'secret' },
  },
  { operation: 'postAuthIntrospect', with: { client_id: 'clientId', client_secret: 'clientSecret', token: 'token' } },
  { operation: 'postAuthRevoke', with: { client_id: 'clientId', client_secret: 'clientSecret', token: 'token' } },
  { operation: 'getAuthUserinfo', as: 'oneself', status: 403 },
  { operation: 'getAuthConsents' },
  { operation: 'deleteAuthConsentsById', status: 404 },
  { operation: 'deleteAuthClientsById', with: { id: 'clientId' } },
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
  { operation: 'patchAuthOrganisationsByIdServiceAccountsByAccountId', with: account },
  { operation: 'deleteAuthOrganisationsByIdServiceAccountsByAccountId', with: account },
]
