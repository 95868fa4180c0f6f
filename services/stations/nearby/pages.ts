import Type, { type Static } from 'typebox'
import { ConnectorStandard } from '#contracts/stations'
import { anyone, html, languageOf, sendPage, type Db, type Html, type Language, type Reply, type Texts } from '#kernel'
import type { StationsHost } from '../host.ts'
import { plugs } from '../plugs.ts'
import { connectorsOf, type NearbyStation } from './routes.ts'
import { powerClasses } from './spots.ts'

const most = 30
/** So many of those that fit the words are looked at: who looks for what many have says more. */
const looked = 500

const en = {
  title: 'Charging stations',
  description: 'Where to charge, what is free now, and what it costs before you plug in.',
  place: 'Town, street, postal code or name',
  plug: 'Plug',
  anyPlug: 'Any',
  power: 'Power',
  anyPower: 'Any',
  from: (kilowatts: number) => `from ${kilowatts} kW`,
  free: 'Free now',
  find: 'Find',
  none: 'No station fits. Try fewer words, another plug or less power.',
  more: 'There are more: say more of what you look for.',
  freeOf: (free: number, total: number) => `${free} of ${total} free`,
  offline: 'cannot be reached now',
  unknownPlug: 'Connector',
  home: 'Go to the start page',
}

const texts: Texts<typeof en> = {
  en,
  de: {
    title: 'Ladestationen',
    description: 'Wo man laden kann, was gerade frei ist, und was es kostet, bevor man ansteckt.',
    place: 'Ort, Straße, Postleitzahl oder Name',
    plug: 'Stecker',
    anyPlug: 'Alle',
    power: 'Leistung',
    anyPower: 'Jede',
    from: kilowatts => `ab ${kilowatts} kW`,
    free: 'Jetzt frei',
    find: 'Suchen',
    none: 'Keine Station passt. Versuchen Sie es mit weniger Wörtern, einem anderen Stecker oder weniger Leistung.',
    more: 'Es gibt mehr: Sagen Sie genauer, was Sie suchen.',
    freeOf: (free, total) => `${free} von ${total} frei`,
    offline: 'gerade nicht erreichbar',
    unknownPlug: 'Anschluss',
    home: 'Zur Startseite',
  },
}

/** What a form leaves empty is not asked for. */
const chosen = <T extends string>(value: T | '' | undefined): T | undefined => (value === '' ? undefined : value)

const Query = Type.Object({
  q: Type.Optional(Type.String({ maxLength: 200, pattern: '^[^\\u0000]*$', examples: ['Berlin'] })),
  connector: Type.Optional(Type.Union([ConnectorStandard, Type.Literal('')])),
  minPowerW: Type.Integer({ minimum: 0, maximum: 10_000_000, default: 0 }),
  available: Type.Boolean({ default: false }),
})
type Query = Static<typeof Query>
type Found = Pick<NearbyStation, 'id' | 'name' | 'address' | 'online' | 'connectors'>

/** The way in for drivers: a form, and the stations that fit it. */
export function searchPage({ site, db, platform }: StationsHost): void {
  site.get(
    '/charge',
    {
      config: { access: anyone },
      schema: {
        summary: 'Find a station',
        description: 'Public stations by words of their name and address, plug, power, and whether something is free.',
        querystring: Query,
        produces: ['text/html'],
        hide: true,
      },
    },
    async (request, reply) =>
      show(reply, languageOf(request), request.query, await findByWords(db, request.query), platform.publicUrl),
  )
}

/** Those with something free first, then the strongest. */
async function findByWords(db: Db, query: Query): Promise<Found[]> {
  const words = query.q?.match(/[\p{L}\p{N}]+/gu)
  const standard = chosen(query.connector) ?? null
  return await db<Found[]>`
    select s.id, s.name, s.address, s.online, ${connectorsOf(db)}
    from (
      select * from stations
      where public and deleted_at is null
        ${words ? db`and words @@ to_tsquery('simple', ${words.map(word => `${word}:*`).join(' & ')})` : db``}
      order by created_at, id limit ${looked}) s
    join lateral (
      select bool_or(available) as available, max(max_power_w) as power from connectors
      where station_id = s.id and (${standard}::text is null or standard = ${standard})
        and coalesce(max_power_w, 0) >= ${query.minPowerW}) c
      on c.power is not null or (${standard}::text is null and ${query.minPowerW} = 0)
    where not ${query.available} or coalesce(c.available, false)
    order by c.available desc nulls last, c.power desc nulls last, s.name, s.id limit ${most + 1}`
}

function show(reply: Reply, language: Language, query: Query, found: Found[], origin: string): Reply {
  const words = texts[language]
  const isNarrowed = Object.values(query).some(Boolean)
  return sendPage(reply.header('cache-control', 'no-cache'), 200, {
    language,
    title: words.title,
    found: { address: `${origin}/charge`, description: words.description, unlisted: isNarrowed },
    body: html`${fieldsOf(language, query)} ${found.length === 0 && html`<p role="status">${words.none}</p>`}
    ${found.slice(0, most).map(station => stationOf(language, station))}
    ${found.length > most && html`<p>${words.more}</p>`}`,
    onward: [{ to: '/', text: words.home }],
  })
}

function fieldsOf(language: Language, { q = '', connector, minPowerW, available }: Query): Html {
  const words = texts[language]
  const selected = html`selected`
  return html`<form role="search" action="/charge">
    <label>${words.place}<input type="search" name="q" value="${q}" maxlength="200" /></label>
    <label
      >${words.plug}
      <select name="connector">
        <option value="">${words.anyPlug}</option>
        ${Object.entries(plugs).map(
          ([standard, name]) =>
            html`<option value="${standard}" ${standard === connector && selected}>${name}</option>`,
        )}
      </select>
    </label>
    <label
      >${words.power}
      <select name="minPowerW">
        ${powerClasses.map(
          power =>
            html`<option value="${power}" ${power === minPowerW && selected}>
              ${power === 0 ? words.anyPower : words.from(power / 1000)}
            </option>`,
        )}
      </select>
    </label>
    <label class="check"
      ><input type="checkbox" name="available" value="true" ${available && html`checked`} /> ${words.free}</label
    >
    <button>${words.find}</button>
  </form>`
}

function stationOf(language: Language, { id, name, address, online, connectors }: Found): Html {
  const words = texts[language]
  const kilowatts = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  return html`<h2><a href="${`/stations/${id}`}">${name}</a></h2>
    <p>
      ${address && html`<bdi>${[address.street, [address.postalCode, address.city].filter(Boolean).join(' ')].join(', ')}</bdi>`}
      ${!online && html`<small>${words.offline}</small>`}
    </p>
    <ul>
      ${connectors.map(
        ({ standard, maxPowerW, total, available }) =>
          html`<li>
            ${standard ? (plugs[standard] ?? standard.replaceAll('_', ' ')) : words.unknownPlug}${
              maxPowerW && `, ${kilowatts.format(maxPowerW / 1000)} kW`
            }${online && `: ${words.freeOf(available, total)}`}
          </li>`,
      )}
    </ul>`
}
