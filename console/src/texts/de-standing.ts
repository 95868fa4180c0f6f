import type { standing as english } from './en-standing.ts'

/** Was dort steht, wo eine Organisation sagt, was sie ist; es kommt mit dieser Ansicht. */
export const standing: typeof english = {
  numbers: 'Nummern, unter denen sie geführt wird',
  numbersText:
    'Jede mit ihren Prüfziffern. Wo sich eine ändert, die schon da war, wartet alles, als was die Organisation bestätigt ist, wieder auf einen Admin.',
  needs: {
    VAT: 'Auf Rechnungen, für Verkäufe ohne Steuer in andere Länder, und für das, was Plattformen über Verkäufer melden (DAC7).',
    EORI: 'Wer Batterien in die EU bringt, heißt so beim Zoll und im Register der Pässe.',
    LEI: 'Nennt die juristische Person gegenüber allen, etwa in Nachweisen und im Register.',
    GLN: 'Nennt die Organisation, wo GS1 es tut: Betreiber und Werke in Pässen und in Codes auf Batterien.',
  },
  wrong: 'Form oder Prüfziffern stimmen nicht.',
  noNumbers: 'Sie hat noch keine genannt.',
  kinds: 'Was sie ist',
  kindsText:
    'Ein Admin sieht sich Dokumente an, die es zeigen, und die Nummern. Bestätigt zu sein öffnet, was nur solche Organisationen dürfen: Eine Behörde etwa liest Pässe als solche.',
  noKinds: 'Sie ist noch als nichts bestätigt.',
  ask: 'Bestätigen lassen',
  document: 'Dokument {number}',
  evidence: 'Dokumente der Organisation, die es zeigen',
  upload: 'Ein Dokument, das noch nicht hier ist',
  takeBack: 'Nicht mehr',
  takeBackText:
    'Was nur solche Organisationen dürfen, ist ihr sofort verschlossen; bestätigt wird sie nur auf neue Bitte.',
  actFor: 'Für diese Organisation handeln',
  actForText: 'Das gehört der Organisation und ist für die da, die für sie handeln.',
  host: 'Host in Links und Codes',
  hostText:
    'Links und Codes ihrer Pässe nennen diesen Host statt dem der Plattform. Er muss hierher führen, im DNS und mit einem Zertifikat, und in einer nachgewiesenen Domain liegen. Was schon gedruckt ist, öffnet sich wie zuvor.',
  publicHost: 'Host, etwa passports.voltaic.example',
  proven: 'Nachgewiesen: {domains}',
  provenNone: 'Noch ist keine Domain nachgewiesen.',
  prove: 'Eine Domain nachweisen',
  seal: 'Womit Historien versiegelt werden',
  sealText:
    'Jeden Tag unterschreibt die Plattform mit diesem Schlüssel einen Prüfpunkt über die Historien aller Pässe. Wer einen aufbewahrt, erkennt später, dass davor nichts neu geschrieben wurde.',
  checkpoints: 'Alle Prüfpunkte (JSON)',
  ends: 'Übergeben oder löschen',
  transfer: 'Übergeben',
  transferText: '{name} gehört ab sofort dieser Person, mit allem darin. Um dafür zu handeln, melden Sie sich neu an.',
  newOwner: 'An',
  stayAs: 'Sie bleiben als',
  leave: 'nichts: Sie verlassen sie',
  delete: 'Organisation löschen',
  deleteText:
    'Mitglieder, Rollen, Programme und Einladungen gehen und kommen nicht wieder. Solange sie etwas hält, etwa Ladegeräte oder offene Rechnungen, wird sie nicht gelöscht.',
  type: 'Geben Sie ihren Namen ein: {name}',
  other: 'So heißt sie nicht.',
}
