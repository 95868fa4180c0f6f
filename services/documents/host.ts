import Type from 'typebox'
import { listMembers } from '#contracts/identity'
import { getPassportAccess, getPassportTiers, notePassportReading } from '#contracts/passports'
import { Setting, type Host, type Job } from '#kernel'

export const settings = Type.Object({
  DOCUMENT_MAX_BYTES: Setting.bytes('Largest document.', { default: '100 MB' }),
  DOCUMENT_TYPES: Setting.list(
    'Media types that documents may have, told by their content: application/pdf, image/*, text/*. All where nothing is said.',
    { default: '*/*' },
  ),
  CLAMAV_HOST: Type.Optional(
    Setting.text('Host of clamd, the scanner of ClamAV: no file is given out before it has looked at it.'),
  ),
  CLAMAV_PORT: Setting.integer('Port of clamd.', { default: 3310, minimum: 1, maximum: 65_535 }),
})

/** Whose passports are, as whom they are read and who reads them, and who belongs to whom documents are moved to. */
export const needs = [getPassportAccess, getPassportTiers, listMembers, notePassportReading] as const

export type DocumentsHost = Host<'documents', (typeof needs)[number], typeof settings>

/** Removes a file no document has any more. */
export type RemoveFile = Job<{ fileKey: string }>

/** Has a file looked at by the virus scanner. */
export type ScanFile = Job<{ fileKey: string }>
