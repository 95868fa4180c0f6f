import Type from 'typebox'
import type { getPassportAccess } from '#contracts/passports'
import { Setting, type Host, type Job } from '#kernel'

export const settings = Type.Object({
  DOCUMENT_MAX_BYTES: Setting.bytes('Largest document.', { default: '100 MB' }),
})

export type DocumentsHost = Host<'documents', typeof getPassportAccess, typeof settings>

/** Removes a file no document has any more. */
export type RemoveFile = Job<{ fileKey: string }>
