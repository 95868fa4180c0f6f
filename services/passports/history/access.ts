import { hashOf, rootOver } from './chain.ts'

/** So many rows are in one link, and so many passports are looked at together. */
export const atOnce = 1000

/** Somebody who was answered; what was open to everybody is in no log. */
export interface Entry {
  readonly reader: string
  readonly organisation?: string
  /** Of its documents, the one that was read. */
  readonly document?: string
  readonly audience: string
  /** Of the interest that they read by; not of those of before it was noted, as neither are the points that were open. */
  readonly purpose?: string
  readonly points?: readonly number[]
  readonly route: string
  readonly at: string
}

/** What was read of a passport up to the end of a day, since the link before. */
export interface Log {
  readonly passportId: string
  readonly number: number
  readonly day: string
  readonly salt: Buffer
  readonly entries: readonly Entry[]
  readonly previous: string | null
}

export const saltIn = ({ salt }: Log): string => salt.toString('base64url')

export const hashOfLink = (log: Log): Buffer => hashOf(accessLinkOf(log))

/** What a link is hashed of: as versions are, so that the same program checks both. */
export const accessLinkOf = (log: Log) => ({
  passport: log.passportId,
  chain: 'access' as const,
  version: log.number,
  at: endOf(log.day).toISOString(),
  roots: { entries: rootOver(log.entries, saltIn(log)) },
  previous: log.previous,
})

export const endOf = (day: string): Date => new Date(Date.parse(`${day}T00:00:00Z`) + 24 * 3_600_000)
