import { createHash, type X509Certificate } from 'node:crypto'
import type { OcppVersion } from '#contracts/ocpp'
import { StartError } from '#kernel'
import type { OcppHost } from '../host.ts'
import { faultsOf } from '../messages/schemas.ts'
import { ocspRequest, succeeded, type OcspRequestData } from './ocsp.ts'
import { readAnswer, type Told } from './revocation.ts'

const patienceMs = 8_000
/** A charger has one call at a time; so many of all may wait for somebody outside. */
const mostAtOnce = 50
const longestAnswer = 64_000
/** How long what a responder says is kept at most, and where it does not say how long it holds. */
const longestKept = 3_600_000
const usuallyKept = 300_000
/** Characters of an answer of OCSP that fit (2.0.1 and 2.1, GetCertificateStatusResponse). */
const longestResult: Readonly<Record<OcppVersion, number>> = { 'ocpp1.6': 0, 'ocpp2.0.1': 5_500, 'ocpp2.1': 18_000 }

/** Why somebody outside was not asked, or gave no answer. */
export interface Failed {
  readonly failed: { readonly reasonCode: string; readonly additionalInfo: string }
}

const failed = (reasonCode: string, additionalInfo: string): Failed => ({ failed: { reasonCode, additionalInfo } })

export type Outside = ReturnType<typeof openOutside>

/** Who is asked about certificates that were not signed here, while a charger waits. */
export function openOutside({ settings, log, cache, now }: OcppHost) {
  const { OCPP_EV_CERTIFICATES_URL: provider, OCPP_EV_CERTIFICATES_TOKEN: token } = settings
  const hosts = new Set(settings.OCPP_OCSP_HOSTS.map(host => host.toLowerCase()))
  if (provider && !URL.canParse(provider)) throw new StartError('OCPP_EV_CERTIFICATES_URL is no address.')
  let asking = 0

  async function ask(url: string | URL, body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string>) {
    if (asking >= mostAtOnce) return failed('InternalError', 'Too many ask at once. Try again later.')
    asking++
    try {
      return await post(url, body, headers)
    } catch (error) {
      log.warn({ err: error, host: new URL(url).host }, 'somebody who knows of certificates gave no answer')
      return failed('InternalError', 'Who knows of it has not answered.')
    } finally {
      asking--
    }
  }

  /** What a responder answers, where it may be asked; what it said before for as long as that holds. */
  async function answerOf(data: OcspRequestData): Promise<Failed | Buffer> {
    if (hosts.size === 0) return failed('NotEnabled', 'No responders are asked here (OCPP_OCSP_HOSTS).')
    const url = URL.parse(data.responderURL)
    if (!url || !isAllowed(data.responderURL))
      return failed('InvalidURL', 'This responder is not among those that are asked here.')
    const request = ocspRequest(data)
    if (!request) return failed('InvalidValue', 'Hashes and serial number have to be hexadecimal.')
    const key = `ocsp ${createHash('sha256').update(url.href).update(request).digest('base64url')}`
    const before = await cache.get<string>(key)
    if (before) return Buffer.from(before, 'base64')
    const answer = await ask(url, request, { 'content-type': 'application/ocsp-request' })
    if ('failed' in answer) return answer
    if (!succeeded(answer)) return failed('InternalError', 'The responder does not tell.')
    const at = now()
    const told = await readAnswer(answer, data, [], at)
    const life = Math.min(longestKept, told?.nextUpdate ? told.nextUpdate.getTime() - at.getTime() : usuallyKept)
    if (told && life > 0) await cache.set(key, answer.toString('base64'), life)
    return answer
  }
  const isAllowed = (address: string): boolean => {
    const url = URL.parse(address)
    return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && hosts.has(url.host)
  }

  return {
    /** Whether somebody may be asked at this address. */
    isAllowed,

    /** What the responder that a charger names says of a certificate, in base64; asked only where its host is allowed. */
    async certificateStatus(
      version: OcppVersion,
      data: OcspRequestData,
    ): Promise<Failed | { readonly result: string }> {
      const answer = await answerOf(data)
      if ('failed' in answer) return answer
      const result = answer.toString('base64')
      return result.length > longestResult[version] ? failed('InternalError', 'Its answer is too long.') : { result }
    },

    /** The same as the platform itself believes it: signed for one of `issuers`, or brought over TLS. */
    async judged(data: OcspRequestData, issuers: readonly X509Certificate[]): Promise<Failed | Told> {
      const answer = await answerOf(data)
      if ('failed' in answer) return answer
      const told = await readAnswer(answer, data, issuers, now())
      if (!told) return failed('InternalError', 'The responder says nothing of the certificate.')
      if (!told.isProven && !data.responderURL.toLowerCase().startsWith('https:'))
        return failed('InternalError', 'Nobody known has signed what the responder says.')
      return told
    },

    /** What a provider of contract certificates answers to a car (ISO 15118): both as OCPP has them. */
    async evCertificate(version: OcppVersion, payload: object): Promise<Failed | { readonly answer: object }> {
      if (!provider) return failed('NotEnabled', 'No provider of contract certificates is configured.')
      const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
      const text = await ask(provider, JSON.stringify(payload), headers)
      if ('failed' in text) return text
      const answer = parsed(text.toString())
      if (!answer || faultsOf(version, 'Get15118EVCertificate', 'answer', answer).length > 0)
        return failed('InternalError', 'What the provider answers is not as OCPP has it.')
      return { answer }
    },
  }
}

async function post(url: string | URL, body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string>) {
  const signal = AbortSignal.timeout(patienceMs)
  const response = await fetch(url, { method: 'POST', body, headers, signal, redirect: 'error' })
  if (!response.ok) throw new Error(`It answers ${response.status}.`)
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > longestAnswer) throw new Error('Its answer is too long.')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
