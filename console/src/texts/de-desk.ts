import type { desk as english } from './en-desk.ts'

/** Was bei Bewerbungen und bei Gefundenem steht; es kommt mit diesen Ansichten. */
export const desk: typeof english = {
  applications: {
    empty:
      'Noch hat sich niemand beworben. Wer es auf der Seite der Stelle tut, steht hier, und bleibt, solange das Gesetz es zulässt.',
    reply: 'Mit E-Mail antworten',
    subject: 'Ihre Bewerbung: {name}',
    file: '{name} herunterladen',
    remove: 'Löschen',
    removeText: 'Die Bewerbung geht mit ihrer Datei, für immer.',
    message: 'Was dazu geschrieben wurde',
    noMessage: 'Dazu wurde nichts geschrieben.',
    move: 'Weiterbewegen',
    decided: 'Wo sie steht',
    decidedText: 'Draußen sieht das niemand: Wer sich beworben hat, hört davon durch Ihre E-Mail.',
  },
  search: {
    title: 'Gefunden',
    about: 'Was Sie lesen dürfen, nach Wörtern, Kennungen und Seriennummern.',
    kinds: 'Art',
    everything: 'Alles',
    more: 'Alle davon',
    begin: 'Tippen Sie mindestens zwei Buchstaben.',
  },
}
