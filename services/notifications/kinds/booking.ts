import {
  BookingCancelled,
  BookingChanged,
  BookingDue,
  BookingFailed,
  BookingMade,
  BookingMissed,
  BookingOffered,
  type BookingFailure,
} from '#contracts/booking'
import type { Owner } from '#contracts/shared'
import { both, inBulk, rule, type Locale, type Policy } from './kind.ts'
import { amountIn, localTimeIn, unlinked } from './wording.ts'

interface Told {
  bookingId: string
  driverId: string
  place: string
  evse: number
  from: string
  to: string
  timeZone: string
}

const person = (id: string): Owner => ({ kind: 'person', id })

/** What every message says of a booking, to who booked it. */
const about = <More extends object>(event: Told, more: More) => {
  const { driverId, place, evse, from, to, timeZone } = event
  return [{ audience: person(driverId), facts: { place: unlinked(place), evse, from, to, timeZone, ...more } }]
}

type When = Pick<Told, 'place' | 'evse' | 'from' | 'timeZone'>
const en = ({ place, evse, from, timeZone }: When): string =>
  `${place}, point ${evse}, on ${localTimeIn('en', from, timeZone)}`
const de = ({ place, evse, from, timeZone }: When): string =>
  `${place}, Ladepunkt ${evse}, am ${localTimeIn('de', from, timeZone)}`

const feeEn = (minor: number, currency: string | null): string[] =>
  minor > 0 && currency ? [`It costs ${amountIn('en', minor, currency)}, as was shown when you booked.`] : []
const feeDe = (minor: number, currency: string | null): string[] =>
  minor > 0 && currency ? [`Das kostet ${amountIn('de', minor, currency)}, wie bei der Buchung angezeigt.`] : []

const failures: Record<Locale, Record<BookingFailure, string>> = {
  en: {
    faulted: 'The point does not work, and no other like it is free.',
    occupied: 'Somebody else still charges there.',
    'station-gone': 'The station is no longer there.',
  },
  de: {
    faulted: 'Der Ladepunkt ist gestört, und kein gleicher ist frei.',
    occupied: 'Dort lädt noch jemand anderes.',
    'station-gone': 'Die Station gibt es nicht mehr.',
  },
}

/** The confirmation is what one wants in one's mailbox. */
const confirmed: Policy = { ...both, ownToo: true }

export const booking = {
  'booking.made': rule(BookingMade, inBulk(confirmed), {
    drafts: event => about(event, { feeMinor: event.feeMinor, currency: event.currency }),
    many: { en: count => `${count} bookings are confirmed`, de: count => `${count} Buchungen sind bestätigt` },
    en: ({ feeMinor, currency, ...booking }) => ({
      title: `Booked: ${booking.place}`,
      text: [
        `You booked ${en(booking)} until ${localTimeIn('en', booking.to, booking.timeZone)}.`,
        ...feeEn(feeMinor, currency),
      ],
    }),
    de: ({ feeMinor, currency, ...booking }) => ({
      title: `Gebucht: ${booking.place}`,
      text: [
        `Sie haben gebucht: ${de(booking)}, bis ${localTimeIn('de', booking.to, booking.timeZone)}.`,
        ...feeDe(feeMinor, currency),
      ],
    }),
  }),

  'booking.due': rule(BookingDue, both, {
    drafts: event => about(event, {}),
    en: booking => ({ title: `Your booking begins soon: ${booking.place}`, text: [`It is ${en(booking)}.`] }),
    de: booking => ({ title: `Ihre Buchung beginnt bald: ${booking.place}`, text: [`Sie ist ${de(booking)}.`] }),
  }),

  'booking.changed': rule(BookingChanged, both, {
    // What drivers change themselves they know.
    drafts: event => (event.moved ? about(event, {}) : []),
    en: booking => ({
      title: `Your booking is at another point: ${booking.place}`,
      text: [`The point that you booked does not work. Now it is ${en(booking)}; nothing else changes.`],
    }),
    de: booking => ({
      title: `Ihre Buchung ist an einem anderen Ladepunkt: ${booking.place}`,
      text: [`Der gebuchte Ladepunkt ist gestört. Jetzt ist es ${de(booking)}; sonst ändert sich nichts.`],
    }),
  }),

  'booking.cancelled': rule(BookingCancelled, inBulk(both), {
    drafts: event => (event.by === 'operator' ? about(event, { reason: event.reason }) : []),
    many: { en: count => `${count} bookings were cancelled`, de: count => `${count} Buchungen wurden storniert` },
    en: ({ reason, ...booking }) => ({
      title: `Your booking was cancelled: ${booking.place}`,
      text: [
        `The operator cancelled ${en(booking)}. It costs you nothing.`,
        ...(reason ? [`The operator says: ${reason}`] : []),
      ],
    }),
    de: ({ reason, ...booking }) => ({
      title: `Ihre Buchung wurde storniert: ${booking.place}`,
      text: [
        `Der Betreiber hat storniert: ${de(booking)}. Es kostet Sie nichts.`,
        ...(reason ? [`Der Betreiber schreibt: ${reason}`] : []),
      ],
    }),
  }),

  'booking.missed': rule(BookingMissed, both, {
    drafts: event => about(event, { feeMinor: event.feeMinor, currency: event.currency }),
    en: ({ feeMinor, currency, ...booking }) => ({
      title: `You missed your booking: ${booking.place}`,
      text: [
        `You booked ${en(booking)} and did not come in time: everybody can charge there again.`,
        ...feeEn(feeMinor, currency),
      ],
    }),
    de: ({ feeMinor, currency, ...booking }) => ({
      title: `Sie haben Ihre Buchung verpasst: ${booking.place}`,
      text: [
        `Sie hatten gebucht: ${de(booking)}, und kamen nicht rechtzeitig. Dort können jetzt wieder alle laden.`,
        ...feeDe(feeMinor, currency),
      ],
    }),
  }),

  'booking.failed': rule(BookingFailed, inBulk(both), {
    drafts: event => about(event, { why: event.reason }),
    many: {
      en: count => `${count} bookings cannot be honoured`,
      de: count => `${count} Buchungen können nicht eingehalten werden`,
    },
    en: ({ why, ...booking }) => ({
      title: `Your booking cannot be honoured: ${booking.place}`,
      text: [`You booked ${en(booking)}. ${failures.en[why]} It costs you nothing.`],
    }),
    de: ({ why, ...booking }) => ({
      title: `Ihre Buchung kann nicht eingehalten werden: ${booking.place}`,
      text: [`Sie hatten gebucht: ${de(booking)}. ${failures.de[why]} Es kostet Sie nichts.`],
    }),
  }),

  'booking.offered': rule(
    BookingOffered,
    { ...both, urgency: 'urgent' },
    {
      drafts: event => about(event, { until: event.offeredUntil }),
      en: ({ until, ...booking }) => ({
        title: `Free for you: ${booking.place}`,
        text: [
          `What you waited for is free: ${en(booking)}. It is kept for you until ${localTimeIn('en', until, booking.timeZone)}; take it before then.`,
        ],
      }),
      de: ({ until, ...booking }) => ({
        title: `Frei für Sie: ${booking.place}`,
        text: [
          `Worauf Sie gewartet haben, ist frei: ${de(booking)}. Bis ${localTimeIn('de', until, booking.timeZone)} ist es für Sie vorgemerkt; nehmen Sie es bis dahin an.`,
        ],
      }),
    },
  ),
}
