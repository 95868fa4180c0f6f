import { form, html, sendPage, type Html, type Language, type Look, type Reply } from '#kernel'
import { texts as factorTexts } from '../factors/page-texts.ts'
import { passkeyForm, scripted } from '../factors/script.ts'
import type { Session } from '../sessions/store.ts'
import { type Provider, wayTo } from '../providers/providers.ts'
import { texts as ofProvider } from '../provider/texts.ts'
import { texts as ofTerms } from '../terms/texts.ts'
import { castPath, type Part, paths, pathTo } from './paths.ts'
import { passwordField } from './passwords.ts'
import { texts } from './texts.ts'
import { troubledIn, type Trouble } from './trouble.ts'

/** What pages know of who looks at them. */
export interface About {
  email?: string
  name?: string
  /** Where to lead on to. */
  to?: string
  /** Other providers by which one signs in. */
  providers?: readonly Pick<Provider, 'id' | 'name'>[]
  /** Whom one can try to be, with a click. */
  cast?: readonly Part[]
  trouble?: Trouble
}

interface Field {
  name: string
  label: string
  type?: 'text' | 'email'
  autocomplete: string
  value?: string
  hint?: string
  /** Six digits. */
  numeric?: true
}

const shown = ({ name, label, type = 'text', autocomplete, value = '', hint, numeric }: Field): Html =>
  html`<label
    >${label}
    <input
      name="${name}"
      type="${type}"
      autocomplete="${autocomplete}"
      value="${value}"
      required
      ${numeric && html`inputmode="numeric" maxlength="12"`}
    />${hint && html`<small>${hint}</small>`}</label
  >`

/** The pages at which people come in, in one language. */
export function viewsIn(language: Language, minimum: number) {
  const kit = kitIn(language, minimum)
  return { ...signingIn(kit), ...devices(kit), ...registering(kit), ...resetting(kit) }
}

/** What the pages are put together from. */
function kitIn(language: Language, minimum: number) {
  const t = texts[language]
  const home = { to: '/', text: t.links.home }
  const send = (
    reply: Reply,
    status: number,
    title: string,
    body: Html,
    links: { to: string; text: string }[],
    look?: Look,
  ): Reply => sendPage(reply, status, { language, title, body, onward: [...links, home] as never, secret: true, look })

  const troubled = (trouble: Trouble | undefined) => trouble && troubledIn(language, trouble)
  const said = (...texts: (string | Html | undefined)[]): Html => html`<p>${texts}</p>`

  const email = (value: string | undefined): Html =>
    shown({ name: 'email', label: t.fields.email, type: 'email', autocomplete: 'username', value })
  const newPassword = (label = t.fields.newPassword, up?: '../'): Html =>
    passwordField(language, { label, autocomplete: 'new-password', hint: t.fields.atLeast(minimum), up })
  const code = (name: 'otp' | 'code'): Html =>
    shown({ name, label: t.fields.code, autocomplete: 'one-time-code', numeric: true })
  /** Password managers keep what they find beside a new password. */
  const known = (address: string): Html =>
    html`<input type="hidden" name="username" autocomplete="username" value="${address}" />`

  const signIn = ({ to, email }: About) => ({ to: pathTo(paths.signIn, { return: to, email }), text: t.links.signIn })
  const signUp = ({ to }: About) => ({ to: pathTo(paths.signUp, { return: to }), text: t.links.signUp })
  const forgotten = { to: paths.forgotten, text: t.links.forgotten }

  return { t, language, send, troubled, said, email, newPassword, code, known, signIn, signUp, forgotten }
}

type Kit = ReturnType<typeof kitIn>

/** A button a role. */
const castIn = ({ cast }: Kit['t'], parts: readonly Part[], to: string | undefined): Html =>
  html`<section aria-labelledby="cast">
    <h2 id="cast">${cast.title}</h2>
    <p>${cast.text}</p>
    ${parts.map(part => form(cast.parts[part], undefined, pathTo(castPath(part), { return: to })))}
  </section>`

function signingIn({ t, language, send, troubled, said, email, signIn, signUp, forgotten }: Kit) {
  return {
    signIn: (reply: Reply, about: About, changed: boolean) =>
      send(
        reply,
        about.trouble?.status ?? 200,
        t.signIn.title,
        html`${changed && !about.trouble && html`<p role="status">${t.changed}</p>`}${troubled(about.trouble)}
        ${form(
          t.signIn.button,
          html`${email(about.email)}${passwordField(language, { autocomplete: 'current-password' })}`,
          // Also where a provider led back to, and nobody was signed in.
          pathTo(paths.signIn, { return: about.to }),
        )}${passkeyForm(factorTexts[language].signInWithPasskey, {
          kind: 'get',
          from: 'passkeys/sign-in/options',
          action: pathTo(paths.passkey, { return: about.to }),
          failed: factorTexts[language].failed,
        })}${about.cast && castIn(t, about.cast, about.to)}`,
        [
          ...(about.providers ?? []).map(provider => ({
            to: wayTo(provider, about.to),
            text: t.signIn.with(provider.name),
          })),
          forgotten,
          signUp(about),
        ],
        scripted,
      ),

    signedIn: (reply: Reply, address: string, isNew: boolean, to: string | undefined) =>
      send(
        reply,
        200,
        isNew ? t.signedIn.ready : t.signedIn.title,
        html`${said(`${t.signedIn.text} `, html`<bdi>${address}</bdi>.`)}${form(
          t.signOut.button,
          undefined,
          paths.signOut,
        )}`,
        [
          ...(to ? [{ to, text: t.links.onward }] : []),
          { to: paths.security, text: t.links.security },
          { to: paths.devices, text: t.devices.title },
          { to: paths.apps, text: ofProvider[language].apps },
          { to: paths.agree, text: ofTerms[language].title },
        ],
      ),

    signOut: (reply: Reply, address: string, trouble?: Trouble) =>
      send(
        reply,
        trouble?.status ?? 200,
        t.signOut.title,
        html`${said(`${t.signedIn.text} `, html`<bdi>${address}</bdi>.`)}${troubled(trouble)}${form(t.signOut.button)}`,
        [],
      ),

    signedOut: (reply: Reply) => send(reply, 200, t.signOut.done, said(t.signOut.doneText), [signIn({})]),
  }
}

function devices({ t, language, send, troubled, said }: Kit) {
  const words = t.devices
  const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
  const at = (date: Date): string => `${time.format(date)} UTC`
  const ending = (session: string, button: string): Html =>
    form(button, html`<input type="hidden" name="session" value="${session}" />`)
  const line = ({ id, device, addressPrefix, createdAt, usedAt }: Session, own: string): Html =>
    html`<li>
      <p>
        <strong><bdi>${device}</bdi></strong> ${id === own && `(${words.thisOne})`}<br />
        ${words.used} ${at(usedAt)}, ${words.from} ${addressPrefix}; ${words.since} ${at(createdAt)}
      </p>
      ${ending(id, words.end)}
    </li>`
  return {
    /** The sessions of somebody, with a button to end each; `own` is that of the browser. */
    devices: (
      reply: Reply,
      { sessions, more, own }: { sessions: readonly Session[]; more: boolean; own: string },
      ended: boolean,
      trouble?: Trouble,
    ) =>
      send(
        reply,
        trouble?.status ?? 200,
        words.title,
        html`${ended && !trouble && html`<p role="status">${words.ended}</p>`}${troubled(trouble)}${said(words.text)}
          <ul>
            ${sessions.map(session => line(session, own))}
          </ul>
          ${more && said(words.more)}${sessions.length > 1 && ending('others', words.endOthers)}`,
        [
          { to: paths.security, text: t.links.security },
          { to: paths.forgotten, text: words.password },
          { to: paths.signOut, text: t.signOut.title },
        ],
      ),
  }
}

function registering({ t, send, troubled, said, email, newPassword, code, known, signIn }: Kit) {
  return {
    signUp: (reply: Reply, about: About) =>
      send(
        reply,
        about.trouble?.status ?? 200,
        t.signUp.title,
        html`${said(t.signUp.text)}${troubled(about.trouble)}
        ${form(
          t.signUp.button,
          html`${shown({ name: 'name', label: t.fields.name, autocomplete: 'name', value: about.name })}${email(
            about.email,
          )}${newPassword(t.fields.password)}`,
        )}`,
        [signIn(about)],
        scripted,
      ),

    /** Without an address it asks for that and for a password: this is not the browser that registered. */
    code: (reply: Reply, address: string | undefined, about: About, sent: boolean) =>
      send(
        reply,
        about.trouble?.status ?? 200,
        t.code.title,
        html`${said(t.code.text, address === undefined ? undefined : html` ${t.code.to} <bdi>${address}</bdi>.`)}
        ${sent && !about.trouble && html`<p role="status">${t.code.sent}</p>`}${troubled(about.trouble)}
        ${form(
          t.code.button,
          address
            ? code('otp')
            : html`${email(about.email)}${code('otp')}${said(t.code.choose)}${newPassword(t.fields.password, '../')}`,
          paths.code,
        )}${address && form(t.code.again, undefined, paths.again)}`,
        [{ to: paths.signUp, text: t.links.otherAddress }, signIn({})],
        scripted,
      ),

    /** With `choose` it asks for a password: this is not the browser that registered. */
    confirm: (reply: Reply, name: string, address: string, choose: boolean, trouble?: Trouble) =>
      send(
        reply,
        trouble?.status ?? 200,
        t.confirm.title,
        html`${said(html`<bdi>${name}</bdi>, <bdi>${address}</bdi>: `, t.confirm.text)}${troubled(trouble)}
        ${form(
          t.confirm.button,
          choose ? html`${known(address)}${said(t.code.choose)}${newPassword(t.fields.password, '../')}` : undefined,
        )}`,
        [signIn({ email: address })],
        scripted,
      ),
  }
}

function resetting({ t, send, troubled, said, email, newPassword, code, known, signIn, signUp }: Kit) {
  return {
    forgotten: (reply: Reply, about: About) =>
      send(
        reply,
        about.trouble?.status ?? 200,
        t.forgotten.title,
        html`${said(t.forgotten.text)}${troubled(about.trouble)}${form(t.forgotten.button, email(about.email))}`,
        [signIn(about), signUp({})],
      ),

    resetByCode: (reply: Reply, about: About) =>
      send(
        reply,
        about.trouble?.status ?? 200,
        t.reset.title,
        html`${said(t.reset.asked)}${troubled(about.trouble)}
        ${form(t.reset.button, html`${email(about.email)}${code('code')}${newPassword(undefined, '../')}${said(t.reset.text)}`)}`,
        [{ to: paths.forgotten, text: t.expired.again }, signIn({})],
        scripted,
      ),

    reset: (reply: Reply, address: string, trouble?: Trouble) =>
      send(
        reply,
        trouble?.status ?? 200,
        t.reset.title,
        html`${said(html`<bdi>${address}</bdi>`)}${troubled(trouble)}
        ${form(t.reset.button, html`${known(address)}${newPassword(undefined, '../')}${said(t.reset.text)}`)}`,
        [signIn({ email: address })],
        scripted,
      ),

    undo: (reply: Reply, address: string, trouble?: Trouble) =>
      send(
        reply,
        trouble?.status ?? 200,
        t.undo.title,
        html`${said(html`<bdi>${address}</bdi>: `, t.undo.text)}${troubled(trouble)}${form(t.undo.button)}`,
        [signIn({})],
      ),

    expired: (reply: Reply, what: 'registration' | 'reset' | 'undo') =>
      send(
        reply,
        404,
        t.expired.title,
        said(t.expired.text),
        what === 'reset' ? [{ to: paths.forgotten, text: t.expired.again }, signIn({})] : [signIn({}), signUp({})],
      ),
  }
}
