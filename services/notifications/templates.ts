import type { OrganisationRole, Role } from '#contracts/shared'

/**
 * What a message says, in plain words: greeting, code, link and signature are added around it, and whatever is added is
 * escaped.
 */
export interface Words {
  /** Subject of the mail and title in the list. */
  title: string
  /** Paragraphs, before the code and the link. */
  text: string[]
  /** What the link is for. */
  action?: string
  /** Small print, at the end of the mail only. */
  note?: string
}

export type Locale = 'en' | 'de'

interface Code {
  codeId: string
  purpose: 'registration' | 'email-change'
  until: string
}
interface Moment {
  at: string
}
interface SignIn {
  at: string
  device: string
  place: string
}
interface NewRole {
  role: Role
}
interface Disabled {
  disabled: boolean
}
interface Organisation {
  organisation: string
}
interface Invitation {
  invitationId: string
  organisation: string
  invitedBy: string
  role: OrganisationRole
  until: string
}
interface Membership {
  role: OrganisationRole | null
}
interface Passport {
  passport: string
}
interface PassportFields {
  passport: string
  fields: number
}
interface PassportReader {
  passport: string
  shared: boolean
  to: 'owner' | 'reader'
}
interface Document {
  fileName: string
}

const en = {
  'send-otp': ({ purpose, until }: Code): Words => ({
    title: 'Your code for Ohmnibus',
    text: [
      purpose === 'registration'
        ? 'Enter this code to finish your registration:'
        : 'Enter this code to confirm your new e-mail address:',
    ],
    action: 'Or confirm on this page',
    note: `The code works once, until ${time(until, 'en-GB')}. If you did not ask for it, ignore this message: nothing happens without the code.`,
  }),
  'registration.repeated': (_: object): Words => ({
    title: 'You already have an account',
    text: [
      'Somebody, perhaps you, tried to register with your e-mail address. You have an account already, so nothing was changed: sign in with your password.',
    ],
    note: 'If it was not you, you need not do anything.',
  }),
  'user.registered': (_: object): Words => ({
    title: 'Welcome to Ohmnibus',
    text: ['Your e-mail address is confirmed and your account is ready.'],
    action: 'See what you can do',
  }),
  'user.logged-in': ({ at, device, place }: SignIn): Words => ({
    title: 'New sign-in to your account',
    text: [
      `${device} signed in from ${place} on ${time(at, 'en-GB')}. If that was not you, end the session and change your password.`,
    ],
    action: 'See your sessions',
  }),
  'user.password-changed': ({ at }: Moment): Words => ({
    title: 'Your password was changed',
    text: [
      `The password of your account was changed on ${time(at, 'en-GB')}, and all other sessions were ended. If that was not you, reset your password now.`,
    ],
  }),
  'user.email-changed': ({ at }: Moment): Words => ({
    title: 'Your e-mail address was changed',
    text: [
      `The e-mail address of your account was changed on ${time(at, 'en-GB')}. If that was not you, contact us at once by answering this message.`,
    ],
  }),
  'user.role-changed': ({ role }: NewRole): Words => ({
    title: 'Your role was changed',
    text: [`An administrator gave you the role “${roles.en[role]}”. It counts from your next sign-in or refresh on.`],
  }),
  'user.disabled': ({ disabled }: Disabled): Words =>
    disabled
      ? {
          title: 'Your account was disabled',
          text: ['An administrator disabled your account. All your sessions were ended and you cannot sign in.'],
        }
      : {
          title: 'Your account is enabled again',
          text: ['An administrator enabled your account again. You can sign in as before.'],
        },
  'organisation.created': ({ organisation }: Organisation): Words => ({
    title: `Organisation “${organisation}” was created`,
    text: [`You own the organisation “${organisation}”. Invite others to work with you there.`],
    action: 'See your organisations',
  }),
  'organisation.member-invited': ({ organisation, invitedBy, role, until }: Invitation): Words => ({
    title: `Invitation to “${organisation}”`,
    text: [`${invitedBy} invites you to join the organisation “${organisation}” on Ohmnibus as ${roles.en[role]}.`],
    action: 'See the invitation',
    note: `The invitation ends on ${time(until, 'en-GB')}. If you do not know the sender, ignore it.`,
  }),
  'organisation.member-changed': ({ role }: Membership): Words =>
    role
      ? {
          title: 'Your membership was changed',
          text: [`You are ${roles.en[role]} of an organisation now.`],
          action: 'See your organisations',
        }
      : {
          title: 'Your membership has ended',
          text: ['You do not belong to an organisation any more.'],
          action: 'See your organisations',
        },
  'passport.created': ({ passport }: Passport): Words => ({
    title: `Passport ${passport} was created`,
    text: [`The battery passport ${passport} was created, as a draft.`],
    action: 'Open the passport',
  }),
  'passport.updated': ({ passport, fields }: PassportFields): Words => ({
    title: `Passport ${passport} was changed`,
    text: [
      `The battery passport ${passport} has a new version; ${fields === 1 ? 'one field' : `${fields} fields`} changed.`,
    ],
    action: 'Open the passport',
  }),
  'passport.deleted': ({ passport }: Passport): Words => ({
    title: `Passport ${passport} was deleted`,
    text: [`The draft of the battery passport ${passport} was deleted.`],
  }),
  'passport.published': ({ passport }: Passport): Words => ({
    title: `Passport ${passport} was published`,
    text: [`The battery passport ${passport} is published. From now on it is kept and cannot be deleted.`],
    action: 'Open the passport',
  }),
  'passport.status-changed': ({ passport }: Passport): Words => ({
    title: `Passport ${passport} was archived`,
    text: [`The battery passport ${passport} was archived. It can still be read.`],
    action: 'Open the passport',
  }),
  'passport.shared': ({ passport, shared, to }: PassportReader): Words => {
    const [title, text] =
      to === 'owner'
        ? shared
          ? [`Passport ${passport} was shared`, `One more reader may see the battery passport ${passport}.`]
          : [
              `Passport ${passport} is shared no more`,
              `A reader may not see the battery passport ${passport} any more.`,
            ]
        : shared
          ? [`Passport ${passport} was shared with you`, `You may read the battery passport ${passport} now.`]
          : [
              `Passport ${passport} is not shared with you any more`,
              `You may not read the battery passport ${passport} any more.`,
            ]
    return { title: title!, text: [text!], action: 'Open the passport' }
  },
  'document.uploaded': ({ fileName }: Document): Words => ({
    title: `Document “${fileName}” was added`,
    text: [`The document “${fileName}” was stored.`],
    action: 'Open the document',
  }),
  'document.updated': ({ fileName }: Document): Words => ({
    title: `Document “${fileName}” was changed`,
    text: [`The particulars of the document “${fileName}” were changed.`],
    action: 'Open the document',
  }),
  'document.deleted': ({ fileName }: Document): Words => ({
    title: `Document “${fileName}” was deleted`,
    text: [`The document “${fileName}” and its file were deleted.`],
  }),
}

const de: typeof en = {
  'send-otp': ({ purpose, until }) => ({
    title: 'Ihr Code für Ohmnibus',
    text: [
      purpose === 'registration'
        ? 'Schließen Sie Ihre Registrierung mit diesem Code ab:'
        : 'Bestätigen Sie Ihre neue E-Mail-Adresse mit diesem Code:',
    ],
    action: 'Oder bestätigen Sie auf dieser Seite',
    note: `Der Code gilt einmal, bis ${time(until, 'de-DE')}. Wenn Sie ihn nicht angefordert haben, beachten Sie diese Nachricht nicht: Ohne den Code geschieht nichts.`,
  }),
  'registration.repeated': () => ({
    title: 'Sie haben schon ein Konto',
    text: [
      'Jemand, vielleicht Sie selbst, wollte sich mit Ihrer E-Mail-Adresse registrieren. Sie haben schon ein Konto, es wurde nichts geändert: Melden Sie sich mit Ihrem Passwort an.',
    ],
    note: 'Wenn Sie es nicht waren, müssen Sie nichts tun.',
  }),
  'user.registered': () => ({
    title: 'Willkommen bei Ohmnibus',
    text: ['Ihre E-Mail-Adresse ist bestätigt und Ihr Konto ist bereit.'],
    action: 'Ansehen, was Sie tun können',
  }),
  'user.logged-in': ({ at, device, place }) => ({
    title: 'Neue Anmeldung an Ihrem Konto',
    text: [
      `${device} hat sich am ${time(at, 'de-DE')} von ${place} aus angemeldet. Wenn Sie das nicht waren, beenden Sie die Sitzung und ändern Sie Ihr Passwort.`,
    ],
    action: 'Ihre Sitzungen ansehen',
  }),
  'user.password-changed': ({ at }) => ({
    title: 'Ihr Passwort wurde geändert',
    text: [
      `Das Passwort Ihres Kontos wurde am ${time(at, 'de-DE')} geändert, alle anderen Sitzungen wurden beendet. Wenn Sie das nicht waren, setzen Sie Ihr Passwort sofort zurück.`,
    ],
  }),
  'user.email-changed': ({ at }) => ({
    title: 'Ihre E-Mail-Adresse wurde geändert',
    text: [
      `Die E-Mail-Adresse Ihres Kontos wurde am ${time(at, 'de-DE')} geändert. Wenn Sie das nicht waren, melden Sie sich sofort bei uns, indem Sie auf diese Nachricht antworten.`,
    ],
  }),
  'user.role-changed': ({ role }) => ({
    title: 'Ihre Rolle wurde geändert',
    text: [
      `Die Administration hat Ihnen die Rolle „${roles.de[role]}“ gegeben. Sie gilt ab Ihrer nächsten Anmeldung oder Erneuerung.`,
    ],
  }),
  'user.disabled': ({ disabled }) =>
    disabled
      ? {
          title: 'Ihr Konto wurde gesperrt',
          text: [
            'Die Administration hat Ihr Konto gesperrt. Alle Ihre Sitzungen wurden beendet, Sie können sich nicht anmelden.',
          ],
        }
      : {
          title: 'Ihr Konto ist wieder frei',
          text: ['Die Administration hat Ihr Konto wieder freigegeben. Sie können sich anmelden wie zuvor.'],
        },
  'organisation.created': ({ organisation }) => ({
    title: `Organisation „${organisation}“ wurde angelegt`,
    text: [`Die Organisation „${organisation}“ gehört Ihnen. Laden Sie andere ein, dort mit Ihnen zu arbeiten.`],
    action: 'Ihre Organisationen ansehen',
  }),
  'organisation.member-invited': ({ organisation, invitedBy, role, until }) => ({
    title: `Einladung zu „${organisation}“`,
    text: [
      `${invitedBy} lädt Sie ein, der Organisation „${organisation}“ auf Ohmnibus beizutreten (Rolle: ${roles.de[role]}).`,
    ],
    action: 'Die Einladung ansehen',
    note: `Die Einladung endet am ${time(until, 'de-DE')}. Wenn Sie den Absender nicht kennen, beachten Sie sie nicht.`,
  }),
  'organisation.member-changed': ({ role }) =>
    role
      ? {
          title: 'Ihre Mitgliedschaft wurde geändert',
          text: [`Ihre Rolle in einer Organisation ist jetzt: ${roles.de[role]}.`],
          action: 'Ihre Organisationen ansehen',
        }
      : {
          title: 'Ihre Mitgliedschaft ist beendet',
          text: ['Sie gehören einer Organisation nicht mehr an.'],
          action: 'Ihre Organisationen ansehen',
        },
  'passport.created': ({ passport }) => ({
    title: `Pass ${passport} wurde angelegt`,
    text: [`Der Batteriepass ${passport} wurde als Entwurf angelegt.`],
    action: 'Den Pass öffnen',
  }),
  'passport.updated': ({ passport, fields }) => ({
    title: `Pass ${passport} wurde geändert`,
    text: [
      `Der Batteriepass ${passport} hat eine neue Version; ${fields === 1 ? 'ein Feld wurde' : `${fields} Felder wurden`} geändert.`,
    ],
    action: 'Den Pass öffnen',
  }),
  'passport.deleted': ({ passport }) => ({
    title: `Pass ${passport} wurde gelöscht`,
    text: [`Der Entwurf des Batteriepasses ${passport} wurde gelöscht.`],
  }),
  'passport.published': ({ passport }) => ({
    title: `Pass ${passport} wurde veröffentlicht`,
    text: [
      `Der Batteriepass ${passport} ist veröffentlicht. Er wird von nun an aufbewahrt und kann nicht gelöscht werden.`,
    ],
    action: 'Den Pass öffnen',
  }),
  'passport.status-changed': ({ passport }) => ({
    title: `Pass ${passport} wurde archiviert`,
    text: [`Der Batteriepass ${passport} wurde archiviert. Er kann weiterhin gelesen werden.`],
    action: 'Den Pass öffnen',
  }),
  'passport.shared': ({ passport, shared, to }) => {
    const [title, text] =
      to === 'owner'
        ? shared
          ? [`Pass ${passport} wurde geteilt`, `Den Batteriepass ${passport} kann jetzt noch jemand lesen.`]
          : [`Pass ${passport} wird nicht mehr geteilt`, `Den Batteriepass ${passport} kann jemand nicht mehr lesen.`]
        : shared
          ? [`Pass ${passport} wurde mit Ihnen geteilt`, `Sie können jetzt den Batteriepass ${passport} lesen.`]
          : [
              `Pass ${passport} wird nicht mehr mit Ihnen geteilt`,
              `Sie können den Batteriepass ${passport} nicht mehr lesen.`,
            ]
    return { title: title!, text: [text!], action: 'Den Pass öffnen' }
  },
  'document.uploaded': ({ fileName }) => ({
    title: `Dokument „${fileName}“ wurde hinzugefügt`,
    text: [`Das Dokument „${fileName}“ wurde gespeichert.`],
    action: 'Das Dokument öffnen',
  }),
  'document.updated': ({ fileName }) => ({
    title: `Dokument „${fileName}“ wurde geändert`,
    text: [`Die Angaben zum Dokument „${fileName}“ wurden geändert.`],
    action: 'Das Dokument öffnen',
  }),
  'document.deleted': ({ fileName }) => ({
    title: `Dokument „${fileName}“ wurde gelöscht`,
    text: [`Das Dokument „${fileName}“ und seine Datei wurden gelöscht.`],
  }),
}

const roles: Record<Locale, Record<Role | OrganisationRole, string>> = {
  en: {
    user: 'user',
    vendor: 'vendor',
    operator: 'operator',
    technician: 'technician',
    admin: 'administrator',
    authority: 'authority',
    interest: 'legitimate interest',
    owner: 'owner',
    editor: 'editor',
    viewer: 'viewer',
  },
  de: {
    user: 'Benutzer',
    vendor: 'Händler',
    operator: 'Betreiber',
    technician: 'Technik',
    admin: 'Administration',
    authority: 'Behörde',
    interest: 'berechtigtes Interesse',
    owner: 'Inhaber',
    editor: 'Bearbeitung',
    viewer: 'Lesen',
  },
}

/** Every kind of message, by the event that causes it; German must have what English has. */
export const templates = { en, de }

/** What stands around the words of every mail. */
export const frame: Record<Locale, { greeting: (name: string | null) => string; signature: string }> = {
  en: { greeting: name => (name ? `Hello ${name},` : 'Hello,'), signature: 'Ohmnibus' },
  de: { greeting: name => (name ? `Guten Tag ${name},` : 'Guten Tag,'), signature: 'Ohmnibus' },
}

export type Kind = keyof typeof en

/** What the template of a kind wants to know. */
export type FactsOf<K extends Kind> = Parameters<(typeof en)[K]>[0]

function time(instant: string, language: string): string {
  return `${new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(new Date(instant))} UTC`
}
