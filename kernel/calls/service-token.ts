import { createHmac, timingSafeEqual } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import type { EventActor } from '../../contracts/shared.ts'
import { Problem } from '../problem.ts'
import { context } from '../telemetry/context.ts'

/** How the processes of a platform, who share a secret, believe each other. */
export interface ServiceTokens {
  /** Proves to another process that we are one too: for a question of `asker` to what is called `audience`. */
  token(asker: string, audience: string): Promise<string>
  /** Who caused a question to `audience`. Fails with 401 for anybody but a process with our secret. */
  actorOf(token: unknown, audience: string): Promise<EventActor>
  /** Headers that tell another process who the client is, which only we can make. */
  introduce(clientAddress: string): Record<string, string>
  /** The address that such headers tell of; undefined for what we did not make. */
  introduced(header: unknown): string | undefined
}

/** Stands in a header of its own: `authorization` is for people. */
export const serviceToken = 'x-ohmnibus-service'
/** Client, moment and signature: `203.0.113.7 1763712000 …`. */
export const clientHeader = 'x-ohmnibus-client'
/** How far the clocks of our machines may be apart. */
const clocksApartMs = 90_000

export function serviceTokens(secret: Buffer): ServiceTokens {
  const sign = (text: string): string => createHmac('sha256', secret).update(`client ${text}`).digest('base64url')
  // Who asks often is signed for once a second.
  let second = 0
  const introductions = new Map<string, string>()
  return {
    token: (asker, audience) =>
      new SignJWT({ actor: context().actor })
        .setProtectedHeader({ alg: 'HS256', typ: 'service+jwt' })
        .setSubject(asker)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('30s')
        .sign(secret),
    async actorOf(token, audience) {
      try {
        const checks = {
          algorithms: ['HS256'],
          typ: 'service+jwt',
          audience,
          requiredClaims: ['exp', 'sub'],
          clockTolerance: clocksApartMs / 1000,
        }
        return (await jwtVerify(String(token), secret, checks)).payload.actor as EventActor
      } catch {
        throw new Problem('unauthenticated', 'service_token_invalid', {
          detail: 'This address is for the processes of the platform.',
        })
      }
    },
    introduce(clientAddress) {
      const present = Date.now()
      if (Math.abs(present - second) >= 1_000) {
        second = present
        introductions.clear()
      }
      const text = `${clientAddress} ${second}`
      const header = introductions.get(clientAddress) ?? `${text} ${sign(text)}`
      introductions.set(clientAddress, header)
      return { [clientHeader]: header }
    },
    introduced(header) {
      const [, text, address, at, signature] = /^((\S+) (\d+)) (\S+)$/.exec(String(header ?? '')) ?? []
      if (!text || Math.abs(Date.now() - Number(at)) > clocksApartMs) return undefined
      const [given, expected] = [Buffer.from(signature!), Buffer.from(sign(text))]
      return given.length === expected.length && timingSafeEqual(given, expected) ? address : undefined
    },
  }
}
