import { join } from 'node:path'
import type { AnyHost, Payment } from './payment.ts'
import type { Headers, PaymentProvider } from './provider.ts'
import type { StandIn } from './stand-in/server.ts'
import type { Gesture } from './stand-in/state.ts'
import { stripeProvider } from './stripe.ts'

/** Play money, where no provider is set up: the stand-in in this process, spoken to as to Stripe. */
export interface PlayMoney {
  readonly provider: PaymentProvider
  /** Whether the bank asks back. */
  isChallenged(payment: Payment): Promise<boolean>
  /** What the payer, or their bank, does; false where the bank asks back first. */
  act(payment: Payment, gesture: Gesture): Promise<boolean>
}

/** Opened with its first payment: until then nothing listens. `receive` is where its events go. */
export function openPlayMoney(host: AnyHost, receive: (body: Buffer, headers: Headers) => Promise<unknown>): PlayMoney {
  const { platform, name, now, log, secret } = host
  const webhookSecret = secret('play money').toString('hex')
  let opening: Promise<{ standIn: StandIn; provider: PaymentProvider }> | undefined
  const open = () => (opening ??= begin())

  async function begin() {
    const { openStandIn } = await import('./stand-in/server.ts')
    const opened = openStandIn({
      now,
      file: join(platform.dataFolder, `play-money-${name}.json`),
      secrets: { stripe: webhookSecret, razorpay: webhookSecret },
      async deliver(_, body, headers) {
        await receive(Buffer.from(body), headers)
        return 204
      },
    })
    host.onStop(() => opened.close())
    const apiUrl = await opened.listen()
    log.info('payments are of play money: no payment provider is set up')
    const about = { name: 'play', secretKey: 'sk_test_play', webhookSecrets: [webhookSecret], apiUrl, now }
    return { standIn: opened, provider: stripeProvider(about) }
  }

  const asked =
    <Parts extends unknown[], T>(verb: (provider: PaymentProvider) => (...parts: Parts) => Promise<T>) =>
    async (...parts: Parts): Promise<T> => {
      const { provider } = await open()
      return await verb(provider).apply(provider, parts)
    }

  return {
    provider: {
      name: 'play',
      publicKey: null,
      create: asked(provider => provider.create),
      confirm: asked(provider => provider.confirm),
      charge: asked(provider => provider.charge),
      capture: asked(provider => provider.capture),
      cancel: asked(provider => provider.cancel),
      refund: asked(provider => provider.refund),
      lookUp: asked(provider => provider.lookUp),
      verify: asked(provider => provider.verify),
    },
    isChallenged: async ({ providerId }) => {
      const { standIn } = await open()
      return standIn.state.all().some(({ id, state }) => id === providerId && state === 'challenge')
    },
    async act({ providerId }, gesture) {
      const { standIn } = await open()
      const intent = standIn.state.all().find(({ id }) => id === providerId)
      // Somebody was quicker, or its file is gone: how it stands is said where the browser is sent.
      if (!intent || !isPayable.has(intent.state)) return true
      return standIn.state.act(intent.id, gesture).state !== 'challenge'
    },
  }
}

const isPayable = new Set(['open', 'failed', 'challenge'])
