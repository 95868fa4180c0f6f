import { form, html, sendPage, type Html, type Language, type Reply, type Texts } from '#kernel'

const en = {
  confirm: {
    title: 'Confirm your address',
    text: (name: string, email: string) =>
      html`<bdi>${name}</bdi>, is <bdi>${email}</bdi> your address? If you did not register, close this page.`,
    button: 'Yes, create my account',
  },
  confirmed: { title: 'Your account is ready', text: html`You can sign in now.` },
  expired: {
    title: 'This link is no longer good',
    text: html`It was used already, or its time is over. Ask for a new one.`,
  },
  invited: {
    title: 'You are invited',
    text: (organisation: string) => html`<bdi>${organisation}</bdi> invites you to join.`,
    button: 'Join',
  },
  joined: {
    title: 'Welcome',
    text: (organisation: string) => html`You belong to <bdi>${organisation}</bdi> now.`,
  },
  signIn: {
    title: 'Sign in first',
    text: (email: string) => html`Sign in, or register, as <bdi>${email}</bdi>, then open this link again.`,
  },
  again: 'I have signed in: open it again',
  home: 'Go to the start page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    confirm: {
      title: 'Adresse bestätigen',
      text: (name, email) =>
        html`<bdi>${name}</bdi>, ist <bdi>${email}</bdi> Ihre Adresse? Wenn Sie sich nicht registriert haben, schließen
          Sie diese Seite.`,
      button: 'Ja, Konto anlegen',
    },
    confirmed: { title: 'Ihr Konto ist bereit', text: html`Sie können sich jetzt anmelden.` },
    expired: {
      title: 'Dieser Link gilt nicht mehr',
      text: html`Er wurde schon benutzt, oder seine Zeit ist um. Fordern Sie einen neuen an.`,
    },
    invited: {
      title: 'Sie sind eingeladen',
      text: organisation => html`<bdi>${organisation}</bdi> lädt Sie ein, Mitglied zu werden.`,
      button: 'Beitreten',
    },
    joined: { title: 'Willkommen', text: organisation => html`Sie gehören jetzt zu <bdi>${organisation}</bdi>.` },
    signIn: {
      title: 'Bitte zuerst anmelden',
      text: email =>
        html`Melden Sie sich als <bdi>${email}</bdi> an, oder registrieren Sie sich, und öffnen Sie diesen Link noch
          einmal.`,
    },
    again: 'Ich bin angemeldet: noch einmal öffnen',
    home: 'Zur Startseite',
  },
}

/** The pages that links in mails open. Mail scanners open links but press no buttons: opening one changes nothing. */
export function pagesIn(language: Language) {
  const { confirm, confirmed, expired, invited, joined, signIn, again, home } = texts[language]
  const send = (reply: Reply, status: number, title: string, body: Html, first?: { to: string; text: string }): Reply =>
    sendPage(reply, status, {
      language,
      title,
      body,
      onward: first ? [first, { to: '/', text: home }] : [{ to: '/', text: home }],
      secret: true,
    })
  const said = (text: Html, button?: string): Html =>
    html`<p>${text}</p>
      ${button && form(button)}`

  return {
    confirm: (reply: Reply, name: string, email: string) =>
      send(reply, 200, confirm.title, said(confirm.text(name, email), confirm.button)),
    confirmed: (reply: Reply) => send(reply, 200, confirmed.title, said(confirmed.text)),
    expired: (reply: Reply) => send(reply, 404, expired.title, said(expired.text)),
    invited: (reply: Reply, organisation: string) =>
      send(reply, 200, invited.title, said(invited.text(organisation), invited.button)),
    joined: (reply: Reply, organisation: string) => send(reply, 200, joined.title, said(joined.text(organisation))),
    signIn: (reply: Reply, organisation: string, email: string) =>
      send(reply, 200, signIn.title, said(html`${invited.text(organisation)} ${signIn.text(email)}`), {
        to: '',
        text: again,
      }),
  }
}
