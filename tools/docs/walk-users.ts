import type { Step } from './steps.ts'

/** What people have of the platform. */
export const people: readonly Step[] = [
  { operation: 'getUsersProfile' },
  { operation: 'putUsersProfile' },
  { operation: 'postUsersAddresses', keep: { addressId: 'id', addressTag: 'ETag' } },
  { operation: 'getUsersAddresses' },
  { operation: 'putUsersAddressesById', with: { id: 'addressId', 'If-Match': 'addressTag' } },
  { operation: 'deleteUsersAddressesById', with: { id: 'addressId' } },
  // The product of the example is not there.
  { operation: 'postUsersWishlist', status: 422 },
  { operation: 'getUsersWishlist' },
  { operation: 'deleteUsersWishlistById', status: 404 },
  { operation: 'getUsersDashboard' },
]
