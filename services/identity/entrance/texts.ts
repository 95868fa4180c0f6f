import type { Texts } from '#kernel'

const en = {
  signIn: { title: 'Sign in', button: 'Sign in', with: (name: string) => `Sign in with ${name}` },
  cast: {
    title: 'Try it as somebody else',
    text: 'This platform is for evaluation and can be reached from this machine alone. Each button brings you in as somebody of a role.',
    parts: {
      admin: 'Admin of the platform',
      editor: 'Editor of passports',
      operator: 'Charge point operator',
      technician: 'Technician',
      vendor: 'Vendor',
      authority: 'Authority',
      recycler: 'Recycler',
      driver: 'Driver',
      buyer: 'Buyer',
    },
  },
  signUp: {
    title: 'Create an account',
    button: 'Create the account',
    text: 'A code goes to your address; with it the account is yours.',
  },
  code: {
    title: 'Look into your mailbox',
    text: 'Enter the code of the mail that we have sent, or open its link.',
    to: 'It went to',
    button: 'Confirm',
    again: 'Send a new code',
    sent: 'A new code is on its way. The one before is no longer good.',
    choose: 'This is not the browser that registered, so choose the password of the account here.',
  },
  confirm: {
    title: 'Confirm your address',
    text: 'is this your address? If you did not register, close this page.',
    button: 'Yes, create my account',
  },
  forgotten: {
    title: 'Forgotten password',
    text: 'Tell us the address of your account. A link and a code for a new password go there.',
    button: 'Send the mail',
  },
  reset: {
    title: 'Set a new password',
    asked:
      'A mail is on its way. Open its link, or enter its code here. They are good for half an hour; ' +
      'asked again within a few minutes, nothing more is sent.',
    text: 'All sessions end, on all devices; then you sign in with the new password.',
    button: 'Set the password',
  },
  undo: {
    title: 'Take your address back',
    text:
      'your account gets this address again. All sessions end, the password and what was added to sign in with since ' +
      'are good no more, and a mail to this address lets you set a new password.',
    button: 'Take it back',
  },
  changed: 'Your password is changed and all sessions have ended. Sign in with the new one.',
  signedIn: {
    title: 'You are signed in',
    ready: 'Your account is ready',
    text: 'You are signed in as',
  },
  signOut: {
    title: 'Sign out',
    button: 'Sign out',
    done: 'You are signed out',
    doneText: 'Nobody is signed in in this browser.',
  },
  devices: {
    title: 'Where you are signed in',
    text: 'If you do not know one of these, end it and set a new password.',
    thisOne: 'this browser',
    used: 'last used',
    from: 'from',
    since: 'signed in',
    end: 'End this session',
    endOthers: 'End all others',
    ended: 'The session has ended.',
    password: 'Set a new password, which ends all sessions',
    more: 'There are more; these are the latest.',
  },
  expired: {
    title: 'This link is no longer good',
    text: 'It was used already, or its time is over.',
    again: 'Ask for a new link',
  },
  fields: {
    email: 'E-mail address',
    password: 'Password',
    newPassword: 'New password',
    name: 'Your name',
    code: 'Code from the mail',
    showPassword: 'Show what I type',
    atLeast: (minimum: number) => `At least ${minimum} characters; several words make a good one.`,
  },
  links: {
    forgotten: 'I have forgotten my password',
    signUp: 'I have no account yet',
    signIn: 'I have an account: sign in',
    onward: 'Go on to where you came from',
    home: 'Go to the start page',
    security: 'How you sign in: second factors, passkeys',
    otherAddress: 'I mistyped my address',
  },
  problems: {
    credentials_invalid: 'The address or the password is wrong.',
    provider_refused: 'The provider did not say who you are. Try again.',
    provider_unknown: 'Nobody signs in here by this provider.',
    provider_unavailable: 'The provider does not answer. Try again in a moment.',
    provider_address_unproven: 'The provider has not proven your address. Prove it there, or create an account here.',
    provider_address_differs: 'At the provider you have another address than here.',
    provider_unlinked:
      'There is an account with this address. Sign in to it first, then add the provider at “Ways to sign in”.',
    provider_linked: 'The account at the provider belongs to another account here, or yours has one there already.',
    otp_invalid: 'The code is wrong or no longer good. After five tries or ten minutes ask for a new one.',
    reset_invalid: 'The code is wrong or no longer good. After five tries or half an hour ask for a new one.',
    password_needed: 'This is not the browser that registered: choose the password of the account.',
    password_too_short: 'The password is too short.',
    password_too_long: 'The password is longer than 128 characters.',
    password_personal: 'The password must not contain your address or name.',
    address_unreachable:
      'Our mail server does not deliver to addresses with such letters before the @. Give another one.',
    password_common: 'The password is easy to guess: it is made of common words, rows of keys, repetitions or numbers.',
    otp_sent_recently: 'A code was sent a moment ago. Wait a little before you ask for another.',
    too_many_requests: 'Too many tries. Wait a few minutes.',
    sign_in_busy: 'Too many people sign in right now. Try again in a moment.',
    origin_not_allowed: 'This was not sent from this page. Try again.',
    request_invalid: 'Something is missing or cannot be right:',
  } as Record<string, string>,
  /** Where it is known how long to wait. */
  waits: {
    otp_sent_recently: (time: string) => `A code was sent a moment ago. Wait ${time} before you ask for another.`,
    too_many_requests: (time: string) => `Too many tries. Wait ${time}.`,
    sign_in_busy: (time: string) => `Too many people sign in right now. Try again in ${time}.`,
  } as Record<string, (time: string) => string>,
}

/** What the pages say at which people come in. */
export const texts: Texts<typeof en> = {
  en,
  de: {
    signIn: { title: 'Anmelden', button: 'Anmelden', with: name => `Mit ${name} anmelden` },
    cast: {
      title: 'Als jemand anderes ausprobieren',
      text: 'Diese Plattform dient der Erprobung und ist nur von diesem Rechner aus zu erreichen. Jeder Knopf meldet Sie als jemand mit einer Rolle an.',
      parts: {
        admin: 'Administration der Plattform',
        editor: 'Bearbeitung von Batteriepässen',
        operator: 'Ladestationsbetreiber',
        technician: 'Technik',
        vendor: 'Händler',
        authority: 'Behörde',
        recycler: 'Recycling',
        driver: 'Fahren',
        buyer: 'Einkaufen',
      },
    },
    signUp: {
      title: 'Konto anlegen',
      button: 'Konto anlegen',
      text: 'Ein Code geht an Ihre Adresse; damit gehört das Konto Ihnen.',
    },
    code: {
      title: 'Sehen Sie in Ihr Postfach',
      text: 'Geben Sie den Code der E-Mail ein, die wir geschickt haben, oder öffnen Sie ihren Link.',
      to: 'Sie ging an',
      button: 'Bestätigen',
      again: 'Einen neuen Code schicken',
      sent: 'Ein neuer Code ist unterwegs. Der vorige gilt nicht mehr.',
      choose: 'Registriert wurde in einem anderen Browser: Wählen Sie hier das Passwort des Kontos.',
    },
    confirm: {
      title: 'Adresse bestätigen',
      text: 'ist das Ihre Adresse? Wenn Sie sich nicht registriert haben, schließen Sie diese Seite.',
      button: 'Ja, Konto anlegen',
    },
    forgotten: {
      title: 'Passwort vergessen',
      text: 'Nennen Sie die Adresse Ihres Kontos. Ein Link und ein Code für ein neues Passwort gehen dorthin.',
      button: 'E-Mail schicken',
    },
    reset: {
      title: 'Neues Passwort setzen',
      asked:
        'Eine E-Mail ist unterwegs. Öffnen Sie ihren Link, oder geben Sie ihren Code hier ein. Beide gelten eine halbe ' +
        'Stunde; wer in den nächsten Minuten noch einmal fragt, bekommt keine weitere.',
      text: 'Alle Sitzungen enden, auf allen Geräten; dann melden Sie sich mit dem neuen Passwort an.',
      button: 'Passwort setzen',
    },
    undo: {
      title: 'Adresse zurücknehmen',
      text:
        'Ihr Konto bekommt wieder diese Adresse. Alle Sitzungen enden, das Passwort und alles, was seither zum Anmelden ' +
        'hinzukam, gelten nicht mehr, und mit einer E-Mail an diese Adresse setzen Sie ein neues Passwort.',
      button: 'Zurücknehmen',
    },
    changed: 'Ihr Passwort ist geändert, alle Sitzungen sind beendet. Melden Sie sich mit dem neuen an.',
    signedIn: {
      title: 'Sie sind angemeldet',
      ready: 'Ihr Konto ist bereit',
      text: 'Sie sind angemeldet als',
    },
    signOut: {
      title: 'Abmelden',
      button: 'Abmelden',
      done: 'Sie sind abgemeldet',
      doneText: 'In diesem Browser ist niemand angemeldet.',
    },
    devices: {
      title: 'Wo Sie angemeldet sind',
      text: 'Wenn Sie eine davon nicht kennen, beenden Sie sie und setzen Sie ein neues Passwort.',
      thisOne: 'dieser Browser',
      used: 'zuletzt benutzt',
      from: 'von',
      since: 'angemeldet',
      end: 'Diese Sitzung beenden',
      endOthers: 'Alle anderen beenden',
      ended: 'Die Sitzung ist beendet.',
      password: 'Ein neues Passwort setzen, das alle Sitzungen beendet',
      more: 'Es gibt weitere; dies sind die letzten.',
    },
    expired: {
      title: 'Dieser Link gilt nicht mehr',
      text: 'Er wurde schon benutzt, oder seine Zeit ist um.',
      again: 'Einen neuen Link anfordern',
    },
    fields: {
      email: 'E-Mail-Adresse',
      password: 'Passwort',
      newPassword: 'Neues Passwort',
      name: 'Ihr Name',
      code: 'Code aus der E-Mail',
      showPassword: 'Zeigen, was ich eingebe',
      atLeast: minimum => `Mindestens ${minimum} Zeichen; mehrere Wörter ergeben ein gutes.`,
    },
    links: {
      forgotten: 'Ich habe mein Passwort vergessen',
      signUp: 'Ich habe noch kein Konto',
      signIn: 'Ich habe ein Konto: anmelden',
      onward: 'Weiter, woher Sie kamen',
      home: 'Zur Startseite',
      security: 'Wie Sie sich anmelden: zweite Faktoren, Passkeys',
      otherAddress: 'Ich habe mich bei der Adresse vertippt',
    },
    problems: {
      credentials_invalid: 'Adresse oder Passwort stimmen nicht.',
      provider_refused: 'Der Anbieter hat nicht gesagt, wer Sie sind. Versuchen Sie es noch einmal.',
      provider_unknown: 'Mit diesem Anbieter meldet sich hier niemand an.',
      provider_unavailable: 'Der Anbieter antwortet nicht. Versuchen Sie es gleich noch einmal.',
      provider_address_unproven:
        'Der Anbieter hat Ihre Adresse nicht geprüft. Bestätigen Sie sie dort, oder legen Sie hier ein Konto an.',
      provider_address_differs: 'Beim Anbieter haben Sie eine andere Adresse als hier.',
      provider_unlinked:
        'Mit dieser Adresse gibt es ein Konto. Melden Sie sich zuerst dort an, und fügen Sie den Anbieter unter „Wege zur Anmeldung“ hinzu.',
      provider_linked: 'Das Konto beim Anbieter gehört hier zu einem anderen Konto, oder Ihres hat dort schon eines.',
      otp_invalid:
        'Der Code stimmt nicht oder gilt nicht mehr. Fordern Sie nach fünf Versuchen oder zehn Minuten einen neuen an.',
      reset_invalid:
        'Der Code stimmt nicht oder gilt nicht mehr. ' +
        'Fordern Sie nach fünf Versuchen oder einer halben Stunde einen neuen an.',
      password_needed: 'Registriert wurde in einem anderen Browser: Wählen Sie das Passwort des Kontos.',
      password_too_short: 'Das Passwort ist zu kurz.',
      password_too_long: 'Das Passwort ist länger als 128 Zeichen.',
      password_personal: 'Das Passwort darf Ihre Adresse und Ihren Namen nicht enthalten.',
      address_unreachable:
        'Unser Mailserver stellt Adressen mit solchen Buchstaben vor dem @ nicht zu. Geben Sie eine andere an.',
      password_common:
        'Das Passwort ist leicht zu erraten: ' +
        'Es besteht aus gängigen Wörtern, Tastenreihen, Wiederholungen oder Zahlen.',
      otp_sent_recently: 'Eben wurde ein Code verschickt. Warten Sie ein wenig, bevor Sie einen weiteren anfordern.',
      too_many_requests: 'Zu viele Versuche. Warten Sie einige Minuten.',
      sign_in_busy: 'Gerade melden sich zu viele Menschen an. Versuchen Sie es gleich noch einmal.',
      origin_not_allowed: 'Das kam nicht von dieser Seite. Versuchen Sie es noch einmal.',
      request_invalid: 'Etwas fehlt oder kann nicht stimmen:',
    },
    waits: {
      otp_sent_recently: time =>
        `Eben wurde ein Code verschickt. Warten Sie ${time}, bevor Sie einen weiteren anfordern.`,
      too_many_requests: time => `Zu viele Versuche. Warten Sie ${time}.`,
      sign_in_busy: time => `Gerade melden sich zu viele Menschen an. Versuchen Sie es in ${time} noch einmal.`,
    },
  },
}
