import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
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

/** Whether there is a picture. */
export const needs = [getDocumentFile] as const

/** What this service has of the world. */
export type UsersHost = Host<'users', (typeof needs)[number], typeof settings>
