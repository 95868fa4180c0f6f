import { ClientConsentGiven, DeviceSeen, UserFactorsChanged } from '#contracts/identity'
import { mailOnly, rule, security, type Audience, type Locale, type Words } from './kind.ts'
import { timeIn, unlinked } from './wording.ts'

const person = (id: string): Audience => ({ kind: 'person', id })
/** Pages that people open; see the identity service. */
const sessions = '/api/auth/devices'
const factors = '/api/auth/security'
const waysIn = '/api/auth/ways-in'
const apps = '/api/auth/apps'

const factorNames = {
  en: { totp: 'An authenticator app', passkey: 'A passkey', 'recovery-codes': 'Recovery codes' },
  de: { totp: 'Eine Authenticator-App', passkey: 'Ein Passkey', 'recovery-codes': 'Wiederherstellungscodes' },
}
const factorTitles = {
  en: {
    added: 'A second factor was added to your account',
    removed: 'A second factor was removed from your account',
    made: 'New recovery codes for your account',
    used: 'A recovery code of your account was used',
    'all-removed': 'Your second factors were removed',
  },
  de: {
    added: 'Ein zweiter Faktor kam zu Ihrem Konto hinzu',
    removed: 'Ein zweiter Faktor Ihres Kontos wurde entfernt',
    made: 'Neue Wiederherstellungscodes für Ihr Konto',
    used: 'Ein Wiederherstellungscode Ihres Kontos wurde verwendet',
    'all-removed': 'Ihre zweiten Faktoren wurden entfernt',
  },
}
type FactorText = (factor: string, name: string | null | undefined, left: number | null) => string
const called = (factor: string, name: string | null | undefined) => (name ? `${factor} (${name})` : factor)
const factorTexts: Record<Locale, Record<keyof typeof factorTitles.en, FactorText>> = {
  en: {
    added: (factor, name) => `${called(factor, name)} was added; it is needed when you sign in`,
    removed: (factor, name) => `${called(factor, name)} was removed; it is good no more`,
    made: () => 'New recovery codes were made; the former ones are good no more',
    used: (_factor, _name, left) => `Somebody signed in with one of your recovery codes; ${left} are left`,
    'all-removed': () => 'An administrator removed all second factors of your account, and all sessions were ended',
  },
  de: {
    added: (factor, name) => `${called(factor, name)} kam hinzu und wird ab jetzt beim Anmelden gebraucht`,
    removed: (factor, name) => `${called(factor, name)} wurde entfernt und gilt nicht mehr`,
    made: () => 'Es gibt neue Wiederherstellungscodes; die früheren gelten nicht mehr',
    used: (_factor, _name, left) =>
      `Jemand hat sich mit einem Ihrer Wiederherstellungscodes angemeldet; ${left} sind noch übrig`,
    'all-removed': () =>
      'Die Administration hat alle zweiten Faktoren Ihres Kontos entfernt, alle Sitzungen wurden beendet',
  },
}

/** Another provider is no second factor: who signs in there needs no password here. */
const providerWords: Record<Locale, (change: string, name: string, at: string) => Words> = {
  en: (change, name, at) => ({
    title:
      change === 'added'
        ? 'A way to sign in was added to your account'
        : 'A way to sign in was removed from your account',
    text: [
      (change === 'added'
        ? `${name} was added: with your account there one comes in here without a password`
        : `${name} was removed: it lets nobody into your account any more`) +
        ` (${timeIn('en', at)}). If that was not you, ask for a new password at once: it ends all sessions and removes all ` +
        'such ways.',
    ],
    action: 'See your ways to sign in',
  }),
  de: (change, name, at) => ({
    title:
      change === 'added'
        ? 'Ein Weg zur Anmeldung kam zu Ihrem Konto hinzu'
        : 'Ein Weg zur Anmeldung wurde von Ihrem Konto entfernt',
    text: [
      (change === 'added'
        ? `${name} kam hinzu: Mit Ihrem Konto dort kommt man hier ohne Passwort herein`
        : `${name} wurde entfernt und lässt niemanden mehr in Ihr Konto`) +
        ` (${timeIn('de', at)}). Wenn Sie das nicht waren, fordern Sie sofort ein neues Passwort an: Es beendet alle ` +
        'Sitzungen und entfernt alle solchen Wege.',
    ],
    action: 'Ihre Wege zur Anmeldung ansehen',
  }),
}

/** What lets in beside the password, and from where somebody came in. */
export const signingIn = {
  'user.device-seen': rule(
    DeviceSeen,
    { ...mailOnly, ownToo: true },
    {
      drafts: ({ userId, device, addressPrefix, timestamp }) => [
        { audience: person(userId), facts: { at: timestamp, device, place: addressPrefix }, path: sessions },
      ],
      en: ({ at, device, place }) => ({
        title: 'Your account was used from a new device',
        text: [
          `${device} signed in to your account from ${place} on ${timeIn('en', at)}, for the first time. ` +
            'If that was you, there is nothing to do. If not, end the session and set a new password at once.',
        ],
        action: 'See where you are signed in',
      }),
      de: ({ at, device, place }) => ({
        title: 'Anmeldung mit einem neuen Gerät',
        text: [
          `${device} hat sich am ${timeIn('de', at)} von ${place} aus zum ersten Mal an Ihrem Konto angemeldet. ` +
            'Wenn Sie das waren, ist nichts zu tun. Wenn nicht, beenden Sie die Sitzung und setzen Sie sofort ein neues ' +
            'Passwort.',
        ],
        action: 'Sehen, wo Sie angemeldet sind',
      }),
    },
  ),

  'user.factors-changed': rule(UserFactorsChanged, security, {
    drafts: ({ userId, change, factor, name, left, timestamp }) => [
      {
        audience: person(userId),
        facts: { at: timestamp, change, factor, name, left },
        path: factor === 'provider' ? waysIn : factors,
      },
    ],
    en: ({ at, change, factor, name, left }) =>
      factor === 'provider'
        ? providerWords.en(change, unlinked(name ?? ''), at)
        : {
            title: factorTitles.en[change],
            text: [
              `${factorTexts.en[change](factorNames.en[factor], name && unlinked(name), left)} (${timeIn('en', at)}). ` +
                'If that was not you, set a new password at once, which ends all sessions, and look at your second factors.',
            ],
            action: 'See your second factors',
          },
    de: ({ at, change, factor, name, left }) =>
      factor === 'provider'
        ? providerWords.de(change, unlinked(name ?? ''), at)
        : {
            title: factorTitles.de[change],
            text: [
              `${factorTexts.de[change](factorNames.de[factor], name && unlinked(name), left)} (${timeIn('de', at)}). ` +
                'Wenn Sie das nicht waren, setzen Sie sofort ein neues Passwort, was alle Sitzungen beendet, ' +
                'und sehen Sie Ihre zweiten Faktoren an.',
            ],
            action: 'Ihre zweiten Faktoren ansehen',
          },
  }),

  'client-consent.given': rule(ClientConsentGiven, security, {
    // Those of the platform itself ask nobody, and come with it.
    drafts: ({ userId, clientName, asked, timestamp }) =>
      asked ? [{ audience: person(userId), facts: { at: timestamp, app: clientName }, path: apps }] : [],
    en: ({ at, app }) => ({
      title: 'An app may use your account',
      text: [
        `You let “${unlinked(app)}” use your account (${timeIn('en', at)}). You see what it may, and can end it at any ` +
          'time. If that was not you, end it, and set a new password at once.',
      ],
      action: 'See which apps you let in',
    }),
    de: ({ at, app }) => ({
      title: 'Eine Anwendung darf Ihr Konto verwenden',
      text: [
        `Sie haben „${unlinked(app)}“ Ihr Konto verwenden lassen (${timeIn('de', at)}). Sie sehen, was sie darf, und ` +
          'können es jederzeit beenden. Wenn Sie das nicht waren, beenden Sie es, und setzen Sie sofort ein neues Passwort.',
      ],
      action: 'Sehen, welche Anwendungen zugelassen sind',
    }),
  }),
}
