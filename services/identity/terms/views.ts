import { form, html, markdown, sendPage, type Html, type Language, type Link, type Look, type Reply } from '#kernel'
import { passwordField } from '../entrance/passwords.ts'
import { paths } from '../entrance/paths.ts'
import { troubledIn, type Trouble } from '../entrance/trouble.ts'
import { scripted } from '../factors/script.ts'
import type { Standing } from './answering.ts'
import { isRequired, textIn } from './terms.ts'
import { texts } from './texts.ts'

/** One that holds, as it is read. */
interface Shown extends Standing {
  title: string
  /** Of the text, which may be another one than that of the page. */
  language: Language
  body: Html
}

export async function shownIn(language: Language, all: readonly Standing[]): Promise<Shown[]> {
  return await Promise.all(
    all.map(async one => {
      const text = textIn(one.texts, language)
      return { ...one, title: text.title, language: text.language, body: await markdown(text.text, 'editor') }
    }),
  )
}

/** The pages of what people agree to, and of leaving, in one language. */
export function termsViews(language: Language) {
  const kit = kitIn(language)
  return { ...agreeing(kit), ...leaving(kit) }
}

/** What the pages are put together from. */
function kitIn(language: Language) {
  const t = texts[language]
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' })
  const home = { to: '/', text: t.home }
  const send = (reply: Reply, status: number, title: string, body: Html, links: readonly Link[], look?: Look): Reply =>
    sendPage(reply, status, { language, title, body, onward: [...links, home] as never, secret: true, look })
  const troubled = (trouble: Trouble | undefined, own: Record<string, string>) =>
    trouble && troubledIn(language, trouble, own)
  return { t, language, day, send, troubled }
}

type Kit = ReturnType<typeof kitIn>

/** How one stands to a text, as a page shows it. */
function partsIn({ t, day }: Kit) {
  const text = ({ title, language: spoken, version, effectiveAt, body }: Shown): Html =>
    html`<details>
      <summary><bdi lang="${spoken}">${title}</bdi> (${t.holds(version, day.format(effectiveAt))})</summary>
      <div lang="${spoken}">${body}</div>
    </details>`
  const tick = ({ id, title, kind }: Shown): Html =>
    html`<label class="check"
      ><input type="checkbox" name="agreed" value="${id}" required />
      <span>${t.agree[kind === 'notice' ? 'notice' : 'terms'](title)}</span></label
    >`
  const choice = (one: Shown): Html => {
    const { id, title, version, answered } = one
    const since = answered && day.format(answered.at)
    const given = answered?.answer === 'agreed'
    const state = !given
      ? t.notGiven
      : answered.version < version
        ? t.givenBefore(answered.version, since!)
        : t.given(since!)
    const button = (name: 'agreed' | 'withdrawn', words: string): Html =>
      form(words, html`<input type="hidden" name="${name}" value="${id}" />`)
    return html`<li>
      ${text(one)}
      <p>${state}</p>
      ${(!given || answered.version < version) && button('agreed', t.give(title))}
      ${given && button('withdrawn', t.withdraw(title))}
    </li>`
  }
  const agreed = (one: Shown): Html =>
    html`<li>
      ${text(one)}
      <p>${one.answered && t.agreedOn(day.format(one.answered.at))}</p>
    </li>`
  return { text, tick, choice, agreed }
}

function agreeing(kit: Kit) {
  const { t, send, troubled } = kit
  const { text, tick, choice, agreed } = partsIn(kit)
  return {
    agree(
      reply: Reply,
      { all, ahead }: { all: readonly Shown[]; ahead: readonly Shown[] },
      to: string | undefined,
      done: boolean,
      trouble?: Trouble,
    ): Reply {
      const open = all.filter(one => one.open)
      const free = all.filter(one => !isRequired(one))
      const answered = all.filter(one => isRequired(one) && !one.open)
      const body = html`${done && !trouble && html`<p role="status">${t.saved}</p>`}${troubled(trouble, t.problems)}
      ${
        open.length > 0 &&
        html`<p>${t.needed}</p>
          ${form(t.button, html`${open.map(one => html`${text(one)}${tick(one)}`)}`)}`
      }
      ${all.length === 0 && html`<p>${t.none}</p>`}
      ${
        answered.length > 0 &&
        html`<ul>
          ${answered.map(agreed)}
        </ul>`
      }
      ${
        ahead.length > 0 &&
        html`<h2>${t.ahead}</h2>
          <p>${t.aheadText}</p>
          ${ahead.map(text)}`
      }
      ${
        free.length > 0 &&
        html`<h2>${t.allow}</h2>
          <p>${t.allowText}</p>
          <ul>
            ${free.map(choice)}
          </ul>`
      }`
      return send(reply, trouble?.status ?? 200, open.length > 0 ? t.before : t.title, body, [
        ...(to && open.length === 0 ? [{ to, text: t.onward }] : []),
        { to: '/api/users/export', text: t.data },
        { to: paths.leave, text: t.leave },
        open.length > 0 ? { to: paths.signOut, text: t.signOut } : { to: paths.signIn, text: t.account },
      ])
    },
  }
}

function leaving({ t, language, send, troubled }: Kit) {
  return {
    leave: (reply: Reply, address: string, trouble?: Trouble): Reply =>
      send(
        reply,
        trouble?.status ?? 200,
        t.leaving.title,
        html`<p><bdi>${address}</bdi>: ${t.leaving.text}</p>
          ${troubled(trouble, t.leaving.problems)}
          ${form(
            t.leaving.button,
            html`<input type="hidden" name="username" autocomplete="username" value="${address}" />${passwordField(
                language,
                { autocomplete: 'current-password' },
              )}`,
          )}`,
        [
          { to: '/api/users/export', text: t.data },
          { to: paths.signIn, text: t.leaving.stay },
        ],
        scripted,
      ),

    gone: (reply: Reply): Reply => send(reply, 200, t.leaving.gone, html`<p>${t.leaving.goneText}</p>`, []),
  }
}
