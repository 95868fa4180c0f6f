import type { formats as english } from './en-formats.ts'

/** What is said at labels and at other formats; it comes with these screens. */
export const formats: typeof english = {
  labels: {
    about:
      'Der Code auf einer Batterie führt zu ihrem öffentlichen Pass. Jeder Code wird von einem Leser geprüft, bevor Sie ihn bekommen.',
    which: 'Welche Batterien',
    chosen: '{count} auf dem Bogen',
    add: 'Auf den Bogen',
    clear: 'Bogen leeren',
    none: 'Wählen Sie unten Batterien; die erste davon ist hier zu sehen.',
    read: 'Ein Leser hat ihn gelesen.',
    symbol: 'Das Symbol ist {mm} mm breit: {on}.',
    picture: 'Das Etikett, wie es gedruckt wird',
    ruler: 'Ungefähr in wahrer Größe: Das Lineal hat zehn Zentimeter.',
  },
  exchange: {
    convert: 'In einem anderen Format',
    convertText:
      'Ein Pass, oder ein Dokument von anderen, das nicht aufbewahrt wird. Was dabei verloren geht, steht hier, bevor etwas hinausgeht.',
    file: 'Oder ein Dokument',
    to: 'Als',
    begin: 'Zeigen, was daraus wird',
    placeholders: 'Einsetzen, was das Format verlangt und niemand sagt',
    losses: 'Was verloren geht oder anders wird',
    nothingLost: 'Nichts geht verloren.',
    all: 'Alle ausgeben',
    allText: 'Alle Ihre Pässe oder die der Organisation, für die Sie handeln, in einer Datei.',
    imports: 'Importe',
  },
  rules: {
    about:
      'Ein Regelwerk ist eine Lesart des Gesetzes. Eines entscheidet; was ein anderes ändern würde, lässt sich vorher feststellen. Kein Pass wird dadurch geändert.',
    check: 'Zeigen, was es ändern würde',
    changes: 'Was es ändern würde',
    points: 'Datenpunkte',
    nothing: 'Nichts würde sich ändern.',
    losing: 'Wären nicht mehr vollständig',
  },
}
