import type { IncomingHttpHeaders } from 'node:http'
import Value from 'typebox/value'
import { ChargerId, ChargerRegistered, type OcppVersion } from '#contracts/ocpp'
import { fail, placeOf, Problem } from '#kernel'
import { leastBytes, type Passwords } from '../chargers/passwords.ts'
import { adoptPassword, findCharger, insertCharger, usePassword, type Charger } from '../chargers/store.ts'
import { findIssued, noteUsed, type Issued } from '../certificates/store.ts'
import type { OcppHost } from '../host.ts'

/** The newest first, for chargers that speak several. */
export const versions: OcppVersion[] = ['ocpp2.1', 'ocpp2.0.1', 'ocpp1.6']

/** What is spoken of what a charger offers: the first it names that we know; undefined where there is none. */
export const versionFor = (offered: Iterable<string>): OcppVersion | undefined =>
  [...offered].find((name): name is OcppVersion => versions.includes(name as OcppVersion))

/** The identity in an address: the last part of its path, percent-decoded. Fails with `charger_unknown`. */
export function identityOf(url: string, prefix: string): string {
  const part = new URL(url, 'http://any').pathname.slice(prefix.length)
  try {
    const id = decodeURIComponent(part)
    if (!part.includes('/') && Value.Check(ChargerId, id)) return id
  } catch {}
  throw unknown()
}

const unknown = (): Problem =>
  new Problem('not_found', 'charger_unknown', { detail: 'There is no charger of this identity.' })

/** A certificate by its common name, which is the serial number of the charger, and the SHA-256 of the whole. */
export interface Presented {
  readonly name: string
  readonly fingerprint: string
}

/** Who was let in; `certificateId` where it proved itself by a certificate that was signed here. */
export interface Admitted {
  readonly charger: Charger
  readonly certificateId?: string
}

/** How a charger proves that it is the one of its identity. */
export interface Proof {
  readonly headers: IncomingHttpHeaders
  readonly ip: string
  /** The certificate that it presented, of an authority that is trusted. */
  readonly certificate?: Presented | undefined
}

/**
 * Lets in who may connect as `id`: the charger as it is known, registered now where the policy is to. Fails with
 * `charger_unknown`, `charger_unproven` and `too_many_requests`.
 */
export function openAdmission(host: OcppHost, passwords: Passwords) {
  const { db, cache, settings, platform, now } = host
  const policy = settings.OCPP_UNKNOWN_CHARGERS || (platform.mode === 'evaluation' ? 'accept' : 'hold')
  // By address and identity, so that who guesses keeps out nobody but themselves.
  const guesses = cache.limit('ocpp passwords', { points: 10, seconds: 60 })
  const strangers = cache.limit('ocpp strangers', { points: 300, seconds: 60 })

  async function register(id: string, password: Buffer | undefined): Promise<Charger> {
    if (policy === 'refuse') throw unknown()
    if (policy === 'hold' && (password?.length ?? 0) < leastBytes) throw unproven('It has to bring a password.')
    const status = policy === 'accept' ? 'accepted' : 'pending'
    await db.transaction(async tx => {
      const charger = {
        id,
        owner: null,
        name: null,
        status,
        passwordDigest: password ? passwords.digest(id, password) : null,
        certificateSerial: null,
        createdAt: now(),
      } as const
      if (await insertCharger(tx, charger))
        await tx.publish(ChargerRegistered, { chargerId: id, owner: null, status, version: 1 })
    })
    // Two connections of one identity may have come at once: the first made it.
    return await prove((await findCharger(db, id))!, password)
  }

  /** It was known elsewhere: who brings a password first is it. */
  async function adopt({ id }: Charger, password: Buffer | undefined): Promise<Charger> {
    if ((password?.length ?? 0) < leastBytes) throw unproven('It has to bring the password that it has.')
    await db.transaction(tx => adoptPassword(tx, id, passwords.digest(id, password!)))
    return await prove((await findCharger(db, id)) ?? fail('not_found', 'charger_unknown'), password)
  }

  async function prove(charger: Charger, password: Buffer | undefined): Promise<Charger> {
    const { id, passwordDigest, nextPasswordDigest } = charger
    if (password && nextPasswordDigest && passwords.matches(id, password, nextPasswordDigest)) {
      await db.transaction(tx => usePassword(tx, id, nextPasswordDigest))
      return charger
    }
    if (charger.adopts) return await adopt(charger, password)
    if (!passwordDigest || (password && passwords.matches(id, password, passwordDigest))) return charger
    throw unproven('Its identity and password do not belong together.')
  }

  /** What was signed here is good for whom it was signed, who has to bring one from its first use on. */
  async function proveByIssued(id: string, charger: Charger | undefined, issued: Issued): Promise<Admitted> {
    if (!charger || issued.chargerId !== id) throw unproven('Its certificate is that of another charger.')
    if (issued.revokedAt) throw unproven('Its certificate was revoked.')
    if (!issued.usedAt || charger.certificateSerial !== issued.name)
      await db.transaction(tx => noteUsed(tx, issued, now()))
    return { charger: { ...charger, certificateSerial: issued.name }, certificateId: issued.id }
  }

  return async (id: string, { headers, ip, certificate }: Proof): Promise<Admitted> => {
    const key = `${ip} ${id}`
    const password = passwordFor(id, headers.authorization)
    const [charger, issued] = await Promise.all([
      findCharger(db, id),
      certificate && findIssued(db, certificate.fingerprint),
    ])
    if (issued) return await proveByIssued(id, charger, issued)
    if (charger?.certificateSerial && certificate?.name === charger.certificateSerial) return { charger }
    if (charger?.certificateSerial) throw unproven('It has to bring its certificate.')
    await guesses.take(key)
    try {
      const proven = await (charger ? prove(charger, password) : register(id, password))
      await guesses.reset(key)
      return { charger: proven }
    } catch (error) {
      await strangers.take(placeOf(ip))
      throw error
    }
  }
}

/** What stands behind the identity in `Authorization`, as bytes: it need not be text (1.6 security whitepaper §4.2). */
function passwordFor(id: string, authorization: string | undefined): Buffer | undefined {
  const [, encoded] = /^basic +([a-z0-9+/]+=*)$/i.exec(authorization ?? '') ?? []
  if (!encoded) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  const colon = bytes.indexOf(0x3a)
  return colon >= 0 && bytes.subarray(0, colon).equals(Buffer.from(id)) ? bytes.subarray(colon + 1) : undefined
}

export const unproven = (detail: string): Problem => new Problem('unauthenticated', 'charger_unproven', { detail })
