import { DocumentDeleted, DocumentRefused, DocumentUpdated, DocumentUploaded } from '#contracts/documents'
import type { Owner } from '#contracts/shared'
import { both, inAppOnly, inBulk, rule } from './kind.ts'

const fileOf = ({ owner, fileName }: { owner: Owner; fileName: string }) => ({ audience: owner, facts: { fileName } })
const pathOf = ({ docId }: { docId: string }) => `/documents/${docId}`

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

  'document.refused': rule(DocumentRefused, both, {
    drafts: event => [
      { audience: event.owner, facts: { fileName: event.fileName, found: event.found }, path: pathOf(event) },
    ],
    many: {
      en: count => `${count} documents were refused`,
      de: count => `${count} Dokumente wurden zurückgewiesen`,
    },
    en: ({ fileName, found }) => ({
      title: `Document “${fileName}” was refused`,
      text: [
        `The virus scanner found “${found}” in the document “${fileName}”. Its file was removed.`,
        'Check the computer that the file came from. Then put another file in its place, or delete the document.',
      ],
      action: 'Open the document',
    }),
    de: ({ fileName, found }) => ({
      title: `Dokument „${fileName}“ wurde zurückgewiesen`,
      text: [
        `Der Virenscanner hat im Dokument „${fileName}“ „${found}“ gefunden. Die Datei wurde entfernt.`,
        'Prüfen Sie den Computer, von dem die Datei kam. Ersetzen Sie dann die Datei, oder löschen Sie das Dokument.',
      ],
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
