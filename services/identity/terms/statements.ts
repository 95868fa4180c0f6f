import { anyone, html, languageOf, markdown, sendPage, type Texts } from '#kernel'
import type { Identity } from '../identity.ts'
import { findTerms, listTerms } from './store.ts'
import { holdingAt, textIn } from './terms.ts'

const en = {
  privacy: {
    title: 'Privacy',
    about: 'What is kept of people here, why, and for how long.',
    empty:
      'Whoever runs this platform has not published a privacy notice yet. It has to say who answers for the data, what is ' +
      'kept and why, for how long, who else gets it, and which rights one has.',
    software: [
      'Pages and console ask no other server for anything, and count nobody.',
      'Cookies are set for who signs in (the session, and the browser one was known by) and for who puts something into the cart; none for anybody else.',
      'Who has an account takes all data of theirs along, and deletes the account, by themselves.',
      'Who pays is led to the payment provider; mails go by the mail server that the operator has chosen.',
    ],
  },
  terms: {
    title: 'Terms',
    about: 'What holds between those who use this platform and who runs it.',
    empty: 'Whoever runs this platform has not published terms of use yet.',
    software: [] as readonly string[],
  },
  how: (key: string) => html`An admin publishes it in the console, among the terms, with the key <code>${key}</code>.`,
  does: 'What the software itself does, whoever runs it',
  holds: (version: number, day: string) => `Version ${version}, in force since ${day}.`,
  home: 'Go to the start page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    privacy: {
      title: 'Datenschutz',
      about: 'Was hier von Menschen aufbewahrt wird, warum und wie lange.',
      empty:
        'Wer diese Plattform betreibt, hat noch keine Datenschutzhinweise veröffentlicht. Sie müssen sagen, wer für die ' +
        'Daten verantwortlich ist, was warum und wie lange aufbewahrt wird, wer es sonst bekommt, und welche Rechte man hat.',
      software: [
        'Seiten und Konsole rufen keinen anderen Server auf und zählen niemanden.',
        'Cookies bekommt, wer sich anmeldet (für die Sitzung, und dafür, dass der Browser wiedererkannt wird), und wer etwas in den Warenkorb legt; sonst niemand.',
        'Wer ein Konto hat, nimmt alle eigenen Daten selbst mit und löscht das Konto selbst.',
        'Wer bezahlt, wird zum Zahlungsdienst geführt; E-Mails gehen über den Mailserver, den der Betreiber gewählt hat.',
      ],
    },
    terms: {
      title: 'Nutzungsbedingungen',
      about: 'Was zwischen denen gilt, die diese Plattform nutzen, und denen, die sie betreiben.',
      empty: 'Wer diese Plattform betreibt, hat noch keine Nutzungsbedingungen veröffentlicht.',
      software: [],
    },
    how: key =>
      html`Veröffentlicht werden sie von der Administration in der Konsole, bei den Bedingungen, mit dem Schlüssel
        <code>${key}</code>.`,
    does: 'Was die Software selbst tut, wer immer sie betreibt',
    holds: (version, day) => `Version ${version}, gilt seit ${day}.`,
    home: 'Zur Startseite',
  },
}

/** The pages of the terms and the notice that hold, for anybody: `terms` and `privacy` are their keys. */
export function statements({ host: { db, site, now, platform } }: Identity): void {
  for (const key of ['privacy', 'terms'] as const)
    site.get(
      `/${key}`,
      { config: { access: anyone }, schema: { summary: en[key].about, hide: true, produces: ['text/html'] } },
      async (request, reply) => {
        const language = languageOf(request)
        const words = texts[language]
        const { title, about, empty, software } = words[key]
        const holding = holdingAt(await listTerms(db), now()).find(one => one.key === key)
        const held = holding && (await findTerms(db, holding.id))
        const text = held && textIn(held.texts, language)
        const day = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' })
        return sendPage(reply.header('cache-control', 'no-cache'), 200, {
          language,
          title: text?.title ?? title,
          body: text
            ? html`<p>${words.holds(held.version, day.format(held.effectiveAt))}</p>
                <div lang="${text.language}">${await markdown(text.text, 'editor')}</div>`
            : html`<p role="status">${empty} ${words.how(key)}</p>
                ${
                  software.length > 0 &&
                  html`<h2>${words.does}</h2>
                    <ul>
                      ${software.map(one => html`<li>${one}</li>`)}
                    </ul>`
                }`,
          onward: [{ to: '/', text: words.home }],
          found: { address: `${platform.publicUrl}/${key}`, description: about },
        })
      },
    )
}
