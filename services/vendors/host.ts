import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { getSeller, listSellers } from '#contracts/orders'
import { Setting, type Host } from '#kernel'

export const settings = Type.Object({
  VENDORS_SETTLE_AFTER: Setting.duration('How long after its delivery what was sold can be paid out to its vendor.', {
    default: '14d',
  }),
})

/** Whether a document is there, and as whom vendors sell, as orders know it. */
export const needs = [getDocumentFile, getSeller, listSellers] as const

/** What this service has of the world. */
export type VendorsHost = Host<'vendors', (typeof needs)[number], typeof settings>
