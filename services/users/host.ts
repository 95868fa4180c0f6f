import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { keepers, personalDataOf } from '#contracts/personal'
import {
  SubscriptionCancelled,
  SubscriptionChanged,
  SubscriptionInvoiced,
  SubscriptionPastDue,
  SubscriptionPaymentFailed,
  SubscriptionRenewalDue,
  SubscriptionRenewed,
  SubscriptionStarted,
  WishAvailable,
  WishCheaper,
  WishGone,
} from '#contracts/users'
import { Setting, type Host } from '#kernel'
import { paymentSettings } from '#money/payments'

export const settings = Type.Object({
  ...paymentSettings,
  USERS_RENEWAL_NOTICE: Setting.duration('How long before a subscription is charged its subscriber is told.', {
    default: '3d',
  }),
  USERS_DUNNING_DAYS: Setting.text(
    'On which days after it was due a period of a subscription that was not paid is tried again; after the last it ends.',
    { default: '1,3,5,7', pattern: '^\\d{1,2}(,\\d{1,2})*$', form: 'days like 1,3,5,7' },
  ),
})

export const publishes = [
  SubscriptionCancelled,
  SubscriptionChanged,
  SubscriptionInvoiced,
  SubscriptionPastDue,
  SubscriptionPaymentFailed,
  SubscriptionRenewalDue,
  SubscriptionRenewed,
  SubscriptionStarted,
  WishAvailable,
  WishCheaper,
  WishGone,
] as const

type Asked = typeof getDocumentFile | ReturnType<typeof personalDataOf<(typeof keepers)[number]>>

/** Whether there is a picture. */
export const needs: readonly Asked[] = [getDocumentFile]

/** What everybody keeps of a person who asks. */
export const asksLater: readonly Asked[] = keepers.map(personalDataOf)

/** What this service has of the world. */
export type UsersHost = Host<'users', Asked, typeof settings>
