import { getPerson } from '#contracts/identity'
import { Problem, forForms, form, html, languageOf, sendPage, anyone, type Reply, type Texts } from '#kernel'
import Type from 'typebox'
import type { NotificationsHost } from '../host.ts'
import { names } from '../kinds/names.ts'
import { optionalKinds } from '../messages.ts'
import { lockPreferences, updatePreferences } from '../store.ts'
import { leaveOf, type Leave } from './leaving.ts'
import { reopenOf } from './links.ts'
import { reopen } from './store.ts'

const en = {
  leave: {
    title: 'End these mails',
    ask: (what: string) => html`You get mail about: <strong>${what}</strong>. Do you want no more of these?`,
    askAll: 'Do you want no more news by mail?',
    kind: 'End these mails',
    all: 'End all news by mail',
  },
  left: {
    title: 'No more of these mails',
    text: (what: string) => html`You get no more mail about: <strong>${what}</strong>.`,
    textAll: 'You get no more news by mail.',
    still: 'Codes, invitations, and what is about the safety of your account still come by mail.',
    back: 'Send them again',
  },
  back: { title: 'These mails come again', text: 'You get them as before.' },
  gone: {
    title: 'This link is not good',
    text: 'Perhaps a part of it was lost on the way. Sign in to choose what you are told.',
  },
  confirm: {
    title: 'Get mail again',
    text: (address: string) => html`Mail is to go to <bdi>${address}</bdi> again.`,
    button: 'Yes, send mail there',
  },
  confirmed: {
    title: 'Mail reaches you again',
    text: (address: string) => html`What you want to hear of goes to <bdi>${address}</bdi> from now on.`,
  },
  everything: 'all news',
  home: 'Go to the start page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    leave: {
      title: 'Diese Mails beenden',
      ask: what => html`Sie bekommen Post über: <strong>${what}</strong>. Möchten Sie keine mehr davon?`,
      askAll: 'Möchten Sie keine Neuigkeiten mehr per Mail?',
      kind: 'Diese Mails beenden',
      all: 'Alle Neuigkeiten per Mail beenden',
    },
    left: {
      title: 'Keine solchen Mails mehr',
      text: what => html`Sie bekommen keine Post mehr über: <strong>${what}</strong>.`,
      textAll: 'Sie bekommen keine Neuigkeiten mehr per Mail.',
      still: 'Codes, Einladungen und was die Sicherheit Ihres Kontos angeht, kommt weiterhin per Mail.',
      back: 'Doch wieder senden',
    },
    back: { title: 'Diese Mails kommen wieder', text: 'Sie bekommen sie wie zuvor.' },
    gone: {
      title: 'Dieser Link gilt nicht',
      text: 'Vielleicht ging unterwegs ein Teil verloren. Melden Sie sich an, um zu wählen, was Sie erfahren.',
    },
    confirm: {
      title: 'Wieder Post bekommen',
      text: address => html`An <bdi>${address}</bdi> soll wieder Post gehen.`,
      button: 'Ja, dorthin senden',
    },
    confirmed: {
      title: 'Post erreicht Sie wieder',
      text: address => html`Was Sie erfahren möchten, geht ab jetzt an <bdi>${address}</bdi>.`,
    },
    everything: 'alle Neuigkeiten',
    home: 'Zur Startseite',
  },
}

const Token = Type.Object({ token: Type.String({ maxLength: 500 }) })
/** What programs of mail send (RFC 8058), and the buttons of the page. */
const Choice = Type.Object({
  what: Type.Optional(Type.Enum(['kind', 'all', 'back', 'back-all'])),
  'List-Unsubscribe': Type.Optional(Type.String({ maxLength: 100 })),
})
const about = { params: Token, hide: true } as const

type Asking = { headers: { 'accept-language'?: string } }

/** Pages of links in mails: a look changes nothing, as mail programs look at links before people do. */
export function mailPages(host: NotificationsHost): void {
  const { db, http, log, now } = host
  const config = { access: anyone }

  const show = (
    request: Asking,
    reply: Reply,
    status: number,
    make: (words: typeof en, language: 'en' | 'de') => { title: string; body: ReturnType<typeof html> },
  ) => {
    const language = languageOf(request)
    const words = texts[language]
    return sendPage(reply, status, {
      language,
      ...make(words, language),
      onward: [{ to: '/', text: words.home }],
      secret: true,
    })
  }
  const goneNow = (request: Asking, reply: Reply) =>
    show(request, reply, 404, ({ gone }) => ({ title: gone.title, body: html`<p>${gone.text}</p>` }))
  const button = (name: string, what: string) => form(name, html`<input type="hidden" name="what" value="${what}" />`)

  http.get(
    '/unsubscribe/:token',
    { config, schema: { ...about, summary: 'Ask whether mails like one are to end' } },
    (request, reply) => {
      const leave = leaveOf(host, request.params.token)
      if (!leave) return goneNow(request, reply)
      return show(request, reply, 200, (words, language) => ({
        title: words.leave.title,
        body:
          leave.what === 'all'
            ? html`<p>${words.leave.askAll}</p>
                ${button(words.leave.all, 'all')}`
            : html`<p>${words.leave.ask(names[leave.what][language])}</p>
                ${button(words.leave.kind, 'kind')} ${button(words.leave.all, 'all')}`,
      }))
    },
  )

  http.get(
    '/confirm/:token',
    { config, schema: { ...about, summary: 'Ask whether mail is to go to an address again' } },
    (request, reply) => {
      const opens = reopenOf(host, request.params.token)
      if (!opens) return goneNow(request, reply)
      return show(request, reply, 200, ({ confirm }) => ({
        title: confirm.title,
        body: html`<p>${confirm.text(opens.address)}</p>
          ${form(confirm.button)}`,
      }))
    },
  )

  http.scope((app, scoped) => {
    app.removeAllContentTypeParsers()
    // As mail programs should send it (RFC 8058, 3.2); it says nothing that its address does not.
    app.addContentTypeParser('multipart/form-data', { parseAs: 'string', bodyLimit: 65_536 }, async () => ({}))
    forForms(scoped, forms => {
      forms.post(
        '/unsubscribe/:token',
        {
          config,
          schema: { ...about, summary: 'End mails like one, as RFC 8058 says', body: Type.Optional(Choice) },
        },
        async (request, reply) => {
          const leave = leaveOf(host, request.params.token)
          if (!leave) return goneNow(request, reply)
          const wanted = request.body?.what ?? 'kind'
          const [what, back] = [wanted.endsWith('all') ? 'all' : leave.what, wanted.startsWith('back')]
          await choose(host, { ...leave, what }, back)
          log.info({ userId: leave.userId, what, back }, 'somebody chose by a link of a mail')
          return show(request, reply, 200, ({ left, back: again }, language) =>
            back
              ? { title: again.title, body: html`<p role="status">${again.text}</p>` }
              : {
                  title: left.title,
                  body: html`<p role="status">${what === 'all' ? left.textAll : left.text(names[what][language])}</p>
                    <p>${left.still}</p>
                    ${button(left.back, what === 'all' ? 'back-all' : 'back')}`,
                },
          )
        },
      )

      forms.post(
        '/confirm/:token',
        {
          config,
          schema: { ...about, summary: 'Have mail go to an address again', body: Type.Optional(Type.Object({})) },
        },
        async (request, reply) => {
          const opens = reopenOf(host, request.params.token)
          if (!opens) return goneNow(request, reply)
          if (await db.transaction(tx => reopen(tx, opens.address, now())))
            log.info({ userId: opens.userId }, 'an address was confirmed and is mailed again')
          return show(request, reply, 200, ({ confirmed }) => ({
            title: confirmed.title,
            body: html`<p role="status">${confirmed.text(opens.address)}</p>`,
          }))
        },
      )
    })
  })
}

/** What may not be switched off is left alone, and so are the other channels. Once or often, it is the same. */
async function choose({ db, ask }: NotificationsHost, { userId, what }: Leave, back: boolean): Promise<void> {
  // Nobody who was forgotten comes back by an old mail; while identity is away nobody is kept from leaving.
  const isGone = await ask(getPerson, { userId }).then(
    () => false,
    error => error instanceof Problem && error.code === 'user_unknown',
  )
  if (isGone) return
  await db.transaction(async tx => {
    const chosen = await lockPreferences(tx, userId)
    const email =
      what !== 'all'
        ? { ...chosen.email, [what]: back }
        : back
          ? {}
          : Object.fromEntries(optionalKinds.map(kind => [kind, false]))
    await updatePreferences(tx, userId, { ...chosen, email, version: chosen.version + 1 })
  })
}
