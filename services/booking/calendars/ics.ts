import type { Booking } from '../bookings/bookings.ts'

/** Texts of iCalendar (RFC 5545 §3.3.11): marks of its own and line ends are written as pairs. */
const text = (value: string): string =>
  value.replace(/[\\;,]/g, mark => `\\${mark}`).replace(/\r\n|[\r\n\u2028\u2029]/g, '\\n')

const utc = (at: Date): string => at.toISOString().replace(/[-:]|\.\d+/g, '')

/** A line has 75 octets at the most; a longer one goes on behind a line end and a space, between characters (§3.1). */
function folded(line: string): string {
  const lines = ['']
  let octets = 0
  for (const character of line) {
    const size = Buffer.byteLength(character)
    // The space counts.
    if (octets + size > 75) {
      lines.push(' ')
      octets = 1
    }
    lines[lines.length - 1] += character
    octets += size
  }
  return lines.join('\r\n')
}

const statuses: Partial<Record<Booking['state'], string>> = {
  pending: 'TENTATIVE',
  reserved: 'CONFIRMED',
  fulfilled: 'CONFIRMED',
}

/** Bookings as calendars of any maker read them; what is over before it began is shown as cancelled. */
export function calendarOf(
  name: string,
  bookings: readonly Booking[],
  { host, summary }: { readonly host: string; readonly summary: (booking: Booking) => string },
): string {
  const events = bookings.flatMap(booking => [
    'BEGIN:VEVENT',
    `UID:${booking.id}@${host}`,
    `DTSTAMP:${utc(booking.endedAt ?? booking.createdAt)}`,
    `DTSTART:${utc(booking.fromAt)}`,
    `DTEND:${utc(booking.toAt)}`,
    `SEQUENCE:${booking.version}`,
    `STATUS:${statuses[booking.state] ?? 'CANCELLED'}`,
    `SUMMARY:${text(summary(booking))}`,
    `LOCATION:${text(booking.place)}`,
    'END:VEVENT',
  ])
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Ohmnibus//Bookings//EN',
    'CALSCALE:GREGORIAN',
    // RFC 7986 §5.1, 5.7, and what was usual before.
    `NAME:${text(name)}`,
    `X-WR-CALNAME:${text(name)}`,
    'REFRESH-INTERVAL;VALUE=DURATION:PT15M',
    ...events,
    'END:VCALENDAR',
  ]
    .map(line => `${folded(line)}\r\n`)
    .join('')
}
