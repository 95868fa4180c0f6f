import { form, html, sendPage, type Html, type Language, type Reply } from '#kernel'
import { paths, pathTo } from '../entrance/paths.ts'
import type { Client } from './clients.ts'
import type { ShownConsent } from './store.ts'
import { scopeIn, texts } from './texts.ts'

/** The pages on which people are asked by clients, in one language; none needs a script. */
export function viewsOfProvider(language: Language) {
  const kit = kitIn(language)
  return { ...asking(kit), ...ending(kit) }
}

function kitIn(language: Language) {
  const t = texts[language]
  const send = (reply: Reply, status: number, title: string, body: Html, links: { to: string; text: string }[] = []) =>
    sendPage(reply, status, {
      language,
      title,
      body,
      onward: [...links, { to: '/', text: t.home }] as never,
      secret: true,
    })
  return { t, language, send }
}

type Kit = ReturnType<typeof kitIn>

/** Whether to let a client in, and the way back. */
function asking({ t, language, send }: Kit) {
  // Who is signed in already is asked at the address that the client led to, which takes no answers.
  const choice = (value: string, button: string, action: string): Html =>
    form(button, html`<input type="hidden" name="decision" value="${value}" />`, action)

  return {
    consent: (
      reply: Reply,
      about: {
        client: Client
        owner: string | undefined
        address: string
        organisation: string | undefined
        scopes: readonly string[]
        redirectUri: string
        own: string
        status: number
      },
    ) =>
      send(
        reply,
        about.status,
        t.title(about.client.name),
        html`<p>
            <strong><bdi>${about.client.name}</bdi></strong> ${t.asks}
            ${about.owner ? html`${t.by} <bdi>${about.owner}</bdi>.` : t.ofPlatform}
          </p>
          <p>
            ${t.as} <bdi>${about.address}</bdi>.
            ${about.organisation ? html`${t.actingFor} <bdi>${about.organisation}</bdi>.` : t.actingForOneself}
          </p>
          <p>${t.wants}</p>
          <ul>
            ${about.scopes.map(scope => html`<li>${scopeIn(language, scope)}</li>`)}
          </ul>
          <p>${t.back} <bdi>${placeOf(about.redirectUri) ?? t.device}</bdi>.</p>
          ${choice('allow', t.allow, about.own)}${choice('deny', t.deny, about.own)}
          ${form(t.another, undefined, pathTo(paths.signOut, { return: about.own }))}`,
        [{ to: paths.apps, text: t.apps }],
      ),

    wrong: (reply: Reply, what: keyof typeof t.wrong) =>
      send(reply, what === 'busy' ? 429 : 400, t.wrong.title, html`<p>${t.wrong[what]}</p>`),

    /** Browsers that sent a form are led by a page: its policy lets forms lead nowhere else. */
    led: (reply: Reply, to: string, client: string) => {
      reply.header('refresh', `0; url=${to}`)
      return send(
        reply,
        200,
        t.led.title,
        html`<p role="status">${t.led.text} <bdi>${placeOf(to) ?? t.device}</bdi>.</p>`,
        placeOf(to) ? [{ to, text: t.led.go(client) }] : [],
      )
    },
  }
}

/** What one let in, and signing out. */
function ending({ t, language, send }: Kit) {
  return {
    apps: (reply: Reply, consents: readonly ShownConsent[], more: boolean, ended: boolean, status: number) => {
      const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' })
      const line = (consent: ShownConsent) =>
        html`<li>
          <p>
            <strong><bdi>${consent.clientName}</bdi></strong>
            ${consent.clientOwner && html`(<bdi>${consent.clientOwner}</bdi>)`} ${t.since}
            ${day.format(consent.createdAt)}<br />
            ${consent.scopes.map(scope => scopeIn(language, scope)).join('; ')}
          </p>
          ${form(t.end(consent.clientName), html`<input type="hidden" name="consent" value="${consent.id}" />`)}
        </li>`
      return send(
        reply,
        status,
        t.apps,
        html`${ended && html`<p role="status">${t.ended}</p>`}
          <p>${consents.length > 0 ? t.appsText : t.none}</p>
          <ul>
            ${consents.map(line)}
          </ul>
          ${more && html`<p>${t.more}</p>`}`,
        [{ to: paths.signIn, text: t.account }],
      )
    },

    signOut: (reply: Reply, client: string | undefined, address: string, own: string) =>
      send(
        reply,
        200,
        t.signOut.title,
        html`<p>${client && html`<bdi>${client}</bdi> ${t.signOut.text}`} ${t.as} <bdi>${address}</bdi>.</p>
          ${form(t.signOut.button, undefined, own)}`,
        [{ to: paths.signIn, text: t.signOut.stay }],
      ),
  }
}

/** The host people know a site by; undefined for an app on the device. */
const placeOf = (uri: string): string | undefined => (/^https?:/.test(uri) ? new URL(uri).host : undefined)
