/** Where and when anybody may charge, whatever token they hold: at one EVSE or at all, always or at a time of day. */
export interface FreeVend {
  readonly evse: number | null
  /** `22:00`; both are null for the whole day. */
  readonly from: string | null
  readonly to: string | null
}

const clocks = new Map<string, Intl.DateTimeFormat>()

/** Fails with a `RangeError` for what is no time zone. */
export const clockOf = (timeZone: string): Intl.DateTimeFormat =>
  clocks.getOrInsertComputed(
    timeZone,
    () => new Intl.DateTimeFormat('en', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  )

/** Whether anybody may charge at an EVSE; at any of them where it is not said at which. */
export function isFree(
  { freeVend, timeZone }: { readonly freeVend: readonly FreeVend[]; readonly timeZone: string | null },
  evse: number | undefined,
  at: Date,
): boolean {
  if (freeVend.length === 0) return false
  const time = clockOf(timeZone ?? 'UTC').format(at)
  return freeVend.some(
    rule =>
      (evse === undefined || rule.evse === null || rule.evse === evse) &&
      (rule.from === null || rule.to === null || isWithin(time, rule.from, rule.to)),
  )
}

export const isWithin = (time: string, from: string, to: string): boolean =>
  from < to ? from <= time && time < to : time >= from || time < to
