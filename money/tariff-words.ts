import type { Language, Texts } from '#kernel'

export interface Component {
  readonly type: 'ENERGY' | 'TIME' | 'PARKING_TIME' | 'FLAT'
  /** In major units per kWh, per hour, or for the session. */
  readonly price: string
  readonly stepSize?: number
  readonly graceSeconds?: number
}

/** When a price counts; see `TariffRestrictions` of billing. */
export interface Restrictions {
  readonly startTime?: string
  readonly endTime?: string
  readonly startDate?: string
  readonly endDate?: string
  readonly daysOfWeek?: readonly ('MONDAY' | 'TUESDAY' | 'WEDNESDAY' | 'THURSDAY' | 'FRIDAY' | 'SATURDAY' | 'SUNDAY')[]
  readonly minEnergyWh?: number
  readonly maxEnergyWh?: number
  readonly minPowerW?: number
  readonly maxPowerW?: number
  readonly minDurationSeconds?: number
  readonly maxDurationSeconds?: number
  readonly reservation?: 'RESERVATION' | 'RESERVATION_EXPIRES'
}

/** What charging costs, as billing has it. */
export interface Terms {
  readonly currency: string
  readonly taxIncluded: boolean
  readonly elements: readonly { readonly priceComponents: readonly Component[]; readonly restrictions?: Restrictions }[]
  readonly minPrice?: string
  readonly maxPrice?: string
}

const en = {
  ENERGY: (price: string) => `${price} per kWh`,
  TIME: (price: string) => `${price} per minute`,
  PARKING_TIME: (price: string) => `${price} per minute in which nothing flows`,
  FLAT: (price: string) => `${price} per session`,
  reserved: {
    RESERVATION: {
      TIME: (price: string) => `${price} per minute in which it is kept for you`,
      FLAT: (price: string) => `${price} per booking`,
    },
    RESERVATION_EXPIRES: {
      TIME: (price: string) => `${price} per minute of a booking that is not used`,
      FLAT: (price: string) => `${price} per booking that is not used`,
    },
  },
  after: (minutes: string) => `after ${minutes} minutes`,
  least: (price: string) => `at least ${price}`,
  most: (price: string) => `at most ${price}`,
  net: 'without tax',
  from: (from: string) => `from ${from}`,
  until: (to: string) => `until ${to}`,
  days: {
    MONDAY: 'Mon',
    TUESDAY: 'Tue',
    WEDNESDAY: 'Wed',
    THURSDAY: 'Thu',
    FRIDAY: 'Fri',
    SATURDAY: 'Sat',
    SUNDAY: 'Sun',
  },
}
const texts: Texts<typeof en> = {
  en,
  de: {
    ENERGY: price => `${price} je kWh`,
    TIME: price => `${price} je Minute`,
    PARKING_TIME: price => `${price} je Minute, in der nichts fließt`,
    FLAT: price => `${price} je Ladevorgang`,
    reserved: {
      RESERVATION: {
        TIME: price => `${price} je Minute, in der für Sie freigehalten wird`,
        FLAT: price => `${price} je Buchung`,
      },
      RESERVATION_EXPIRES: {
        TIME: price => `${price} je Minute einer Buchung, die nicht genutzt wird`,
        FLAT: price => `${price} je Buchung, die nicht genutzt wird`,
      },
    },
    after: minutes => `nach ${minutes} Minuten`,
    least: price => `mindestens ${price}`,
    most: price => `höchstens ${price}`,
    net: 'ohne Steuer',
    from: from => `ab ${from}`,
    until: to => `bis ${to}`,
    days: { MONDAY: 'Mo', TUESDAY: 'Di', WEDNESDAY: 'Mi', THURSDAY: 'Do', FRIDAY: 'Fr', SATURDAY: 'Sa', SUNDAY: 'So' },
  },
}

/** By kWh, by minute, by session: so people compare them (Regulation (EU) 2023/1804, Art. 5(4)). */
const order: readonly Component['type'][] = ['ENERGY', 'TIME', 'PARKING_TIME', 'FLAT']
const inOrder = (a: Component, b: Component): number => order.indexOf(a.type) - order.indexOf(b.type)

/**
 * A tariff in words, a price a line, in the order of the law, what is reserved behind it; of prices at different times the
 * first that holds counts.
 */
export function wordsOf(language: Language, { currency, taxIncluded, elements, minPrice, maxPrice }: Terms): string[] {
  const words = texts[language]
  const amount = (value: number): string =>
    new Intl.NumberFormat(language, { style: 'currency', currency, maximumFractionDigits: 4 }).format(value)
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const isReserved = ({ restrictions }: Terms['elements'][number]) => restrictions?.reservation !== undefined
  const sessionsFirst = elements.toSorted((a, b) => Number(isReserved(a)) - Number(isReserved(b)))
  const lines = sessionsFirst.flatMap(({ priceComponents, restrictions }) =>
    priceComponents.toSorted(inOrder).map(({ type, price, graceSeconds = 0 }) => {
      const perHour = type === 'TIME' || type === 'PARKING_TIME'
      const grace = graceSeconds > 0 && words.after(number.format(graceSeconds / 60))
      const when = restrictions ? restrictionsIn(language, restrictions) : []
      const { reservation } = restrictions ?? {}
      const say = reservation && (type === 'TIME' || type === 'FLAT') ? words.reserved[reservation][type] : words[type]
      const said = say(amount(Number(price) / (perHour ? 60 : 1)))
      const about = [grace, ...when].filter(Boolean).join(', ')
      return about ? `${said} (${about})` : said
    }),
  )
  const bounds = [
    minPrice !== undefined && words.least(amount(Number(minPrice))),
    maxPrice !== undefined && words.most(amount(Number(maxPrice))),
  ]
  return [...lines, ...bounds.filter(bound => bound !== false), ...(taxIncluded ? [] : [words.net])]
}

function restrictionsIn(language: Language, of: Restrictions): string[] {
  const words = texts[language]
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const date = (day: string) =>
    new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(day))
  const span = (from: string | undefined, to: string | undefined) =>
    from !== undefined && to !== undefined
      ? `${from}–${to}`
      : from !== undefined
        ? words.from(from)
        : to !== undefined
          ? words.until(to)
          : undefined
  const scaled = (value: number | undefined, per: number, unit: string) =>
    value === undefined ? undefined : `${number.format(value / per)} ${unit}`
  return [
    of.daysOfWeek?.map(day => words.days[day]).join(', '),
    span(of.startTime, of.endTime),
    span(of.startDate && date(of.startDate), of.endDate && date(of.endDate)),
    span(scaled(of.minEnergyWh, 1000, 'kWh'), scaled(of.maxEnergyWh, 1000, 'kWh')),
    span(scaled(of.minPowerW, 1000, 'kW'), scaled(of.maxPowerW, 1000, 'kW')),
    span(scaled(of.minDurationSeconds, 60, 'min'), scaled(of.maxDurationSeconds, 60, 'min')),
  ].filter(part => part !== undefined)
}
