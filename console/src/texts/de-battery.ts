import type { battery as english } from './en-battery.ts'

/** What is said at the values of one battery, what proves them, and its code; it comes with these screens. */
export const battery: typeof english = {
  readers: {
    unshare: 'Nicht mehr teilen',
    unshareText: 'Von nun an ist nur noch lesbar, was für alle sichtbar ist.',
    emptyReaders: 'Noch liest ihn niemand sonst.',
    grant: 'Bei berechtigtem Interesse freigeben',
    grantText:
      'Öffnet, was Art. 77 Abs. 2 Buchst. c Reparatur, Wiederaufbereitung, zweitem Leben und Recycling öffnet.',
    share: 'Teilen',
    shareText: 'Wer diesen Pass neben seinem Eigentümer lesen darf.',
  },
  data: {
    search: 'Suche nach Name oder Artikel',
    all: 'Auch, was nicht angegeben ist',
    none: 'So heißt hier nichts.',
    asGiven: 'Wie es angegeben wurde, auch das, wofür das Recht keinen Namen hat',
    takeModels: 'Wert des Modells nehmen',
    takeAway: 'Wegnehmen',
    reasonText: 'Das berichtigt, was alle Batterien eines veröffentlichten Modells sagen. Nennen Sie den Grund.',
    notApplicable: 'Trifft nicht zu: {reason}',
    point: 'Anhang XIII ({point})',
    readers: {
      1: 'alle',
      2: 'Behörden und berechtigtes Interesse',
      3: 'Behörden',
      4: 'berechtigtes Interesse',
    },
    from: { item: 'von dieser Batterie', batch: 'von der Charge', model: 'vom Modell' },
    evidence: 'mit Nachweis',
    withheld: 'Nur die Inhaberin sieht es: nach dem Recht bleibt es leer bis',
    groups: {
      identity: 'Batterie und Hersteller',
      labels: 'Kennzeichen und Erklärungen',
      carbon: 'CO₂-Fußabdruck',
      diligence: 'Lieferkette',
      materials: 'Materialien',
      circularity: 'Kreislauf',
      performance: 'Leistung und Haltbarkeit',
      record: 'Über den Pass',
    },
  },
  proof: {
    about:
      'Jede Version ist an die vorige gebunden, und jeder Tag wird in einem signierten Prüfpunkt versiegelt. Das wird hier geprüft, in Ihrem Browser, oder mit der Datei und „ohmnibus verify“ von jedem, ohne Netz.',
    of: 'Was bewiesen wird',
    verify: 'Prüfen',
    download: 'Beweis herunterladen',
    keys: 'Schlüssel herunterladen',
    good: 'Es ist, wie es geschrieben wurde',
    bad: 'Es ist nicht, wie es geschrieben wurde',
    sealedOn: 'Versiegelt im Prüfpunkt vom {day}.',
    notSealed: 'Noch kein Prüfpunkt hat es versiegelt: das geschieht bald nach dem Ende des Tages.',
    links: '{count} Glieder.',
    step: 'Schritt',
    versions: 'Betroffene Versionen',
    steps: {
      hashes: 'Jede Version ist, was ihre Prüfsumme sagt',
      values: 'Ihre Werte sind, was die Wurzeln der Version sagen',
      order: 'Jede Version folgt der vorigen, keine fehlt',
      sealed: 'Der Prüfpunkt des Tages enthält sie',
      signed: 'Der Prüfpunkt ist mit einem Schlüssel dieser Plattform signiert',
    },
  },
}
