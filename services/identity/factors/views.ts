import { form, html, sendPage, type Html, type Language, type Reply } from '#kernel'
import { passwordField } from '../entrance/passwords.ts'
import { paths, pathTo } from '../entrance/paths.ts'
import { texts as ofEntrance } from '../entrance/texts.ts'
import { troubledIn, type Trouble } from '../entrance/trouble.ts'
import { type Provider, wayTo } from '../providers/providers.ts'
import { texts } from './page-texts.ts'
import { passkeyForm, scripted } from './script.ts'
import type { Passkey, Totp } from './store.ts'

/** What somebody signs in with, as their page shows it. */
export interface Shown {
  totp: Totp | undefined
  passkeys: readonly Passkey[]
  left: number
  missing: boolean
}

/** A button of the page of factors: what it does, and with which. */
const act = (what: string, button: string, id = ''): Html =>
  form(button, html`<input type="hidden" name="act" value="${what}" /><input type="hidden" name="id" value="${id}" />`)

const codeField = (label: string): Html =>
  html`<label>${label}<input name="code" autocomplete="one-time-code" maxlength="40" required autofocus /></label>`

/** The pages of second factors, in one language. */
export function factorViews(language: Language) {
  const kit = kitIn(language)
  return { ...givingFactors(kit), ...security(kit), ...settingUp(kit) }
}

/** What the pages are put together from. */
function kitIn(language: Language) {
  const t = texts[language]
  const others = ofEntrance[language]
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' })
  const send = (reply: Reply, trouble: Trouble | undefined, title: string, body: Html, links: object[]): Reply =>
    sendPage(reply, trouble?.status ?? 200, {
      language,
      title,
      body,
      onward: [...links, { to: '/', text: others.links.home }] as never,
      secret: true,
      look: scripted,
    })
  const troubled = (trouble: Trouble | undefined) => trouble && troubledIn(language, trouble, t.problems)
  const ask = (action: string, from: string, button: string): Html =>
    passkeyForm(button, { kind: 'get', from, action, failed: t.failed })

  return { t, language, date, send, troubled, ask }
}

type Kit = ReturnType<typeof kitIn>

function givingFactors({ t, language, send, troubled, ask }: Kit) {
  return {
    /** Between password and session. */
    factor(reply: Reply, factors: readonly string[], to: string | undefined, trouble?: Trouble): Reply {
      const here = pathTo(paths.factor, { return: to })
      const body = html`${troubled(trouble)}
        ${factors.includes('passkey') && ask(here, 'factor/passkey', t.factor.passkey)}
        <p>${t.factor.text}</p>
        ${form(t.factor.button, codeField(t.factor.label), here)}
        <p><small>${t.factor.lost}</small></p>`
      return send(reply, trouble, t.factor.title, body, [
        { to: pathTo(paths.signIn, { return: to }), text: t.factor.restart },
      ])
    },

    /** Where a passkey alone did not let in. */
    passkey: (reply: Reply, to: string | undefined, trouble: Trouble): Reply =>
      send(
        reply,
        trouble,
        t.signInWithPasskey,
        html`${troubled(trouble)}${ask(
          pathTo(paths.passkey, { return: to }),
          'passkeys/sign-in/options',
          t.signInWithPasskey,
        )}`,
        [{ to: pathTo(paths.signIn, { return: to }), text: t.factor.restart }],
      ),

    /**
     * Whoever is signed in proves again to be it: by a factor, or where there is none by the password, or by signing in
     * again with a provider of theirs.
     */
    confirm(
      reply: Reply,
      about: {
        address: string
        factors: readonly string[]
        hasPassword: boolean
        providers: readonly Pick<Provider, 'id' | 'name'>[]
        to: string
      },
      trouble?: Trouble,
    ): Reply {
      const here = pathTo(paths.confirm, { return: about.to })
      const password = html`<input type="hidden" name="username" autocomplete="username" value="${about.address}" />
        ${passwordField(language, { autocomplete: 'current-password', autofocus: true })}`
      const hasFactor = about.factors.length > 0
      const body = html`<p>${t.confirm.text} <bdi>${about.address}</bdi></p>
        ${troubled(trouble)} ${about.factors.includes('passkey') && ask(here, 'step-up/passkey', t.factor.passkey)}
        ${hasFactor && html`<p>${t.factor.text}</p>`}
        ${
          hasFactor || about.hasPassword
            ? form(t.confirm.button, hasFactor ? codeField(t.factor.label) : password, here)
            : html`<p>${t.confirm.noPassword}</p>`
        }`
      return send(reply, trouble, t.confirm.title, body, [
        ...about.providers.map(provider => ({ to: wayTo(provider, about.to), text: t.confirm.again(provider.name) })),
        ...(hasFactor || about.hasPassword ? [] : [{ to: paths.forgotten, text: t.confirm.setPassword }]),
        { to: paths.devices, text: t.back },
      ])
    },
  }
}

function security({ t, date, send, troubled }: Kit) {
  return {
    security(reply: Reply, { totp, passkeys, left, missing }: Shown, done: boolean, trouble?: Trouble): Reply {
      const s = t.security
      const set = totp?.sealed ? totp : undefined
      const has = set || passkeys.length > 0
      const used = (at: Date | null) => (at ? `${s.used} ${date.format(at)}` : s.unused)
      const body = html`${done && !trouble && html`<p role="status">${s.done}</p>`}${troubled(trouble)}
        ${!has && html`<p>${missing ? s.needed : s.none}</p>`}
        <h2>${s.passkeys}</h2>
        <p>${s.passkeysText}</p>
        ${passkeys.length === 0 && html`<p>${s.passkeysNone}</p>`}
        <ul>
          ${passkeys.map(
            ({ id, name, synced, createdAt, usedAt }) =>
              html`<li>
                <p>
                  <strong><bdi>${name}</bdi></strong> ${synced && `(${s.synced})`}<br />
                  ${s.added} ${date.format(createdAt)}, ${used(usedAt)}
                </p>
                ${act('remove-passkey', `${s.removePasskey}: ${name}`, id)}
              </li>`,
          )}
        </ul>
        ${passkeyForm(s.addPasskey, {
          kind: 'create',
          from: 'passkeys/options',
          action: paths.security,
          failed: t.failed,
          fields: html`<input type="hidden" name="act" value="add-passkey" />
            <label>${s.name}<input name="name" maxlength="60" required autocomplete="off" /></label>`,
        })}
        <h2>${s.app}</h2>
        <p>${set ? `${s.appSet} ${date.format(set.createdAt)}, ${used(set.usedAt)}.` : s.appNone}</p>
        ${act('offer-app', set ? s.replaceApp : s.addApp)} ${set && act('remove-app', s.removeApp)}
        ${
          has &&
          html`<h2>${s.codes}</h2>
            <p>${s.left(left)}</p>
            ${act('new-codes', s.newCodes)}`
        }`
      return send(reply, trouble, s.title, body, [{ to: paths.devices, text: t.devices }])
    },
  }
}

function settingUp({ t, send, troubled }: Kit) {
  return {
    /** The secret of an app that waits for its first code. */
    app(reply: Reply, secret: string, trouble?: Trouble): Reply {
      const body = html`<p>${t.app.text}</p>
        ${troubled(trouble)}
        <p><img alt="${t.app.picture}" width="240" height="240" src="add-app.svg" /></p>
        <p>${t.app.key}: <code>${secret.match(/.{1,4}/g)!.join(' ')}</code></p>
        ${form(t.app.button, codeField(t.factor.label), paths.app)}`
      return send(reply, trouble, t.app.title, body, [{ to: paths.security, text: t.back }])
    },

    codes: (reply: Reply, codes: readonly string[]): Reply =>
      send(
        reply,
        undefined,
        t.codes.title,
        html`<p>${t.codes.text}</p>
          <ol>
            ${codes.map(code => html`<li><code>${code}</code></li>`)}
          </ol>`,
        [{ to: paths.security, text: t.codes.kept }],
      ),
  }
}
