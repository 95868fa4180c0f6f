import { DocumentDeleted, DocumentUpdated, DocumentUploaded } from '#contracts/documents'
import type { Owner } from '#contracts/shared'
import { inAppOnly, inBulk, rule } from './kind.ts'

const fileOf = ({ owner, fileName }: { owner: Owner; fileName: string }) => ({ audience: owner, facts: { fileName } })
const pathOf = ({ docId }: { docId: string }) => `/api/documents/${docId}`

export const documents = {
  'document.uploaded': rule(DocumentUploaded, inBulk(inAppOnly), {
    drafts: event => [{ ...fileOf(event), path: pathOf(event) }],
    many: {
      en: count => `${count} documents were added`,
      de: count => `${count} Dokumente wurden hinzugefügt`,
    },
    en: ({ fileName }) => ({
      title: `Document “${fileName}” was added`,
      text: [`The document “${fileName}” was stored.`],
      action: 'Open the document',
    }),
    de: ({ fileName }) => ({
      title: `Dokument „${fileName}“ wurde hinzugefügt`,
      text: [`Das Dokument „${fileName}“ wurde gespeichert.`],
      action: 'Das Dokument öffnen',
    }),
  }),

  'document.updated': rule(DocumentUpdated, inBulk(inAppOnly), {
    drafts: event => [{ ...fileOf(event), path: pathOf(event) }],
    many: {
      en: count => `${count} changes to documents`,
      de: count => `${count} Änderungen an Dokumenten`,
    },
    en: ({ fileName }) => ({
      title: `Document “${fileName}” was changed`,
      text: [`The particulars of the document “${fileName}” were changed.`],
      action: 'Open the document',
    }),
    de: ({ fileName }) => ({
      title: `Dokument „${fileName}“ wurde geändert`,
      text: [`Die Angaben zum Dokument „${fileName}“ wurden geändert.`],
      action: 'Das Dokument öffnen',
    }),
  }),

  'document.deleted': rule(DocumentDeleted, inBulk(inAppOnly), {
    drafts: event => [fileOf(event)],
    many: {
      en: count => `${count} documents were deleted`,
      de: count => `${count} Dokumente wurden gelöscht`,
    },
    en: ({ fileName }) => ({
      title: `Document “${fileName}” was deleted`,
      text: [`The document “${fileName}” and its file were deleted.`],
    }),
    de: ({ fileName }) => ({
      title: `Dokument „${fileName}“ wurde gelöscht`,
      text: [`Das Dokument „${fileName}“ und seine Datei wurden gelöscht.`],
    }),
  }),
}
