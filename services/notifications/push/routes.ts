import { createECDH } from 'node:crypto'
import { Id, Instant } from '#contracts/shared'
import { newId, Problem, signedIn } from '#kernel'
import Type from 'typebox'
import type { NotificationsHost } from '../host.ts'
import { plain } from '../messages.ts'
import { hasArrived } from '../webhooks/post.ts'
import { reachesAnywhere } from '../webhooks/sending.ts'
import { isGone, push, pushKeys } from './sending.ts'
import { deleteDevice, findDevice, insertDevice, listDevices, markUsed, type Device } from './store.ts'

const mostDevices = 20

const DeviceView = Type.Object(
  {
    id: Id,
    name: Type.String({ examples: ['Firefox on my telephone'] }),
    service: Type.String({ description: 'Host of its push service', examples: ['updates.push.services.mozilla.com'] }),
    createdAt: Instant,
    usedAt: Type.Union([Instant, Type.Null()], { examples: [null] }),
  },
  { title: 'PushDevice' },
)

const deviceView = ({ id, name, endpoint, createdAt, usedAt }: Device) => ({
  id,
  name,
  service: new URL(endpoint).host,
  createdAt: createdAt.toISOString(),
  usedAt: usedAt?.toISOString() ?? null,
})

const Endpoint = Type.String({
  maxLength: 1000,
  pattern: '^https?://[^\\s#]+$',
  examples: ['https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl'],
})
const Base64 = (maxLength: number, example: string) =>
  Type.String({ maxLength, pattern: '^[A-Za-z0-9_-]+={0,2}$', examples: [example] })

/** A point of P-256, as nothing can be encrypted for another. */
function isPoint(text: string): boolean {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== 65) return false
  try {
    const own = createECDH('prime256v1')
    own.generateKeys()
    return own.computeSecret(bytes).length === 32
  } catch {
    return false
  }
}

function requireEndpoint(host: NotificationsHost, text: string): void {
  const to = URL.parse(text)
  const isTls = to?.protocol === 'https:' || reachesAnywhere(host)
  if (!to || !isTls || to.username || to.password) throw new Problem('invalid', 'device_address_refused')
}

/** Browsers that show messages to who asks. */
export function pushRoutes(host: NotificationsHost): void {
  const { http, db, now, cache } = host
  const tests = cache.limit('tests of devices', { points: 10, seconds: 60 })
  const params = Type.Object({ id: Id })

  http.get(
    '/push',
    {
      config: { access: signedIn },
      schema: {
        summary: 'The key that a browser subscribes with, and one’s devices',
        response: {
          200: Type.Object(
            {
              publicKey: Type.String({
                description: '`applicationServerKey` of `PushManager.subscribe`',
                examples: ['BNbxGYNMhEIi9zrneh7mqV4oUanjLUK3m3mYZBc62frMKrEoMk88r3Lk596T0ck9xlT-aok0fO1KXBLV4-XqxYM'],
              }),
              devices: Type.Array(DeviceView),
            },
            { title: 'Push' },
          ),
        },
      },
    },
    async ({ actor: { userId } }) => ({
      publicKey: (await pushKeys(host)).publicKey,
      devices: (await listDevices(db, [userId])).map(deviceView),
    }),
  )

  http.post(
    '/push/devices',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Have a browser show messages to one',
        description:
          'Takes what `PushSubscription.toJSON()` says, and a name. The same browser again is the same device; if somebody ' +
          'else was signed in there, it shows them nothing more.',
        refuses: ['device_address_refused', 'device_key_refused', 'too_many_devices'],
        body: Type.Object({
          endpoint: Endpoint,
          keys: Type.Object({
            p256dh: Base64(
              90,
              'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
            ),
            auth: Base64(26, 'BTBZMqHH6r4Tts7J_aSIgg'),
          }),
          expirationTime: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
          name: Type.Optional(Type.String({ maxLength: 100, examples: ['Firefox on my telephone'] })),
        }),
        response: { 201: DeviceView },
      },
    },
    async ({ actor: { userId }, body: { endpoint, keys, name = '' } }, reply) => {
      requireEndpoint(host, endpoint)
      if (!isPoint(keys.p256dh) || Buffer.from(keys.auth, 'base64url').length !== 16)
        throw new Problem('unprocessable', 'device_key_refused')
      const device = await db.transaction(async tx => {
        const others = (await listDevices(tx, [userId])).filter(device => device.endpoint !== endpoint)
        if (others.length >= mostDevices) throw new Problem('conflict', 'too_many_devices')
        const { p256dh: publicKey, auth: authSecret } = keys
        const shown = plain(name) || new URL(endpoint).hostname
        return await insertDevice(tx, {
          id: newId(),
          userId,
          endpoint,
          publicKey,
          authSecret,
          name: shown,
          createdAt: now(),
          usedAt: null,
        })
      })
      return reply.code(201).send(deviceView(device))
    },
  )

  http.delete(
    '/push/devices/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Have a device show nothing more',
        refuses: ['device_unknown'],
        params,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      if (!(await db.transaction(tx => deleteDevice(tx, id, actor.userId))))
        throw new Problem('not_found', 'device_unknown')
      return reply.code(204).send(null)
    },
  )

  http.post(
    '/push/devices/:id/test',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Have a device show something now, and see what becomes of it',
        description: 'A device that its push service knows no more is removed.',
        refuses: ['device_unknown', 'too_many_requests'],
        params,
        response: {
          200: Type.Object(
            {
              taken: Type.Boolean(),
              answer: Type.Union([Type.Integer(), Type.Null()], { examples: [201] }),
              error: Type.Union([Type.String(), Type.Null()], { examples: [null] }),
              removed: Type.Boolean(),
            },
            { title: 'PushTest' },
          ),
        },
      },
    },
    async ({ actor: { userId }, params: { id } }) => {
      await tests.take(userId)
      const device = await findDevice(db, id)
      if (device?.userId !== userId) throw new Problem('not_found', 'device_unknown')
      const shown = { id: newId(), event: 'test', title: 'Ohmnibus', link: undefined, urgent: true }
      const outcome = await push(host, device, shown)
      const [taken, removed] = [hasArrived(outcome), isGone(outcome)]
      if (removed) await db.transaction(tx => deleteDevice(tx, id, userId))
      if (taken) await db.transaction(tx => markUsed(tx, id, now()))
      return { taken, answer: outcome.status, error: outcome.error, removed }
    },
  )
}
