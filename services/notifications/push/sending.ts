import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { NotificationsHost } from '../host.ts'
import { post, type Outcome } from '../webhooks/post.ts'
import { reachesAnywhere } from '../webhooks/sending.ts'
import { findKeys, insertKeys, type Device } from './store.ts'

/** A day: who does not look until then finds it in the list. */
const timeToLive = 24 * 3600
const mostTitle = 120

/** Loaded with the first message: most processes push none. */
const library = () => import('web-push').then(({ default: webPush }) => webPush)

const about = 'push keys'

/** AES-256-GCM: nonce (12 bytes), tag (16), ciphertext. */
function seal(key: Buffer, text: string): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about))
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext])
}

function unseal(key: Buffer, sealed: Buffer): string {
  const cipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
    .setAAD(Buffer.from(about))
    .setAuthTag(sealed.subarray(12, 28))
  return Buffer.concat([cipher.update(sealed.subarray(28)), cipher.final()]).toString('utf8')
}

/** By which push services know this platform: made at their first use, and kept. */
export async function pushKeys(host: NotificationsHost): Promise<{ publicKey: string; privateKey: string }> {
  const sealKey = host.secret('push keys at rest')
  let kept = await findKeys(host.db)
  if (!kept) {
    const { publicKey, privateKey } = (await library()).generateVAPIDKeys()
    await host.db.transaction(tx => insertKeys(tx, { publicKey, sealed: seal(sealKey, privateKey) }, host.now()))
    kept = (await findKeys(host.db))!
  }
  return { publicKey: kept.publicKey, privateKey: unseal(sealKey, kept.sealed) }
}

/** What a device shows: the title, and where a click leads. The rest of a message is nobody's on a locked screen. */
export interface Shown {
  id: string
  event: string
  title: string
  link: string | undefined
  urgent: boolean
}

/** Encrypted for the device alone (RFC 8291); a later message of a kind takes the place of one that nobody saw. */
export async function push(
  host: NotificationsHost,
  device: Device,
  { id, event, title, link, urgent }: Shown,
): Promise<Outcome> {
  const { publicUrl } = host.platform
  const subject = publicUrl.startsWith('https:') ? publicUrl : `mailto:no-reply@${new URL(publicUrl).hostname}`
  const payload = JSON.stringify({ id, event, title: title.slice(0, mostTitle), link: link ?? publicUrl })
  const { endpoint, headers, body } = (await library()).generateRequestDetails(
    { endpoint: device.endpoint, keys: { p256dh: device.publicKey, auth: device.authSecret } },
    payload,
    {
      vapidDetails: { subject, ...(await pushKeys(host)) },
      TTL: timeToLive,
      urgency: urgent ? 'high' : 'normal',
      topic: createHash('sha256').update(event).digest('base64url').slice(0, 32),
    },
  )
  const asText = Object.fromEntries(
    Object.entries(headers as Record<string, string | number>)
      .filter(([name]) => name.toLowerCase() !== 'content-length')
      .map(([name, value]) => [name, String(value)]),
  )
  const outcome = await post(endpoint, asText, body!, { anywhere: reachesAnywhere(host) })
  host.metrics
    .counter('ohmnibus_push_messages_total', 'Messages given to push services, by how it went', ['outcome'])
    .inc({ outcome: outcome.error === null ? 'taken' : isGone(outcome) ? 'gone' : 'failed' })
  return outcome
}

/** The browser is asked no more: it was reset, or its user said no (RFC 8030, 7.3). */
export const isGone = ({ status }: Outcome): boolean => status === 404 || status === 410
