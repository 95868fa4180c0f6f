import Type, { type Static } from 'typebox'
import { Email, Id, Instant, Line } from '#contracts/shared'
import { Problem, type Db } from '#kernel'

export const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/**
 * As answers show it: what was held to its pattern when it came needs none when it goes, and what may be null is a type
 * of its own, as the serialiser would else hold each value to both.
 */
export function shown<S extends Type.TSchema>(schema: S): S {
  // A schema is JSON of any depth.
  const walk = (at: any): any => {
    if (Array.isArray(at)) return at.map(walk)
    if (at === null || typeof at !== 'object') return at
    if (at.anyOf?.[1]?.type === 'null') {
      const { anyOf, ...more } = at
      const one = walk(anyOf[0])
      return { ...one, ...more, type: [one.type ?? 'string', 'null'], ...(one.enum && { enum: [...one.enum, null] }) }
    }
    return Object.fromEntries(
      Object.entries(at).flatMap(([key, value]) =>
        key === 'pattern' && typeof value === 'string' ? [] : [[key, walk(value)]],
      ),
    )
  }
  return walk(schema) as S
}

const Text = (maxLength: number, example: string) => Line(maxLength, { examples: [example] })

const Clock = Type.String({ maxLength: 5, pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', examples: ['08:00'] })
const Hours = Type.Object({
  weekday: Type.Integer({ minimum: 1, maximum: 7, description: '1 is Monday', examples: [1] }),
  from: Clock,
  to: { ...Clock, description: 'Not after `from`: on the next day', examples: ['20:00'] },
})
const Period = Type.Object({ from: Instant, to: { ...Instant, examples: ['2027-02-18T18:00:00.000Z'] } })

/** When one may charge (OCPI Hours); what is closed counts more than what is open. */
export const OpeningTimes = Type.Object(
  {
    twentyFourSeven: Type.Boolean({ examples: [false] }),
    regular: Type.Optional(Type.Array(Hours, { maxItems: 50 })),
    alsoOpen: Type.Optional(Type.Array(Period, { maxItems: 100, description: 'Exceptions: open at these times too' })),
    closed: Type.Optional(Type.Array(Period, { maxItems: 100, description: 'Exceptions: closed at these times' })),
  },
  { title: 'OpeningTimes' },
)
export type OpeningTimes = Static<typeof OpeningTimes>

export const Coordinates = Type.Object({
  latitude: Type.Number({ minimum: -90, maximum: 90, examples: [52.520008] }),
  longitude: Type.Number({ minimum: -180, maximum: 180, examples: [13.404954] }),
})

/** OCPI Facility. */
export const facilities = [
  'HOTEL',
  'RESTAURANT',
  'CAFE',
  'MALL',
  'SUPERMARKET',
  'SPORT',
  'RECREATION_AREA',
  'NATURE',
  'MUSEUM',
  'BIKE_SHARING',
  'BUS_STOP',
  'TAXI_STAND',
  'TRAM_STOP',
  'METRO_STATION',
  'TRAIN_STATION',
  'AIRPORT',
  'PARKING_LOT',
  'CARPOOL_PARKING',
  'FUEL_STATION',
  'WIFI',
] as const
/** OCPI ParkingType. */
export const parkingTypes = [
  'ALONG_MOTORWAY',
  'PARKING_GARAGE',
  'PARKING_LOT',
  'ON_DRIVEWAY',
  'ON_STREET',
  'UNDERGROUND_GARAGE',
] as const
/** What helps who does not walk, reach or see as others do. */
export const accessibilities = [
  'step-free',
  'wheelchair-space',
  'controls-within-reach',
  'light-cable',
  'large-display',
  'audio',
  'braille',
  'lit',
  'roofed',
] as const

const several = <const V extends readonly string[]>(values: V, example: V[number]) =>
  Type.Unsafe<V[number][]>(Type.Array(Type.Enum([...values], { examples: [example] }), { uniqueItems: true }))

/** What is said of a site and of a station alike, near to an OCPI location. */
export const placeFields = {
  name: Text(255, 'Market square'),
  address: nullable(
    Type.Object({
      street: Text(100, 'Marktplatz 1'),
      postalCode: Type.Optional(Text(10, '10178')),
      city: Text(45, 'Berlin'),
      region: Type.Optional(Text(45, 'Berlin')),
      country: Type.String({
        maxLength: 3,
        pattern: '^[A-Z]{3}$',
        description: 'ISO 3166-1 alpha-3',
        examples: ['DEU'],
      }),
    }),
  ),
  coordinates: nullable(Coordinates),
  timeZone: nullable(
    Type.String({ maxLength: 64, pattern: '^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$', examples: ['Europe/Berlin'] }),
  ),
  openingTimes: nullable(OpeningTimes),
  facilities: several(facilities, 'CAFE'),
  parkingType: nullable(Type.Enum([...parkingTypes], { examples: ['PARKING_LOT'] })),
  accessibility: several(accessibilities, 'step-free'),
  directions: nullable(Text(500, 'Behind the town hall, second row')),
  operatorName: nullable(Text(100, 'Voltaic GmbH')),
  ownerName: nullable(Text(100, 'City of Berlin')),
  /** How to report a fault. */
  faultContact: nullable(
    Type.Object({
      phone: Type.Optional(
        Type.String({ maxLength: 42, pattern: '^[+0-9][0-9 ()/.-]{2,40}$', examples: ['+49 30 1234567'] }),
      ),
      email: Type.Optional({ ...Email, examples: ['help@example.com'] }),
    }),
  ),
  photos: Type.Array({ ...Id, description: 'A document' }, { maxItems: 20, uniqueItems: true }),
  tariff: nullable(Text(100, 'standard')),
}
const PlaceOf = Type.Object(placeFields)
export type Place = Static<typeof PlaceOf>

/** What may be left out of a body. */
const { name, ...others } = placeFields
export const placeBody = { name, ...Type.Partial(Type.Object(others)).properties }
export type PlaceBody = Static<ReturnType<typeof bodyOf>>
const bodyOf = () => Type.Object(placeBody)

/** A place of what was said of it; what was not said is as `otherwise`, or nothing. */
export const placeFrom = (body: PlaceBody, otherwise?: Place): Place => ({
  name: body.name,
  address: body.address ?? otherwise?.address ?? null,
  coordinates: body.coordinates ?? otherwise?.coordinates ?? null,
  timeZone: body.timeZone ?? otherwise?.timeZone ?? null,
  openingTimes: body.openingTimes ?? otherwise?.openingTimes ?? null,
  facilities: body.facilities ?? otherwise?.facilities ?? [],
  parkingType: body.parkingType ?? otherwise?.parkingType ?? null,
  accessibility: body.accessibility ?? otherwise?.accessibility ?? [],
  directions: body.directions ?? otherwise?.directions ?? null,
  operatorName: body.operatorName ?? otherwise?.operatorName ?? null,
  ownerName: body.ownerName ?? otherwise?.ownerName ?? null,
  faultContact: body.faultContact ?? otherwise?.faultContact ?? null,
  photos: body.photos ?? otherwise?.photos ?? [],
  tariff: body.tariff ?? otherwise?.tariff ?? null,
})

/** The columns of a place. */
export const placeRow = (place: Place) => ({
  name: place.name,
  address: place.address,
  latitude: place.coordinates?.latitude ?? null,
  longitude: place.coordinates?.longitude ?? null,
  time_zone: place.timeZone,
  opening: place.openingTimes,
  facilities: place.facilities,
  parking_type: place.parkingType,
  accessibility: place.accessibility,
  directions: place.directions,
  operator_name: place.operatorName,
  owner_name: place.ownerName,
  fault_contact: place.faultContact,
  photos: place.photos,
  tariff: place.tariff,
})

/** The place again, of a table that goes by `alias`. */
export const placeColumns = (db: Db, alias: string) =>
  db.unsafe(`
  ${alias}.name, ${alias}.address,
  case when ${alias}.latitude is not null
    then json_build_object('latitude', ${alias}.latitude, 'longitude', ${alias}.longitude) end as coordinates,
  ${alias}.time_zone as "timeZone", ${alias}.opening as "openingTimes", ${alias}.facilities,
  ${alias}.parking_type as "parkingType", ${alias}.accessibility, ${alias}.directions,
  ${alias}.operator_name as "operatorName", ${alias}.owner_name as "ownerName",
  ${alias}.fault_contact as "faultContact", ${alias}.photos, ${alias}.tariff`)

const minutesOfWeek = 7 * 1440

/** Regular hours as minutes of the week; null for always, as where nobody has said anything. */
export function weekOf(times: OpeningTimes | null): [from: number, to: number][] | null {
  if (!times || times.twentyFourSeven) return null
  return (times.regular ?? []).flatMap(({ weekday, from, to }): [number, number][] => {
    const begin = (weekday - 1) * 1440 + minuteOf(from)
    const end = begin + ((minuteOf(to) - minuteOf(from) + 1440) % 1440 || 1440)
    return end <= minutesOfWeek
      ? [[begin, end]]
      : [
          [begin, minutesOfWeek],
          [0, end - minutesOfWeek],
        ]
  })
}

const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))

/** The columns that tell in SQL when it is open. */
export const openingRow = ({ openingTimes }: Place) => {
  const periods = (list: readonly { from: string; to: string }[] = []) =>
    `{${list.map(({ from, to }) => `["${from}","${to}")`).join(',')}}`
  const week = weekOf(openingTimes)
  return {
    open_week: week && `{${week.map(([from, to]) => `[${from},${to})`).join(',')}}`,
    open_also: periods(openingTimes?.alsoOpen),
    closed_on: periods(openingTimes?.closed),
  }
}

const knownZones = new Set<string>()

/**
 * Refuses a time zone that we or the database do not know, and periods that end before they begin. Fails with
 * `time_zone_unknown` and `opening_invalid`.
 */
export async function requirePossible(db: Db, { timeZone, openingTimes }: Place): Promise<void> {
  for (const name of ['alsoOpen', 'closed'] as const)
    for (const [index, { from, to }] of (openingTimes?.[name] ?? []).entries())
      if (Date.parse(from) >= Date.parse(to)) {
        const detail = 'must be after `from`'
        throw new Problem('unprocessable', 'opening_invalid', {
          errors: [{ pointer: `/openingTimes/${name}/${index}/to`, detail }],
        })
      }
  if (timeZone === null || knownZones.has(timeZone)) return
  if (!(await isZone(db, timeZone)))
    throw new Problem('unprocessable', 'time_zone_unknown', {
      errors: [{ pointer: '/timeZone', detail: 'must be a time zone like Europe/Berlin' }],
    })
  knownZones.add(timeZone)
}

async function isZone(db: Db, name: string): Promise<boolean> {
  try {
    Intl.DateTimeFormat('en', { timeZone: name })
  } catch {
    return false
  }
  const [zone] = await db`select from pg_timezone_names where name = ${name}`
  return zone !== undefined
}
