import Type from 'typebox'
import { getDocumentFile } from '#contracts/documents'
import { Setting, type Host } from '#kernel'

export const settings = Type.Object({
  CONTENT_APPLICATIONS_KEPT: Setting.duration(
    'How long applications for jobs are kept: in Germany claims for discrimination end after two months, and suits take some more.',
    { default: '180d' },
  ),
  CONTENT_APPLICATION_MAX_BYTES: Setting.integer('How large the file of an application may be.', {
    default: 10_000_000,
    minimum: 10_000,
    maximum: 100_000_000,
  }),
})

export const needs = [getDocumentFile] as const

/** What this service has of the world. */
export type ContentHost = Host<'content', (typeof needs)[number], typeof settings>
