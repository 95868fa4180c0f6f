import { Secret, TOTP } from 'otpauth'

/** Seconds that a code is good for, and how many such steps a clock may be off (RFC 6238, 5.2). */
const period = 30
const drift = 1

const totpOf = (secret: string, address = '') =>
  new TOTP({
    issuer: 'Ohmnibus',
    label: address,
    algorithm: 'SHA1',
    digits: 6,
    period,
    secret: Secret.fromBase32(secret),
  })

/** 160 bits, as base32 (RFC 4226, 4). */
export const newTotpSecret = (): string => new Secret({ size: 20 }).base32

/** What authenticator apps read out of the QR code. */
export const totpUri = (secret: string, address: string): string => totpOf(secret, address).toString()

/** The time step whose code it is; undefined for a wrong code and for one of `lastStep` or before. */
export function totpStep(secret: string, code: string, lastStep: number, now: Date): number | undefined {
  const timestamp = now.getTime()
  const delta = totpOf(secret).validate({ token: code, timestamp, window: drift })
  if (delta === null) return undefined
  const step = TOTP.counter({ period, timestamp }) + delta
  return step > lastStep ? step : undefined
}
