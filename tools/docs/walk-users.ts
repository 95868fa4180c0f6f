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
  { operation: 'getUsersPurchases' },
  { operation: 'getUsersDashboard' },
  { operation: 'putUsersPlansSeller' },
  { operation: 'getUsersPlansSeller' },
  { operation: 'postUsersPlans', keep: { planId: 'id', planTag: 'ETag' } },
  { operation: 'getUsersPlans' },
  { operation: 'getUsersPlansOwn' },
  { operation: 'getUsersPlansById', with: { id: 'planId' } },
  { operation: 'putUsersPlansById', with: { id: 'planId', 'If-Match': 'planTag' } },
  { operation: 'postUsersSubscriptions', with: { planId: 'planId' }, keep: { subscriptionId: 'id' } },
  { operation: 'getUsersSubscriptions' },
  { operation: 'getUsersSubscriptionsById', with: { id: 'subscriptionId' } },
  { operation: 'getUsersSubscriptionsByIdBills', with: { id: 'subscriptionId' } },
  // It is a trial: it has nothing to pay, and nothing that could rest.
  { operation: 'postUsersSubscriptionsByIdPayment', with: { id: 'subscriptionId' }, status: 409 },
  { operation: 'postUsersSubscriptionsByIdPause', with: { id: 'subscriptionId' }, status: 409 },
  { operation: 'postUsersSubscriptionsByIdResume', with: { id: 'subscriptionId' }, status: 409 },
  { operation: 'postUsersSubscriptionsByIdPlan', with: { id: 'subscriptionId', planId: 'planId' }, status: 409 },
  { operation: 'deleteUsersSubscriptionsById', with: { id: 'subscriptionId' } },
  { operation: 'postUsersSubscriptionsByIdContinue', with: { id: 'subscriptionId' } },
  { operation: 'deleteUsersPlansById', with: { id: 'planId' } },
  { operation: 'getUsersInvoicesByIdPdf', status: 404 },
  { operation: 'getUsersInvoicesByIdUbl', status: 404 },
  { operation: 'postUsersWebhooksDeadByIdReplay', status: 404 },
]
