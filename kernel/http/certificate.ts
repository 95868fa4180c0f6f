import { createPrivateKey, X509Certificate } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { StartError } from '../problem.ts'

/** PEM files of a certificate with its chain and of its key. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

/** What tells of a certificate, and when. */
export interface CertificateOptions {
  log: Log
  metrics: Metrics
  now?: () => Date
  /**
   * How often the certificate is looked at, in milliseconds, where no change of its files is told; 30 s unless given.
   */
  lookEvery?: number
}

const day = 86_400_000

/**
 * What browsers of the last ten years speak; forward secret and authenticated, and none that HTTP/2 forbids (RFC 9113,
 * appendix A).
 */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  ...['ECDSA', 'RSA'].flatMap(kind =>
    ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map(rest => `ECDHE-${kind}-${rest}`),
  ),
].join(':')

interface Pair {
  readonly cert: Buffer
  readonly key: Buffer
  readonly endsAt: Date
}

/**
 * A certificate that follows its files: whether they are written again, replaced, or a link on the way leads elsewhere.
 */
export async function openCertificate(tls: TlsFiles, options: CertificateOptions) {
  const { log, metrics, now = () => new Date(), lookEvery = 30_000 } = options
  let pair = await read(tls, now()).catch(error => {
    throw new StartError(`HTTPS is not possible with TLS_CERT_FILE and TLS_KEY_FILE: ${error.message}.`)
  })
  let take = (_: SecureContextOptions): void => {}
  let refused: string | undefined
  let remindedAt = 0
  let soon: NodeJS.Timeout | undefined
  const context = (): SecureContextOptions => ({
    cert: pair.cert,
    key: pair.key,
    minVersion: 'TLSv1.2',
    ciphers,
    honorCipherOrder: true,
  })

  function remind(): void {
    const days = Math.floor((pair.endsAt.getTime() - now().getTime()) / day)
    if (days >= 14 || now().getTime() - remindedAt < day) return
    remindedAt = now().getTime()
    log.warn(
      { endsAt: pair.endsAt, days },
      days < 0 ? 'the certificate for HTTPS has expired' : 'the certificate for HTTPS expires soon',
    )
  }

  async function look(): Promise<void> {
    try {
      const found = await read(tls, now())
      refused = undefined
      if (!found.cert.equals(pair.cert) || !found.key.equals(pair.key)) {
        pair = found
        remindedAt = 0
        take(context())
        log.info({ endsAt: pair.endsAt }, 'took a new certificate for HTTPS')
      }
    } catch (error) {
      const { message } = error as Error
      if (message !== refused)
        log.warn({ cause: message }, 'a new certificate for HTTPS cannot be used; the one before stays')
      refused = message
    }
    remind()
  }

  remind()
  metrics.gauge(
    'ohmnibus_tls_certificate_expiry_timestamp_seconds',
    'When the certificate ends, in seconds since 1970',
    [],
    gauge => gauge.set(pair.endsAt.getTime() / 1000),
  )
  // A moment later, as certificate and key are two files.
  const lookSoon = (): void => {
    clearTimeout(soon)
    soon = setTimeout(() => void look(), 200)
  }
  const watchers = [...new Set([tls.cert, tls.key].map(file => dirname(file)))].flatMap(folder =>
    watching(folder, lookSoon),
  )
  const clock = setInterval(() => void look(), lookEvery).unref()
  return {
    context,
    follow: (taker: typeof take) => void (take = taker),
    close() {
      clearInterval(clock)
      clearTimeout(soon)
      for (const watcher of watchers) watcher.close()
    },
  }
}

/** Where folders cannot be watched, the clock does it alone. */
function watching(folder: string, changed: () => void): FSWatcher[] {
  try {
    return [watch(folder, { persistent: false }, changed).on('error', () => {})]
  } catch {
    return []
  }
}

/** Fails with what is wrong in words that go on after a colon. */
async function read({ cert, key }: TlsFiles, now: Date): Promise<Pair> {
  const load = (file: string) =>
    readFile(file).catch(error => {
      const reasons: Record<string, string> = {
        ENOENT: 'there is no such file',
        EACCES: 'this user may not read it',
        EISDIR: 'it is a folder',
      }
      throw new Error(`${file}: ${reasons[error.code] ?? error.message}`)
    })
  const parsed = <T>(file: string, what: string, parse: () => T): T => {
    try {
      return parse()
    } catch (error) {
      throw new Error(`${file} is no ${what} in PEM that can be used (${(error as Error).message})`, { cause: error })
    }
  }
  const pair = { cert: await load(cert), key: await load(key) }
  if (/ENCRYPTED/.test(pair.key.toString('latin1')))
    throw new Error(`${key} asks for a passphrase; give the key without one`)
  const own = parsed(cert, 'certificate', () => new X509Certificate(pair.cert))
  const secret = parsed(key, 'private key', () => createPrivateKey(pair.key))
  if (!own.checkPrivateKey(secret)) throw new Error(`${key} is not the key of the first certificate in ${cert}`)
  if (own.validToDate <= now) throw new Error(`${cert} expired at ${own.validToDate.toISOString()}`)
  if (own.validFromDate > now)
    throw new Error(`${cert} is valid only from ${own.validFromDate.toISOString()}; look at the clock`)
  parsed(cert, 'certificate', () => createSecureContext(pair))
  return { ...pair, endsAt: own.validToDate }
}
