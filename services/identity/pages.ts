import { form, html, sendPage, type Html, type Language, type Reply, type Texts } from '#kernel'
import { paths, pathTo } from './entrance/paths.ts'
import type { Membership } from './organisations/store.ts'

const en = {
  expired: {
    title: 'This invitation is no longer good',
    text: 'It was answered already, withdrawn, or its time is over. Ask who invited you for a new one.',
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
    text: (email: string) => html`The invitation is for <bdi>${email}</bdi>: sign in, or register, with that address.`,
  },
  another: {
    title: 'This invitation is for somebody else',
    text: (email: string, own: string) =>
      html`It was sent to <bdi>${email}</bdi>, and you are signed in as <bdi>${own}</bdi>.`,
    button: 'Sign out and use the other address',
  },
  already: {
    title: 'You are a member already',
    text: (organisation: string) =>
      html`You belong to <bdi>${organisation}</bdi>. Its admins can give you another role.`,
  },
  memberships: {
    title: 'Your organisations',
    roles: { owner: 'owner', admin: 'administrator', editor: 'editor', viewer: 'viewer' },
    none: 'You belong to no organisation.',
    more: 'There are more.',
  },
  in: 'Sign in',
  up: 'I have no account yet',
  own: 'Stay signed in and see my account',
  home: 'Go to the start page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    expired: {
      title: 'Diese Einladung gilt nicht mehr',
      text: 'Sie wurde schon beantwortet oder zurückgezogen, oder ihre Zeit ist um. Bitten Sie um eine neue.',
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
        html`Die Einladung ist für <bdi>${email}</bdi>: Melden Sie sich mit dieser Adresse an, oder registrieren Sie
          sich.`,
    },
    another: {
      title: 'Diese Einladung ist für jemand anderen',
      text: (email, own) => html`Sie ging an <bdi>${email}</bdi>, und Sie sind angemeldet als <bdi>${own}</bdi>.`,
      button: 'Abmelden und die andere Adresse verwenden',
    },
    already: {
      title: 'Sie sind schon Mitglied',
      text: organisation =>
        html`Sie gehören schon zu <bdi>${organisation}</bdi>. Eine andere Rolle kann Ihnen die Verwaltung dort geben.`,
    },
    memberships: {
      title: 'Ihre Organisationen',
      roles: { owner: 'Eigentum', admin: 'Administration', editor: 'Bearbeitung', viewer: 'Lesen' },
      none: 'Sie gehören keiner Organisation an.',
      more: 'Es gibt weitere.',
    },
    in: 'Anmelden',
    up: 'Ich habe noch kein Konto',
    own: 'Angemeldet bleiben und mein Konto ansehen',
    home: 'Zur Startseite',
  },
}

/** The pages of an invitation. Mail scanners open links but press no buttons: opening one changes nothing. */
export function pagesIn(language: Language) {
  const { invited, joined, already, signIn, another, expired, memberships, ...links } = texts[language]
  const send = (
    reply: Reply,
    status: number,
    title: string,
    body: Html,
    onward: { to: string; text: string }[] = [],
  ): Reply =>
    sendPage(reply, status, {
      language,
      title,
      body,
      onward: [...onward, { to: '/', text: links.home }] as never,
      secret: true,
    })

  return {
    expired: (reply: Reply) => send(reply, 404, expired.title, html`<p>${expired.text}</p>`),
    invited: (reply: Reply, organisation: string) =>
      send(
        reply,
        200,
        invited.title,
        html`<p>${invited.text(organisation)}</p>
          ${form(invited.button)}`,
      ),
    joined: (reply: Reply, organisation: string) =>
      send(reply, 200, joined.title, html`<p>${joined.text(organisation)}</p>`),
    /** What somebody is in which organisations. */
    memberships: (reply: Reply, all: readonly Membership[], more: boolean) =>
      send(
        reply,
        200,
        memberships.title,
        all.length === 0
          ? html`<p>${memberships.none}</p>`
          : html`<ul>
                ${all.map(({ name, role }) => html`<li><bdi>${name}</bdi> (${memberships.roles[role]})</li>`)}
              </ul>
              ${more && html`<p>${memberships.more}</p>`}`,
      ),
    already: (reply: Reply, organisation: string) =>
      send(reply, 409, already.title, html`<p>${already.text(organisation)}</p>`),
    /** Leads back to the invitation at `path`. */
    signIn: (reply: Reply, status: number, organisation: string, email: string, path: string) =>
      send(reply, status, signIn.title, html`<p>${invited.text(organisation)} ${signIn.text(email)}</p>`, [
        { to: pathTo(paths.signIn, { return: path, email }), text: links.in },
        { to: pathTo(paths.signUp, { return: path, email }), text: links.up },
      ]),
    another: (reply: Reply, status: number, email: string, own: string, path: string) =>
      send(
        reply,
        status,
        another.title,
        html`<p>${another.text(email, own)}</p>
          ${form(another.button, undefined, pathTo(paths.signOut, { return: path, email }))}`,
        [{ to: paths.signIn, text: links.own }],
      ),
  }
}
