import {
  anyone,
  html,
  isKnown,
  languageOf,
  markdown,
  pageTag,
  sendPage,
  type Html,
  type Language,
  type Reply,
  type Request,
  type Texts,
} from '#kernel'
import type { GatewayHost } from './host.ts'
import { licencesOf, type Licences } from './licences.ts'
import { standingOf, type Standing } from './standing.ts'

const en = {
  home: 'To the first page',
  imprint: {
    title: 'Imprint',
    about: 'Who runs this platform, and how they are reached.',
    empty:
      'Whoever runs this platform has not said here yet who they are. In most countries they have to: name and postal ' +
      'address, an e-mail address, the register and its number, the VAT number, and who speaks for a company.',
    how: (key: string) => html`It is filled in by an admin, in the setting <code>${key}</code> of the console.`,
  },
  accessibility: {
    title: 'Accessibility',
    about: 'How far this platform is for everybody, and where to tell what is not.',
    empty:
      'Whoever runs this platform has not published their own statement yet. It has to say what is not accessible, whom ' +
      'to tell of it, and which authority to turn to.',
    how: (key: string) => html`It is filled in by an admin, in the setting <code>${key}</code> of the console.`,
    software:
      'Of the software itself: its pages and its console are built to WCAG 2.2, level AA. Each is looked at by a program ' +
      '(axe) in light and dark, in wide windows and narrow ones, and gone through by keyboard, before a version is ' +
      'published. Pages for the public need no script. No person with an impairment has audited it so far.',
  },
  licences: {
    title: 'Licences',
    about: 'Work of others that is in this platform, and its licences.',
    own: 'Ohmnibus itself is open source, by the MIT licence.',
    data:
      'The borders of the map are of Natural Earth, which is in the public domain. The words and formats of battery ' +
      'passports come from the Official Journal of the European Union, the Battery Pass consortium, the Industrial ' +
      'Digital Twin Association and Catena-X (CC BY 4.0).',
    console: 'What the console brings into the browser',
    server: 'What works in the server',
    none: 'Nothing is installed that says so.',
    unknown: 'not said',
  },
  status: {
    title: { ok: 'Everything works', failing: 'Something does not work', stopping: 'The platform is going to stop' },
    about: 'Whether everything works at the moment.',
    parts: 'What people use',
    engines: 'What it stands on',
    standings: { ok: 'works', away: 'does not answer', other: 'is not ready' },
    machines: 'The same for machines',
  },
}

const texts: Texts<typeof en> = {
  en,
  de: {
    home: 'Zur Startseite',
    imprint: {
      title: 'Impressum',
      about: 'Wer diese Plattform betreibt und wie man sie erreicht.',
      empty:
        'Wer diese Plattform betreibt, hat hier noch nicht gesagt, wer das ist. In den meisten Ländern ist das Pflicht: ' +
        'Name und Postanschrift, E-Mail-Adresse, Register und Nummer, Umsatzsteuer-Nummer, und wer für eine Firma spricht.',
      how: key => html`Ausgefüllt wird es von der Administration, in der Einstellung <code>${key}</code> der Konsole.`,
    },
    accessibility: {
      title: 'Barrierefreiheit',
      about: 'Wie weit diese Plattform für alle da ist, und wohin man meldet, was es nicht ist.',
      empty:
        'Wer diese Plattform betreibt, hat noch keine eigene Erklärung veröffentlicht. Sie muss sagen, was nicht ' +
        'barrierefrei ist, wem man das meldet, und an welche Behörde man sich wenden kann.',
      how: key => html`Ausgefüllt wird sie von der Administration, in der Einstellung <code>${key}</code> der Konsole.`,
      software:
        'Zur Software selbst: Ihre Seiten und ihre Konsole sind nach WCAG 2.2, Stufe AA, gebaut. Jede wird vor einer ' +
        'Veröffentlichung von einem Programm (axe) geprüft, hell und dunkel, breit und schmal, und mit der Tastatur ' +
        'durchgegangen. Öffentliche Seiten brauchen kein Skript. Menschen mit Beeinträchtigungen haben sie bisher nicht ' +
        'begutachtet.',
    },
    licences: {
      title: 'Lizenzen',
      about: 'Werke anderer, die in dieser Plattform stecken, und ihre Lizenzen.',
      own: 'Ohmnibus selbst ist quelloffen, unter der MIT-Lizenz.',
      data:
        'Die Grenzen der Karte sind von Natural Earth und gemeinfrei. Die Wörter und Formate der Batteriepässe kommen aus ' +
        'dem Amtsblatt der Europäischen Union, vom Battery-Pass-Konsortium, von der Industrial Digital Twin Association ' +
        'und von Catena-X (CC BY 4.0).',
      console: 'Was die Konsole in den Browser bringt',
      server: 'Was im Server arbeitet',
      none: 'Nichts ist installiert, das es sagt.',
      unknown: 'nicht gesagt',
    },
    status: {
      title: {
        ok: 'Alles funktioniert',
        failing: 'Etwas funktioniert nicht',
        stopping: 'Die Plattform hält gleich an',
      },
      about: 'Ob gerade alles funktioniert.',
      parts: 'Was Menschen benutzen',
      engines: 'Worauf es steht',
      standings: { ok: 'funktioniert', away: 'antwortet nicht', other: 'ist nicht bereit' },
      machines: 'Dasselbe für Maschinen',
    },
  },
}

/** What stands below every page: who runs the platform, how far it is for everybody, whose work is in it, how it is. */
export function statements({ site, platform }: GatewayHost): void {
  const about = { hide: true, produces: ['text/html'] }
  const config = { access: anyone }
  const send = (
    reply: Reply,
    language: Language,
    path: string,
    { title, description, body }: { title: string; description: string; body: Html },
    also: readonly { to: string; text: string }[] = [],
  ): Reply =>
    sendPage(reply, 200, {
      language,
      title,
      body,
      onward: [{ to: '/', text: texts[language].home }, ...also],
      found: { address: platform.publicUrl + path, description },
    })

  for (const name of ['imprint', 'accessibility'] as const)
    site.get(`/${name}`, { config, schema: { ...about, summary: en[name].about } }, async (request, reply) => {
      const language = languageOf(request)
      const words = texts[language][name]
      const said = reply.server.notice(language, name)
      const body = html`${
        said
          ? await markdown(said)
          : html`<p role="status">${words.empty} ${words.how(`${name}.text${language === 'de' ? '.de' : ''}`)}</p>`
      }${'software' in words && !said && html`<p>${words.software}</p>`}`
      const page = { title: words.title, description: words.about, body }
      return send(reply.header('cache-control', 'no-cache'), language, `/${name}`, page)
    })

  site.get('/licences', { config, schema: { ...about, summary: en.licences.about } }, async (request, reply) => {
    const language = languageOf(request)
    const { title, about: description } = texts[language].licences
    const licences = await licencesOf()
    const tag = pageTag(reply, language, `${licences.tag}-${language}`)
    reply.headers({ etag: tag, 'cache-control': 'public, max-age=60', vary: 'accept-language' })
    if (isKnown(request as unknown as Request, tag)) return reply.code(304).send()
    return send(reply, language, '/licences', { title, description, body: licencesIn(language, licences) })
  })

  site.get('/status', { config, schema: { ...about, summary: en.status.about } }, async (request, reply) => {
    const language = languageOf(request)
    const words = texts[language].status
    const standing = await standingOf(reply)
    const title = words.title[standing.status]
    const page = { title, description: words.about, body: standingIn(language, standing) }
    return send(reply, language, '/status', page, [{ to: '/health', text: words.machines }])
  })
}

function licencesIn(language: Language, { console, server }: Licences): Html {
  const words = texts[language].licences
  return html`<p>${words.own} ${words.data}</p>
    <h2>${words.console}</h2>
    ${console.length === 0 && html`<p>${words.none}</p>`}
    ${console.map(
      ({ name, version, licence, text }) =>
        html`<details>
          <summary>${name} ${version}: ${licence ?? words.unknown}</summary>
          <pre>${text}</pre>
        </details>`,
    )}
    <h2>${words.server}</h2>
    ${server.length === 0 && html`<p>${words.none}</p>`}
    <ul>
      ${server.map(({ name, version, licence }) => html`<li>${name} ${version}: ${licence ?? words.unknown}</li>`)}
    </ul>`
}

function standingIn(language: Language, { parts, engines }: Standing): Html {
  const words = texts[language].status
  const list = (all: readonly (readonly [name: string, standing: keyof typeof words.standings])[]): Html =>
    html`<ul>
      ${all.map(([name, standing]) => html`<li>${name}: ${words.standings[standing]}</li>`)}
    </ul>`
  return html`<h2>${words.parts}</h2>
    ${list(parts.map(({ name, standing }) => [name[language], standing]))}
    <h2>${words.engines}</h2>
    ${list(engines.map(({ name, standing }) => [name[language], standing]))}`
}
