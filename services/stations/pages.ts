import type { ConnectorStatus } from '#contracts/shared'
import {
  anyone,
  html,
  languageOf,
  sendPage,
  type Html,
  type Language,
  type Reply,
  type Request,
  type Texts,
} from '#kernel'
import { wordsOf } from '#money/tariff-words'
import type { StationsHost } from './host.ts'
import type { accessibilities, OpeningTimes } from './place.ts'
import { plugs } from './plugs.ts'
import { pricesAt } from './prices.ts'
import { maySee, type ConnectorView, type WholeStation } from './stations/stations.ts'
import { findStation } from './stations/store.ts'
import { One } from './stations/routes.ts'

const en = {
  address: 'Address',
  map: 'Show on a map',
  connectors: 'Connectors',
  point: (number: number | string) => `Charging point ${number}`,
  noConnectors: 'Nobody has said what there is.',
  offline: 'This station cannot be reached at the moment: how its connectors are may have changed.',
  unknownPlug: 'Connector',
  attached: 'with a cable',
  socket: 'bring a cable',
  upTo: (power: string) => `up to ${power}`,
  payByCard: 'Pay by card and charge, without an account',
  statuses: {
    available: 'Free',
    occupied: 'In use',
    preparing: 'In use',
    charging: 'In use',
    'suspended-ev': 'In use',
    'suspended-evse': 'In use',
    finishing: 'In use',
    reserved: 'Reserved',
    unavailable: 'Out of service',
    faulted: 'Out of order',
  } satisfies Record<ConnectorStatus, string> as Record<ConnectorStatus, string>,
  unknownStatus: 'Not known',
  opening: 'Opening hours',
  always: 'Open day and night',
  weekdays: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as readonly string[],
  alsoOpen: 'Also open',
  closed: 'Closed',
  accessibility: 'Accessibility',
  accessibilities: {
    'step-free': 'Reached without steps',
    'wheelchair-space': 'Space for a wheelchair beside the car',
    'controls-within-reach': 'Screen and sockets within reach from a wheelchair',
    'light-cable': 'A cable that needs little strength',
    'large-display': 'A display with large letters',
    audio: 'Speaks',
    braille: 'Braille or raised letters',
    lit: 'Lit at night',
    roofed: 'Under a roof',
  } satisfies Record<(typeof accessibilities)[number], string> as Record<(typeof accessibilities)[number], string>,
  directions: 'How to get there',
  fault: 'Something does not work?',
  report: 'Report it here',
  call: 'Call',
  write: 'Write to',
  operator: 'Operator',
  description: (name: string, city: string) =>
    `Charge at ${name}${city && ` in ${city}`}: its connectors, its prices, and what is free now.`,
  unknown: { title: 'There is no such station', text: 'It is not there, or it is not open to everybody.' },
  others: 'Find another station',
  home: 'Go to the start page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    address: 'Adresse',
    map: 'Auf einer Karte zeigen',
    connectors: 'Anschlüsse',
    point: number => `Ladepunkt ${number}`,
    noConnectors: 'Niemand hat gesagt, was es hier gibt.',
    offline: 'Diese Station ist gerade nicht erreichbar: An ihren Anschlüssen kann sich etwas geändert haben.',
    unknownPlug: 'Anschluss',
    attached: 'mit Kabel',
    socket: 'Kabel mitbringen',
    upTo: power => `bis ${power}`,
    payByCard: 'Mit Karte bezahlen und laden, ohne Konto',
    statuses: {
      available: 'Frei',
      occupied: 'Belegt',
      preparing: 'Belegt',
      charging: 'Belegt',
      'suspended-ev': 'Belegt',
      'suspended-evse': 'Belegt',
      finishing: 'Belegt',
      reserved: 'Reserviert',
      unavailable: 'Außer Betrieb',
      faulted: 'Gestört',
    },
    unknownStatus: 'Nicht bekannt',
    opening: 'Öffnungszeiten',
    always: 'Tag und Nacht geöffnet',
    weekdays: ['Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag', 'Samstag', 'Sonntag'],
    alsoOpen: 'Auch geöffnet',
    closed: 'Geschlossen',
    accessibility: 'Barrierefreiheit',
    accessibilities: {
      'step-free': 'Ohne Stufen erreichbar',
      'wheelchair-space': 'Platz für einen Rollstuhl neben dem Auto',
      'controls-within-reach': 'Bildschirm und Anschlüsse vom Rollstuhl aus erreichbar',
      'light-cable': 'Ein Kabel, das wenig Kraft braucht',
      'large-display': 'Eine Anzeige mit großer Schrift',
      audio: 'Spricht',
      braille: 'Brailleschrift oder erhabene Schrift',
      lit: 'Nachts beleuchtet',
      roofed: 'Überdacht',
    },
    directions: 'So kommt man hin',
    fault: 'Etwas funktioniert nicht?',
    report: 'Hier melden',
    call: 'Anrufen:',
    write: 'Schreiben an',
    operator: 'Betreiber',
    description: (name, city) =>
      `Laden bei ${name}${city && ` in ${city}`}: Anschlüsse, Preise und was gerade frei ist.`,
    unknown: { title: 'Diese Station gibt es nicht', text: 'Sie ist nicht da, oder sie steht nicht allen offen.' },
    others: 'Eine andere Station suchen',
    home: 'Zur Startseite',
  },
}

type Prices = Awaited<ReturnType<typeof pricesAt>>

/** The page of a station, for everybody where it is public. */
export function pages(host: StationsHost): void {
  const { site, db } = host
  site.get(
    '/stations/:id',
    {
      config: { access: anyone },
      schema: {
        summary: 'The page of a station',
        description: 'For everybody where it is public; by cookie also for who operates it.',
        params: One,
        produces: ['text/html'],
        hide: true,
      },
    },
    async (request, reply) => {
      const { visitor, params } = request
      const station = await findStation(db, params.id)
      const isSeen = station && !station.deletedAt && (station.public || (visitor && maySee(visitor, station)))
      if (!isSeen) return unknown(request, reply)
      return whole(request, reply, station, await pricesAt(host, station), host.platform.publicUrl)
    },
  )
}

function unknown(request: Request, reply: Reply): Reply {
  const language = languageOf(request)
  const { unknown: told, others, home } = texts[language]
  return sendPage(reply.header('cache-control', 'private, no-store'), 404, {
    language,
    title: told.title,
    body: html`<p>${told.text}</p>`,
    onward: [
      { to: '/charge', text: others },
      { to: '/', text: home },
    ],
  })
}

function whole(request: Request, reply: Reply, station: WholeStation, prices: Prices, origin: string): Reply {
  const language = languageOf(request)
  const words = texts[language]
  const keeping = station.public ? 'no-cache' : 'private, no-store'
  return sendPage(reply.header('cache-control', keeping).header('vary', 'cookie, authorization'), 200, {
    language,
    title: station.name,
    ...(station.public && {
      found: {
        address: `${origin}/stations/${station.id}`,
        description: words.description(station.name, station.address?.city ?? ''),
      },
    }),
    body: html`${addressOf(language, station)}
      ${!station.online && station.chargerId !== null && html`<p role="status">${words.offline}</p>`}
      <h2>${words.connectors}</h2>
      ${connectorsOf(language, station, prices)}
      ${station.openingTimes && openingOf(language, station, station.openingTimes)}
      ${section(words.accessibility, listOf(station.accessibility.map(one => words.accessibilities[one])))}
      ${section(words.directions, station.directions && html`<p><bdi>${station.directions}</bdi></p>`)}
      ${faultOf(language, station)}
      ${section(words.operator, station.operatorName && html`<p><bdi>${station.operatorName}</bdi></p>`)}`,
    onward: [
      { to: '/charge', text: words.others },
      { to: '/', text: words.home },
    ],
  })
}

const section = (title: string, body: Html | null | undefined | false | ''): Html | undefined =>
  body
    ? html`<h2>${title}</h2>
        ${body}`
    : undefined

const listOf = (items: readonly string[]): Html | undefined =>
  items.length === 0
    ? undefined
    : html`<ul>
        ${items.map(item => html`<li>${item}</li>`)}
      </ul>`

function addressOf(language: Language, { address, coordinates }: WholeStation): Html {
  const { address: title, map } = texts[language]
  const place = coordinates && `${coordinates.latitude}/${coordinates.longitude}`
  return html`${section(
    title,
    address &&
      html`<p>
        <bdi>${address.street}</bdi><br /><bdi>${[address.postalCode, address.city].filter(Boolean).join(' ')}</bdi
        ><br />
        <bdi>${[address.region, address.country].filter(Boolean).join(', ')}</bdi>
      </p>`,
  )}
  ${
    place &&
    html`<p>
      <a
        href="${`https://www.openstreetmap.org/?mlat=${coordinates.latitude}&mlon=${coordinates.longitude}#map=17/${place}`}"
        >${map}</a
      >
    </p>`
  }`
}

function connectorsOf(language: Language, { id, evses, online, ...station }: WholeStation, prices: Prices): Html {
  const words = texts[language]
  if (evses.length === 0) return html`<p>${words.noConnectors}</p>`
  return html`${evses.map(
    ({ evse, evseId, physicalReference, connectors }) =>
      html`<h3>${words.point(physicalReference ?? evse)}${evseId && html` <small><bdi>${evseId}</bdi></small>`}</h3>
        <ul>
          ${connectors.map(one => {
            const terms = prices.get(`${evse} ${one.connector}`)
            return html`<li>
              <strong>${statusOf(language, one, online)}</strong>: ${plugOf(language, one)}
              ${terms && listOf(wordsOf(language, terms))}
              ${
                terms &&
                station.public &&
                html`<p><a href="${`/charge/${id}/${evse}/${one.connector}`}">${words.payByCard}</a></p>`
              }
            </li>`
          })}
        </ul>`,
  )}`
}

const statusOf = (language: Language, { status }: ConnectorView, online: boolean): string => {
  const { statuses, unknownStatus } = texts[language]
  return online && status ? statuses[status] : unknownStatus
}

function plugOf(language: Language, { standard, format, maxPowerW, powerType }: ConnectorView): string {
  const { unknownPlug, attached, socket, upTo } = texts[language]
  const power =
    maxPowerW && `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(maxPowerW / 1000)} kW`
  return [
    standard ? (plugs[standard] ?? standard.replaceAll('_', ' ')) : unknownPlug,
    format && (format === 'CABLE' ? attached : socket),
    power && upTo(power),
    powerType && (powerType === 'DC' ? 'DC' : 'AC'),
  ]
    .filter(Boolean)
    .join(', ')
}

function openingOf(language: Language, { timeZone }: WholeStation, times: OpeningTimes): Html {
  const { opening, always, weekdays, alsoOpen, closed } = texts[language]
  const format = new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: timeZone ?? 'UTC',
  })
  const periods = (list: OpeningTimes['closed'] = []) =>
    list.map(({ from, to }) => format.formatRange(new Date(from), new Date(to)))
  const regular = [...(times.regular ?? [])].sort((a, b) => a.weekday - b.weekday || (a.from < b.from ? -1 : 1))
  return html`<h2>${opening}</h2>
    ${
      times.twentyFourSeven
        ? html`<p>${always}</p>`
        : listOf(regular.map(({ weekday, from, to }) => `${weekdays[weekday - 1]} ${from}–${to}`))
    }
    ${section(alsoOpen, listOf(periods(times.alsoOpen)))} ${section(closed, listOf(periods(times.closed)))}`
}

/** Who is not signed in is asked to, and led back. */
function faultOf(language: Language, { id, faultContact }: WholeStation): Html {
  const { fault, report, call, write } = texts[language]
  const { phone, email } = faultContact ?? {}
  return html`<h2>${fault}</h2>
    <ul>
      <li><a href="${`/maintenance/report/${id}`}">${report}</a></li>
      ${phone && html`<li>${call} <a href="${`tel:${phone.replace(/[^+0-9]/g, '')}`}">${phone}</a></li>`}
      ${email && html`<li>${write} <a href="${`mailto:${email}`}">${email}</a></li>`}
    </ul>`
}
