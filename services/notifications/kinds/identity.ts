import {
  ActingBegan,
  getCode,
  getEmailUndo,
  getInvitation,
  MemberChanged,
  MemberInvited,
  OrganisationCreated,
  OrganisationDeleted,
  OrganisationKindsChanged,
  PasswordResetRefused,
  RegistrationRepeated,
  SendOtp,
  UserDeleted,
  UserDisabled,
  UserEmailChanged,
  UserLoggedIn,
  UserPasswordChanged,
  UserPasswordReset,
  UserRegistered,
  UserRoleChanged,
} from '#contracts/identity'
import { both, inAppOnly, rule, mailOnly, security, unlessUnknown, type Audience, type Policy } from './kind.ts'
import { givenIn, operatorIn, roleIn, timeIn, unlinked } from './wording.ts'

/** Somebody waits for it before a form. */
const code: Policy = { ...mailOnly, urgency: 'urgent' }
const person = (id: string): Audience => ({ kind: 'person', id })
/** Pages that people open; see the identity service. */
const organisations = '/api/auth/memberships'
const sessions = '/api/auth/devices'
const signIn = '/api/auth/sign-in'
const signUp = '/api/auth/sign-up'
const forgotten = '/api/auth/forgotten-password'

/** What somebody waits for who asked for a code. */
const codeTexts = {
  en: {
    registration: 'Enter this code to finish your registration:',
    'email-change': 'Enter this code to confirm your new e-mail address:',
    'password-reset': 'Enter this code to set a new password:',
  },
  de: {
    registration: 'Schließen Sie Ihre Registrierung mit diesem Code ab:',
    'email-change': 'Bestätigen Sie Ihre neue E-Mail-Adresse mit diesem Code:',
    'password-reset': 'Setzen Sie mit diesem Code ein neues Passwort:',
  },
}

export const identity = {
  'send-otp': rule(SendOtp, code, {
    // Without the name: whoever asks for a code chooses it, and could have us send their words to strangers.
    drafts: ({ codeId, purpose, email, locale, expiresAt }) => [
      { audience: { kind: 'address', address: email, locale }, facts: { codeId, purpose, until: expiresAt } },
    ],
    async secret({ ask }, { codeId }) {
      const found = await unlessUnknown('code_unknown', ask(getCode, { codeId }))
      return found && { code: found.code, link: found.link ?? undefined }
    },
    en: ({ purpose, until }) => ({
      title: purpose === 'password-reset' ? 'A new password for Ohmnibus' : 'Your code for Ohmnibus',
      text: [codeTexts.en[purpose]],
      action: purpose === 'password-reset' ? 'Or set it on this page' : 'Or confirm on this page',
      note:
        `The code works once, until ${timeIn('en', until)}. ` +
        'If you did not ask for it, ignore this message: nothing happens without the code.',
    }),
    de: ({ purpose, until }) => ({
      title: purpose === 'password-reset' ? 'Ein neues Passwort für Ohmnibus' : 'Ihr Code für Ohmnibus',
      text: [codeTexts.de[purpose]],
      action:
        purpose === 'password-reset' ? 'Oder setzen Sie es auf dieser Seite' : 'Oder bestätigen Sie auf dieser Seite',
      note:
        `Der Code gilt einmal, bis ${timeIn('de', until)}. Wenn Sie ihn nicht angefordert haben, ` +
        'beachten Sie diese Nachricht nicht: Ohne den Code geschieht nichts.',
    }),
  }),

  'registration.repeated': rule(RegistrationRepeated, security, {
    drafts: ({ userId }) => [{ audience: person(userId), facts: {}, path: signIn }],
    en: () => ({
      title: 'You already have an account',
      text: [
        'Somebody, perhaps you, tried to register with your e-mail address. ' +
          'You have an account already, so nothing was changed: sign in with your password. ' +
          'Where you sign in you can also set a new one.',
      ],
      action: 'Sign in',
      note: 'If it was not you, you need not do anything.',
    }),
    de: () => ({
      title: 'Sie haben schon ein Konto',
      text: [
        'Jemand, vielleicht Sie selbst, wollte sich mit Ihrer E-Mail-Adresse registrieren. ' +
          'Sie haben schon ein Konto, es wurde nichts geändert: Melden Sie sich mit Ihrem Passwort an. ' +
          'Dort können Sie auch ein neues setzen.',
      ],
      action: 'Anmelden',
      note: 'Wenn Sie es nicht waren, müssen Sie nichts tun.',
    }),
  }),

  'user.registered': rule(
    UserRegistered,
    { ...both, ownToo: true },
    {
      drafts: ({ userId, imported }) => (imported ? [] : [{ audience: person(userId), facts: {}, path: '/console' }]),
      en: () => ({
        title: 'Welcome to Ohmnibus',
        text: ['Your e-mail address is confirmed and your account is ready.'],
        action: 'See what you can do',
      }),
      de: () => ({
        title: 'Willkommen bei Ohmnibus',
        text: ['Ihre E-Mail-Adresse ist bestätigt und Ihr Konto ist bereit.'],
        action: 'Ansehen, was Sie tun können',
      }),
    },
  ),

  'user.logged-in': rule(
    UserLoggedIn,
    { ...inAppOnly, ownToo: true },
    {
      drafts: ({ userId, device, addressPrefix, timestamp }) => [
        { audience: person(userId), facts: { at: timestamp, device, place: addressPrefix }, path: sessions },
      ],
      many: {
        en: count => `${count} new sign-ins to your account`,
        de: count => `${count} neue Anmeldungen an Ihrem Konto`,
      },
      en: ({ at, device, place }) => ({
        title: 'New sign-in to your account',
        text: [
          `${device} signed in from ${place} on ${timeIn('en', at)}. ` +
            'If that was not you, end the session and change your password.',
        ],
        action: 'See your sessions',
      }),
      de: ({ at, device, place }) => ({
        title: 'Neue Anmeldung an Ihrem Konto',
        text: [
          `${device} hat sich am ${timeIn('de', at)} von ${place} aus angemeldet. ` +
            'Wenn Sie das nicht waren, beenden Sie die Sitzung und ändern Sie Ihr Passwort.',
        ],
        action: 'Ihre Sitzungen ansehen',
      }),
    },
  ),

  'password-reset.refused': rule(PasswordResetRefused, code, {
    drafts: ({ email, locale, reason }) => [
      {
        audience: { kind: 'address', address: email, locale },
        facts: { reason },
        ...(reason === 'no-account' && { path: signUp }),
      },
    ],
    en: ({ reason }) => ({
      title: 'No new password',
      text: [
        reason === 'disabled'
          ? 'Somebody, perhaps you, asked for a new password for your account. ' +
            'It was disabled, so it gets none: answer this message to have it enabled.'
          : 'Somebody, perhaps you, asked for a new password for this address. ' +
            'It has no account here: you registered with another one, or not yet.',
      ],
      ...(reason === 'no-account' && { action: 'Register' }),
      note: 'If it was not you, you need not do anything.',
    }),
    de: ({ reason }) => ({
      title: 'Kein neues Passwort',
      text: [
        reason === 'disabled'
          ? 'Jemand, vielleicht Sie selbst, hat ein neues Passwort für Ihr Konto angefordert. ' +
            'Es ist gesperrt und bekommt keines: Antworten Sie auf diese Nachricht, damit es freigegeben wird.'
          : 'Jemand, vielleicht Sie selbst, hat ein neues Passwort für diese Adresse angefordert. ' +
            'Sie hat hier kein Konto: Sie haben sich mit einer anderen registriert, oder noch nicht.',
      ],
      ...(reason === 'no-account' && { action: 'Registrieren' }),
      note: 'Wenn Sie es nicht waren, müssen Sie nichts tun.',
    }),
  }),

  'user.password-changed': rule(UserPasswordChanged, security, {
    drafts: ({ userId, timestamp }) => [{ audience: person(userId), facts: { at: timestamp }, path: forgotten }],
    en: ({ at }) => ({
      title: 'Your password was changed',
      text: [
        `The password of your account was changed on ${timeIn('en', at)}, and all other sessions were ended. ` +
          'If that was not you, set another one at once: a link comes to this address, and it ends all sessions.',
      ],
      action: 'That was not me: set a new password',
    }),
    de: ({ at }) => ({
      title: 'Ihr Passwort wurde geändert',
      text: [
        `Das Passwort Ihres Kontos wurde am ${timeIn('de', at)} geändert, alle anderen Sitzungen wurden beendet. ` +
          'Wenn Sie das nicht waren, setzen Sie sofort ein neues: ' +
          'Ein Link kommt an diese Adresse und beendet alle Sitzungen.',
      ],
      action: 'Das war ich nicht: ein neues Passwort setzen',
    }),
  }),

  'user.password-reset': rule(UserPasswordReset, security, {
    drafts: ({ userId, timestamp }) => [{ audience: person(userId), facts: { at: timestamp }, path: forgotten }],
    en: ({ at }) => ({
      title: 'Your password was reset',
      text: [
        `Your account got a new password on ${timeIn('en', at)}, and all sessions were ended. ` +
          'If that was neither you nor your administrator, somebody may be reading your mail: ' +
          'change the password of your mailbox, then set a new one here.',
      ],
      action: 'That was not me: set a new password',
    }),
    de: ({ at }) => ({
      title: 'Ihr Passwort wurde zurückgesetzt',
      text: [
        `Ihr Konto bekam am ${timeIn('de', at)} ein neues Passwort, alle Sitzungen wurden beendet. ` +
          'Wenn das weder Sie noch Ihre Administration waren, liest vielleicht jemand Ihre E-Mails: ' +
          'Ändern Sie das Passwort Ihres Postfachs, und setzen Sie dann hier ein neues.',
      ],
      action: 'Das war ich nicht: ein neues Passwort setzen',
    }),
  }),

  'user.email-changed': rule(UserEmailChanged, security, {
    drafts: ({ userId, formerEmail, locale, timestamp, undoId }) => [
      { audience: { kind: 'address', address: formerEmail, locale }, facts: { at: timestamp, undoId } },
      { audience: person(userId), facts: { at: timestamp, undoId: undefined } },
    ],
    async secret({ ask }, { undoId }) {
      const found = undoId ? await unlessUnknown('undo_unknown', ask(getEmailUndo, { undoId })) : undefined
      return { link: found?.link }
    },
    en: ({ at, undoId }) => ({
      title: 'Your e-mail address was changed',
      text: [
        `The e-mail address of your account was changed on ${timeIn('en', at)}, and all other sessions were ended. ` +
          (undoId
            ? 'If that was not you, take it back with this link: your account gets this address again, ' +
              'everybody is signed out, and you set a new password.'
            : 'If that was not you, contact us at once by answering this message.'),
      ],
      ...(undoId && { action: 'That was not me: take it back', note: 'The link works once, for 72 hours.' }),
    }),
    de: ({ at, undoId }) => ({
      title: 'Ihre E-Mail-Adresse wurde geändert',
      text: [
        `Die E-Mail-Adresse Ihres Kontos wurde am ${timeIn('de', at)} geändert, alle anderen Sitzungen wurden beendet. ` +
          (undoId
            ? 'Wenn Sie das nicht waren, nehmen Sie es mit diesem Link zurück: Ihr Konto bekommt wieder diese Adresse, ' +
              'alle werden abgemeldet, und Sie setzen ein neues Passwort.'
            : 'Wenn Sie das nicht waren, melden Sie sich sofort bei uns, indem Sie auf diese Nachricht antworten.'),
      ],
      ...(undoId && { action: 'Das war ich nicht: zurücknehmen', note: 'Der Link gilt einmal, 72 Stunden lang.' }),
    }),
  }),

  'user.role-changed': rule(UserRoleChanged, both, {
    drafts: ({ userId, role }) => [{ audience: person(userId), facts: { role } }],
    en: ({ role }) => ({
      title: 'Your role was changed',
      text: [
        `An administrator gave you the role “${roleIn('en', role)}”. ` +
          'It counts from your next sign-in or refresh on.',
      ],
    }),
    de: ({ role }) => ({
      title: 'Ihre Rolle wurde geändert',
      text: [
        `Die Administration hat Ihnen die Rolle „${roleIn('de', role)}“ gegeben. ` +
          'Sie gilt ab Ihrer nächsten Anmeldung oder Erneuerung.',
      ],
    }),
  }),

  'user.disabled': rule(
    UserDisabled,
    { ...security, disabledToo: true },
    {
      drafts: ({ userId, disabled }) => [{ audience: person(userId), facts: { disabled } }],
      en: ({ disabled }) =>
        disabled
          ? {
              title: 'Your account was disabled',
              text: ['An administrator disabled your account. All your sessions were ended and you cannot sign in.'],
            }
          : {
              title: 'Your account is enabled again',
              text: ['An administrator enabled your account again. You can sign in as before.'],
            },
      de: ({ disabled }) =>
        disabled
          ? {
              title: 'Ihr Konto wurde gesperrt',
              text: [
                'Die Administration hat Ihr Konto gesperrt. ' +
                  'Alle Ihre Sitzungen wurden beendet, Sie können sich nicht anmelden.',
              ],
            }
          : {
              title: 'Ihr Konto ist wieder frei',
              text: ['Die Administration hat Ihr Konto wieder freigegeben. Sie können sich anmelden wie zuvor.'],
            },
    },
  ),

  'user.acting-began': rule(ActingBegan, security, {
    drafts: ({ userId, byName, reason, until }) => [
      { audience: person(userId), facts: { byName: unlinked(byName), reason: unlinked(reason), until } },
    ],
    en: ({ byName, reason, until }) => ({
      title: `${byName} acts in your place`,
      text: [
        `An administrator, ${byName}, acts in your account until ${timeIn('en', until)} at the latest. The reason: ${reason}`,
        'Your account, your second factors, your keys and your payouts are out of their reach.',
      ],
    }),
    de: ({ byName, reason, until }) => ({
      title: `${byName} handelt an Ihrer Stelle`,
      text: [
        `${byName} von der Administration handelt in Ihrem Konto, längstens bis ${timeIn('de', until)}. Der Grund: ${reason}`,
        'Ihr Konto selbst, Ihre zweiten Faktoren, Ihre Schlüssel und Ihre Auszahlungen sind davon ausgenommen.',
      ],
    }),
  }),

  'user.deleted': rule(UserDeleted, mailOnly, {
    drafts: ({ email, locale, timestamp }) => [
      { audience: { kind: 'address', address: email, locale }, facts: { at: timestamp } },
    ],
    en: ({ at }) => ({
      title: 'Your account was deleted',
      text: [
        `Your account was deleted on ${timeIn('en', at)}, with your password, and you were signed out everywhere. ` +
          'If that was not you, contact us at once by answering this message.',
      ],
    }),
    de: ({ at }) => ({
      title: 'Ihr Konto wurde gelöscht',
      text: [
        `Ihr Konto wurde am ${timeIn('de', at)} mit Ihrem Passwort gelöscht, Sie wurden überall abgemeldet. ` +
          'Wenn Sie das nicht waren, melden Sie sich sofort bei uns, indem Sie auf diese Nachricht antworten.',
      ],
    }),
  }),

  'organisation.created': rule(OrganisationCreated, inAppOnly, {
    drafts: ({ ownerId, name }) => [{ audience: person(ownerId), facts: { organisation: name }, path: organisations }],
    en: ({ organisation }) => ({
      title: `Organisation “${organisation}” was created`,
      text: [`You own the organisation “${organisation}”. Invite others to work with you there.`],
      action: 'See your organisations',
    }),
    de: ({ organisation }) => ({
      title: `Organisation „${organisation}“ wurde angelegt`,
      text: [`Die Organisation „${organisation}“ gehört Ihnen. Laden Sie andere ein, dort mit Ihnen zu arbeiten.`],
      action: 'Ihre Organisationen ansehen',
    }),
  }),

  'organisation.member-invited': rule(MemberInvited, mailOnly, {
    drafts: ({ invitationId, email, locale, organisationName, invitedBy, role, customRole, expiresAt }) => [
      {
        audience: { kind: 'address', address: email, locale },
        facts: {
          invitationId,
          organisation: unlinked(organisationName),
          invitedBy: unlinked(invitedBy),
          role,
          roleName: customRole ? unlinked(customRole.name) : null,
          until: expiresAt,
        },
      },
    ],
    async secret({ ask }, { invitationId }) {
      const found = await unlessUnknown('invitation_unknown', ask(getInvitation, { invitationId }))
      return found && { link: found.link }
    },
    en: ({ organisation, invitedBy, role, roleName, until }) => ({
      title: `Invitation to “${organisation}”`,
      text: [
        `${invitedBy} invites you to join the organisation “${organisation}” on Ohmnibus as ${givenIn('en', role, roleName)}.`,
      ],
      action: 'See the invitation',
      note: `The invitation ends on ${timeIn('en', until)}. If you do not know the sender, ignore it.`,
    }),
    de: ({ organisation, invitedBy, role, roleName, until }) => ({
      title: `Einladung zu „${organisation}“`,
      text: [
        `${invitedBy} lädt Sie ein, der Organisation „${organisation}“ auf Ohmnibus beizutreten ` +
          `(Rolle: ${givenIn('de', role, roleName)}).`,
      ],
      action: 'Die Einladung ansehen',
      note:
        `Die Einladung endet am ${timeIn('de', until)}. ` +
        'Wenn Sie den Absender nicht kennen, beachten Sie sie nicht.',
    }),
  }),

  'organisation.deleted': rule(OrganisationDeleted, both, {
    drafts: ({ members, name }) =>
      members.map(id => ({ audience: person(id), facts: { organisation: name }, path: organisations })),
    en: ({ organisation }) => ({
      title: `Organisation “${organisation}” was deleted`,
      text: [`The organisation “${organisation}” was deleted by an owner, and your membership has ended with it.`],
      action: 'See your organisations',
    }),
    de: ({ organisation }) => ({
      title: `Organisation „${organisation}“ wurde gelöscht`,
      text: [`Die Organisation „${organisation}“ wurde gelöscht, Ihre Mitgliedschaft ist damit beendet.`],
      action: 'Ihre Organisationen ansehen',
    }),
  }),

  'organisation.member-changed': rule(MemberChanged, both, {
    drafts: ({ userId, role, customRole }) => [
      {
        audience: person(userId),
        facts: { role, roleName: customRole ? unlinked(customRole.name) : null },
        path: organisations,
      },
    ],
    en: ({ role, roleName }) => ({
      ...(role
        ? {
            title: 'Your membership was changed',
            text: [`You are ${givenIn('en', role, roleName)} of an organisation now.`],
          }
        : {
            title: 'Your membership has ended',
            text: ['You do not belong to an organisation any more.'],
          }),
      action: 'See your organisations',
    }),
    de: ({ role, roleName }) => ({
      ...(role
        ? {
            title: 'Ihre Mitgliedschaft wurde geändert',
            text: [`Ihre Rolle in einer Organisation ist jetzt: ${givenIn('de', role, roleName)}.`],
          }
        : {
            title: 'Ihre Mitgliedschaft ist beendet',
            text: ['Sie gehören einer Organisation nicht mehr an.'],
          }),
      action: 'Ihre Organisationen ansehen',
    }),
  }),

  // What is asked for is told to nobody, what an admin decided to who manages it.
  'organisation.kinds-changed': rule(OrganisationKindsChanged, both, {
    drafts: ({ organisationId, decided }) =>
      decided
        ? [
            {
              audience: { kind: 'managers', id: organisationId },
              facts: { operator: decided.kind, decision: decided.state, note: decided.note && unlinked(decided.note) },
              path: organisations,
            },
          ]
        : [],
    en: ({ operator, decision, note }) => ({
      title:
        decision === 'verified'
          ? `Your organisation is verified as ${operatorIn('en', operator)}`
          : `Your organisation was not verified as ${operatorIn('en', operator)}`,
      text: [
        decision === 'verified'
          ? 'An administrator has looked at the evidence and verified it.'
          : 'An administrator has looked at the evidence and refused it. Bring other evidence and ask again.',
        ...(note ? [`They say: ${note}`] : []),
      ],
      action: 'See your organisations',
    }),
    de: ({ operator, decision, note }) => ({
      title:
        decision === 'verified'
          ? `Ihre Organisation ist bestätigt: ${operatorIn('de', operator)}`
          : `Ihre Organisation wurde nicht bestätigt: ${operatorIn('de', operator)}`,
      text: [
        decision === 'verified'
          ? 'Die Administration hat die Nachweise geprüft und bestätigt.'
          : 'Die Administration hat die Nachweise geprüft und nicht anerkannt. Bringen Sie andere und fragen Sie erneut.',
        ...(note ? [`Dazu heißt es: ${note}`] : []),
      ],
      action: 'Ihre Organisationen ansehen',
    }),
  }),
}
