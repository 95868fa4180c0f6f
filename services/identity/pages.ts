import { createHash } from 'node:crypto'
import type { Http, Reply } from '#kernel'

/** Texts of the pages that links in mails open. */
const texts = {
  en: {
    confirm: {
      title: 'Confirm your address',
      text: (name: string, email: string) =>
        `${name}, is ${email} your address? If you did not register, close this page.`,
      button: 'Yes, create my account',
    },
    confirmed: { title: 'Your account is ready', text: 'You can sign in now.' },
    expired: {
      title: 'This link is no longer good',
      text: 'It was used already, or its time is over. Ask for a new one.',
    },
    invited: {
      title: 'You are invited',
      text: (organisation: string) => `${organisation} invites you to join.`,
      button: 'Join',
    },
    joined: { title: 'Welcome', text: (organisation: string) => `You belong to ${organisation} now.` },
    signIn: {
      title: 'Sign in first',
      text: (email: string) => `Sign in, or register, as ${email}, then open this link again.`,
    },
  },
  de: {
    confirm: {
      title: 'Adresse bestätigen',
      text: (name: string, email: string) =>
        `${name}, ist ${email} Ihre Adresse? Wenn Sie sich nicht registriert haben, schließen Sie diese Seite.`,
      button: 'Ja, Konto anlegen',
    },
    confirmed: { title: 'Ihr Konto ist bereit', text: 'Sie können sich jetzt anmelden.' },
    expired: {
      title: 'Dieser Link gilt nicht mehr',
      text: 'Er wurde schon benutzt, oder seine Zeit ist um. Fordern Sie einen neuen an.',
    },
    invited: {
      title: 'Sie sind eingeladen',
      text: (organisation: string) => `${organisation} lädt Sie ein, Mitglied zu werden.`,
      button: 'Beitreten',
    },
    joined: { title: 'Willkommen', text: (organisation: string) => `Sie gehören jetzt zu ${organisation}.` },
    signIn: {
      title: 'Bitte zuerst anmelden',
      text: (email: string) =>
        `Melden Sie sich als ${email} an, oder registrieren Sie sich, und öffnen Sie diesen Link noch einmal.`,
    },
  },
}

export const textsFor = (locale: 'en' | 'de' = 'en') => ({ lang: locale, ...texts[locale] })

const style =
  'body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}button{font:inherit;padding:.6rem 1.2rem}'
// Helmet's policy and this one style; nothing comes from elsewhere, and the button posts only to us.
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`

/**
 * A page of one sentence, and a button that posts to its own address. Mail scanners open links but press no buttons.
 */
export function sendPage(
  reply: Reply,
  status: number,
  lang: string,
  { title, text, button }: { title: string; text: string; button?: string },
): Reply {
  const form = button ? `<form method="post"><button>${escape(button)}</button></form>` : ''
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', policy)
    .header('cache-control', 'no-store')
    .send(
      `<!doctype html><html lang="${lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title><style>${style}</style><h1>${escape(title)}</h1><p>${escape(text)}</p>${form}</html>`,
    )
}

/** Routes below also take what a form without fields sends. */
export function forForms(http: Http, setup: (http: Http) => void): void {
  http.scope((app, scoped) => {
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 1024 },
      async () => undefined,
    )
    setup(scoped)
  })
}

const escape = (text: string): string => text.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`)
