import { ask } from '../../api/client.ts'
import { listOf } from '../../blocks/list/declaration.ts'
import { plain } from '../../blocks/plain.ts'
import { listScreen } from '../../blocks/screens.tsx'

interface Vendor {
  readonly vendorId: string
  readonly version: number
  readonly status: string
}

/** A decision about a vendor; those that take something away are told with a reason. */
const decide =
  (decision: 'approve' | 'reinstate' | 'reject' | 'suspend') =>
  ({ vendorId, version }: Vendor, reason?: string) =>
    ask('POST', `/api/vendors/${vendorId}/${decision}`, {
      body: { ...(reason && { reason }) },
      headers: { 'if-match': `"${version}"` },
    })

const is = (wanted: string) => (vendor: Vendor) => vendor.status === wanted

const applications = listOf('/api/vendors/applications', {
  columns: [
    ...plain('name status:state email'),
    { id: 'checklist', value: ({ checklist }) => checklist.filter(({ done }) => !done).map(({ step }) => step) },
    ...plain('submittedAt:instant productsCount:number?'),
  ],
  idOf: ({ vendorId }) => vendorId,
  acts: [
    { name: t => t.market.approve, key: 'a', may: is('pending'), run: decide('approve') },
    { name: t => t.market.reject, key: 'r', may: is('pending'), asks: t => t.market.reason, run: decide('reject') },
    { name: t => t.market.suspend, may: is('active'), asks: t => t.market.reason, run: decide('suspend') },
    { name: t => t.market.reinstate, may: is('suspended'), run: decide('reinstate') },
  ],
  empty: texts => ({ title: texts.market.emptyTitle, text: texts.market.emptyApplications }),
})
export const Applications = listScreen(texts => texts.market.applications, applications)

const setState = (state: 'visible' | 'hidden') => ({
  may: (review: { state: string }) => review.state !== state,
  run: ({ id }: { id: string }, reason?: string) =>
    ask('PUT', `/api/marketplace/reviews/${id}/state`, { body: { state, ...(reason && { reason }) } }),
})

const reviews = listOf('/api/marketplace/reviews', {
  columns: [
    ...plain('title rating:number state:state'),
    { id: 'text', value: ({ body }) => body },
    { id: 'createdAt', kind: 'instant' },
  ],
  acts: [
    { name: texts => texts.market.approve, ...setState('visible') },
    { name: texts => texts.market.hide, asks: texts => texts.market.reason, ...setState('hidden') },
  ],
  empty: texts => ({ title: texts.market.emptyTitle, text: texts.market.emptyReviews }),
})
export const Reviews = listScreen(texts => texts.market.reviews, reviews)
