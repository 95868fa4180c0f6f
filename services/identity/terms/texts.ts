import type { Texts } from '#kernel'

const en = {
  title: 'What you agreed to',
  before: 'Before you go on',
  needed:
    'Read this, please. Without your answer you can take your data along and delete your account, and nothing else.',
  agree: { terms: (title: string) => `I agree to “${title}”`, notice: (title: string) => `I have read “${title}”` },
  button: 'Agree and go on',
  holds: (version: number, day: string) => `version ${version}, from ${day}`,
  allow: 'What you may allow',
  allowText: 'You are free to allow this, and to take it back at any time; nothing else depends on it.',
  give: (title: string) => `Allow: ${title}`,
  withdraw: (title: string) => `Take back: ${title}`,
  given: (day: string) => `You allowed this on ${day}.`,
  givenBefore: (version: number, day: string) => `You allowed version ${version} on ${day}; this one is newer.`,
  notGiven: 'You have not allowed this.',
  agreedOn: (day: string) => `You agreed on ${day}.`,
  none: 'There is nothing to agree to.',
  ahead: 'What will hold',
  aheadText: 'You can read it now. You are asked to agree when you sign in from that day on.',
  saved: 'It is noted.',
  onward: 'Go on to where you came from',
  data: 'Take all your data along (ZIP)',
  leave: 'Delete my account',
  account: 'My account',
  signOut: 'Sign out',
  home: 'Go to the start page',
  problems: {
    terms_not_held: 'There is a newer version by now. Read it, please.',
    terms_unknown: 'There is no such text any more.',
    request_invalid: 'Nothing was chosen. Tick what you agree to.',
  } as Record<string, string>,
  leaving: {
    title: 'Delete your account',
    text:
      'Name, address, sessions, memberships and notifications go. Passports, documents and what books of account have to ' +
      'keep stay, of somebody without a name. This cannot be undone.',
    button: 'Delete the account for good',
    stay: 'Keep the account',
    gone: 'Your account is deleted',
    goneText: 'A last mail confirms it. Nobody is signed in in this browser.',
    problems: {
      password_wrong: 'The password is wrong.',
      last_admin: 'You are the last administrator. Give somebody else the role first.',
      organisation_without_owner:
        'An organisation would be left without an owner. Make another member owner, or delete it, first.',
      service_unavailable: 'What your organisations hold cannot be seen right now. Try again in a moment.',
    } as Record<string, string>,
  },
}

export const texts: Texts<typeof en> = {
  en,
  de: {
    title: 'Wozu Sie zugestimmt haben',
    before: 'Bevor es weitergeht',
    needed:
      'Bitte lesen Sie dies. Ohne Ihre Antwort können Sie Ihre Daten mitnehmen und Ihr Konto löschen, sonst aber nichts tun.',
    agree: {
      terms: title => `Ich stimme zu: „${title}“`,
      notice: title => `Ich habe gelesen: „${title}“`,
    },
    button: 'Zustimmen und weiter',
    holds: (version, day) => `Fassung ${version}, gültig ab ${day}`,
    allow: 'Was Sie erlauben können',
    allowText: 'Sie erlauben dies freiwillig und können es jederzeit zurücknehmen; sonst hängt nichts davon ab.',
    give: title => `Erlauben: ${title}`,
    withdraw: title => `Zurücknehmen: ${title}`,
    given: day => `Sie haben dies am ${day} erlaubt.`,
    givenBefore: (version, day) => `Sie haben am ${day} Fassung ${version} erlaubt; diese ist neuer.`,
    notGiven: 'Sie haben dies nicht erlaubt.',
    agreedOn: day => `Sie haben am ${day} zugestimmt.`,
    none: 'Es gibt nichts, dem Sie zustimmen müssten.',
    ahead: 'Was gelten wird',
    aheadText: 'Sie können es jetzt schon lesen. Zustimmen sollen Sie, wenn Sie sich von diesem Tag an anmelden.',
    saved: 'Es ist vermerkt.',
    onward: 'Weiter, woher Sie kamen',
    data: 'Alle meine Daten mitnehmen (ZIP)',
    leave: 'Mein Konto löschen',
    account: 'Mein Konto',
    signOut: 'Abmelden',
    home: 'Zur Startseite',
    problems: {
      terms_not_held: 'Es gibt inzwischen eine neuere Fassung. Bitte lesen Sie sie.',
      terms_unknown: 'Diesen Text gibt es nicht mehr.',
      request_invalid: 'Es war nichts ausgewählt. Kreuzen Sie an, wozu Sie zustimmen.',
    },
    leaving: {
      title: 'Konto löschen',
      text:
        'Name, Adresse, Sitzungen, Mitgliedschaften und Benachrichtigungen werden gelöscht. Pässe, Dokumente und was ' +
        'Bücher behalten müssen, bleiben, ohne Ihren Namen. Das lässt sich nicht rückgängig machen.',
      button: 'Konto endgültig löschen',
      stay: 'Konto behalten',
      gone: 'Ihr Konto ist gelöscht',
      goneText: 'Eine letzte E-Mail bestätigt es. In diesem Browser ist niemand angemeldet.',
      problems: {
        password_wrong: 'Das Passwort stimmt nicht.',
        last_admin: 'Sie sind der letzte Mensch in der Administration. Geben Sie die Rolle zuerst jemand anderem.',
        organisation_without_owner:
          'Eine Organisation bliebe ohne Eigentum. Machen Sie zuerst ein anderes Mitglied zum Eigentümer, oder löschen ' +
          'Sie sie.',
        service_unavailable:
          'Was Ihre Organisationen haben, ist gerade nicht zu sehen. Versuchen Sie es gleich noch einmal.',
      },
    },
  },
}
