import { Readable } from 'node:stream'
import { ConnectorFormat, ConnectorStandard, PowerType } from '#contracts/stations'
import { ChargerId, Line } from '#contracts/shared'
import { openImports } from '#imports/imports'
import {
  addressOf,
  cellOf,
  Column,
  isId,
  ownerFor,
  Problem,
  withRole,
  type Actor,
  type Line as LineOf,
  type Tx,
} from '#kernel'
import type { StationsHost } from '../host.ts'
import { accessibilities, facilities, parkingTypes, placeFields, requirePossible, type Place } from '../place.ts'
import { changeStation, createStation } from '../stations/changing.ts'
import { everyManaged } from '../stations/list.ts'
import { manageableBy, type EvseBody, type StationBody, type WholeStation } from '../stations/stations.ts'
import { findByReference, lockStation } from '../stations/store.ts'

const text = (most: number) => Column.text(Line(most), `one line of at most ${most} characters`)
const clock = '([01]\\d|2[0-3]):[0-5]\\d'
const hours = Column.text(
  {
    type: 'string',
    pattern: `^(24/7|[1-7] ${clock}-${clock}(, ?[1-7] ${clock}-${clock})*)$`,
    maxLength: 1_000,
  } as never,
  '24/7, or hours like 1 08:00-20:00, 2 08:00-20:00 (1 is Monday)',
)

/** A line is a connector, with its station; the station is found by `reference`. */
export const columns = {
  reference: Column.required(text(100)),
  name: text(255),
  chargerId: Column.text(ChargerId, 'the identity of a charger'),
  public: Column.flag(),
  street: text(100),
  postalCode: text(10),
  city: text(45),
  region: text(45),
  country: Column.text({ type: 'string', pattern: '^[A-Z]{3}$' } as never, 'a country of three letters, like DEU'),
  latitude: Column.number(-90, 90),
  longitude: Column.number(-180, 180),
  timeZone: Column.text(placeFields.timeZone, 'a time zone like Europe/Berlin'),
  openingTimes: hours,
  facilities: Column.list(Column.one(facilities)),
  parkingType: Column.one(parkingTypes),
  accessibility: Column.list(Column.one(accessibilities)),
  directions: text(500),
  operatorName: text(100),
  ownerName: text(100),
  faultPhone: Column.text({ type: 'string', pattern: '^[+0-9][0-9 ()/.-]{2,40}$' } as never, 'a telephone number'),
  faultEmail: { expects: 'an e-mail address', required: false, read: addressOf },
  tariff: text(100),
  evse: Column.whole(1, 1_000),
  evseId: Column.text({ type: 'string', pattern: '^[A-Za-z0-9*+-]{1,48}$' } as never, 'an id like DE*ABC*E1234'),
  physicalReference: text(16),
  floorLevel: text(4),
  connector: Column.whole(1, 1_000),
  standard: Column.one(ConnectorStandard.enum),
  format: Column.one(ConnectorFormat.enum),
  powerType: Column.one(PowerType.enum),
  maxVoltage: Column.whole(1, 10_000),
  maxAmperage: Column.whole(1, 10_000),
  maxPowerW: Column.whole(1, 10_000_000),
  connectorTariff: text(100),
} as const

type StationLine = LineOf<typeof columns>
type StationCells = { readonly [Name in keyof typeof columns]: unknown }

/** What a station says of itself by a body that changes nothing. */
function bodyOf(station: WholeStation): StationBody {
  const { id: _, owner: __, drafted: ___, online: ____, onlineSince: _____, version: ______, ...more } = station
  const { createdAt: _7, updatedAt: _8, deletedAt: _9, evses, ...said } = more
  return {
    ...said,
    evses: evses.map(({ status: _, connectors, ...evse }) => ({
      ...evse,
      connectors: connectors.map(
        ({ connectorId: _, status: __, errorCode: ___, statusAt: ____, available: _____, ...one }) => one,
      ),
    })),
  }
}

/** What a line says stands in place of what was there; what it leaves empty stays. */
function bodyWith(before: StationBody, line: StationLine, id?: string): StationBody {
  const { street, postalCode, city, region, country, latitude, longitude, faultPhone, faultEmail } = line
  const { address, coordinates, faultContact } = before
  const say = <T extends object>(values: T): Partial<T> =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
  const { name, chargerId, timeZone, openingTimes, parkingType, directions, operatorName, ownerName, tariff } = line
  const told = say({ name, chargerId, timeZone, parkingType, directions, operatorName, ownerName, tariff })
  return {
    ...before,
    ...told,
    reference: line.reference === id ? (before.reference ?? null) : line.reference,
    public: line.public ?? before.public ?? false,
    facilities: line.facilities ?? before.facilities ?? [],
    accessibility: line.accessibility ?? before.accessibility ?? [],
    openingTimes: openingTimes === undefined ? (before.openingTimes ?? null) : hoursOf(openingTimes, before),
    address: together({ ...address, ...say({ street, postalCode, city, region, country }) }, [
      'street',
      'city',
      'country',
    ]),
    coordinates: together({ ...coordinates, ...say({ latitude, longitude }) }, ['latitude', 'longitude']),
    faultContact: together({ ...faultContact, ...say({ phone: faultPhone, email: faultEmail }) }, []),
    evses: withConnector(before.evses ?? [], line),
  } as StationBody
}

/** An object of several columns, where any of them says something; then it needs these. */
function together<T extends object>(value: T, needs: readonly string[]): T | null {
  if (Object.keys(value).length === 0) return null
  const missing = needs.filter(name => !(name in value))
  if (missing.length > 0)
    throw new Problem('unprocessable', 'import_invalid', {
      errors: missing.map(name => ({
        pointer: `/${name}`,
        detail: `is required beside ${Object.keys(value).join(', ')}`,
      })),
    })
  return value
}

const hoursOf = (text: string, { openingTimes }: StationBody): Place['openingTimes'] => ({
  ...openingTimes,
  twentyFourSeven: text === '24/7',
  regular:
    text === '24/7'
      ? []
      : text.split(/, ?/).map(part => {
          const [weekday, span] = part.split(' ') as [string, string]
          return { weekday: Number(weekday), from: span.slice(0, 5), to: span.slice(6) }
        }),
})

function withConnector(evses: readonly EvseBody[], line: StationLine): EvseBody[] {
  if (line.evse === undefined) return [...evses]
  const { evseId, physicalReference, floorLevel, standard, format, powerType, maxVoltage, maxAmperage, maxPowerW } =
    line
  const said = Object.entries({
    standard,
    format,
    powerType,
    maxVoltage,
    maxAmperage,
    maxPowerW,
    tariff: line.connectorTariff,
  })
  const evse: EvseBody = evses.find(one => one.evse === line.evse) ?? { evse: line.evse, connectors: [] }
  const number = line.connector ?? 1
  const connector = {
    ...(evse.connectors.find(one => one.connector === number) ?? { connector: number }),
    ...Object.fromEntries(said.filter(([, value]) => value !== undefined)),
  }
  const about = Object.entries({ evseId, physicalReference, floorLevel }).filter(([, value]) => value !== undefined)
  const changed = {
    ...evse,
    ...Object.fromEntries(about),
    connectors: [...evse.connectors.filter(one => one.connector !== number), connector].sort(
      (a, b) => a.connector - b.connector,
    ),
  }
  return [...evses.filter(one => one.evse !== line.evse), changed].sort((a, b) => a.evse - b.evse)
}

const example = [
  'reference,name,street,city,country,latitude,longitude,evse,connector,standard,maxPowerW',
  'BER-0043,Market square,Marktplatz 1,Berlin,DEU,52.520008,13.404954,1,1,IEC_62196_T2,22000',
  '',
].join('\r\n')

/** Takes stations from CSV and gives them as such. */
export function transferRoutes(host: StationsHost): void {
  const { db, http, now } = host
  const access = withRole('operator')
  openImports(host, {
    what: 'stations',
    access,
    columns,
    example,
    async take(tx, line, actor) {
      const known = await knownTo(tx, actor, line.reference)
      const before = known && manageableBy(actor, known)
      const body = bodyWith(before ? bodyOf(before) : { name: line.name ?? line.reference }, line, before?.id)
      await requirePossible(tx, {
        ...body,
        openingTimes: body.openingTimes ?? null,
        timeZone: body.timeZone ?? null,
      } as Place)
      if (!before) {
        await createStation(tx, actor, body, now())
        return 'created'
      }
      return (await changeStation(tx, actor, before, body, now())) === before ? 'unchanged' : 'updated'
    },
  })

  http.get(
    '/export',
    {
      config: { access },
      schema: {
        summary: 'Export the stations that one operates as CSV, a line a connector',
        description: 'In the columns that the import takes.',
        produces: ['text/csv'],
      },
    },
    ({ actor }, reply) =>
      reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="stations.csv"')
        .header('cache-control', 'private, no-store')
        .send(Readable.from(lines(everyManaged(db, actor)), { objectMode: false })),
  )
}

/** Of the same reference: the actor's own before one that is nobody's. One that has none goes by its id. */
async function knownTo(tx: Tx, actor: Actor, reference: string): Promise<WholeStation | undefined> {
  const found = (await findByReference(tx, ownerFor(actor), reference)) ?? (await findByReference(tx, null, reference))
  const id = found ?? (isId(reference) ? reference : undefined)
  const station = id === undefined ? undefined : await lockStation(tx, id)
  return station?.deletedAt ? undefined : station
}

async function* lines(stations: AsyncIterable<WholeStation>): AsyncGenerator<string> {
  const names = Object.keys(columns) as (keyof StationCells)[]
  const write = (cells: Partial<StationCells>) => `${names.map(name => cellOf(cells[name])).join(',')}\r\n`
  yield `${names.join(',')}\r\n`
  for await (const station of stations) {
    const { evses, address, coordinates, faultContact, openingTimes, ...said } = station
    const cells = {
      ...said,
      reference: station.reference ?? station.id,
      ...address,
      ...coordinates,
      faultPhone: faultContact?.phone,
      faultEmail: faultContact?.email,
      openingTimes: openingTimes?.twentyFourSeven
        ? '24/7'
        : openingTimes?.regular?.map(({ weekday, from, to }) => `${weekday} ${from}-${to}`).join(', '),
    }
    const ofConnectors = evses.flatMap(({ connectors, ...evse }) =>
      connectors.map(({ tariff, ...one }) => write({ ...cells, ...evse, ...one, connectorTariff: tariff })),
    )
    yield ofConnectors.join('') || write(cells)
  }
}
