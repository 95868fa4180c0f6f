import type { changes as english } from './en-changes.ts'

/** What is said of versions: between two who change the same, and from one to the next. It comes with them. */
export const changes: typeof english = {
  merge: {
    title: 'Sie haben beide etwas geändert',
    text: 'Was sich nicht widerspricht, ist schon zusammengeführt. Entscheiden Sie über den Rest, dann speichern Sie.',
    field: 'Feld',
    base: 'Vorher',
    theirs: 'Die anderen',
    mine: 'Sie',
    take: 'Was gilt für {name}?',
    merged: '{count} Änderungen der anderen sind von selbst übernommen.',
    save: 'Zusammengeführtes speichern',
    gone: 'Es wurde inzwischen gelöscht.',
  },
  history: {
    version: 'Version {number}',
    changes: 'Änderungen der Version {number}',
    compare: 'Was sich änderte',
    before: 'Vorher',
    after: 'Nachher',
    by: 'von {name}',
    nothing: 'Nichts Sichtbares hat sich geändert.',
    restore: 'Diese Version wiederherstellen',
    restoreText: 'Was damals darin stand, wird Version {number}. Von der Geschichte geht nichts verloren.',
    first: 'Wie es begann.',
  },
}
