import Type from 'typebox'
import { listMembers } from '#contracts/identity'
import { getPassportAccess } from '#contracts/passports'
import { Setting, type Host, type Job } from '#kernel'

export const settings = Type.Object({
  DOCUMENT_MAX_BYTES: Setting.bytes('Largest document.', { default: '100 MB' }),
  DOCUMENT_TYPES: Setting.list(
    'Media types that documents may have, told by their content: application/pdf, image/*, text/*. All where nothing is said.',
    { default: '*/*' },
  ),
})

/** Whose passports are, and who belongs to whom documents are moved to. */
export const needs = [getPassportAccess, listMembers] as const

export type DocumentsHost = Host<'documents', (typeof needs)[number], typeof settings>

/** Removes a file no document has any more. */
export type RemoveFile = Job<{ fileKey: string }>
